package check

import (
	"fmt"
	"regexp"
	"strings"
)

// Directive begins a comment that asks to ignore findings on its line.
const Directive = "probe-mtls:ignore"

// Ignore is what a suppression comment says.
type Ignore struct {
	// IDs are the rules that it names. Whether a rule has such an ID is for the
	// caller to see.
	IDs    []string
	Reason string
	// Problem says what is wrong with a comment that is not obeyed, which then
	// has no IDs; "" where nothing is.
	Problem string
}

// IgnoreComment reads the suppression comment that applies to a source line:
//
//	port: 8080 # probe-mtls:ignore PMTLS001 reason
//
// It may stand at the end of the line itself, on a line of its own above it,
// or at the end of the line above where that line only opens the value (ends
// in a colon or a dash). lineAbove is "" on a file's first line. Several IDs
// are separated by commas or spaces. above tells that the comment stands in
// lineAbove; ok is false where there is none.
func IgnoreComment(line, lineAbove string) (c Ignore, above, ok bool) {
	if c, _, ok := CommentOn(line); ok {
		return c, false, true
	}
	c, content, ok := CommentOn(lineAbove)
	if !ok || !opensBelow(content) {
		return Ignore{}, false, false
	}
	return c, true, true
}

// CommentOn reads the suppression comment that stands on a line, or one that is
// meant to be one. content is the line without its comment.
func CommentOn(line string) (c Ignore, content string, ok bool) {
	content, comment, ok := splitComment(line)
	if !ok {
		return c, content, false
	}
	c, ok = parseComment(comment)
	return c, content, ok
}

// opensBelow reports whether content, a line without its comment, leaves its
// value to the next line.
func opensBelow(content string) bool {
	content = strings.TrimSpace(content)
	return content == "" || content == "-" || strings.HasSuffix(content, ":")
}

// meant is a comment that is no directive but looks as if it was meant to be
// one: "probe-mtls: ignore", "probe-mtls-ignore", "Probe-MTLS:ignore", or a
// directive that stands behind other words.
var meant = regexp.MustCompile(`(?i)^\s*probe[-_ ]?mtls\s*[-_:/. ]?\s*(?:ignore|disable|suppress|skip|nolint)|probe-mtls:ignore:?\s+PMTLS\d`)

// parseComment reads a comment's text after the '#'; ok is false where it is
// no directive at all.
func parseComment(comment string) (c Ignore, ok bool) {
	rest, ok := strings.CutPrefix(strings.TrimSpace(comment), Directive)
	switch {
	case !ok && !meant.MatchString(comment):
		return c, false
	case !ok || rest != "" && !strings.ContainsRune(" \t:", rune(rest[0])):
		c.Problem = fmt.Sprintf("a suppression begins with %q", Directive)
	default:
		c.IDs, c.Reason, c.Problem = parseIgnore(strings.TrimPrefix(rest, ":"))
	}
	if c.Problem != "" {
		c.Problem = fmt.Sprintf("the comment has no effect: %s; write \"# %s PMTLS001 reason\"", c.Problem, Directive)
	}
	return c, true
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
