package deployed

import (
	"context"

	"github.com/org/probe-mtls-action/render"
)

// Apart renders roots of one tree that may take too much for the process.
type Apart interface {
	Render(ctx context.Context, root render.Root) (*render.Result, error)
	Close()
}

// Above renders, with others, the roots that r leaves to them with
// [render.ErrAbove], as they are deployed.
type Above struct {
	r    *Renderer
	make func(tree render.Tree) Apart
	own  Apart
}

// Above returns what renders the roots that r leaves; apart makes what renders
// the roots of a tree.
func (r *Renderer) Above(apart func(tree render.Tree) Apart) *Above {
	return &Above{r: r, make: apart, own: apart(r.tree)}
}

// Render renders one root.
func (a *Above) Render(ctx context.Context, root render.Root) (*render.Result, error) {
	a.r.mu.Lock()
	s := a.r.specs[root]
	a.r.mu.Unlock()
	if s == nil {
		return a.own.Render(ctx, root)
	}
	return a.r.deploy(ctx, root, s, func(tree render.Tree, root render.Root) (*render.Result, error) {
		if tree == a.r.tree {
			return a.own.Render(ctx, root)
		}
		other := a.make(tree)
		defer other.Close()
		return other.Render(ctx, root)
	})
}

// Close frees what the renders hold.
func (a *Above) Close() { a.own.Close() }
