package check

import (
	"fmt"
	"strings"
)

// directive begins a comment that asks to ignore findings on its line.
const directive = "probe-mtls:ignore"

// IgnoreComment reads the suppression comment that applies to a source line:
//
//	port: 8080 # probe-mtls:ignore PMTLS001 reason
//
// It may stand at the end of the line itself, on a line of its own above it,
// or at the end of the line above where that line only opens the value (ends
// in a colon or a dash). lineAbove is "" on a file's first line. Several IDs
// are separated by commas or blanks. A comment that cannot be obeyed gives no
// IDs but a problem: what is wrong with it. Whether a rule has such an ID is
// for the caller to see.
func IgnoreComment(line, lineAbove string) (ids []string, reason, problem string) {
	if _, comment, ok := splitComment(line); ok {
		if ids, reason, problem, ok := parseComment(comment); ok {
			return ids, reason, problem
		}
	}
	content, comment, ok := splitComment(lineAbove)
	if !ok || !opensBelow(content) {
		return nil, "", ""
	}
	ids, reason, problem, _ = parseComment(comment)
	return ids, reason, problem
}

// opensBelow reports whether content, a line without its comment, leaves its
// value to the next line.
func opensBelow(content string) bool {
	content = strings.TrimSpace(content)
	return content == "" || content == "-" || strings.HasSuffix(content, ":")
}

// parseComment reads a comment's text after the '#'; ok is false where it is
// no directive at all.
func parseComment(comment string) (ids []string, reason, problem string, ok bool) {
	rest, ok := strings.CutPrefix(strings.TrimSpace(comment), directive)
	if !ok {
		return nil, "", "", false
	}
	if rest != "" && rest[0] != ' ' && rest[0] != '\t' && rest[0] != ':' {
		return nil, "", "", false // another word, such as probe-mtls:ignored
	}
	ids, reason, problem = parseIgnore(strings.TrimPrefix(rest, ":"))
	if problem != "" {
		problem = fmt.Sprintf("the comment is not obeyed: %s; write \"# %s PMTLS001 reason\"", problem, directive)
	}
	return ids, reason, problem, true
}

// splitComment parts a line of YAML at the '#' that begins its comment. It
// knows quoted scalars within the line, not those that began on a line before.
func splitComment(line string) (content, comment string, ok bool) {
	var quote byte
	for i := 0; i < len(line); i++ {
		c := line[i]
		switch {
		case quote == '"' && c == '\\':
			i++
		case quote == '\'' && c == '\'' && i+1 < len(line) && line[i+1] == '\'':
			i++
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case (c == '"' || c == '\'') && startsToken(line[:i]):
			quote = c
		case c == '#' && (i == 0 || line[i-1] == ' ' || line[i-1] == '\t'):
			return line[:i], line[i+1:], true
		}
	}
	return line, "", false
}

// startsToken reports whether a quote after before opens a quoted scalar; in
// the middle of a plain one it is a character like any other.
func startsToken(before string) bool {
	trimmed := strings.TrimRight(before, " \t")
	if trimmed == "" {
		return true
	}
	switch last := trimmed[len(trimmed)-1]; last {
	case '[', '{', ',':
		return true
	case ':', '-', '?', '!', '&':
		return len(trimmed) < len(before)
	}
	return false
}
