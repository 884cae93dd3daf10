package kustomize

import (
	"context"

	"github.com/org/probe-mtls-action/render"
	"github.com/org/probe-mtls-action/render/kustomize/graph"
)

// Roots finds the kustomization roots at or below dirs: every directory with a
// kustomization file that is no component. What [graph.Discover] has to say
// about directories that it could not read is left out; call it for that.
func (r *Renderer) Roots(ctx context.Context, dirs []string) ([]render.Root, error) {
	roots, _, err := graph.Discover(ctx, r.tree, dirs)
	return roots, err
}
