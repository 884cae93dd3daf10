package yamldoc

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// Scalar is where a scalar stands: the offsets in the document's text of its
// first byte, after tag and anchor, and after its last one, quotes included.
type Scalar struct {
	Start, End int
	Style      yaml.Style // 0 for plain, else quoted, literal or folded
}

const styles = yaml.DoubleQuotedStyle | yaml.SingleQuotedStyle | yaml.LiteralStyle | yaml.FoldedStyle

// Scalar returns where n stands; false when n is no scalar, has no text of its
// own, or its text does not give its value.
func (d *Doc) Scalar(n *yaml.Node) (Scalar, bool) {
	if n == nil || n.Kind != yaml.ScalarNode {
		return Scalar{}, false
	}
	at := d.Start(n)
	if at < 0 {
		return Scalar{}, false
	}
	s := d.Text.String
	at = skipProperties(s, at)
	sc := Scalar{Start: at, Style: n.Style & styles}
	switch sc.Style {
	case yaml.DoubleQuotedStyle:
		sc.End = quotedEnd(s, at, '"')
	case yaml.SingleQuotedStyle:
		sc.End = quotedEnd(s, at, '\'')
	case yaml.LiteralStyle, yaml.FoldedStyle:
		sc.End = blockEnd(s, at, n.Value)
	default:
		if n.Value == "" {
			return Scalar{}, false
		}
		m, end := fold(d.Text, at, len(s), 0, n.Value)
		if m == nil {
			return Scalar{}, false
		}
		sc.End = end
	}
	return sc, sc.End > at
}

// Value returns the decoded value of the scalar n as a Text; false as for
// Scalar.
func (d *Doc) Value(n *yaml.Node) (Text, bool) {
	sc, ok := d.Scalar(n)
	if !ok {
		return Text{}, false
	}
	var m *mapping
	switch sc.Style {
	case yaml.DoubleQuotedStyle:
		m = unquoteDouble(d.Text, sc.Start+1, sc.End-1, n.Value)
	case yaml.SingleQuotedStyle:
		m = unquoteSingle(d.Text, sc.Start+1, sc.End-1, n.Value)
	case yaml.LiteralStyle, yaml.FoldedStyle:
		body := bodyStart(d.Text.String, sc.Start)
		m, _ = fold(d.Text, body, sc.End, blockIndent(d.Text.String[body:sc.End], n.Value), n.Value)
	default:
		m, _ = fold(d.Text, sc.Start, sc.End, 0, n.Value)
	}
	if m == nil || string(m.text) != n.Value {
		return Text{}, false
	}
	if len(m.runs) == 0 {
		m.runs = []run{{0, d.Text.Offset(sc.Start)}}
	}
	if m.end == 0 {
		m.end = m.runs[0].off
	}
	return Text{File: d.Text.File, String: n.Value, runs: m.runs, end: m.end}, true
}

// skipProperties returns the offset after tags, anchors and the blanks and
// comments that follow them.
func skipProperties(s string, at int) int {
	for at < len(s) && (s[at] == '&' || s[at] == '!') {
		for at < len(s) && !isBlank(s[at]) {
			at++
		}
		at = skipBlanks(s, at)
	}
	return at
}

// skipBlanks skips blanks, line breaks and comments.
func skipBlanks(s string, at int) int {
	for at < len(s) {
		switch {
		case isBlank(s[at]):
			at++
		case s[at] == '#' && at > 0 && isBlank(s[at-1]):
			for at < len(s) && s[at] != '\n' && s[at] != '\r' {
				at++
			}
		default:
			return at
		}
	}
	return at
}

func isBlank(b byte) bool { return b == ' ' || b == '\t' || b == '\n' || b == '\r' }

// quotedEnd returns the offset after the quote that closes the one at start,
// or start when there is none.
func quotedEnd(s string, start int, quote byte) int {
	if start >= len(s) || s[start] != quote {
		return start
	}
	for i := start + 1; i < len(s); i++ {
		switch {
		case quote == '"' && s[i] == '\\':
			i++
		case s[i] == quote && quote == '\'' && i+1 < len(s) && s[i+1] == quote:
			i++
		case s[i] == quote:
			return i + 1
		}
	}
	return start
}

// bodyStart returns the offset of the first line after a block scalar's header.
func bodyStart(s string, at int) int {
	for at < len(s) {
		if n := lineBreak(s[at:]); n > 0 {
			return at + n
		}
		at++
	}
	return at
}

// blockEnd returns the offset after the last line of the block scalar whose
// header starts at at.
func blockEnd(s string, at int, value string) int {
	if at >= len(s) || s[at] != '|' && s[at] != '>' {
		return at
	}
	body := bodyStart(s, at)
	indent := blockIndent(s[body:], value)
	end := body
	for i := body; i < len(s); {
		next := bodyStart(s, i)
		line := strings.TrimRight(s[i:next], "\r\n")
		lead := len(line) - len(strings.TrimLeft(line, " "))
		if lead == len(line) && lead <= indent {
			i = next // blank: part of the scalar only if more follows
			continue
		}
		if lead < indent || indent == 0 && value == "" {
			break
		}
		end, i = next, next
	}
	return end
}

