// Package kustomize renders kustomization roots as kustomize itself does, in
// process, and traces any field of the result to the exact place in the source
// files that gave it its value.
//
// The objects are what kustomize makes of the files as they are. Kustomize does
// not say where a value came from; the renderer finds out by experiment (see
// package trace), when it is asked. The first trace of a root renders it once
// more, with all values marked that can be, and so finds the places of most
// fields; what that does not show costs further renders.
//
// A Renderer is safe for untrusted repositories: it reads nothing outside its
// tree, writes nothing, and starts no program and no network connection unless
// its Options say so.
//
// Kustomize prints warnings about deprecated fields to os.Stderr and the
// standard logger; a program that minds calls [Quiet] first.
package kustomize

import (
	"context"
	"errors"
	"path"
	"sync"

	"github.com/org/probe-mtls-action/render"
)

// Name is the name of this renderer in [render.Root].
const Name = "kustomize"

// Renderer renders the kustomization roots of one tree. Files that roots share are
// read and parsed once: the tree must not change while the Renderer is in use.
type Renderer struct {
	*store
	opts  Options
	alone sync.Map // directories of roots that set an OpenAPI schema
	left  left
}

var _ render.Renderer = (*Renderer)(nil)

// New returns a Renderer of the roots in tree.
func New(tree render.Tree, opts Options) *Renderer {
	boundCopies()
	opts = opts.withDefaults()
	return &Renderer{store: newStore(tree, opts), opts: opts}
}

// Render renders one root. It returns an [*render.Error] unless ctx ended. When
// ctx ends, kustomize stops at the next file that it reads.
func (r *Renderer) Render(ctx context.Context, root render.Root) (_ *render.Result, err error) {
	defer func() { err = r.failure(ctx, root, err) }()
	defer catch(&err)
	if err := r.checkBounds(root); err != nil {
		return nil, err
	}
	res, err := r.render(ctx, root)
	if err != nil && ctx.Err() == nil && r.maySpare(err) {
		return r.renderRest(ctx, root, err)
	}
	return res, err
}

// failure makes err, if any, the error that Render promises.
func (r *Renderer) failure(ctx context.Context, root render.Root, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if e := (*render.Error)(nil); errors.As(err, &e) {
		if r.elsewhere(e) {
			e.Err = errors.Join(render.ErrAbove, e.Err)
		}
		return e
	}
	return &render.Error{Root: root, Problem: render.Problem{Message: err.Error()}, Err: err}
}

func (r *Renderer) render(ctx context.Context, root render.Root) (*render.Result, error) {
	root.Dir = path.Clean(root.Dir)
	t, b := r.truth(ctx, root)
	if t == nil {
		return nil, r.explain(root, b)
	}
	return t.result(ctx)
}

// result returns what was rendered, with what kustomize build would refuse.
func (t *tracer) result(ctx context.Context) (*render.Result, error) {
	res := &render.Result{Root: t.root, Objects: t.objects, Inputs: t.build.view.Inputs(), Remarks: t.restrictions()}
	refusals, err := t.refusals(ctx)
	if err != nil {
		return nil, err
	}
	res.Refusals = refusals
	return res, nil
}
