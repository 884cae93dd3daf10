// Package md writes GitHub-flavoured Markdown in which text from manifests,
// paths and payloads can neither mention people, link, refer to issues, carry
// HTML nor break out of its place.
package md

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/org/probe-mtls-action/internal/report/safe"
)

// zwsp is a zero-width space. GitHub links mentions, references and addresses
// after Markdown has been rendered, so a backslash does not stop it; a
// zero-width space does.
const zwsp = "&#8203;"

// Text returns s as inline text on one line, for prose, table cells, headings
// and the summary of a details block: it shows the characters of s and nothing
// else. Line ends become spaces.
func Text(s string) string { return startOfLine(inline(s)) }

func inline(s string) string {
	s = strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == '\n' || r == '\r' }), " ")
	s = safe.Line(strings.ReplaceAll(s, "\t", " "))
	var b strings.Builder
	b.Grow(len(s) + len(s)/8)
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '_' && i > 0 && i+1 < len(s) && isAlnum(s[i-1]) && isAlnum(s[i+1]),
			c == '&' && i+1 < len(s) && s[i+1] != '#' && !isAlnum(s[i+1]):
			b.WriteByte(c) // means nothing there
		case c == '[' && listIndex(s[i:]) > 0:
			n := listIndex(s[i:])
			b.WriteString(s[i : i+n])
			i += n - 1
		case entity[c] != "":
			b.WriteString(entity[c])
		case c == '#' && (i+1 == len(s) || s[i+1] == ' ' || s[i+1] == '#'):
			b.WriteString("&#35;") // opens or closes a heading
		case c == '@' || c == '#' && i+1 < len(s) && isDigit(s[i+1]):
			b.WriteByte(c)
			b.WriteString(zwsp)
		case c == '-' && ghReference(s, i):
			b.WriteString("-" + zwsp)
		case c == ':' && strings.HasPrefix(s[i:], "://"):
			b.WriteString(":" + zwsp)
		case c == '.' && i >= 3 && strings.EqualFold(s[i-3:i], "www"):
			b.WriteString(zwsp + ".")
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// entity has the characters that mean something to Markdown or HTML anywhere in
// a line. Entities rather than backslashes: they hold inside HTML blocks too,
// and a table splits its cells before it looks at anything else.
var entity = [256]string{
	'&': "&amp;", '<': "&lt;", '>': "&gt;", '\\': "&#92;", '`': "&#96;", '*': "&#42;",
	'_': "&#95;", '[': "&#91;", ']': "&#93;", '|': "&#124;", '~': "&#126;", '$': "&#36;",
}

// listIndex returns the length of a list index such as [0] at the start of s,
// 0 if there is none or if it could begin a link or a footnote.
func listIndex(s string) int {
	i := 1
	for i < len(s) && isDigit(s[i]) {
		i++
	}
	if i == 1 || i == len(s) || s[i] != ']' || i+1 < len(s) && strings.IndexByte("([:", s[i+1]) >= 0 {
		return 0
	}
	return i + 1
}

