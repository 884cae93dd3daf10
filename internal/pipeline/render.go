package pipeline

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/org/probe-mtls-action/internal/debuglog"
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

	heavyOnce sync.Once // of a root above the first bound
}

// render returns root's objects. Its error is a *render.Error unless ctx ended;
// without heavy it wraps render.ErrAbove for a root that is left to r.Heavy.
func (r *run) render(ctx context.Context, root render.Root, heavy bool) (*render.Result, error) {
	r.mu.Lock()
	x := r.renders[root]
	r.mu.Unlock()

	x.once.Do(func() { x.result, x.err = r.make(ctx, root, r.workers) })
	if heavy {
		x.heavyOnce.Do(func() {
			if r.Heavy != nil && errors.Is(x.err, render.ErrAbove) {
				x.result, x.err = r.renderHeavy(ctx, root, x.err)
			}
		})
	}
	return x.result, x.err
}

// renderHeavy renders a root that is above the first bound, as above says.
func (r *run) renderHeavy(ctx context.Context, root render.Root, above error) (*render.Result, error) {
	end := debuglog.Start(ctx, "render apart", "root", root.Dir, "because", above)
	res, err := r.Heavy.Render(ctx, root)
	end("error", err)
	return res, err
}

// make lets by render root and waits for it. Kustomize cannot be interrupted
// while it computes: when ctx ends, the render is left to itself.
func (e *Engine) make(ctx context.Context, root render.Root, by hands) (*render.Result, error) {
	var res *render.Result
	var err error
	done, ended := by.start(ctx, func() { res, err = e.renderOne(ctx, root) })
	if ended != nil {
		return nil, ended
	}
	select {
	case <-done:
		return res, err
	case <-ctx.Done():
		by.lost()
		return nil, ctx.Err()
	}
}

// renderOne renders root. A panic of its renderer is an error.
func (e *Engine) renderOne(ctx context.Context, root render.Root) (res *render.Result, err error) {
	defer func() {
		if v := recover(); v != nil {
			res, err = nil, &render.Error{Root: root, Err: errCut, Problem: defect(v)}
		}
	}()
	renderer := e.Renderers[root.Renderer]
	if renderer == nil {
		return nil, fmt.Errorf("%s: no renderer is called %q", root.Dir, root.Renderer)
	}
	end := debuglog.Start(ctx, "render", "root", root.Dir, "renderer", root.Renderer)
	defer func() {
		objects := 0
		if res != nil {
			objects = len(res.Objects)
		}
		end("objects", objects, "error", err)
	}()
	return renderer.Render(ctx, root)
}

// expect notes who will render what.
func (r *run) expect(groups []Group) {
	for _, g := range groups {
		for _, root := range append(g.all(), g.Maybe...) {
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
	for _, root := range append(g.all(), g.Maybe...) {
		x := r.renders[root]
		if x.users--; x.users == 0 {
			delete(r.renders, root)
		}
	}
}

// hands do work: start begins it and returns what is closed at its end, lost
// tells that nobody waits for that any more.
type hands interface {
	start(ctx context.Context, f func()) (done <-chan struct{}, err error)
	lost()
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
		go w.labour()
	}
	return w
}

func (w *workers) labour() {
	for f := w.next(); f != nil; f = w.next() {
		f()
	}
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

// start waits for a worker and lets it run f. When ctx ends first, it leaves f
// out and returns why.
func (w *workers) start(ctx context.Context, f func()) (<-chan struct{}, error) {
	if err := ctx.Err(); err != nil {
		return nil, err // a worker may be free as well
	}
	done := make(chan struct{})
	select {
	case w.work <- func() { defer close(done); f() }:
		return done, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// lost puts another worker in the place of one that nobody waits for.
func (w *workers) lost() { go w.labour() }

func (w *workers) stop() { close(w.work) }

// renderAll renders roots side by side and returns results and errors by index.
func (r *run) renderAll(ctx context.Context, roots []render.Root, heavy bool) ([]*render.Result, []*render.Error, error) {
	results := make([]*render.Result, len(roots))
	failures := make([]*render.Error, len(roots))
	errs := make([]error, len(roots))
	var wg sync.WaitGroup
	for i, root := range roots {
		wg.Go(func() {
			res, err := r.render(ctx, root, heavy)
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
