package edit

import (
	"go.yaml.in/yaml/v3"

	"github.com/org/probe-mtls-action/render"
	"github.com/org/probe-mtls-action/render/source"
	"github.com/org/probe-mtls-action/render/source/yamldoc"
)

func stepTo(k string) render.Step { return render.Step{Key: k, Index: -1} }

// Locate returns the place of the value whose text, or whose key's text, holds
// the position; false where no value does. It looks into scalars that hold YAML.
// span tells which part of the scalar's value begins at the position and ends at
// the other; it is the whole of it for most.
func Locate(f *source.File, at source.Span) (Place, Part, bool) {
	return locate(yamldoc.Whole(f), f.Offset(at.Start), f.Offset(at.End), 0)
}

// Part is a part of a scalar's value, in bytes. The zero Part is all of it.
type Part struct{ Start, End int }

// maxNesting bounds how deep texts in texts are looked into.
const maxNesting = 4

func locate(text yamldoc.Text, start, end, depth int) (Place, Part, bool) {
	docs, err := yamldoc.ParseAll(text)
	if err != nil || depth > maxNesting {
		return Place{}, Part{}, false
	}
	for i, d := range docs {
		if d.Root == nil || start < d.Text.Offset(0) || start > d.Text.End(len(d.Text.String)) {
			continue
		}
		l := locator{doc: d, start: start, end: end, depth: depth}
		if p, part, ok := l.below(d.Root, nil); ok {
			p.Doc = i
			return p, part, true
		}
	}
	return Place{}, Part{}, false
}

type locator struct {
	doc        *yamldoc.Doc
	start, end int // offsets in the file
	depth      int
}

func (l *locator) below(n *yaml.Node, path render.Path) (Place, Part, bool) {
	switch n.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			p := path.Key(n.Content[i].Value)
			if _, ok := l.holds(n.Content[i]); ok {
				return Place{Path: p}, Part{}, true
			}
			if at, part, ok := l.below(n.Content[i+1], p); ok {
				return at, part, true
			}
		}
	case yaml.SequenceNode:
		for i, c := range n.Content {
			if at, part, ok := l.below(c, path.Item(i)); ok {
				return at, part, true
			}
		}
	case yaml.ScalarNode:
		return l.scalar(n, path)
	}
	return Place{}, Part{}, false
}

// holds reports whether the position stands in the text of the scalar n.
func (l *locator) holds(n *yaml.Node) (yamldoc.Scalar, bool) {
	sc, ok := l.doc.Scalar(n)
	if !ok {
		return sc, false
	}
	from, to := l.doc.Text.Offset(sc.Start), l.doc.Text.End(sc.End)
	return sc, from <= l.start && l.start < to
}

func (l *locator) scalar(n *yaml.Node, path render.Path) (Place, Part, bool) {
	sc, ok := l.holds(n)
	if !ok {
		return Place{}, Part{}, false
	}
	whole := Place{Path: path}
	if l.doc.Text.Offset(sc.Start) == l.start {
		return whole, Part{}, true
	}
	value, ok := l.doc.Value(n)
	if !ok {
		return whole, Part{}, true
	}
	if p, part, ok := locate(value, l.start, l.end, l.depth+1); ok && (len(p.Path) > 0 || p.In != nil) {
		whole.In = &p
		return whole, part, true
	}
	part := Part{-1, -1}
	for i := 0; i <= len(value.String); i++ {
		if value.Offset(i) == l.start && part.Start < 0 {
			part.Start = i
		}
		if part.Start >= 0 && value.End(i) == l.end {
			part.End = i
		}
	}
	if part.Start < 0 || part.End <= part.Start || part == (Part{0, len(value.String)}) {
		part = Part{}
	}
	return whole, part, true
}
