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

var (
	errBig      = errors.New("the file holds too many values")
	errDeep     = errors.New("the file is nested too deeply")
	errCircular = errors.New("an alias stands inside its own anchor")
)

// copy returns a copy of n with aliases and merge keys resolved and notes the
// source of each value in it.
func (t *tracer) copy(d *yamldoc.Doc, n *yaml.Node, at place, depth int, budget *int) (*yaml.Node, error) {
	if depth > maxDepth {
		return nil, errDeep
	}
	if *budget--; *budget < 0 {
		return nil, errBig
	}
	if n.Kind == yaml.AliasNode {
		return t.copy(d, n.Alias, at, depth+1, budget)
	}
	c := *n
	c.Anchor, c.Content = "", nil
	at.node = n
	t.places[&c] = at
	switch n.Kind {
	case yaml.MappingNode:
		return &c, t.copyMapping(d, n, &c, depth, budget)
	case yaml.SequenceNode:
		for _, item := range n.Content {
			v, err := t.copy(d, item, place{doc: d}, depth+1, budget)
			if err != nil {
				return nil, err
			}
			c.Content = append(c.Content, v)
		}
	}
	return &c, nil
}

// copyMapping copies the entries of n to c: its own, then those that merge keys
// add.
func (t *tracer) copyMapping(d *yamldoc.Doc, n, c *yaml.Node, depth int, budget *int) error {
	if depth > maxDepth {
		return errDeep
	}
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
		v, err := t.copy(d, value, place{doc: d, key: key}, depth+1, budget)
		if err != nil {
			return err
		}
		k := *key
		k.Anchor = ""
		c.Content = append(c.Content, &k, v)
	}
	for _, m := range merges {
		if m.Kind == yaml.AliasNode {
			m = m.Alias
		}
		list := []*yaml.Node{m}
		if m.Kind == yaml.SequenceNode {
			list = m.Content
		}
		for _, m := range list {
			if m.Kind == yaml.AliasNode {
				m = m.Alias
			}
			if m == n {
				return errCircular
			}
			if m.Kind == yaml.MappingNode {
				if err := t.copyMapping(d, m, c, depth+1, budget); err != nil {
					return err
				}
			}
		}
	}
	return nil
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
