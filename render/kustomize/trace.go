//lint:file-ignore SA1019 Kustomize still renders its deprecated fields, and repositories use them.

package kustomize

import (
	"context"
	"slices"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"

	"github.com/org/probe-mtls-action/render"
	"github.com/org/probe-mtls-action/render/source"
	"github.com/org/probe-mtls-action/render/trace"
)

// tracer finds the source places of the objects of one result.
type tracer struct {
	r       *Renderer
	root    render.Root
	build   *build
	objects []*render.Object
	index   map[*render.Object]int
	sources map[*render.Object]*site // the source object, nil for generated ones
	flaws   map[*render.Object][]flaw

	mu       sync.Mutex // held while tracing
	memo     map[*yaml.Node]render.Origin
	trace    *trace.Tracer[*candidate] // nil before the first experiment
	untested edits                     // what all experiments change
	cut      *cutting                  // of all renders
	ended    bool                      // the last search ended before all candidates were tried
	viaOnce  sync.Once
	parents  map[string][]use
}

var _ render.Tracer = (*tracer)(nil)

// Trace implements [render.Tracer].
func (t *tracer) Trace(ctx context.Context, o *render.Object, path render.Path) (at render.Origin, err error) {
	if err := ctx.Err(); err != nil {
		return render.Origin{}, err
	}
	defer catch(&err)
	n := o.At(path)
	if n == nil {
		return t.enclosing(ctx, o, path)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if at, ok := t.memo[n]; ok {
		return at, nil
	}
	if at, err = t.find(ctx, o, path, n); err == nil {
		t.memo[n] = at
	}
	return at, err
}

// enclosing traces the nearest field above path that exists.
func (t *tracer) enclosing(ctx context.Context, o *render.Object, path render.Path) (render.Origin, error) {
	for i := len(path) - 1; i >= 0; i-- {
		if o.At(path[:i]) == nil {
			continue
		}
		at, err := t.Trace(ctx, o, path[:i])
		at.Exact = false
		at.Why = "the field is not set; this is the nearest one around it that is"
		return at, err
	}
	return render.Origin{}, nil
}

// origin describes c as the source of the value at path.
func (t *tracer) origin(o *render.Object, path render.Path, c *candidate) render.Origin {
	at := render.Origin{Span: c.span, Exact: true, Via: t.via(o, c.file)}
	if c.whole && o.Kind == "ConfigMap" {
		at.Span = source.Span{File: c.file.name}
		at.Document, at.Kind = at.Span, render.FromGenerator
		return at
	}
	if c.site == nil {
		at.Kind = render.FromGenerator
		at.Document = source.Span{File: c.file.name, Start: source.Position{Line: 1, Column: 1}, End: source.Position{Line: 1, Column: 1}}
	} else {
		at.Kind = c.site.kind()
		at.Key = c.site.keySpan()
		at.Document = c.site.document.place()
	}
	if at.Kind == render.FromGenerator && o.Kind != "ConfigMap" && o.Kind != "Secret" {
		at.Kind = render.FromReplacement
	}
	if at.Kind == render.FromResource && t.replaces() && !c.site.anchored() && !slices.Equal(c.site.keys(), pathKeys(path)) {
		at.Kind = render.FromReplacement
	}
	if n := o.At(path); n != nil && !trace.Same(n.Value, c.value) {
		if !strings.Contains(c.value, n.Value) {
			at.Exact = false
			at.Why = "kustomize made the value from this text and others"
		}
	}
	return at
}

// replaces reports whether a kustomization copies values between fields.
func (t *tracer) replaces() bool {
	v := t.build.view
	for _, f := range v.reads {
		if v.roles[f.name]&roleKustomization != 0 {
			if k := f.kustomization(); len(k.Replacements)+len(k.Vars)+len(k.Transformers) > 0 {
				return true
			}
		}
	}
	return false
}

// lastKey returns the last key of a path, list indexes left out.
func lastKey(path render.Path) string {
	for i := len(path) - 1; i >= 0; i-- {
		if path[i].Index < 0 {
			return path[i].Key
		}
	}
	return ""
}

// keySpan returns the place of the key that holds s: its own, or the path of
// the JSON 6902 operation.
func (s *site) keySpan() source.Span {
	d := s.document.doc
	switch {
	case s.key != nil:
		return nodeSpan(d, s.key)
	case s.pointer != nil:
		return nodeSpan(d, s.pointer)
	}
	return source.Span{}
}
