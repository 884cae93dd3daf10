package manifest

import (
	"context"
	"errors"

	"go.yaml.in/yaml/v3"

	"github.com/org/probe-mtls-action/render"
	"github.com/org/probe-mtls-action/render/source"
	"github.com/org/probe-mtls-action/render/source/yamldoc"
)

// tracer knows the source of each value of one root.
type tracer struct {
	places  map[*yaml.Node]place
	objects map[*render.Object]*yamldoc.Doc
}

// place is where a value stands.
type place struct {
	doc  *yamldoc.Doc
	key  *yaml.Node // the key that holds the value, nil for list items
	node *yaml.Node // the value; where the document has an alias, what it stands for
}

// copy returns a copy of n with aliases and merge keys resolved and notes the
// source of each value in it.
func (t *tracer) copy(d *yamldoc.Doc, n *yaml.Node, at place) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return t.copy(d, n.Alias, at)
	}
	c := *n
	c.Anchor, c.Content = "", nil
	at.node = n
	t.places[&c] = at
	switch n.Kind {
	case yaml.MappingNode:
		t.copyMapping(d, n, &c)
	case yaml.SequenceNode:
		for _, item := range n.Content {
			c.Content = append(c.Content, t.copy(d, item, place{doc: d}))
		}
	}
	return &c
}

// copyMapping copies the entries of n to c: its own, then those that merge keys
// add.
func (t *tracer) copyMapping(d *yamldoc.Doc, n, c *yaml.Node) {
	has := map[string]bool{}
	for i := 0; i+1 < len(c.Content); i += 2 {
		has[c.Content[i].Value] = true
	}
	var merges []*yaml.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if key.ShortTag() == "!!merge" {
			merges = append(merges, value)
			continue
		}
		if has[key.Value] {
			continue
		}
		has[key.Value] = true
		k := *key
		k.Anchor = ""
		c.Content = append(c.Content, &k, t.copy(d, value, place{doc: d, key: key}))
	}
	for _, m := range merges {
		m = deref(m)
		list := []*yaml.Node{m}
		if m.Kind == yaml.SequenceNode {
			list = m.Content
		}
		for _, m := range list {
			if m = deref(m); m.Kind == yaml.MappingNode {
				t.copyMapping(d, m, c)
			}
		}
	}
}

func deref(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

// Trace implements [render.Tracer]. It never renders anything.
func (t *tracer) Trace(_ context.Context, o *render.Object, path render.Path) (render.Origin, error) {
	for i := len(path); i >= 0; i-- {
		n := o.At(path[:i])
		if n == nil {
			continue
		}
		at := t.origin(o, n)
		if i < len(path) {
			at.Exact, at.Why = false, "the field is not set; this is the nearest one around it that is"
		}
		return at, nil
	}
	return render.Origin{}, errors.New("the object has no value")
}

func (t *tracer) origin(o *render.Object, n *yaml.Node) render.Origin {
	p := t.places[n]
	d := t.objects[o]
	at := render.Origin{Kind: render.FromResource, Document: start(d, d.Root), Exact: true}
	if p.key != nil {
		at.Key = span(p.doc, p.key)
	}
	if sc, ok := p.doc.Scalar(p.node); ok {
		at.Span = p.doc.Text.Span(sc.Start, sc.End)
		return at
	}
	if at.Span = at.Key; p.key == nil {
		at.Span = start(p.doc, p.node)
	}
	return at
}

func span(d *yamldoc.Doc, n *yaml.Node) source.Span {
	if sc, ok := d.Scalar(n); ok {
		return d.Text.Span(sc.Start, sc.End)
	}
	return start(d, n)
}

// start returns the place of the first character of n.
func start(d *yamldoc.Doc, n *yaml.Node) source.Span {
	for n.Kind == yaml.MappingNode && n.Style&yaml.FlowStyle == 0 && len(n.Content) > 0 {
		n = n.Content[0]
	}
	at := max(d.Start(n), 0)
	return d.Text.Span(at, at)
}
