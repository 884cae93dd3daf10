package kustomize

import (
	"cmp"
	"context"
	"errors"
	"path"
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/org/probe-mtls-action/render"
	"github.com/org/probe-mtls-action/render/source"
)

// maxFailures is how many entries of one root are left out because kustomize
// refuses them: each costs a render.
const maxFailures = 40

// maySpare reports whether a root that cannot be rendered for err may be rendered
// without a part of it.
func (r *Renderer) maySpare(err error) bool {
	for _, never := range []error{render.ErrAbove, render.ErrTooMuch, render.ErrTooBig, render.ErrOutside, render.ErrGitData} {
		if errors.Is(err, never) {
			return false
		}
	}
	return !r.elsewhere(err)
}

// elsewhere reports whether err is a refusal that another process can do without.
func (r *Renderer) elsewhere(err error) bool {
	return r.opts.Leave && (errors.Is(err, render.ErrRemote) || errors.Is(err, render.ErrHelm) || errors.Is(err, render.ErrPlugins))
}

// renderRest renders a root without what it cannot be rendered with. Where that
// leaves nothing, it returns refused, why the root as a whole cannot be rendered;
// where the rest cannot be rendered either, it returns why.
func (r *Renderer) renderRest(ctx context.Context, root render.Root, refused error) (*render.Result, error) {
	rest := r.rest()
	for tries := range maxFailures {
		t, b := rest.truth(ctx, root)
		if t != nil {
			return rest.partly(ctx, t, refused)
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		err := rest.explain(root, b)
		if errors.Is(err, render.ErrAbove) || r.elsewhere(err) {
			return nil, err
		}
		if tries == 0 {
			refused = err // of what is left: that keeps the root from being rendered
		}
		if rest = rest.spare(b, err); rest == nil {
			break
		}
	}
	return nil, refused
}

// partly returns the result of a root with holes.
func (r *Renderer) partly(ctx context.Context, t *tracer, refused error) (*render.Result, error) {
	holes := r.holesOf(t.build.view)
	if len(holes) == 0 || len(t.objects) == 0 {
		return nil, refused
	}
	res, err := t.result(ctx)
	if err != nil {
		return nil, err
	}
	for _, h := range holes {
		res.Holes = append(res.Holes, h.Problem)
		res.Inputs = append(res.Inputs, h.inputs...)
	}
	slices.Sort(res.Inputs)
	res.Inputs = slices.Compact(res.Inputs)
	return res, nil
}

// holesOf returns the holes of the kustomizations that a render read, by place.
func (r *Renderer) holesOf(v *view) []hole {
	var out []hole
	for _, f := range v.reads {
		for s := r.store; s.below != nil; s = s.below {
			s.mu.Lock()
			if h := s.over[f.name]; h != nil {
				out = append(out, h.holes...)
			}
			s.mu.Unlock()
		}
	}
	slices.SortStableFunc(out, func(a, b hole) int {
		return cmp.Or(cmp.Compare(a.At.File, b.At.File), cmp.Compare(a.At.Start.Line, b.At.Start.Line), cmp.Compare(a.At.Start.Column, b.At.Start.Column))
	})
	return out
}

// spare returns a renderer that leaves out the entry for which a build failed, as
// err says; nil where that is not for what is off, or for what is left out.
func (r *Renderer) spare(b *build, err error) *Renderer {
	e := (*render.Error)(nil)
	if !errors.As(err, &e) {
		return nil
	}
	text := b.err.Error()
	h := hole{Problem: e.Problem}
	switch {
	case errors.Is(err, render.ErrRemote):
		h.Hint = render.RemoteHint
	case errors.Is(err, render.ErrHelm):
		h.Hint = render.HelmHint
	case errors.Is(err, render.ErrPlugins), badPlugin.MatchString(text):
	case len(r.holesOf(b.view)) == 0:
		return nil
	case noTarget.MatchString(text), badOperation.MatchString(text), badReplacement.MatchString(text), noMerge.MatchString(text):
		h.Hint = "It may need what is left out of this root; if not, correct it."
	default:
		return nil
	}
	f, at := owner(b.view, e.At)
	if f == nil {
		return nil
	}
	if h.At.Start.IsZero() {
		h.At = nodeSpan(f.kustomization().doc, first(at.in.Content[at.i*widthOf(at.in)]))
	}
	next := r.over(map[string]*holed{}, false)
	rest := next.without(f, *at)
	if rest == nil {
		return nil
	}
	next.store.over[f.name] = &holed{file: rest, holes: []hole{h}}
	return next
}

// owner returns the entry of a kustomization that the build read which holds the
// place, or names the file of it.
func owner(v *view, place source.Span) (*file, *slot) {
	for _, f := range slices.Backward(v.reads) {
		k := f.kustomization()
		if v.roles[f.name]&roleKustomization == 0 || k.err != nil || k.doc == nil || k.doc.Root == nil {
			continue
		}
		if f.name == place.File && !place.Start.IsZero() {
			if at := k.itemAround(place.Start); at != nil {
				return f, at
			}
			continue
		}
		for _, dir := range v.dirs[f.name] {
			for _, e := range k.entries {
				if isInline(e.name) || path.IsAbs(e.name) || !names(v, path.Join(dir, e.name), place.File) {
					continue
				}
				if at, _ := k.entryAt(e); at != nil {
					return f, at
				}
			}
		}
	}
	return nil, nil
}

// names reports whether a name leads to the file, or to the directory whose
// kustomization it is.
func names(v *view, name, file string) bool {
	n := v.lookup(name)
	if n.err != nil || !n.isDir {
		return n.err == nil && n.real == file
	}
	f := v.kustomizationIn(n.real)
	return f != nil && f.name == file
}

// itemAround returns the item of a list at the top of the kustomization that holds
// the position.
func (k *kustomization) itemAround(p source.Position) *slot {
	root := k.doc.Root
	if root.Kind != yaml.MappingNode {
		return nil
	}
	for i := 1; i < len(root.Content); i += 2 {
		list := root.Content[i]
		for j := range list.Content {
			if list.Kind != yaml.SequenceNode {
				break
			}
			at := slot{list, j}
			from, to := extent(k.doc, at)
			if from < 0 || to <= from {
				continue
			}
			span := k.doc.Text.Span(from, to)
			if !p.Before(span.Start) && p.Before(span.End) {
				return &at
			}
		}
	}
	return nil
}
