package edit

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// writer writes new values in the style of the text around them.
type writer struct {
	json   bool
	eol    string
	dashes int // how much further in lists stand than their key
}

const quoted = yaml.DoubleQuotedStyle | yaml.SingleQuotedStyle

// scalar returns the text of a scalar on one line, in the style if it can.
func (w writer) scalar(n *yaml.Node, style yaml.Style, inFlow bool) string {
	tag := n.ShortTag()
	if tag != "!!str" {
		if n.Value == "" {
			return "null"
		}
		return n.Value
	}
	switch {
	case w.json || style&yaml.DoubleQuotedStyle != 0:
		return doubleQuoted(n.Value)
	case style&yaml.SingleQuotedStyle != 0 && printable(n.Value):
		return "'" + strings.ReplaceAll(n.Value, "'", "''") + "'"
	case plain(n.Value, inFlow):
		return n.Value
	}
	return doubleQuoted(n.Value)
}

func printable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}

// plain reports whether text can stand without quotes and stays a string.
func plain(text string, inFlow bool) bool {
	if text == "" || !printable(text) || strings.ContainsAny(text, "#{}[],&*!|>'\"%@`") || strings.Contains(text, ": ") || strings.HasSuffix(text, ":") || inFlow && strings.Contains(text, ":") {
		return false
	}
	switch strings.ToLower(text) {
	case "y", "n", "yes", "no", "on", "off", "true", "false", "null", "~":
		return false // some parsers follow YAML 1.1
	}
	var n yaml.Node
	if yaml.Unmarshal([]byte("k: "+text+"\n"), &n) != nil || len(n.Content) != 1 || n.Content[0].Kind != yaml.MappingNode {
		return false
	}
	v := n.Content[0].Content[1]
	return v.Kind == yaml.ScalarNode && v.ShortTag() == "!!str" && v.Value == text
}

func doubleQuoted(s string) string { return `"` + escaped(s) + `"` }

// escaped returns s as it stands between double quotes, in YAML and in JSON.
func escaped(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == '\r':
			b.WriteString(`\r`)
		case r < 0x20 || r == 0x7f || r == 0x85 || r == 0x2028 || r == 0x2029 || r == 0xfeff || !unicode.IsPrint(r) && r <= 0xffff:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// flow returns n on one line.
func (w writer) flow(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		var parts []string
		for i := 0; i+1 < len(n.Content); i += 2 {
			parts = append(parts, w.key(n.Content[i], true)+": "+w.flow(n.Content[i+1]))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case yaml.SequenceNode:
		var parts []string
		for _, c := range n.Content {
			parts = append(parts, w.flow(c))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	}
	return w.scalar(n, n.Style, true)
}

func (w writer) key(n *yaml.Node, inFlow bool) string {
	if w.json {
		return doubleQuoted(n.Value)
	}
	k := *n
	if k.Style&quoted == 0 {
		k.Tag = "!!str"
	}
	return w.scalar(&k, k.Style, inFlow)
}

// entry returns the lines of a key and its value.
func (w writer) entry(key, value *yaml.Node, indent string) string {
	return indent + w.key(key, false) + ":" + w.below(value, indent) + w.eol
}

// below returns what follows the colon of a key that stands behind indent, the
// last line end left out.
func (w writer) below(n *yaml.Node, indent string) string {
	switch {
	case n.Kind == yaml.MappingNode && len(n.Content) > 0 && !flow(n):
		return w.eol + strings.TrimSuffix(w.block(n, indent+"  "), w.eol)
	case n.Kind == yaml.SequenceNode && len(n.Content) > 0 && !flow(n):
		return w.eol + strings.TrimSuffix(w.block(n, indent+strings.Repeat(" ", w.dashes)), w.eol)
	case n.Kind == yaml.ScalarNode && n.Style&yaml.LiteralStyle != 0 && strings.Contains(n.Value, "\n"):
		return w.literal(n.Value, indent+"  ")
	}
	return " " + w.flow(n)
}

// literal returns text as a literal block scalar whose lines stand behind indent.
func (w writer) literal(text, indent string) string {
	header := " |"
	if !strings.HasSuffix(text, "\n") {
		header = " |-"
	}
	var b strings.Builder
	b.WriteString(header)
	for line := range strings.SplitSeq(strings.TrimSuffix(text, "\n"), "\n") {
		b.WriteString(w.eol)
		if line != "" {
			b.WriteString(indent + line)
		}
	}
	return b.String()
}

// block returns the lines of a collection that stands behind indent.
func (w writer) block(n *yaml.Node, indent string) string {
	var b strings.Builder
	if n.Kind == yaml.MappingNode {
		for i := 0; i+1 < len(n.Content); i += 2 {
			b.WriteString(w.entry(n.Content[i], n.Content[i+1], indent))
		}
		return b.String()
	}
	for _, c := range n.Content {
		b.WriteString(w.item(c, indent))
	}
	return b.String()
}

// item returns the lines of a list item whose dash stands behind indent.
func (w writer) item(n *yaml.Node, indent string) string {
	if n.Kind != yaml.ScalarNode && len(n.Content) > 0 && !flow(n) {
		lines := w.block(n, indent+"  ")
		return indent + "- " + lines[len(indent)+2:]
	}
	return indent + "-" + w.below(n, indent) + w.eol
}

// Write returns the text of a new file that holds the documents.
func Write(documents ...*yaml.Node) string {
	w := writer{eol: "\n"}
	var parts []string
	for _, n := range documents {
		parts = append(parts, w.block(n, ""))
	}
	return strings.Join(parts, "---\n")
}
