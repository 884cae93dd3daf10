package pipeline

import (
	"context"
	"sync"

	"github.com/org/probe-mtls-action/render"
)

// maxAhead is how many roots are rendered ahead, for each that is rendered at a
// time: their objects stay in memory until the run that needs them.
const maxAhead = 4

// ahead holds the renders of roots that a run will need.
type ahead struct {
	mu      sync.Mutex
	renders map[render.Root]*rendering
}

// take returns the render of root, which may be done or under way.
func (a *ahead) take(root render.Root) *rendering {
	a.mu.Lock()
	defer a.mu.Unlock()
	x := a.renders[root]
	if x == nil {
		return new(rendering)
	}
	delete(a.renders, root)
	return x
}

// Ahead makes work of rendering the first of roots, which a run of e may need
// later, for the workers of another engine: see [Engine.Idle]. When ctx ends,
// nobody waits for that work.
func (e *Engine) Ahead(ctx context.Context, roots []render.Root) <-chan func() {
	roots = roots[:min(len(roots), maxAhead*max(e.Jobs, 1))]
	e.ahead.renders = make(map[render.Root]*rendering, len(roots))
	work := make(chan func(), len(roots))
	for _, root := range roots {
		x := new(rendering)
		e.ahead.renders[root] = x
		work <- func() {
			x.once.Do(func() { x.result, x.err = e.make(ctx, root, aside{}) })
		}
	}
	return work
}

// aside does work on goroutines of their own.
type aside struct{}

func (aside) start(ctx context.Context, f func()) (<-chan struct{}, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	done := make(chan struct{})
	go func() { defer close(done); f() }()
	return done, nil
}

func (aside) lost() {}
