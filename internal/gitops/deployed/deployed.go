// Package deployed renders directories as GitOps controllers deploy them: with
// what the deployer adds, and traced to the deployer where it decides.
package deployed

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"

	"github.com/org/probe-mtls-action/internal/gitops"
	"github.com/org/probe-mtls-action/render"
	"github.com/org/probe-mtls-action/render/kustomize"
	"github.com/org/probe-mtls-action/render/kustomize/graph"
	"github.com/org/probe-mtls-action/render/manifest"
	"github.com/org/probe-mtls-action/render/source"
)

// Renderer renders roots of a tree: those that are a deployment, see
// [Renderer.Root], as it is deployed, others as they stand.
type Renderer struct {
	tree      render.Tree
	options   kustomize.Options
	kustomize render.Renderer
	manifest  *manifest.Renderer

	mu    sync.Mutex
	specs map[render.Root]*spec
}

// spec is how one root is rendered.
type spec struct {
	options *gitops.Options
	by      *render.Object
}

// New returns a Renderer of the roots of a tree.
func New(tree render.Tree, options kustomize.Options) *Renderer {
	return &Renderer{
		tree: tree, options: options, specs: make(map[render.Root]*spec),
		kustomize: kustomize.New(tree, options), manifest: manifest.New(tree),
	}
}

// On returns a renderer of the same deployments from another state of the tree.
func (r *Renderer) On(tree render.Tree) *Renderer {
	other := New(tree, r.options)
	r.mu.Lock()
	defer r.mu.Unlock()
	for root, s := range r.specs {
		other.specs[root] = s
	}
	return other
}

