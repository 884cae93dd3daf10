package kustomize

import (
	"context"

	"go.yaml.in/yaml/v3"

	"github.com/org/probe-mtls-action/render"
	"github.com/org/probe-mtls-action/render/trace"
)

// structure traces a mapping, a list or a null: by a scalar below it that is
// traced, by its place in the object's source document, or by experiment.
func (t *tracer) structure(ctx context.Context, o *render.Object, path render.Path, n *yaml.Node) (render.Origin, error) {
	if len(path) == 0 {
		return t.whole(o), nil
	}
	if err := t.mark(ctx); err != nil {
		return render.Origin{}, err
	}
	if s := t.climb(o, path, n); s != nil {
		return t.placeOf(o, s), nil
	}
	same := t.alike(o, path, n)
	if len(same) == 1 {
		return t.placeOf(o, same[0]), nil
	}
	s, err := t.mutate(ctx, o, path, same)
	if err != nil {
		return render.Origin{}, err
	}
	if s != nil {
		return t.placeOf(o, s), nil
	}
	tries := 0
	for p, leaf := range leaves(n, path) {
		if tries++; tries > 3 {
			break
		}
		c, err := t.experiment(ctx, o, p, leaf)
		if err != nil {
			return render.Origin{}, err
		}
		if c == nil || c.site == nil {
			continue
		}
		if s := climbFrom(c.site, path, p); s != nil {
			return t.placeOf(o, s), nil
		}
		if s := c.site.parent; s != nil && len(same) == 0 && s.kind() == render.FromTransformer {
			return t.placeOf(o, s), nil // the transformer made the mapping
		}
	}
	if len(same) > 0 {
		at := t.placeOf(o, same[0])
		at.Exact, at.Why = false, "several places set the field; this is the first"
		return at, nil
	}
	at, err := t.structure(ctx, o, path[:len(path)-1], o.At(path[:len(path)-1]))
	if at.Exact {
		at.Exact, at.Why = false, "the field's own place is not known; this is the nearest one around it"
	}
	return at, err
}

// placeOf describes the site s as the source of a value without text of its
// own.
func (t *tracer) placeOf(o *render.Object, s *site) render.Origin {
	d := s.document
	at := render.Origin{
		Key: s.keySpan(), Kind: s.kind(), Document: d.place(), Via: t.via(o, d.file), Exact: true,
	}
	at.Span = at.Key
	if s.key == nil && s.parent != nil {
		at.Span = nodeSpan(d.doc, first(s.node))
	}
	return at
}

// climb finds the source of the value n at path through a scalar below it whose
// place is known: one of its own for which a patch overrides the object's, or
// else the first.
func (t *tracer) climb(o *render.Object, path render.Path, n *yaml.Node) *site {
	var best *site
	for p, leaf := range leaves(n, path) {
		c, ok := t.trace.Place(leaf)
		if !ok || c.site == nil {
			continue
		}
		s := climbFrom(c.site, path, p)
		switch {
		case s == nil:
		case len(p) == len(path)+1 && s.document.kind == render.FromPatch && t.locate(t.sources[o], o, p) != nil:
			return s
		case best == nil:
			best = s
		}
	}
	return best
}

// climbFrom goes up from s, the source of the value at the path to, to the
// source of the value at the shorter path from; nil when the two are not
// written in one place.
func climbFrom(s *site, from, to render.Path) *site {
	for i := len(to) - 1; i >= len(from); i-- {
		if to[i].Index < 0 && s.name() != to[i].Key || to[i].Index >= 0 && s.item < 0 || s.parent == nil {
			return nil
		}
		s = s.parent
	}
	if last := from[len(from)-1]; last.Index < 0 && s.name() != last.Key {
		return nil
	}
	return s
}

// leaves yields the scalars below n, which is at path, in document order.
func leaves(n *yaml.Node, path render.Path) func(func(render.Path, *yaml.Node) bool) {
	return func(yield func(render.Path, *yaml.Node) bool) { walkLeaves(n, path, yield) }
}

func walkLeaves(n *yaml.Node, path render.Path, yield func(render.Path, *yaml.Node) bool) bool {
	switch n.Kind {
	case yaml.ScalarNode:
		return yield(path, n)
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			if !walkLeaves(n.Content[i+1], path.Key(n.Content[i].Value), yield) {
				return false
			}
		}
	case yaml.SequenceNode:
		for i, c := range n.Content {
			if !walkLeaves(c, path.Item(i), yield) {
				return false
			}
		}
	}
	return true
}

// mutate changes one site after the other and returns the first that changes
// the value at path.
func (t *tracer) mutate(ctx context.Context, o *render.Object, path render.Path, sites []*site) (*site, error) {
	for _, s := range sites {
		e, ok := s.disturb(t.trace.Word())
		if !ok {
			continue
		}
		objects, err := t.trace.Render(ctx, []trace.Edit{e})
		if err != nil {
			return nil, err
		}
		if objects == nil {
			continue
		}
		if n := trace.At(objects[t.index[o]], path); n != nil && disturbed(n, t.trace.Word()) {
			return s, nil
		}
	}
	return nil, nil
}

// disturb returns an edit that puts a word into the value at s.
func (s *site) disturb(word string) (trace.Edit, bool) {
	d, n := s.document.doc, s.node
	at := d.Start(n)
	if at < 0 {
		return trace.Edit{}, false
	}
	text := d.Text.String
	switch {
	case n.Kind == yaml.MappingNode && n.Style&yaml.FlowStyle != 0 && at < len(text) && text[at] == '{':
		word = `"` + word + `": 1`
		if len(n.Content) > 0 {
			word += ", "
		}
		off := d.Text.Offset(at) + 1
		return s.replace(off, off, word), true
	case n.Kind == yaml.SequenceNode && n.Style&yaml.FlowStyle != 0 && at < len(text) && text[at] == '[':
		if len(n.Content) > 0 {
			word += ", "
		}
		off := d.Text.Offset(at) + 1
		return s.replace(off, off, word), true
	case n.Kind == yaml.ScalarNode && n.Value != "":
		if sc, ok := d.Scalar(n); ok {
			return s.replace(d.Text.Offset(sc.Start), d.Text.End(sc.End), word), true
		}
	case n.Kind == yaml.ScalarNode && s.key != nil:
		key, ok := d.Scalar(s.key)
		if ok && key.End < len(text) && text[key.End] == ':' {
			off := d.Text.End(key.End) + 1
			return s.replace(off, off, " "+word), true
		}
	}
	return trace.Edit{}, false
}

// replace returns an edit of the file that holds s.
func (s *site) replace(start, end int, text string) trace.Edit {
	return trace.Edit{File: s.document.file.name, Start: start, End: end, Text: text}
}

// disturbed reports whether the word stands at the top of the value n.
func disturbed(n *yaml.Node, word string) bool {
	if n.Value == word {
		return true
	}
	for _, c := range n.Content {
		if c.Value == word {
			return true
		}
	}
	return false
}
