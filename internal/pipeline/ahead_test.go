package pipeline_test

import (
	"context"
	"slices"
	"sync"
	"testing"

	"github.com/org/probe-mtls-action/internal/mesh/istio"
	"github.com/org/probe-mtls-action/internal/pipeline"
	"github.com/org/probe-mtls-action/render"
)

// waiting holds up the render of one root until others were rendered.
type waiting struct {
	*renderer
	root  string
	until <-chan struct{}
	begun func() // may be nil
}

func (w waiting) Render(ctx context.Context, root render.Root) (*render.Result, error) {
	if root.Dir == w.root {
		if w.begun != nil {
			w.begun()
		}
		<-w.until
	}
	return w.renderer.Render(ctx, root)
}

// TestAhead: while one root is rendered, the other worker renders what the next
// engine will need, and that engine renders only what is left.
func TestAhead(t *testing.T) {
	before, after := &renderer{count: map[string]int{}}, &renderer{count: map[string]int{}}
	base := engine(before, istio.Mesh.Build)
	work := base.Ahead(t.Context(), roots("a", "broken", "dropped"))

	idle := make(chan func(), 2)
	done := make(chan struct{})
	var left sync.WaitGroup
	for range cap(idle) { // "a" and "broken"
		left.Add(1)
		f := <-work
		idle <- func() { f(); left.Done() }
	}
	go func() { left.Wait(); close(done) }()
	head := engine(nil, istio.Mesh.Build)
	head.Renderers["fake"] = waiting{renderer: after, root: "a", until: done}
	head.Idle = idle
	groups := []pipeline.Group{{Roots: roots("a"), Mesh: strict}}
	if _, err := head.Run(t.Context(), groups); err != nil {
		t.Fatal(err)
	}
	if before.count["a"] != 1 || before.count["broken"] != 1 || before.count["dropped"] != 0 {
		t.Fatalf("rendered ahead: %v", before.count)
	}

	for range 2 { // the second run renders anew
		res, err := base.Run(t.Context(), []pipeline.Group{{Roots: roots("a", "b", "broken"), Mesh: strict}})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(res.Roots, []string{"a", "b"}) || len(res.Skipped) != 1 {
			t.Errorf("roots %v, skipped %v", res.Roots, res.Skipped)
		}
	}
	for root, want := range map[string]int{"a": 2, "b": 2, "broken": 2, "dropped": 0} {
		if got := before.count[root]; got != want {
			t.Errorf("%s was rendered %d times, want %d", root, got, want)
		}
	}
}

// TestAheadEnds: when ctx ends nothing begins, and nobody waits.
func TestAheadEnds(t *testing.T) {
	r := &renderer{count: map[string]int{}}
	gate := make(chan struct{})
	defer close(gate)
	ctx, cancel := context.WithCancel(t.Context())
	base := engine(nil, istio.Mesh.Build)
	base.Renderers["fake"] = waiting{renderer: r, root: "slow", until: gate, begun: cancel}
	work := base.Ahead(ctx, roots("slow", "late"))
	(<-work)()
	(<-work)()
	if r.count["late"] != 0 {
		t.Errorf("rendered after the end: %v", r.count)
	}
}

// TestRendererPanics: a panic of a renderer is an entry of what was not checked.
func TestRendererPanics(t *testing.T) {
	e := engine(nil, istio.Mesh.Build)
	e.Renderers["fake"] = panicking{}
	res, err := e.Run(t.Context(), []pipeline.Group{{Roots: roots("a"), Mesh: strict}})
	if err != nil {
		t.Fatal(err)
	}
	if len(res.Skipped) != 1 || res.Skipped[0].Root != "a" {
		t.Errorf("skipped %+v", res.Skipped)
	}
}

// TestInterrupted: the end of ctx does not wait for a render; what was checked
// by then is kept, and what was not is told.
func TestInterrupted(t *testing.T) {
	gate := make(chan struct{})
	defer close(gate)
	ctx, cancel := context.WithCancel(t.Context())
	e := engine(nil, istio.Mesh.Build)
	e.Renderers["fake"] = waiting{renderer: &renderer{count: map[string]int{}}, root: "slow", until: gate, begun: cancel}
	e.Jobs = 1
	res, err := e.Run(ctx, []pipeline.Group{{Roots: roots("good"), Mesh: strict}, {Roots: roots("slow"), Mesh: strict}})
	if err != nil {
		t.Fatal(err)
	}
	if !res.Interrupted || len(res.Skipped) == 0 || res.Skipped[len(res.Skipped)-1].Root != "slow" {
		t.Errorf("interrupted %t, skipped %+v", res.Interrupted, res.Skipped)
	}
	if len(res.Roots)+len(res.Skipped) != 2 {
		t.Errorf("checked %v, skipped %+v: not two roots", res.Roots, res.Skipped)
	}
}

type panicking struct{ render.Renderer }

func (panicking) Render(context.Context, render.Root) (*render.Result, error) { panic("a defect") }
