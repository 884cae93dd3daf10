// Package safe makes text from manifests, paths and payloads harmless to print:
// terminal escapes, bidirectional controls and invisible characters become
// visible escapes.
package safe

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Line returns s on one line: every character that is not printable, line ends
// and tabs included, is written as \n, \t, \x1b or \u202e. A backslash of s
// stays as it is.
func Line(s string) string { return escape(s, func(r rune) bool { return false }) }

// Block is Line for text of many lines: line ends (CRLF becomes LF) and tabs
// stay.
func Block(s string) string {
	s = strings.ReplaceAll(s, "\r\n", "\n")
	return escape(s, func(r rune) bool { return r == '\n' || r == '\t' })
}

// Inert keeps a printed line from being a workflow command in a GitHub job: the
// runner obeys "::" at the start of a line, blanks aside, and "##[" anywhere
// (actions/runner, ActionCommand).
func Inert(line string) string {
	if rest := strings.TrimLeftFunc(line, unicode.IsSpace); strings.HasPrefix(rest, "::") {
		line = line[:len(line)-len(rest)] + `\x3a` + rest[1:]
	}
	return strings.ReplaceAll(line, "##[", `##\x5b`)
}

// Rune returns how Line writes r.
func Rune(r rune) string {
	switch {
	case printable(r):
		return string(r)
	case r == '\n':
		return `\n`
	case r == '\r':
		return `\r`
	case r == '\t':
		return `\t`
	case r < 0x100:
		return fmt.Sprintf(`\x%02x`, r)
	case r < 0x10000:
		return fmt.Sprintf(`\u%04x`, r)
	}
	return fmt.Sprintf(`\U%08x`, r)
}

func escape(s string, keep func(rune) bool) string {
	var b strings.Builder
	b.Grow(len(s))
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n <= 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case keep(r):
			b.WriteRune(r)
		default:
			b.WriteString(Rune(r))
		}
		i += n
	}
	return b.String()
}

// blank are letters and symbols of Unicode that show nothing at all and so can
// hide text or fake an empty name.
const blank = "\u115f\u1160\u3164\uffa0\u2800\u034f\u17b4\u17b5"

// printable reports whether r shows as itself. Spaces of all widths do; the
// format characters (bidirectional controls, zero-width characters, tags) and
// private-use characters do not.
func printable(r rune) bool {
	if strings.ContainsRune(blank, r) {
		return false
	}
	return unicode.IsPrint(r) || unicode.Is(unicode.Zs, r)
}
