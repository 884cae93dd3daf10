package kustomize

import (
	"context"

	"github.com/org/probe-mtls-action/render"
	"github.com/org/probe-mtls-action/render/source"
)

// nearest traces every field to the root's kustomization file.
type nearest struct{}

func (nearest) Trace(_ context.Context, o *render.Object, _ render.Path) (render.Origin, error) {
	file := source.Span{File: o.Root.Dir + "/kustomization.yaml"}
	return render.Origin{Span: file, Document: file, Kind: render.FromResource, Why: "not traced"}, nil
}
