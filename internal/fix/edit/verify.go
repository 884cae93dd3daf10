package edit

import (
	"errors"
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/org/probe-mtls-action/render/source/yamldoc"
)

// errOther tells that a change would change more than it is to.
var errOther = errors.New("the change would change something else, too")

// verify checks that after holds what before does, but for the change. c has no
// place inside a text.
func (c Change) verify(before, after string) error {
	want, err := parse(before)
	if err != nil {
		return err
	}
	got, err := parse(after)
	if err != nil {
		return err
	}
	if len(got) != len(want) {
		return errOther
	}
	if err := c.intend(want[c.At.Doc]); err != nil {
		return err
	}
	for i := range want {
		if (want[i].Root == nil) != (got[i].Root == nil) || want[i].Root != nil && !equal(want[i].Root, got[i].Root, 0) {
			return errOther
		}
	}
	return nil
}

// intend makes the change in the values of d, whatever its text.
func (c Change) intend(d *yamldoc.Doc) error {
	t, err := find(d, c.At.Path)
	if err != nil {
		return err
	}
	n := t.node
	switch c.Op {
	case Set:
		put(n, c.Value)
	case Add:
		if n.Kind != yaml.MappingNode {
			put(n, &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"})
		}
		if indexOf(n, stepTo(c.Key)) >= 0 {
			return unsupported("%s has a key %s", t.path, c.Key)
		}
		n.Content = append(n.Content, key(c.Key), c.Value)
	case Append:
		if n.Kind != yaml.SequenceNode {
			put(n, &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq"})
		}
		n.Content = append(n.Content, c.Value)
	case Delete:
		l := t.chain[len(t.chain)-1]
		from := l.at
		if l.in.Kind == yaml.MappingNode {
			from--
		}
		l.in.Content = slices.Delete(l.in.Content, from, l.at+1)
	case Rename:
		k := t.parentKey()
		if indexOf(t.chain[len(t.chain)-1].in, stepTo(c.Key)) >= 0 {
			return unsupported("there is a key %s", c.Key)
		}
		k.Value = c.Key
	}
	return nil
}

func put(n, value *yaml.Node) {
	anchor := n.Anchor
	*n = *value
	n.Anchor = anchor
}

// maxDepth bounds how deep values are compared; aliases can make endless ones.
const maxDepth = 1000

// equal reports whether two values are the same, styles, comments and anchors
// aside.
func equal(a, b *yaml.Node, depth int) bool {
	a, b = deref(a), deref(b)
	if depth > maxDepth || a.Kind != b.Kind || len(a.Content) != len(b.Content) || a.Value != b.Value {
		return false
	}
	if a.Kind == yaml.ScalarNode {
		return a.ShortTag() == b.ShortTag()
	}
	for i := range a.Content {
		if !equal(a.Content[i], b.Content[i], depth+1) {
			return false
		}
	}
	return true
}