// Root returns the root of a deployment, and makes it known to r.
func (r *Renderer) Root(d *gitops.Deployment) render.Root {
	root := render.Root{Dir: d.Dir, Renderer: graph.Renderer, As: d.Options.Key()}
	if !r.hasKustomization(d.Dir) {
		root.Renderer = manifest.Name
		if d.Options.Directory.Generated {
			root.As = strings.TrimSuffix("generated "+root.As, " ")
		}
	}
	if root.As == "" {
		return root
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.specs[root] == nil {
		r.specs[root] = &spec{&d.Options, d.By}
	}
	return root
}

func (r *Renderer) hasKustomization(dir string) bool {
	return slices.ContainsFunc(graph.FileNames, func(n string) bool {
		info, err := r.tree.Stat(path.Join(dir, n))
		return err == nil && info.Mode().IsRegular()
	})
}

// Render implements [render.Renderer].
func (r *Renderer) Render(ctx context.Context, root render.Root) (*render.Result, error) {
	r.mu.Lock()
	s := r.specs[root]
	r.mu.Unlock()
	if s == nil {
		return r.plain(ctx, root)
	}
	return r.deploy(ctx, root, s, func(tree render.Tree, root render.Root) (*render.Result, error) {
		if tree == r.tree {
			return r.kustomize.Render(ctx, root)
		}
		return kustomize.New(tree, r.options).Render(ctx, root)
	})
}

// renders renders a kustomization root of a tree.
type renders func(tree render.Tree, root render.Root) (*render.Result, error)

func (r *Renderer) deploy(ctx context.Context, root render.Root, s *spec, by renders) (*render.Result, error) {
	k, res, err := r.base(ctx, root, s, by)
	if err != nil {
		return nil, err
	}
	return r.change(ctx, root, s, k, res)
}

func (r *Renderer) plain(ctx context.Context, root render.Root) (*render.Result, error) {
	if root.Renderer == manifest.Name {
		return r.manifest.Render(ctx, root)
	}
	return r.kustomize.Render(ctx, root)
}

// base renders what kustomize, or nothing, makes of the root. k is the
// kustomization that was written for it, nil for none.
func (r *Renderer) base(ctx context.Context, root render.Root, s *spec, by renders) (k *written, res *render.Result, err error) {
	o := s.options
	tree := r.tree
	adds := len(o.Settings)+len(o.Components) > 0
	switch {
	case root.Renderer == manifest.Name && !o.Directory.Generated:
		res, err = r.manifest.RenderFiles(ctx, root, Files(r.tree, root.Dir, o.Directory))
		return nil, res, err
	case root.Renderer == manifest.Name:
		k, err = r.generate(root, o)
	case !adds:
		res, err = by(r.tree, render.Root{Dir: root.Dir, Renderer: graph.Renderer})
		return nil, res, err
	default:
		dir := root.Dir
		if dir == "." {
			dir, tree = topDir, topTree{r.tree}
		}
		k = write(overlay+"/kustomization.yaml", []string{"../" + dir}, above(dir, o.Components), o)
	}
	if err != nil {
		return nil, nil, err
	}
	over := &overTree{Tree: tree, name: k.file.Name, data: k.file.Data}
	res, err = by(over, render.Root{Dir: path.Dir(k.file.Name), Renderer: graph.Renderer})
	return k, res, r.explain(ctx, root, s, k, err)
}

// overlay is the directory of a written kustomization that takes another as its
// base.
const overlay = ".deployed"

// above makes components, which are relative to dir, relative to the overlay.
func above(dir string, all []gitops.Text) []gitops.Text {
	out := slices.Clone(all)
	for i := range out {
		out[i].Value = "../" + path.Join(dir, out[i].Value)
	}
	return out
}

// explain puts an error of a written kustomization to where it comes from.
func (r *Renderer) explain(ctx context.Context, root render.Root, s *spec, k *written, err error) error {
	e, ok := err.(*render.Error)
	if !ok {
		return err
	}
	out := *e
	out.Root = root
	out.Problem = r.placed(ctx, s, k, e.Problem)
	return &out
}

// placed puts a problem of a written kustomization, if k is one, to where it comes
// from.
func (r *Renderer) placed(ctx context.Context, s *spec, k *written, p render.Problem) render.Problem {
	if k == nil {
		return p
	}
	if k.holds(p) {
		at, _ := k.place(ctx, p.At, &files{tree: r.tree})
		if at.IsZero() {
			at = gitops.Place(ctx, s.by)
		}
		p.At = at
	}
	p.At, p.Message = lift(p.At), strings.ReplaceAll(p.Message, topDir+"/", "")
	who := fmt.Sprintf("the %s %s", s.by.Kind, s.by.Name)
	for _, name := range []string{k.file.Name, "'" + overlay + "'", overlay} {
		if name != "kustomization.yaml" {
			p.Message = strings.ReplaceAll(p.Message, name, who)
		}
	}
	return p
}

// holds reports whether a problem stands in the written file or its directory.
func (k *written) holds(p render.Problem) bool {
	return k != nil && (p.At.File == k.file.Name || strings.HasPrefix(p.At.File, overlay))
}

// change applies to rendered objects what no kustomization can say.
func (r *Renderer) change(ctx context.Context, root render.Root, s *spec, k *written, in *render.Result) (*render.Result, error) {
	out := &render.Result{Root: root, Inputs: r.inputs(ctx, in.Inputs, s, k)}
	shared := &files{tree: r.tree}
	for _, p := range in.Refusals {
		if !k.holds(p) {
			out.Refusals = append(out.Refusals, r.placed(ctx, s, k, p))
		}
	}
	for _, p := range in.Remarks {
		if !k.holds(p) {
			out.Remarks = append(out.Remarks, r.placed(ctx, s, k, p))
		}
	}
	for _, p := range in.Holes {
		out.Holes = append(out.Holes, r.placed(ctx, s, k, p))
	}
	for _, o := range in.Objects {
		t := &tracer{base: o, written: k, by: s.by, files: shared, mu: &r.mu}
		changed := &render.Object{Ref: o.Ref, Authored: o.Authored, Root: root, Node: clone(o.Node), Tracer: t}
		t.vary(changed, s.options)
		t.annotate(changed, s.options)
		changed.Ref = refOf(changed, o.Ref)
		out.Objects = append(out.Objects, changed)
	}
	return out, nil
}

// inputs returns what a render read, without the written file and with that of
// the deployer.
func (r *Renderer) inputs(ctx context.Context, names []string, s *spec, k *written) []string {
	var out []string
	for _, n := range names {
		if k == nil || n != k.file.Name && n != overlay {
			out = append(out, liftName(n))
		}
	}
	if at := gitops.Place(ctx, s.by); !at.IsZero() {
		out = append(out, at.File)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func clone(n *yaml.Node) *yaml.Node {
	c := *n
	c.Content = make([]*yaml.Node, len(n.Content))
	for i := range n.Content {
		c.Content[i] = clone(n.Content[i])
	}
	return &c
}

func refOf(o *render.Object, ref render.Ref) render.Ref {
	f := render.Field{Object: o}.Key("metadata")
	ref.Name, ref.Namespace = gitops.Value(f.Key("name")), gitops.Value(f.Key("namespace"))
	return ref
}

// tracer traces the fields of one object that a deployer changed.
type tracer struct {
	base    *render.Object
	written *written
	by      *render.Object
	mu      *sync.Mutex // guards files
	files   *files
	set     map[string]render.Field // by path: what the deployer set
}

// Trace implements [render.Tracer].
func (t *tracer) Trace(ctx context.Context, _ *render.Object, p render.Path) (render.Origin, error) {
	if f, ok := t.set[p.String()]; ok {
		o, err := f.Object.Trace(ctx, f.Path)
		o.Kind = render.FromTransformer
		return o, err
	}
	o, err := t.base.Trace(ctx, p)
	if err != nil || t.written == nil {
		return o, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	o.Span = t.mapped(ctx, o.Span, &o)
	o.Key = t.mapped(ctx, o.Key, nil)
	o.Document = t.mapped(ctx, o.Document, nil)
	for i, v := range o.Via {
		if i == 0 {
			o.Via = slices.Clone(o.Via)
		}
		if o.Via[i] = liftName(v); v == t.written.file.Name {
			o.Via[i] = gitops.Place(ctx, t.by).File
		}
	}
	return o, nil
}

// mapped returns where a place in the written file comes from.
func (t *tracer) mapped(ctx context.Context, s source.Span, o *render.Origin) source.Span {
	if s.File != t.written.file.Name {
		return lift(s)
	}
	at, exact := t.written.place(ctx, s, t.files)
	if at.IsZero() {
		at, exact = gitops.Place(ctx, t.by), false
	}
	if o != nil && !exact && o.Exact {
		o.Exact, o.Why = false, fmt.Sprintf("the %s %s decides it", t.by.Kind, t.by.Name)
	}
	return at
}

// note records that the deployer set the value at a path.
func (t *tracer) note(p render.Path, from render.Field) {
	if from.IsZero() {
		return
	}
	if t.set == nil {
		t.set = make(map[string]render.Field)
	}
	t.set[p.String()] = from
}
