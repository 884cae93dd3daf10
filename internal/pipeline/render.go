package pipeline

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/org/probe-mtls-action/render"
)

// rendering is one root's render, made once however many groups use it, and
// kept until the last of them is done: a large repository does not fit into
// memory as a whole.
type rendering struct {
	users  int // guarded by run.mu
	once   sync.Once
	result *render.Result
	err    error
}

// render returns root's objects. Its error is a *render.Error unless ctx ended.
func (r *run) render(ctx context.Context, root render.Root) (*render.Result, error) {
	r.mu.Lock()
	x := r.renders[root]
	r.mu.Unlock()

	x.once.Do(func() {
		if err := r.workers.do(ctx, func() { x.result, x.err = r.make(ctx, root) }); err != nil {
			x.err = err
		}
	})
	return x.result, x.err
}

// make renders root. A panic of its renderer is an error.
func (e *Engine) make(ctx context.Context, root render.Root) (res *render.Result, err error) {
	defer func() {
		if v := recover(); v != nil {
			res, err = nil, &render.Error{Root: root, Problem: defect(v)}
		}
	}()
	renderer := e.Renderers[root.Renderer]
	if renderer == nil {
		return nil, fmt.Errorf("%s: no renderer is called %q", root.Dir, root.Renderer)
	}
	return renderer.Render(ctx, root)
}

// expect notes who will render what.
func (r *run) expect(groups []Group) {
	for _, g := range groups {
		for _, root := range g.all() {
			if r.renders[root] == nil {
				r.renders[root] = r.ahead.take(root)
			}
			r.renders[root].users++
		}
	}
}

// release lets go of the renders that no other group needs.
func (r *run) release(g Group) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, root := range g.all() {
		x := r.renders[root]
		if x.users--; x.users == 0 {
			delete(r.renders, root)
		}
	}
}

// workers are the goroutines that render. They are few and stay, because
// kustomize needs a deep stack, which each new goroutine would grow anew: a
// fifth of the time of a small root.
type workers struct {
	work chan func()
	idle <-chan func() // for those that have no work
}

func startWorkers(n int, idle <-chan func()) *workers {
	w := &workers{work: make(chan func()), idle: idle}
	for range n {
		go func() {
			for f := w.next(); f != nil; f = w.next() {
				f()
			}
		}()
	}
	return w
}

// next returns what to do now, nil to stop.
func (w *workers) next() func() {
	select {
	case f := <-w.work:
		return f
	default:
	}
	select {
	case f := <-w.work:
		return f
	case f := <-w.idle:
		return f
	}
}

// do runs f on a worker and waits for it. When ctx ends first, it leaves f out
// and returns why.
func (w *workers) do(ctx context.Context, f func()) error {
	if err := ctx.Err(); err != nil {
		return err // a worker may be free as well
	}
	done := make(chan struct{})
	select {
	case w.work <- func() { defer close(done); f() }:
		<-done
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (w *workers) stop() { close(w.work) }

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
