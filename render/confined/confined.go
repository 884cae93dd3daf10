// Package confined renders a root in a process of its own, which has hard limits
// of memory and CPU time and may be lost: what a stranger's root makes a renderer
// do ends with that process, and costs no other root its result.
//
// The process is this very program, started with the one argument that
// [Argument] names. It gets no file, no network address and no secret of its
// parent: it reads the tree by asking for each file through a pipe, and answers
// with the objects and, when asked, the places of their fields. Where the user
// lets a renderer fetch or run something, the process inherits the environment
// that this needs, and a limit of waiting.
package confined

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/org/probe-mtls-action/render"
	"github.com/org/probe-mtls-action/render/source"
)

// Argument is the one argument of a process that renders for another one.
const Argument = "render-confined"

// Limits are what one process may take, and all of a run.
type Limits struct {
	Memory int64         // bytes of one process
	CPU    time.Duration // CPU time for one root, its places included
	Total  time.Duration // CPU time for all roots of one Renderer
	Wait   time.Duration // by the clock, where something is fetched or run; else unlimited
	Nodes  int           // YAML values of the objects of one root
}

// Options configure a [Renderer].
type Options struct {
	// Command starts this program again, without arguments of its own; empty
	// where there is no such program: then what needs it is refused.
	Command []string
	// Environ is the environment from which the process gets its own.
	Environ []string
	// Waits says that the renderer may fetch or run something.
	Waits bool
	// Setup is handed to the function of [Serve] as it is.
	Setup  Setup
	Limits Limits
}

// Setup tells the process how to render.
type Setup struct {
	Renderer                string // its name
	AllowRemote, EnableHelm bool
}

// Renderer renders roots of one tree in processes of their own, one at a time.
type Renderer struct {
	tree render.Tree
	opts Options

	mu    sync.Mutex
	alive []*session // with a process, the one used last at the end
	spent time.Duration
}

// New returns a Renderer of roots in tree. Close it after use.
func New(tree render.Tree, opts Options) *Renderer { return &Renderer{tree: tree, opts: opts} }

// Render renders root. Its error is a [*render.Error] unless ctx ended.
func (r *Renderer) Render(ctx context.Context, root render.Root) (*render.Result, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := &session{r: r, root: root, left: r.opts.Limits.CPU}
	res, err := s.render(ctx)
	if err != nil {
		s.end()
	}
	return res, err
}

// Close ends all processes. The objects that were rendered stay of use, their
// places can still be asked for.
func (r *Renderer) Close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range slices.Clone(r.alive) {
		s.end()
	}
}

// maxAlive is how many processes are kept for the places of their roots.
const maxAlive = 2

// session is one root and the process that renders it, if it lives. It is
// guarded by the renderer's lock.
type session struct {
	r    *Renderer
	root render.Root
	p    *process
	left time.Duration // of CPU time
	// lost is why places of this root cannot be told any more.
	lost error
}

// start starts the process that renders root, in the place of the one that was
// not used for the longest time.
func (s *session) start(ctx context.Context) error {
	l := s.r.opts.Limits
	if len(s.r.opts.Command) == 0 {
		return s.fail("it has to be rendered in a process of its own, which cannot be started here", "")
	}
	if s.r.spent >= l.Total {
		return s.fail(fmt.Sprintf("rendering roots above the first bound has taken the %s of CPU time that one run has for them", l.Total), "")
	}
	for len(s.r.alive) >= maxAlive {
		s.r.alive[0].end()
	}
	l.CPU = min(s.left, l.Total-s.r.spent)
	p, err := startProcess(ctx, s.r.tree, s.r.opts, l)
	if err != nil {
		return s.fail("the process to render it in could not be started: "+err.Error(), "")
	}
	s.p = p
	s.r.alive = append(s.r.alive, s)
	return nil
}

// end ends the process, if there is one, and accounts for its CPU time.
func (s *session) end() {
	if s.p == nil {
		return
	}
	used := s.p.end()
	s.r.spent += used
	s.left -= used
	s.p = nil
	s.r.alive = slices.DeleteFunc(s.r.alive, func(o *session) bool { return o == s })
}

func (s *session) render(ctx context.Context) (*render.Result, error) {
	if err := s.start(ctx); err != nil {
		return nil, err
	}
	a, err := s.ask(ctx, request{Render: &s.root})
	switch {
	case err != nil:
		return nil, err
	case a.Failure != nil:
		return nil, a.Failure.error()
	case a.Result == nil:
		return nil, s.fail("the process that renders it answered something else", "")
	}
	return a.Result.restore(s), nil
}

// ask sends a request and returns the answer. When the process is lost, it
// returns a *render.Error that tells why.
func (s *session) ask(ctx context.Context, q request) (*answer, error) {
	a, err := s.p.ask(ctx, q)
	if err == nil {
		return a, nil
	}
	p := s.p
	s.end()
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return nil, s.fail(p.why(err))
}

// trace returns the place of a value of the object with the given index.
func (s *session) trace(ctx context.Context, object int, path render.Path) (render.Origin, error) {
	s.r.mu.Lock()
	defer s.r.mu.Unlock()
	if s.lost != nil {
		return s.nearest(), nil
	}
	at, err := s.traceNow(ctx, object, path)
	if err == nil || ctx.Err() != nil {
		return at, err
	}
	// The finding is worth more than its place.
	s.lost = err
	return s.nearest(), nil
}

func (s *session) traceNow(ctx context.Context, object int, path render.Path) (render.Origin, error) {
	if s.p == nil {
		if _, err := s.render(ctx); err != nil {
			s.end()
			return render.Origin{}, err
		}
	}
	a, err := s.ask(ctx, request{Trace: &traceRequest{Object: object, Path: path}})
	switch {
	case err != nil:
		return render.Origin{}, err
	case a.Failure != nil:
		return render.Origin{}, a.Failure.error()
	case a.Origin == nil:
		return render.Origin{}, errors.New("no place was told")
	}
	return *a.Origin, nil
}

// nearest is the place of a value whose place cannot be told: the root.
func (s *session) nearest() render.Origin {
	why := s.lost.Error()
	if e := (*render.Error)(nil); errors.As(s.lost, &e) {
		why = e.Message
	}
	at := source.Span{File: s.root.Dir}
	for _, name := range []string{"kustomization.yaml", "kustomization.yml", "Kustomization"} {
		file := strings.TrimPrefix(s.root.Dir+"/"+name, "./")
		if info, err := s.r.tree.Stat(file); err == nil && info.Mode().IsRegular() {
			start := source.Position{Line: 1, Column: 1}
			at = source.Span{File: file, Start: start, End: start}
			break
		}
	}
	return render.Origin{Span: at, Document: at, Kind: render.FromResource, Why: "finding the place was given up: " + why}
}

func (s *session) fail(message, hint string) error {
	if hint == "" {
		hint = "Split the root, or exclude it in .probe-mtls.yaml."
	}
	return &render.Error{Root: s.root, Problem: render.Problem{Message: message, Hint: hint}, Err: fmt.Errorf("%s: %w", message, render.ErrAbove)}
}

// tracer is the tracer of the objects of a session.
type tracer struct {
	s     *session
	index map[*render.Object]int
}

// Trace implements [render.Tracer].
func (t *tracer) Trace(ctx context.Context, o *render.Object, path render.Path) (render.Origin, error) {
	if err := ctx.Err(); err != nil {
		return render.Origin{}, err
	}
	i, ok := t.index[o]
	if !ok {
		return render.Origin{}, errors.New("the object is not of this root")
	}
	return t.s.trace(ctx, i, path)
}
