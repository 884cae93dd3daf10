package pipeline

import (
	"context"

	"github.com/org/probe-mtls-action/internal/check"
	"github.com/org/probe-mtls-action/internal/report"
	"github.com/org/probe-mtls-action/render"
)

// Case is one group that was rendered and judged, for who proves fixes of its
// findings.
type Case struct {
	Group Group
	// Results are what the roots and the context rendered to, those that failed
	// left out.
	Results []*render.Result
	// Findings are all of the group; those of its own roots are reported.
	Findings []check.Finding

	run *run
}

// Own reports whether root is reported on, rather than context.
func (c *Case) Own(root render.Root) bool {
	for _, r := range c.Group.Roots {
		if r == root {
			return true
		}
	}
	return false
}

// Judge returns the findings of the group with other objects.
func (c *Case) Judge(objects []*render.Object) ([]check.Finding, error) {
	own := make(map[render.Root]bool, len(c.Group.Roots))
	for _, r := range c.Group.Roots {
		own[r] = true
	}
	model, err := c.run.Build(objects, func(o *render.Object) bool { return !own[o.Root] }, c.Group.Mesh)
	if err != nil {
		return nil, err
	}
	return check.Run(c.run.Rules, objects, model), nil
}

// Render renders a root of another tree, with the engine's own renderers.
func (c *Case) Render(ctx context.Context, tree render.Tree, root render.Root) (*render.Result, error) {
	e := &Engine{Tree: tree, Renderers: c.run.Draft(tree)}
	return e.make(ctx, root, c.run.workers)
}

// Prover proves fixes for the findings of one case: those of Findings by index.
type Prover interface {
	Prove(ctx context.Context, c *Case) ([][]report.Fix, error)
}
