// Package discover finds out what GitOps controllers deploy from a tree: the
// clusters, the roots that each of them runs, and what could not be followed.
package discover

import (
	"cmp"
	"context"
	"path"
	"slices"
	"strings"

	"github.com/org/probe-mtls-action/internal/gitops"
	"github.com/org/probe-mtls-action/internal/gitops/argocd"
	"github.com/org/probe-mtls-action/internal/gitops/deployed"
	"github.com/org/probe-mtls-action/internal/gitops/flux"
	"github.com/org/probe-mtls-action/render"
	"github.com/org/probe-mtls-action/render/kustomize/graph"
	"github.com/org/probe-mtls-action/render/manifest"
	"github.com/org/probe-mtls-action/render/source"
)

// Deployer is an object that deploys a root.
type Deployer struct {
	Kind, Namespace, Name string
	At                    source.Span // the first line of the object
	Assumed               string      // what was taken for granted to follow it
}

// Root is a root as it is deployed.
type Root struct {
	render.Root
	Namespace string // that the deployers set, "" for none
	By        []Deployer
	// Environments are the names of the clusters that run it, sorted.
	Environments []string
	// Files are the files that decide whether and how it is deployed.
	Files []string
}

// Environment is what one cluster runs.
type Environment struct {
	Name  string
	Entry string // directory of the objects that nothing deploys
	Roots []render.Root
}

// Unfollowed is something that is not looked at.
type Unfollowed struct {
	Kind, Namespace, Name string
	At                    source.Span
	Reason                string
}

// Result is what is deployed from a tree.
type Result struct {
	Roots        []*Root // sorted
	Environments []*Environment
	Unfollowed   []Unfollowed
	// Covered are the directories whose manifests a deployed root reads as a
	// whole: Flux deploys all that is below.
	Covered []string
	// Total and Followed count the objects that deploy and those of which at
	// least a part is followed.
	Total, Followed int
}

// In is what the answer depends on.
type In struct {
	Tree     render.Tree
	Graph    *graph.Graph
	Repo     *gitops.Repository
	Renderer *deployed.Renderer
	// Excluded tells which directories are left out; nil means none.
	Excluded func(dir string) bool
}

// maxDeployments bounds what is followed.
const maxDeployments = 20_000

