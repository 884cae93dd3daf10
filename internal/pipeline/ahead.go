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
// later, for the workers of another engine: see [Engine.Idle]. The function
// stop, to be called before e's tree is closed, leaves undone what is not begun
// and waits for the rest.
func (e *Engine) Ahead(ctx context.Context, roots []render.Root) (work <-chan func(), stop func()) {
	roots = roots[:min(len(roots), maxAhead*max(e.Jobs, 1))]
	e.ahead.renders = make(map[render.Root]*rendering, len(roots))
	all := make(chan func(), len(roots))
	ctx, cancel := context.WithCancel(ctx)
	var busy sync.RWMutex
	for _, root := range roots {
		x := new(rendering)
		e.ahead.renders[root] = x
		all <- func() {
			busy.RLock()
			defer busy.RUnlock()
			if ctx.Err() == nil {
				x.once.Do(func() { x.result, x.err = e.make(ctx, root) })
			}
		}
	}
	return all, func() {
		cancel()
		busy.Lock()
		defer busy.Unlock()
	}
}
