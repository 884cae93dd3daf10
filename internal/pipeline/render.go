package pipeline

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/org/probe-mtls-action/render"
)

// rendering is one root's render, made once however many groups use it.
type rendering struct {
	once   sync.Once
	result *render.Result
	err    error
}

// render returns root's objects. Its error is a *render.Error unless ctx ended.
func (r *run) render(ctx context.Context, root render.Root) (*render.Result, error) {
	r.mu.Lock()
	x := r.renders[root]
	if x == nil {
		x = new(rendering)
		r.renders[root] = x
	}
	r.mu.Unlock()

	x.once.Do(func() {
		select {
		case r.slots <- struct{}{}:
		case <-ctx.Done():
			x.err = ctx.Err()
			return
		}
		defer func() { <-r.slots }()
		renderer := r.Renderers[root.Renderer]
		if renderer == nil {
			x.err = fmt.Errorf("%s: no renderer is called %q", root.Dir, root.Renderer)
			return
		}
		x.result, x.err = renderer.Render(ctx, root)
	})
	return x.result, x.err
}

// renderAll renders roots side by side and returns results and errors by index.
func (r *run) renderAll(ctx context.Context, roots []render.Root) ([]*render.Result, []*render.Error, error) {
	results := make([]*render.Result, len(roots))
	failures := make([]*render.Error, len(roots))
	errs := make([]error, len(roots))
	var wg sync.WaitGroup
	for i, root := range roots {
		wg.Go(func() {
			res, err := r.render(ctx, root)
			var failure *render.Error
			switch {
			case err == nil:
				results[i] = res
			case errors.As(err, &failure):
				failures[i] = failure
			default:
				errs[i] = err
			}
		})
	}
	wg.Wait()
	return results, failures, errors.Join(errs...)
}
