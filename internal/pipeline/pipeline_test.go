package pipeline_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/fstest"

	"go.yaml.in/yaml/v3"

	"github.com/org/probe-mtls-action/internal/mesh"
	"github.com/org/probe-mtls-action/internal/mesh/istio"
	"github.com/org/probe-mtls-action/internal/pipeline"
	"github.com/org/probe-mtls-action/internal/rules"
	"github.com/org/probe-mtls-action/render"
	"github.com/org/probe-mtls-action/render/source"
)

// renderer renders a root to the pod that is named like it, but fails for
// "broken"; it counts its renders.
type renderer struct {
	mu    sync.Mutex
	count map[string]int
}

func (r *renderer) Name() string { return "fake" }

func (r *renderer) Roots(context.Context, []string) ([]render.Root, error) { return nil, nil }

func (r *renderer) Render(_ context.Context, root render.Root) (*render.Result, error) {
	r.mu.Lock()
	r.count[root.Dir]++
	r.mu.Unlock()
	if root.Dir == "broken" {
		return nil, &render.Error{Root: root, Problem: render.Problem{Message: "does not render"}}
	}
	text := fmt.Sprintf("{apiVersion: v1, kind: Pod, metadata: {name: %s}, spec: {containers: [{name: c, livenessProbe: {httpGet: {port: 80}}}]}}", root.Dir)
	var n yaml.Node
	if err := yaml.Unmarshal([]byte(text), &n); err != nil {
		return nil, err
	}
	ref := render.Ref{Version: "v1", Kind: "Pod", Name: root.Dir}
	o := &render.Object{Ref: ref, Authored: ref, Root: root, Node: n.Content[0], Tracer: tracer{}}
	return &render.Result{Root: root, Objects: []*render.Object{o}}, nil
}

type tracer struct{}

func (tracer) Trace(_ context.Context, o *render.Object, _ render.Path) (render.Origin, error) {
	return render.Origin{Span: source.Span{File: o.Root.Dir + ".yaml", Start: source.Position{Line: 1, Column: 1}}, Exact: true}, nil
}

func roots(dirs ...string) []render.Root {
	var out []render.Root
	for _, d := range dirs {
		out = append(out, render.Root{Dir: d, Renderer: "fake"})
	}
	return out
}

func engine(r *renderer, build pipeline.BuildMesh) *pipeline.Engine {
	return &pipeline.Engine{
		Tree: fstest.MapFS{}, Renderers: map[string]render.Renderer{"fake": r},
		Build: build, Rules: rules.All(), Jobs: 2,
	}
}

var strict = istio.Options{MeshMTLS: mesh.ModeStrict, RewriteAppHTTPProbe: new(bool)}

// TestGroups: context is rendered once for all groups and not reported; what
// does not render is told, once, and the rest is checked.
func TestGroups(t *testing.T) {
	r := &renderer{count: map[string]int{}}
	res, err := engine(r, istio.Mesh.Build).Run(t.Context(), []pipeline.Group{
		{Roots: roots("a", "broken"), Context: roots("mesh"), Mesh: strict},
		{Roots: roots("b"), Context: roots("mesh", "a"), Mesh: strict},
		{Roots: roots("c"), Context: roots("mesh"), Mesh: strict},
	})
	if err != nil {
		t.Fatal(err)
	}
	for dir, n := range r.count {
		if n != 1 {
			t.Errorf("%s was rendered %d times", dir, n)
		}
	}
	if want := []string{"a", "b", "c"}; !slices.Equal(res.Roots, want) {
		t.Errorf("roots %v, want %v", res.Roots, want)
	}
	var found []string
	for _, it := range res.Items {
		found = append(found, it.Subject)
	}
	if want := []string{"default/Pod/a/c/livenessProbe", "default/Pod/b/c/livenessProbe", "default/Pod/c/c/livenessProbe"}; !slices.Equal(found, want) {
		t.Errorf("found %v, want %v", found, want)
	}
	if len(res.Skipped) != 1 || res.Skipped[0].Root != "broken" {
		t.Errorf("skipped %+v", res.Skipped)
	}
}

// TestDefect: a panic in one group is an entry of what was not checked, and
// does not hide what the others say.
func TestDefect(t *testing.T) {
	r := &renderer{count: map[string]int{}}
	build := func(objects []*render.Object, isContext func(*render.Object) bool, o mesh.Settings) (mesh.Model, error) {
		if objects[0].Name == "a" {
			panic("a defect")
		}
		return istio.Mesh.Build(objects, isContext, o)
	}
	res, err := engine(r, build).Run(t.Context(), []pipeline.Group{{Roots: roots("a"), Mesh: strict}, {Roots: roots("b"), Mesh: strict}})
	if err != nil {
		t.Fatal(err)
	}
	if len(res.Items) != 1 || len(res.Skipped) != 1 || res.Skipped[0].Root != "a" {
		t.Errorf("items %v, skipped %+v", res.Items, res.Skipped)
	}
}

// TestEnds: a mistake in the options is an error; when ctx has ended nothing counts
// as checked.
func TestEnds(t *testing.T) {
	r := &renderer{count: map[string]int{}}
	_, err := engine(r, istio.Mesh.Build).Run(t.Context(), []pipeline.Group{{Roots: roots("a"), Mesh: istio.Options{IstioVersion: "one"}}})
	if err == nil {
		t.Error("a version that is none is accepted")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	res, err := engine(r, istio.Mesh.Build).Run(ctx, []pipeline.Group{{Roots: roots("a")}})
	if err != nil || !res.Interrupted || len(res.Roots) != 0 || len(res.Skipped) != 1 {
		t.Errorf("got %+v, %v", res, err)
	}
}
