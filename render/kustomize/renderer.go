// Package kustomize renders kustomization roots as kustomize itself does, in
// process, and traces any field of the result to the exact place in the source
// files that gave it its value.
//
// Kustomize does not say where a value came from. The renderer finds out by
// experiment: it gives kustomize the source files with chosen scalars replaced
// by values that occur nowhere else ("sentinels"), looks where these come out,
// and puts the original values back. The fields that [Options].Eager chooses
// are traced in the render itself; any other field is traced on demand, by
// rendering again.
//
// A Renderer is safe for untrusted repositories: it reads nothing outside its
// tree, writes nothing, and starts no program and no network connection unless
// its Options say so.
//
// Kustomize prints warnings about deprecated fields to os.Stderr and the
// standard logger; a program that minds calls [Quiet] first.
package kustomize

import (
	"context"
	"errors"
	"path"
	"regexp"
	"sync"

	"go.yaml.in/yaml/v3"

	"github.com/org/probe-mtls-action/render"
)

// Name is the name of this renderer in [render.Root].
const Name = "kustomize"

// Renderer renders the kustomization roots of one tree. Files are read and
// parsed once and kept: the tree must not change while the Renderer is in use.
type Renderer struct {
	*store
	opts  Options
	alone sync.Map // directories of roots that set an OpenAPI schema
}

var _ render.Renderer = (*Renderer)(nil)

// New returns a Renderer of the roots in tree.
func New(tree render.Tree, opts Options) *Renderer {
	boundCopies()
	opts = opts.withDefaults()
	return &Renderer{store: newStore(tree, opts), opts: opts}
}

// Name returns "kustomize".
func (r *Renderer) Name() string { return Name }

// Render renders one root. It returns an [*render.Error] unless ctx ended. When
// ctx ends, kustomize stops at the next file that it reads.
func (r *Renderer) Render(ctx context.Context, root render.Root) (_ *render.Result, err error) {
	defer func() { err = r.failure(ctx, root, err) }()
	defer catch(&err)
	return r.render(ctx, root)
}

// failure makes err, if any, the error that Render promises.
func (r *Renderer) failure(ctx context.Context, root render.Root, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if e := (*render.Error)(nil); errors.As(err, &e) {
		return e
	}
	return &render.Error{Root: root, Problem: render.Problem{Message: err.Error()}, Err: err}
}

func (r *Renderer) render(ctx context.Context, root render.Root) (*render.Result, error) {
	root.Dir = path.Clean(root.Dir)
	asIs := sync.OnceValue(func() *build { return r.run(ctx, root.Dir, plain{}) })
	var b *build
	for _, p := range []plan{marked{}, identified{}, plain{}} {
		if p == (plain{}) {
			b = asIs()
		} else {
			b = r.run(ctx, root.Dir, p)
		}
		if b.err != nil {
			if b.view.denied != nil || ctx.Err() != nil || certain.MatchString(b.err.Error()) {
				break // no other plan reads anything else
			}
			if b = asIs(); b.err != nil {
				break // what the plans change is not to blame
			}
			continue
		}
		if p == (marked{}) && b.view.selects {
			continue
		}
		t := r.newTracer(root)
		if !t.restore(b, p == marked{}) {
			continue
		}
		return t.result(ctx)
	}
	return nil, r.explain(root, b)
}

// certain matches failures for want of files and objects, which the plans do
// not touch: the sentinels stand for other values than names and kinds.
var certain = regexp.MustCompile(`no such file or directory|unable to find one of 'kustomization.yaml'|does not exist; cannot merge or replace|may not add resource with an already registered id|` + noTarget.String())

func (r *Renderer) newTracer(root render.Root) *tracer {
	return &tracer{
		r: r, root: root, index: map[*render.Object]int{}, sources: map[*render.Object]*site{},
		memo: map[*yaml.Node]render.Origin{}, found: map[*yaml.Node]*candidate{},
	}
}

// result returns what was rendered, with what kustomize build would refuse.
func (t *tracer) result(ctx context.Context) (*render.Result, error) {
	res := &render.Result{Root: t.root, Objects: t.objects, Inputs: t.build.view.Inputs()}
	refusals, err := t.refusals(ctx)
	if err != nil {
		return nil, err
	}
	res.Refusals = refusals
	return res, nil
}
