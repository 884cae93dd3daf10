package kustomize

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/org/probe-mtls-action/render/source"
	"github.com/org/probe-mtls-action/render/source/yamldoc"
)

// slot is one collection on the way from a document's root to a value: its i-th
// item, or its i-th pair.
type slot struct {
	in *yaml.Node
	i  int
}

// way returns the way to the first value at or below n that is wanted, nil for
// none. Aliases are not followed: what they stand for is written elsewhere.
func way(n *yaml.Node, wanted func(*yaml.Node) bool) []slot {
	if wanted(n) {
		return []slot{}
	}
	width := widthOf(n)
	for i := 0; (i+1)*width <= len(n.Content); i++ {
		if below := way(n.Content[(i+1)*width-1], wanted); below != nil {
			return append([]slot{{n, i}}, below...)
		}
	}
	return nil
}

// widthOf is how many nodes an entry of a collection has.
func widthOf(n *yaml.Node) int {
	if n.Kind == yaml.MappingNode {
		return 2
	}
	return 1
}

// cut returns the file's text with blanks in the place of an item of a list or a
// pair of a mapping, so that all that is left stays where it is; false where it is
// written in a way that does not allow it.
func (k *kustomization) cut(at slot) ([]byte, bool) {
	d := k.doc
	if len(d.Text.String) != len(d.Text.File.Data) {
		return nil, false // the text is not the file's bytes
	}
	from, to := extent(d, at)
	if from < 0 || to <= from {
		return nil, false
	}
	data := slices.Clone(d.Text.File.Data)
	for i := from; i < to; i++ {
		if data[i] != '\n' && data[i] != '\r' {
			data[i] = ' '
		}
	}
	// What is left must be what was there without it.
	rest, err := yamldoc.Parse(yamldoc.Whole(source.NewFile(d.Text.File.Name, data)))
	if err != nil || rest.Root == nil || !sameWithout(d.Root, rest.Root, at) {
		return nil, false
	}
	return data, true
}

// extent returns where the text of an item or a pair begins and ends, with the
// comments below it, -1 where that is not known.
func extent(d *yamldoc.Doc, at slot) (from, to int) {
	text := d.Text.String
	width := widthOf(at.in)
	from, to = d.Start(at.in.Content[at.i*width]), len(text)
	if from < 0 {
		return -1, -1
	}
	last := (at.i+1)*width == len(at.in.Content)
	if at.in.Style&yaml.FlowStyle != 0 {
		if !last {
			return from, d.Start(at.in.Content[(at.i+1)*width])
		}
		if to = flowEnd(d, at.in.Content[len(at.in.Content)-1]); at.i > 0 {
			from = strings.LastIndexByte(text[:from], ',')
		}
		return from, to
	}
	if next := after(d.Root, at.in.Content[(at.i+1)*width-1]); next != nil {
		to = strings.LastIndexByte(text[:max(d.Start(next), 0)], '\n') + 1
	} else if end := strings.Index(text[from:], "\n..."); end >= 0 {
		to = from + end
	} else if end := strings.Index(text[from:], "\n---"); end >= 0 {
		to = from + end
	}
	if at.in.Kind == yaml.SequenceNode {
		if from = len(strings.TrimRight(text[:from], " \t\r\n")) - 1; from < 0 || text[from] != '-' {
			return -1, -1
		}
	}
	return from, to
}

// flowEnd returns where the text of n in a flow collection ends, -1 where that is
// not known.
func flowEnd(d *yamldoc.Doc, n *yaml.Node) int {
	if n.Kind == yaml.ScalarNode {
		if sc, ok := d.Scalar(n); ok {
			return sc.End
		}
		return -1
	}
	if len(n.Content) == 0 {
		return -1
	}
	end := flowEnd(d, n.Content[len(n.Content)-1])
	if end < 0 {
		return -1
	}
	closing := strings.IndexAny(d.Text.String[end:], "]}")
	return end + closing + 1
}

// after returns the first node behind all that is in n, nil for none.
func after(root, n *yaml.Node) *yaml.Node {
	var found *yaml.Node
	passed := false
	var walk func(at *yaml.Node)
	walk = func(at *yaml.Node) {
		if at == n {
			passed = true
			return
		}
		if passed && found == nil {
			found = at
		}
		for _, c := range at.Content {
			if found == nil {
				walk(c)
			}
		}
	}
	walk(root)
	return found
}

// sameWithout reports whether b is a without the item or pair at gone. A
// collection that loses all it has may be null.
func sameWithout(a, b *yaml.Node, gone slot) bool {
	content := a.Content
	if a == gone.in {
		width := widthOf(a)
		content = slices.Delete(slices.Clone(a.Content), gone.i*width, (gone.i+1)*width)
		if len(content) == 0 && b.ShortTag() == "!!null" {
			return true
		}
	}
	if a.Kind != b.Kind || a.ShortTag() != b.ShortTag() || a.Value != b.Value || a.Anchor != b.Anchor || len(content) != len(b.Content) {
		return false
	}
	for i := range content {
		if !sameWithout(content[i], b.Content[i], gone) {
			return false
		}
	}
	return true
}