// blockIndent returns the number of blanks that the lines of a block scalar are
// indented by: what its first line has more than the value's.
func blockIndent(body, value string) int {
	lead := func(s string) int {
		for s != "" {
			line, rest, _ := strings.Cut(s, "\n")
			line = strings.TrimRight(line, "\r")
			if t := strings.TrimLeft(line, " "); t != "" {
				return len(line) - len(t)
			}
			s = rest
		}
		return 0
	}
	return max(lead(body)-lead(value), 0)
}

// fold aligns the value of a plain or block scalar with the text from at up to
// limit that it was made from: text and value agree but for line breaks, which
// folding turns into blanks or drops, and the blanks around them. It returns
// nil when they do not agree.
func fold(t Text, at, limit, indent int, value string) (*mapping, int) {
	s := t.String[:limit]
	m := &mapping{text: make([]byte, 0, len(value))}
	lineStart := indent > 0
	i := 0
	for i < len(value) {
		if lineStart {
			for k := 0; k < indent && at < len(s) && s[at] == ' '; k++ {
				at++
			}
			lineStart = false
		}
		if at >= len(s) {
			break
		}
		b := value[i]
		if n := lineBreak(s[at:]); n > 0 {
			if b == '\n' || b == ' ' {
				m.add(b, t.Offset(at))
				i++
			}
			at += n
			lineStart = true
			continue
		}
		switch {
		case s[at] == b:
			m.add(b, t.Offset(at))
			i++
		case s[at] != ' ' && s[at] != '\t':
			return nil, at
		}
		at++
	}
	for ; i < len(value) && value[i] == '\n'; i++ { // a kept line break at the end
		m.add('\n', t.Offset(at))
	}
	if i < len(value) {
		return nil, at
	}
	return m, at
}

// unquoteSingle maps the text between single quotes to its value.
func unquoteSingle(t Text, at, end int, value string) *mapping {
	if !strings.ContainsAny(t.String[at:end], "\r\n") {
		m := &mapping{}
		for ; at < end; at++ {
			m.add(t.String[at], t.Offset(at))
			if t.String[at] == '\'' {
				at++
			}
		}
		return m
	}
	m := &mapping{}
	for _, b := range []byte(value) {
		at = foldQuoted(t.String, at, end, b)
		if at >= end {
			return nil
		}
		m.add(b, t.Offset(at))
		if t.String[at] == '\'' {
			at++
		}
		at++
	}
	return m
}

// foldQuoted returns the offset from which the byte b of a quoted scalar over
// several lines comes.
func foldQuoted(s string, at, end int, b byte) int {
	for at < end {
		n := lineBreak(s[at:])
		switch {
		case n > 0 && (b == ' ' || b == '\n'), s[at] == b:
			return at
		case n > 0:
			at += n
		case s[at] == ' ' || s[at] == '\t':
			at++
		default:
			return at
		}
	}
	return end
}

// unquoteDouble maps the text between double quotes to its value.
func unquoteDouble(t Text, at, end int, value string) *mapping {
	m := &mapping{}
	s := t.String
	for i := 0; i < len(value); {
		if at >= end {
			return nil
		}
		if s[at] == '\\' && at+1 < end {
			if n := lineBreak(s[at+1:]); n > 0 { // an escaped line break is nothing
				at += 1 + n
				for at < end && (s[at] == ' ' || s[at] == '\t') {
					at++
				}
				continue
			}
			out, n := escape(s[at:end])
			if out == "" || !strings.HasPrefix(value[i:], out) {
				return nil
			}
			for k := 0; k < len(out); k++ {
				m.add(out[k], t.Offset(at))
			}
			m.end = t.End(at + n)
			i, at = i+len(out), at+n
			continue
		}
		from := foldQuoted(s, at, end, value[i])
		if from >= end {
			return nil
		}
		if s[from] == '\\' && from > at {
			at = from
			continue
		}
		m.add(value[i], t.Offset(from))
		at = from + max(lineBreak(s[from:]), 1)
		i++
	}
	return m
}

// escapes are the escapes of one letter in double quotes (YAML 1.2.2, 5.7).
var escapes = map[byte]string{
	'0': "\x00", 'a': "\a", 'b': "\b", 't': "\t", '\t': "\t", 'n': "\n", 'v': "\v", 'f': "\f",
	'r': "\r", 'e': "\x1b", ' ': " ", '"': "\"", '\'': "'", '/': "/", '\\': "\\",
	'N': "\u0085", '_': "\u00a0", 'L': "\u2028", 'P': "\u2029",
}

// escape decodes the escape at the start of s and returns its length.
func escape(s string) (string, int) {
	digits := map[byte]int{'x': 2, 'u': 4, 'U': 8}[s[1]]
	if digits == 0 {
		return escapes[s[1]], 2
	}
	if len(s) < 2+digits {
		return "", 0
	}
	r, err := strconv.ParseUint(s[2:2+digits], 16, 32)
	if err != nil || !utf8.ValidRune(rune(r)) {
		return "", 0
	}
	return string(rune(r)), 2 + digits
}