// ghReference reports whether s[i] is the hyphen of GH-123.
func ghReference(s string, i int) bool {
	return i >= 2 && strings.EqualFold(s[i-2:i], "gh") && i+1 < len(s) && isDigit(s[i+1])
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isAlnum(c byte) bool { return isDigit(c) || 'a' <= c|0x20 && c|0x20 <= 'z' }

// lineStart matches what opens a block at the start of a line, up to the one
// character that makes it so: headings, list items, underlines and rules.
// Quotes, fences and tables are entities by then.
var lineStart = regexp.MustCompile(`^(?:#{1,6}|[-+]|[0-9]{1,9}[.)])(?: |$)|^(?:-[- ]*|=+ *)$`)

func startOfLine(s string) string {
	s = strings.TrimLeft(s, " ")
	m := strings.TrimRight(lineStart.FindString(s), " ")
	if m == "" {
		return s
	}
	last := len(m) - 1
	return s[:last] + fmt.Sprintf("&#%d;", s[last]) + s[last+1:]
}

// Code returns s as a code span on one line that is safe in prose and in table
// cells. Do not put two code spans side by side without a space.
func Code(s string) string {
	s = safe.Line(s)
	if s == "" || strings.Contains(s, "|") || strings.Contains(s, "##[") {
		// A table cell cannot hold a pipe in a code span when a backslash
		// stands before it, and a runner that prints the text obeys "##[", so
		// the span is HTML.
		return "<code>" + inline(s) + "</code>"
	}
	ticks := strings.Repeat("`", longestRun(s, '`')+1)
	if s[0] == '`' || s[len(s)-1] == '`' || s[0] == ' ' && s[len(s)-1] == ' ' && strings.Trim(s, " ") != "" {
		s = " " + s + " "
	}
	return ticks + s + ticks
}

// List joins phrases as prose does: a, b and c.
func List(all []string) string {
	if len(all) < 2 {
		return strings.Join(all, "")
	}
	return strings.Join(all[:len(all)-1], ", ") + " and " + all[len(all)-1]
}

// Some is List cut to max phrases: "a, b and 38 more".
func Some(all []string, max int) string {
	if len(all) <= max || max < 1 {
		return List(all)
	}
	return strings.Join(all[:max], ", ") + fmt.Sprintf(" and %d more", len(all)-max)
}

// Fence returns s as a fenced code block with a line end after it. Its fence is
// longer than any run of backticks in s; its lines are inert in a job's log, see
// [safe.Inert]. The language is a word of our own.
func Fence(language, s string) string {
	s = safe.InertLines(strings.TrimRight(safe.Block(s), "\n"))
	ticks := strings.Repeat("`", max(3, longestRun(s, '`')+1))
	return ticks + language + "\n" + s + "\n" + ticks + "\n"
}

func longestRun(s string, c byte) int {
	longest, run := 0, 0
	for i := 0; i < len(s); i++ {
		if s[i] != c {
			run = 0
			continue
		}
		run++
		longest = max(longest, run)
	}
	return longest
}

// Details returns body folded away below a summary. Summary is what [Text]
// returns, or HTML of our own; body is Markdown.
func Details(summary, body string) string {
	return "<details><summary>" + summary + "</summary>\n\n" + strings.TrimRight(body, "\n") + "\n\n</details>\n"
}

// inDestination escapes what would end a link's destination or a table's cell.
var inDestination = strings.NewReplacer("(", "%28", ")", "%29", "<", "%3C", ">", "%3E", "\\", "%5C", "|", "%7C", "`", "%60")

// Link returns a link to an http or https address; text is Markdown. Anything
// else that is no address of that kind leaves the text alone.
func Link(text, address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		return text
	}
	a := inDestination.Replace(u.String())
	return "[" + text + "](" + a + ")"
}

// Blob returns the address of lines first to last of a file at a commit, as
// GitHub's permanent links write it; server and repository are GITHUB_SERVER_URL
// and GITHUB_REPOSITORY. No line is linked where first is 0.
func Blob(server, repository, commit, path string, first, last int) string {
	segments := strings.Split(path, "/")
	for i, s := range segments {
		segments[i] = url.PathEscape(s)
	}
	a := strings.TrimRight(server, "/") + "/" + repository + "/blob/" + url.PathEscape(commit) + "/" + strings.Join(segments, "/")
	if lower := strings.ToLower(path); strings.HasSuffix(lower, ".md") || strings.HasSuffix(lower, ".markdown") {
		a += "?plain=1" // the rendered page has no line anchors
	}
	if first > 0 {
		a += fmt.Sprintf("#L%d", first)
	}
	if first > 0 && last > first {
		a += fmt.Sprintf("-L%d", last)
	}
	return a
}

// Indent puts n spaces before every line of s that is not empty, so that a
// block belongs to a list item.
func Indent(s string, n int) string {
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		if l != "" {
			lines[i] = strings.Repeat(" ", n) + l
		}
	}
	return strings.Join(lines, "\n")
}

// Table returns a table; all cells are Markdown on one line. Columns of align
// are l, r or c.
func Table(align string, header []string, rows [][]string) string {
	var b strings.Builder
	row := func(cells []string) { b.WriteString("| " + strings.Join(cells, " | ") + " |\n") }
	row(header)
	rule := make([]string, len(header))
	for i := range rule {
		rule[i] = "---"
		if i < len(align) {
			rule[i] = map[byte]string{'l': "---", 'r': "---:", 'c': ":---:"}[align[i]]
		}
	}
	row(rule)
	for _, r := range rows {
		row(r)
	}
	return b.String()
}

// Len returns the length of s as GitHub counts a comment's: in characters.
func Len(s string) int { return utf8.RuneCountInString(s) }