// Run finds out what is deployed. It fails only when ctx ends.
func Run(ctx context.Context, in In) (*Result, error) {
	d := &discovery{In: in, world: gitops.NewWorld(in.Tree, in.Repo), renders: make(map[render.Root]*render.Result), roots: make(map[render.Root]*Root)}
	d.units()
	for _, u := range d.all {
		u.objects = d.render(ctx, u.root)
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
	d.know(ctx)
	for _, u := range d.all {
		u.tree = d.follow(ctx, u, nil)
	}
	d.entries()
	for _, u := range d.all {
		if u.entry {
			d.environment(ctx, u)
		}
	}
	return d.result(ctx), ctx.Err()
}

// unit is a root with objects that deploy, as it stands in the tree.
type unit struct {
	root    render.Root
	objects []*render.Object
	tree    *branch
	entry   bool
	name    string // of the entry
}

// branch is what the deployers among some objects deploy.
type branch struct {
	deployments []followed
}

type followed struct {
	gitops.Deployment
	root render.Root
	next *branch // what the deployed root deploys in turn
}

type discovery struct {
	In
	world *gitops.World
	all   []*unit
	// deploying are the files that may hold objects which deploy.
	deploying []string
	renders   map[render.Root]*render.Result
	decoded   map[*render.Object]gitops.Decoded
	roots     map[render.Root]*Root
	order     []render.Root
	envs      map[string]*Environment
	names     []string
	count     int
	out       Result
	seen      map[string]bool // Unfollowed, by what they say
	total     map[source.Span]bool
}

// units finds the roots that may hold objects which deploy: overlays, not what
// only serves as their base.
func (d *discovery) units() {
	dirs := make(map[string]bool)
	for _, name := range d.Graph.Sheets() {
		if !d.Graph.Sheet(name).Deploys {
			continue
		}
		d.deploying = append(d.deploying, name)
		for _, dir := range d.Graph.Reached(name) {
			dirs[dir] = true
		}
	}
	for _, base := range d.Graph.BaseOnly(func(string) bool { return true }) {
		delete(dirs, base)
	}
	for _, root := range d.Graph.Roots() {
		if dirs[root.Dir] && (d.Excluded == nil || !d.Excluded(root.Dir)) {
			d.all = append(d.all, &unit{root: root})
		}
	}
}

// render returns the objects of a root, none where it does not render: the run
// tells of that.
func (d *discovery) render(ctx context.Context, root render.Root) []*render.Object {
	res, ok := d.renders[root]
	if !ok {
		res, _ = d.Renderer.Render(ctx, root)
		d.renders[root] = res
	}
	if res == nil {
		return nil
	}
	return res.Objects
}

// know makes the sources and ConfigMaps of all units known, and finds the one
// name of a source that no file defines.
func (d *discovery) know(ctx context.Context) {
	undefined := make(map[string]bool)
	for _, u := range d.all {
		for _, o := range u.objects {
			if flux.IsSource(o) || o.Kind == "ConfigMap" {
				d.world.Add(o)
			}
			if o.Kind == "ArtifactGenerator" {
				d.world.Generators = append(d.world.Generators, o)
			}
		}
	}
	d.variables(ctx)
	own := false
	for _, u := range d.all {
		for _, o := range u.objects {
			if o.Kind != "Kustomization" || !flux.IsDeployer(o) {
				continue
			}
			ref := render.Field{Object: o}.Key("spec", "sourceRef")
			kind, name := gitops.Value(ref.Key("kind")), gitops.Value(ref.Key("name"))
			if name == flux.Bootstrap {
				own = true
			}
			if kind == "GitRepository" && len(d.world.All("source.toolkit.fluxcd.io", kind, "", name)) == 0 {
				undefined[name] = true
			}
		}
	}
	if len(undefined) == 1 && !own {
		for name := range undefined {
			d.world.Undefined = name
		}
	}
}

// variables makes the ConfigMaps of other roots known, where a unit takes
// variables from one.
func (d *discovery) variables(ctx context.Context) {
	wanted := slices.ContainsFunc(d.all, func(u *unit) bool {
		return slices.ContainsFunc(u.objects, func(o *render.Object) bool {
			return render.Field{Object: o}.Key("spec", "postBuild", "substituteFrom").Node() != nil
		})
	})
	if !wanted {
		return
	}
	m := manifest.New(d.Tree)
	for _, name := range d.Graph.Sheets() {
		if !d.Graph.Sheet(name).Variables {
			continue
		}
		res, err := m.Render(ctx, render.Root{Dir: name, Renderer: manifest.Name})
		if err != nil {
			continue
		}
		for _, o := range res.Objects {
			if o.Kind == "ConfigMap" && len(d.world.All("", "ConfigMap", o.Namespace, o.Name)) == 0 {
				d.world.Add(o)
			}
		}
	}
}

func isDeployer(o *render.Object) bool { return flux.IsDeployer(o) || argocd.IsDeployer(o) }

// decode returns what o deploys.
func (d *discovery) decode(ctx context.Context, o *render.Object) gitops.Decoded {
	if dec, ok := d.decoded[o]; ok {
		return dec
	}
	var dec gitops.Decoded
	if flux.IsDeployer(o) {
		dec = flux.Decode(ctx, d.world, o)
	} else {
		dec = argocd.Decode(ctx, d.world, o)
	}
	if d.decoded == nil {
		d.decoded = make(map[*render.Object]gitops.Decoded)
	}
	d.decoded[o] = dec
	return dec
}

// follow returns what the objects of a unit deploy, and what that deploys.
// above are the roots that led here: what deploys itself is not followed again.
func (d *discovery) follow(ctx context.Context, u *unit, above []render.Root) *branch {
	b := &branch{}
	d.followObjects(ctx, b, u.objects, append(above, u.root))
	return b
}

func (d *discovery) followObjects(ctx context.Context, b *branch, objects []*render.Object, above []render.Root) {
	for _, o := range objects {
		if ctx.Err() != nil || !isDeployer(o) {
			continue
		}
		for _, dep := range d.decode(ctx, o).Deployments {
			if d.Excluded != nil && d.Excluded(dep.Dir) {
				continue
			}
			if d.count++; d.count > maxDeployments {
				return
			}
			f := followed{Deployment: dep, root: d.Renderer.Root(&dep)}
			if !slices.Contains(above, f.root) && d.mayDeploy(f.root) {
				f.next = &branch{}
				d.followObjects(ctx, f.next, d.render(ctx, f.root), append(slices.Clip(above), f.root))
			}
			b.deployments = append(b.deployments, f)
		}
	}
}

// mayDeploy reports whether a root can hold objects that deploy.
func (d *discovery) mayDeploy(root render.Root) bool {
	if root.Renderer == manifest.Name {
		return slices.ContainsFunc(d.deploying, func(name string) bool { return within(name, root.Dir) }) || d.below(root.Dir)
	}
	reads := d.Graph.Closure(root.Dir)
	return slices.ContainsFunc(d.deploying, reads.Has)
}

// below reports whether a kustomization below dir can hold objects that deploy.
func (d *discovery) below(dir string) bool {
	return slices.ContainsFunc(d.all, func(u *unit) bool { return within(u.root.Dir, dir) })
}

// covers reports whether what f deploys holds the objects of the unit u.
func (d *discovery) covers(f *followed, u *unit) bool {
	switch {
	case f.root.Dir == u.root.Dir:
		return true
	case f.root.Renderer != manifest.Name:
		return slices.Contains(d.Graph.Above(u.root.Dir), f.root.Dir)
	}
	dir := f.Options.Directory
	return (dir.Generated || dir.Recurse) && within(u.root.Dir, f.root.Dir)
}

// walk calls visit for all that a branch deploys.
func (b *branch) walk(visit func(f *followed)) {
	for i := range b.deployments {
		visit(&b.deployments[i])
		if n := b.deployments[i].next; n != nil {
			n.walk(visit)
		}
	}
}

// entries finds the units that nothing else deploys: one for each cluster.
func (d *discovery) entries() {
	by := make(map[*unit][]*unit) // who deploys a unit
	for _, u := range d.all {
		u.name = u.root.Dir
		u.tree.walk(func(f *followed) {
			for _, v := range d.all {
				if d.covers(f, v) && !slices.Contains(by[v], u) {
					by[v] = append(by[v], u)
				}
			}
		})
	}
	for _, u := range d.all {
		others := slices.ContainsFunc(by[u], func(v *unit) bool { return v != u && !slices.Contains(by[v], u) })
		u.entry = !others
		if slices.Contains(by[u], u) {
			// The cluster's own directory deploys itself: it is the entry.
			u.tree.walk(func(f *followed) {
				if d.covers(f, u) && within(u.name, f.root.Dir) && f.root.Dir != "." {
					u.name = f.root.Dir
				}
			})
		}
	}
	for i, u := range d.all { // those that deploy each other are one
		for _, v := range d.all[:i] {
			if u.entry && v.entry && (u.name == v.name || slices.Contains(by[u], v) && slices.Contains(by[v], u)) {
				u.name = v.name
			}
		}
	}
	d.nested()
}

// nested makes entries of plain manifests that stand below another one parts of
// it, and those of a directory below clusters/ the cluster of that name.
func (d *discovery) nested() {
	for _, u := range d.all {
		if !u.entry {
			continue
		}
		for _, v := range d.all {
			if v.entry && v != u && u.root.Renderer == manifest.Name && v.root.Renderer == manifest.Name &&
				u.name != v.name && within(u.name, v.name) && v.name != "." {
				u.name = v.name
			}
		}
		parts := strings.Split(u.name, "/")
		if i := slices.Index(parts, "clusters"); i >= 0 && i+2 < len(parts) {
			u.name = path.Join(parts[:i+2]...)
		}
	}
}

// environment puts what an entry deploys into environments.
func (d *discovery) environment(ctx context.Context, u *unit) {
	remote := make(map[string]bool) // clusters that single objects name
	u.tree.walk(func(f *followed) {
		if !f.Generated && f.Cluster != "" {
			remote[f.Cluster] = true
		}
	})
	covered, first := false, len(d.names)
	var put func(b *branch, env string, files []string)
	put = func(b *branch, env string, files []string) {
		for i := range b.deployments {
			f := &b.deployments[i]
			name := env
			if f.Cluster != "" && (f.Generated || len(remote) > 1) {
				name = u.name + "/" + f.Cluster
			}
			covered = covered || name == u.name && d.covers(f, u)
			r := d.deploy(ctx, f, name, u.name)
			r.need(files)
			if f.next != nil {
				put(f.next, name, r.Files)
			}
		}
	}
	// A change of what holds the deployers can change what they deploy.
	var files []string
	if u.root.Renderer != manifest.Name {
		files = d.Graph.Closure(u.root.Dir).Paths
	}
	put(u.tree, u.name, files)
	if len(d.names) == first && d.envs[u.name] == nil {
		return
	}
	if !covered {
		// What stands beside the deployers is applied with them.
		d.add(u.root, u.name, u.name)
	}
	if slices.ContainsFunc(u.objects, flux.IsDeployer) {
		d.beside(u)
	}
}

// beside adds the other roots in the directory of a Flux entry: Flux deploys the
// whole of a cluster's directory.
func (d *discovery) beside(u *unit) {
	if u.name == "." {
		return
	}
	bases := d.Graph.BaseOnly(func(string) bool { return true })
	for _, root := range d.Graph.Roots() {
		switch {
		case !within(root.Dir, u.name), slices.Contains(bases, root.Dir), d.Excluded != nil && d.Excluded(root.Dir),
			slices.ContainsFunc(d.order, func(r render.Root) bool { return r.Dir == root.Dir }),
			slices.ContainsFunc(d.out.Covered, func(dir string) bool { return within(root.Dir, dir) }):
		default:
			d.add(root, u.name, u.name)
		}
	}
}

// need notes files that decide whether and how the root is deployed.
func (r *Root) need(files []string) {
	r.Files = append(r.Files, files...)
	slices.Sort(r.Files)
	r.Files = slices.Compact(r.Files)
}

func (d *discovery) add(root render.Root, env, entry string) *Root {
	r := d.roots[root]
	if r == nil {
		r = &Root{Root: root}
		d.roots[root] = r
		d.order = append(d.order, root)
	}
	if !slices.Contains(r.Environments, env) {
		r.Environments = append(r.Environments, env)
	}
	if d.envs == nil {
		d.envs = make(map[string]*Environment)
	}
	e := d.envs[env]
	if e == nil {
		e = &Environment{Name: env, Entry: entry}
		d.envs[env] = e
		d.names = append(d.names, env)
	}
	if !slices.Contains(e.Roots, root) {
		e.Roots = append(e.Roots, root)
	}
	return r
}

func (d *discovery) deploy(ctx context.Context, f *followed, env, entry string) *Root {
	r := d.add(f.root, env, entry)
	r.Namespace = f.Options.Namespace()
	at := d.world.At(ctx, f.By)
	by := Deployer{Kind: f.By.Kind, Namespace: f.By.Namespace, Name: f.By.Name, At: at, Assumed: f.Assumed}
	if !slices.Contains(r.By, by) {
		r.By = append(r.By, by)
	}
	if !at.IsZero() {
		r.need([]string{at.File})
	}
	if dir := f.Options.Directory; f.root.Renderer == manifest.Name && (dir.Generated || dir.Recurse) && !slices.Contains(d.out.Covered, f.root.Dir) {
		d.out.Covered = append(d.out.Covered, f.root.Dir)
	}
	for _, m := range f.Missing {
		d.skip(ctx, m)
	}
	return r
}

func (d *discovery) skip(ctx context.Context, u gitops.Unfollowed) {
	at := d.world.At(ctx, u.By.Object)
	if len(u.By.Path) > 0 {
		if o, err := u.By.Object.Trace(ctx, u.By.Path); err == nil {
			at = o.Span
		}
	}
	key := strings.Join([]string{u.Kind, u.Namespace, u.Name, at.String(), u.Reason}, "\x00")
	if d.seen[key] {
		return
	}
	if d.seen == nil {
		d.seen = make(map[string]bool)
	}
	d.seen[key] = true
	d.out.Unfollowed = append(d.out.Unfollowed, Unfollowed{u.Kind, u.Namespace, u.Name, at, u.Reason})
}

// result gathers the answer in a fixed order.
func (d *discovery) result(ctx context.Context) *Result {
	for o, dec := range d.decoded {
		at := d.world.At(ctx, o)
		if d.total[at] {
			continue
		}
		if d.total == nil {
			d.total = make(map[source.Span]bool)
		}
		d.total[at] = true
		d.out.Total++
		if len(dec.Deployments) > 0 {
			d.out.Followed++
		}
	}
	for _, dec := range d.decoded {
		for _, u := range dec.Unfollowed {
			d.skip(ctx, u)
		}
	}
	slices.SortFunc(d.out.Unfollowed, func(a, b Unfollowed) int {
		return cmp.Or(cmp.Compare(a.At.File, b.At.File), cmp.Compare(a.At.Start.Line, b.At.Start.Line), cmp.Compare(a.Reason, b.Reason))
	})
	for _, root := range d.order {
		r := d.roots[root]
		slices.Sort(r.Environments)
		slices.Sort(r.Files)
		slices.SortFunc(r.By, func(a, b Deployer) int {
			return cmp.Or(cmp.Compare(a.At.File, b.At.File), cmp.Compare(a.At.Start.Line, b.At.Start.Line), cmp.Compare(a.Name, b.Name))
		})
		d.out.Roots = append(d.out.Roots, r)
	}
	slices.SortFunc(d.out.Roots, func(a, b *Root) int {
		return cmp.Or(cmp.Compare(a.Dir, b.Dir), cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.As, b.As))
	})
	slices.Sort(d.names)
	for _, name := range d.names {
		e := d.envs[name]
		slices.SortFunc(e.Roots, func(a, b render.Root) int { return cmp.Or(cmp.Compare(a.Dir, b.Dir), cmp.Compare(a.As, b.As)) })
		d.out.Environments = append(d.out.Environments, e)
	}
	slices.Sort(d.out.Covered)
	return &d.out
}

// within reports whether name is dir or lies below it.
func within(name, dir string) bool {
	return dir == "." || name == dir || strings.HasPrefix(name, dir+"/")
}
