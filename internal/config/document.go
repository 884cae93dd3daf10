package config

import (
	"context"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/org/probe-mtls-action/render"
	"github.com/org/probe-mtls-action/render/source"
)

// document is one YAML document that knows where its nodes stand. It is the
// tracer of the object that [document.object] makes of it.
type document struct {
	file  string
	lines []string // of the whole file
	root  *yaml.Node
	// line and column are added to the nodes' own; they are not 0 where the
	// document is itself a block scalar of another.
	line, column int
	// within is where the enclosing scalar stands, for a document whose nodes
	// have no place of their own (in a quoted or folded scalar).
	within source.Span
}

var _ render.Tracer = (*document)(nil)

// object returns the document as an object, so that fields can refer to it.
func (d *document) object(kind string) *render.Object {
	ref := render.Ref{Kind: kind, Name: d.file}
	return &render.Object{Ref: ref, Authored: ref, Node: d.root, Tracer: d}
}

// Trace returns where the value at path stands.
func (d *document) Trace(_ context.Context, _ *render.Object, path render.Path) (render.Origin, error) {
	var key *yaml.Node
	value, exact := d.root, true
	for _, step := range path {
		k, v := child(value, step)
		if v == nil {
			exact = false
			break
		}
		key, value = k, v
	}
	o := render.Origin{Span: d.valueSpan(key, value), Kind: render.FromResource, Document: d.at(d.root), Exact: exact}
	if key != nil {
		o.Key = d.at(key)
	}
	if !exact {
		o.Why = "the value is not written there"
	}
	if !d.within.IsZero() {
		o.Exact, o.Why = false, "it stands within a quoted or folded text"
	}
	return o, nil
}

func child(n *yaml.Node, step render.Step) (key, value *yaml.Node) {
	switch {
	case step.Index < 0 && n.Kind == yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == step.Key {
				return n.Content[i], n.Content[i+1]
			}
		}
	case step.Index >= 0 && n.Kind == yaml.SequenceNode && step.Index < len(n.Content):
		return nil, n.Content[step.Index]
	}
	return nil, nil
}

// valueSpan is the text of a scalar, else that of its key.
func (d *document) valueSpan(key, value *yaml.Node) source.Span {
	if key != nil && (value.Kind != yaml.ScalarNode || value.Value == "" && value.Style == 0) {
		return d.at(key)
	}
	return d.at(value)
}

// at is the text of a scalar, and the first character of anything else.
func (d *document) at(n *yaml.Node) source.Span {
	if !d.within.IsZero() {
		return d.within
	}
	start := source.Position{Line: n.Line + d.line, Column: n.Column + d.column}
	if n.Line == 0 || start.Line > len(d.lines) {
		return source.Span{File: d.file}
	}
	rest := skipRunes(strings.TrimSuffix(d.lines[start.Line-1], "\r"), start.Column-1)
	width := 1
	if n.Kind == yaml.ScalarNode {
		props := len(rest) - len(skipProperties(rest))
		start.Column += utf8.RuneCountInString(rest[:props])
		width = utf8.RuneCountInString(scalarText(rest[props:], n))
	}
	end := source.Position{Line: start.Line, Column: start.Column + max(width, 1)}
	return source.Span{File: d.file, Start: start, End: end}
}

func skipRunes(s string, n int) string {
	for ; n > 0 && s != ""; n-- {
		_, size := utf8.DecodeRuneInString(s)
		s = s[size:]
	}
	return s
}

// skipProperties drops a tag or an anchor that precedes a value.
func skipProperties(s string) string {
	for s != "" && (s[0] == '&' || s[0] == '!') {
		i := strings.IndexAny(s, " \t")
		if i < 0 {
			return s
		}
		s = strings.TrimLeft(s[i:], " \t")
	}
	return s
}

// scalarText is what of a line's rest belongs to the scalar that begins it.
func scalarText(rest string, n *yaml.Node) string {
	switch {
	case n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0 && rest != "":
		for i := 1; i < len(rest); i++ {
			switch {
			case rest[0] == '"' && rest[i] == '\\':
				i++
			case rest[0] == '\'' && strings.HasPrefix(rest[i:], "''"):
				i++
			case rest[i] == rest[0]:
				return rest[:i+1]
			}
		}
	case strings.HasPrefix(rest, n.Value):
		return n.Value
	}
	text, _, _ := strings.Cut(rest, " #")
	return strings.TrimRight(text, " \t")
}

// embedded returns the YAML that a block scalar of d holds as a document of
// its own, with the places it has in d's file.
func (d *document) embedded(n *yaml.Node) (*document, Errors) {
	docs, errs := parse(d.file, []byte(n.Value))
	inner := &document{file: d.file, lines: d.lines}
	if indent, ok := d.indent(n); ok && d.within.IsZero() {
		inner.line, inner.column = n.Line+d.line, indent
	} else {
		inner.within = d.at(n)
	}
	for i := range errs {
		if p := &errs[i].At; inner.within.IsZero() {
			shift(&p.Start, inner)
			shift(&p.End, inner)
		} else {
			*p = inner.within
		}
	}
	if errs != nil {
		return nil, errs
	}
	if len(docs) != 1 || docs[0].root.Kind != yaml.MappingNode {
		return nil, Errors{{At: d.at(n), Message: "expected one YAML mapping in this text"}}
	}
	inner.root = docs[0].root
	return inner, nil
}

func shift(p *source.Position, inner *document) {
	if p.IsZero() {
		p.Line, p.Column = 0, 1
	}
	p.Line += inner.line
	p.Column += inner.column
}

// indent is by how many columns the lines of a literal block scalar are
// indented; false for other styles.
func (d *document) indent(n *yaml.Node) (int, bool) {
	if n.Style&yaml.LiteralStyle == 0 {
		return 0, false
	}
	for i, value := range strings.Split(n.Value, "\n") {
		if strings.TrimSpace(value) == "" {
			continue
		}
		at := n.Line + d.line + i
		if at >= len(d.lines) {
			return 0, false
		}
		written := strings.TrimSuffix(d.lines[at], "\r")
		if !strings.HasSuffix(written, value) {
			return 0, false
		}
		return len(written) - len(value), true
	}
	return 0, false
}
