package app

import (
	"context"
	"slices"
	"strings"

	"github.com/org/probe-mtls-action/internal/gitops"
	"github.com/org/probe-mtls-action/internal/gitops/deployed"
	"github.com/org/probe-mtls-action/internal/gitops/discover"
	"github.com/org/probe-mtls-action/internal/settings"
	"github.com/org/probe-mtls-action/render"
	"github.com/org/probe-mtls-action/render/kustomize"
	"github.com/org/probe-mtls-action/render/kustomize/graph"
)

// deployments are what controllers deploy from a tree, and the renderer that
// renders it so.
type deployments struct {
	*discover.Result
	renderer *deployed.Renderer
	graph    *graph.Graph
	byDir    map[string][]*discover.Root
	// covered are the roots that are part of a deployed one.
	covered map[string]bool
}

// findDeployments finds out what is deployed from a tree.
func (r *repository) findDeployments(ctx context.Context, tree render.Tree, g *graph.Graph, s *settings.Values) (*deployments, error) {
	repo := gitops.NewRepository(strings.FieldsFunc(r.config.Repository, func(c rune) bool { return c == ',' || c == ' ' })...)
	if r.git != nil {
		for _, url := range r.git.Remotes() {
			repo.Add(url)
		}
	}
	repo.Add(r.slug)
	renderer := deployed.New(tree, kustomize.Options{ // this process itself fetches nothing for a root and starts no Helm
		Leave:  s.AllowRemote || s.EnableHelm,
		Limits: kustomize.Limits{CPU: cpuOf(s)},
	})
	res, err := discover.Run(ctx, discover.In{Tree: tree, Graph: g, Repo: repo, Renderer: renderer, Excluded: r.config.Excluded})
	if err != nil {
		return nil, runError(ctx, err)
	}
	d := &deployments{Result: res, renderer: renderer, graph: g, byDir: make(map[string][]*discover.Root), covered: make(map[string]bool)}
	for _, root := range res.Roots {
		d.byDir[root.Dir] = append(d.byDir[root.Dir], root)
		g.Deploy(root.Dir, slices.Contains(res.Covered, root.Dir), root.Files)
	}
	for _, root := range g.Roots() {
		if len(d.byDir[root.Dir]) > 0 {
			continue
		}
		d.covered[root.Dir] = slices.ContainsFunc(res.Covered, func(dir string) bool { return within(root.Dir, dir) })
	}
	return d, nil
}

// roots returns the roots of the tree: those of the graph, without the ones that
// a deployed root holds, and the deployed ones, in the order of their names.
func (d *deployments) roots() []render.Root {
	return slices.DeleteFunc(d.all(), func(r render.Root) bool { return d.covered[r.Dir] })
}

// all returns the roots of the graph and the deployed ones, each once, in the
// order of their names.
func (d *deployments) all() []render.Root {
	all := d.graph.Roots() // it knows the deployed ones
	slices.SortFunc(all, func(a, b render.Root) int { return strings.Compare(a.Dir, b.Dir) })
	return all
}

// deployments returns what is deployed from the work tree.
func (r *repository) deployments(ctx context.Context, s *settings.Values) (*deployments, error) {
	if r.deployed == nil {
		g, err := r.graph()
		if err != nil {
			return nil, notChecked(err)
		}
		if r.deployed, err = r.findDeployments(ctx, r.tree, g, s); err != nil {
			return nil, err
		}
	}
	return r.deployed, nil
}

// enters reports whether a root is deployed by a cluster whose own directory is
// at or below the path.
func (d *deployments) enters(dir, p string) bool {
	if p == "." || len(d.byDir[dir]) == 0 {
		return false
	}
	return slices.ContainsFunc(d.Environments, func(e *discover.Environment) bool {
		return within(e.Entry, p) && slices.ContainsFunc(e.Roots, func(r render.Root) bool { return r.Dir == dir })
	})
}

// variants returns the ways in which a root is deployed; a root that nothing
// deploys is rendered as it stands.
func (d *deployments) variants(root render.Root) []render.Root {
	found := d.byDir[root.Dir]
	if len(found) == 0 {
		return []render.Root{root}
	}
	var out []render.Root
	for _, f := range found {
		if !slices.Contains(out, f.Root) {
			out = append(out, f.Root)
		}
	}
	return out
}

// environments returns the discovered environments of a root, nil if there are
// none.
func (d *deployments) environments(root render.Root) []string {
	for _, f := range d.byDir[root.Dir] {
		if f.Root == root {
			return f.Environments
		}
	}
	return nil
}
