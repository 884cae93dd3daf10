package fix

import (
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/org/probe-mtls-action/render"
)

// change is one value of a rendered object that is another after the plans were
// applied.
type change struct {
	root render.Root
	// before and after are the object; before is nil for one that came, after
	// for one that went.
	before, after *render.Object
	// path leads to the value, a scalar or an empty collection.
	path     render.Path
	old, now *yaml.Node // nil where there is none
}

func (c change) object() *render.Object {
	if c.before != nil {
		return c.before
	}
	return c.after
}

// compareRoot lists how what a root renders to differs.
func compareRoot(root render.Root, before, after []*render.Object) []change {
	var out []change
	rest := map[render.Ref][]*render.Object{}
	for _, o := range after {
		rest[o.Ref] = append(rest[o.Ref], o)
	}
	for _, o := range before {
		same := rest[o.Ref]
		if len(same) == 0 {
			out = append(out, change{root: root, before: o})
			continue
		}
		rest[o.Ref] = same[1:]
		compareNodes(o.Node, same[0].Node, nil, func(p render.Path, old, now *yaml.Node) {
			out = append(out, change{root: root, before: o, after: same[0], path: slices.Clone(p), old: old, now: now})
		})
	}
	for _, o := range after {
		if left := rest[o.Ref]; len(left) > 0 && left[0] == o {
			rest[o.Ref] = left[1:]
			out = append(out, change{root: root, after: o})
		}
	}
	return out
}

// compareNodes calls yield for each leaf that differs.
func compareNodes(a, b *yaml.Node, p render.Path, yield func(p render.Path, old, now *yaml.Node)) {
	switch {
	case a != nil && b != nil && a.Kind == b.Kind && a.Kind == yaml.MappingNode:
		for i := 0; i+1 < len(a.Content); i += 2 {
			k := a.Content[i].Value
			compareNodes(a.Content[i+1], valueOf(b, k), p.Key(k), yield)
		}
		for i := 0; i+1 < len(b.Content); i += 2 {
			if k := b.Content[i].Value; valueOf(a, k) == nil {
				compareNodes(nil, b.Content[i+1], p.Key(k), yield)
			}
		}
	case a != nil && b != nil && a.Kind == b.Kind && a.Kind == yaml.SequenceNode:
		for i := range max(len(a.Content), len(b.Content)) {
			compareNodes(itemAt(a, i), itemAt(b, i), p.Item(i), yield)
		}
	case a != nil && b != nil && a.Kind == b.Kind:
		if a.Value != b.Value || a.ShortTag() != b.ShortTag() {
			yield(p, a, b)
		}
	case a == nil || b == nil:
		one := a
		if one == nil {
			one = b
		}
		if one == nil {
			return
		}
		each(one, p, func(p render.Path, leaf *yaml.Node) {
			if a != nil {
				yield(p, leaf, nil)
			} else {
				yield(p, nil, leaf)
			}
		})
	default:
		yield(p, a, b)
	}
}

func itemAt(n *yaml.Node, i int) *yaml.Node {
	if i < len(n.Content) {
		return n.Content[i]
	}
	return nil
}

// each calls yield for each scalar and each empty collection at or below n.
func each(n *yaml.Node, p render.Path, yield func(render.Path, *yaml.Node)) {
	switch {
	case len(n.Content) == 0:
		yield(p, n)
	case n.Kind == yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			each(n.Content[i+1], p.Key(n.Content[i].Value), yield)
		}
	default:
		for i, c := range n.Content {
			each(c, p.Item(i), yield)
		}
	}
}

// with returns a copy of o's value with some of its changes made.
func with(o *render.Object, changes []change) *render.Object {
	out := *o
	out.Node = clone(o.Node)
	for _, c := range changes {
		put(out.Node, c.path, c.now)
	}
	for i := len(changes) - 1; i >= 0; i-- { // from the end, so that indexes hold
		if changes[i].now == nil {
			take(out.Node, changes[i].path)
		}
	}
	return &out
}

func clone(n *yaml.Node) *yaml.Node {
	out := *n
	out.Content = make([]*yaml.Node, len(n.Content))
	for i, c := range n.Content {
		out.Content[i] = clone(c)
	}
	return &out
}

// put sets the value at p, making collections on the way; a nil value is left
// for take.
func put(n *yaml.Node, p render.Path, value *yaml.Node) {
	if value == nil {
		return
	}
	for i, s := range p {
		next := child(n, s)
		if next == nil {
			next = &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
			if i+1 < len(p) && p[i+1].Index >= 0 {
				next = &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq"}
			}
			if s.Index < 0 {
				n.Content = append(n.Content, scalar(s.Key), next)
			} else {
				n.Content = append(n.Content, next)
			}
		}
		n = next
	}
	*n = *clone(value)
}

func child(n *yaml.Node, s render.Step) *yaml.Node {
	if s.Index >= 0 {
		if n.Kind != yaml.SequenceNode {
			return nil
		}
		return itemAt(n, s.Index)
	}
	return valueOf(n, s.Key)
}

// take removes the value at p, and what holds nothing else.
func take(n *yaml.Node, p render.Path) {
	if len(p) == 0 {
		return
	}
	next := child(n, p[0])
	if next == nil {
		return
	}
	if take(next, p[1:]); len(p) > 1 && len(next.Content) > 0 {
		return
	}
	if p[0].Index >= 0 {
		n.Content = slices.Delete(n.Content, p[0].Index, p[0].Index+1)
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == p[0].Key {
			n.Content = slices.Delete(n.Content, i, i+2)
			return
		}
	}
}
