package app

import (
	"context"
	"fmt"
	"slices"

	"github.com/org/probe-mtls-action/internal/config"
	"github.com/org/probe-mtls-action/internal/pipeline"
	"github.com/org/probe-mtls-action/internal/settings"
	"github.com/org/probe-mtls-action/render"
	"github.com/org/probe-mtls-action/render/kustomize/graph"
)

// grouping sorts roots into environments: those of the configuration, and for
// roots that are in none of them those that are discovered.
type grouping struct {
	view
	s      *settings.Values
	common []render.Root // context of every group
	// members are all roots of the tree by environment, those left out that
	// only serve as a base of others: what is deployed is the overlay.
	members map[string][]render.Root
	all     *graph.Graph // of the tree, where there are environments
	single  single
}

// view is one tree and what is known of it.
type view struct {
	tree     render.Tree
	graph    func() (*graph.Graph, error)
	config   *config.Config
	deployed *deployments
	past     bool // it may lack what the configuration and the flags name
}

// view returns a tree with the work tree's graph and configuration.
func (r *repository) view(tree render.Tree, d *deployments) view {
	return view{tree: tree, graph: r.graph, config: r.config, deployed: d}
}

// group returns what to render: one group for each environment that a root
// belongs to, with the environment's other roots as context, and one for each
// root that is in none.
func (r *repository) group(ctx context.Context, v view, roots []render.Root, s *settings.Values) ([]pipeline.Group, error) {
	g := &grouping{view: v, s: s}
	var err error
	if g.common, err = contextRoots(ctx, v.tree, v.past, append(r.extra[:len(r.extra):len(r.extra)], v.config.Context...)); err != nil {
		return nil, usage(err)
	}
	if err := g.findMembers(); err != nil {
		return nil, err
	}
	if r.git != nil { // a stream is one root
		tree, err := v.graph()
		if err != nil {
			return nil, notChecked(err)
		}
		if g.single, err = r.singles(tree, v.deployed, v.config); err != nil {
			return nil, err
		}
	}
	return g.groups(ctx, roots)
}

func (g *grouping) findMembers() error {
	g.members = make(map[string][]render.Root)
	for _, env := range g.deployed.Environments {
		for _, root := range env.Roots {
			e, err := g.environment(root)
			if err != nil {
				return err
			}
			if e == nil && !g.config.Excluded(root.Dir) {
				g.members[discovered+env.Name] = append(g.members[discovered+env.Name], root)
			}
		}
	}
	if len(g.config.Environments) == 0 {
		return nil
	}
	all, err := g.graph()
	if err != nil {
		return notChecked(err)
	}
	g.all = all
	bases := set(all.BaseOnly(func(dir string) bool { return !g.config.Excluded(dir) }))
	for _, root := range g.deployed.roots() {
		e, err := g.environment(root)
		if err != nil {
			return err
		}
		if e != nil && !bases[root.Dir] && !g.config.Excluded(root.Dir) {
			g.members[e.Name] = append(g.members[e.Name], g.deployed.variants(root)...)
		}
	}
	return nil
}

// discovered is put before the names of discovered environments: one of the
// configuration may have the same name.
const discovered = "\x00"

func (g *grouping) environment(root render.Root) (*config.Environment, error) {
	e, err := g.config.EnvironmentOf(root.Dir)
	if err != nil {
		return nil, usage(err)
	}
	return e, nil
}

func (g *grouping) groups(ctx context.Context, roots []render.Root) ([]pipeline.Group, error) {
	var groups []pipeline.Group
	index := make(map[string]int) // environment to its group
	for _, plain := range roots {
		e, err := g.environment(plain)
		if err != nil {
			return nil, err
		}
		for _, root := range g.deployed.variants(plain) {
			names := g.deployed.environments(root)
			switch {
			case e != nil:
				if groups, err = g.put(ctx, groups, index, e, root); err != nil {
					return nil, err
				}
			case len(names) == 0:
				groups = append(groups, pipeline.Group{Roots: []render.Root{root}, Context: g.common, Mesh: over(g.s, g.config.Mesh), Maybe: g.single.beside(root)})
			}
			if e != nil {
				continue
			}
			for _, name := range names {
				key := discovered + name
				if i, ok := index[key]; ok {
					groups[i].Roots = append(groups[i].Roots, root)
					continue
				}
				index[key] = len(groups)
				groups = append(groups, pipeline.Group{
					Name:    name,
					Roots:   []render.Root{root},
					Context: append(slices.Clone(g.common), g.members[key]...),
					Mesh:    over(g.s, g.config.Mesh),
				})
			}
		}
	}
	for i := range groups {
		groups[i].Context = without(groups[i].Context, groups[i].Roots)
	}
	return groups, nil
}

// put adds a root to the group of its environment.
func (g *grouping) put(ctx context.Context, groups []pipeline.Group, index map[string]int, e *config.Environment, root render.Root) ([]pipeline.Group, error) {
	member := slices.Contains(g.members[e.Name], root)
	if i, ok := index[e.Name]; ok && member {
		groups[i].Roots = append(groups[i].Roots, root)
		return groups, nil
	}
	own, err := contextRoots(ctx, g.tree, g.past, e.Context)
	if err != nil {
		return nil, usage(fmt.Errorf("environment %s: %w", e.Name, err))
	}
	others := g.members[e.Name]
	if member {
		index[e.Name] = len(groups)
	} else {
		others = g.notAbove(others, root)
	}
	return append(groups, pipeline.Group{
		Name:    e.Name,
		Roots:   []render.Root{root},
		Context: append(append(own, g.common...), others...),
		Mesh:    over(g.s, e.Mesh),
		At:      e.At,
	}), nil
}

// notAbove leaves out the roots that build on root: they hold its objects as
// they make them, and where they are deployed it is not.
func (g *grouping) notAbove(roots []render.Root, root render.Root) []render.Root {
	above := set(g.all.Above(root.Dir))
	return slices.DeleteFunc(slices.Clone(roots), func(r render.Root) bool { return above[r.Dir] })
}

// without returns context, each root once and none of roots, in whatever way
// these are deployed.
func without(context, roots []render.Root) []render.Root {
	dirs, seen := make(names, len(roots)), make(map[render.Root]bool, len(roots))
	for _, r := range roots {
		dirs[r.Dir], seen[r] = true, true
	}
	var out []render.Root
	for _, c := range context {
		if !seen[c] && !(c.As == "" && dirs[c.Dir]) {
			seen[c] = true
			out = append(out, c)
		}
	}
	return out
}

func set(all []string) names {
	out := make(names, len(all))
	for _, n := range all {
		out[n] = true
	}
	return out
}

// names is a set of names.
type names map[string]bool

func (n names) has(name string) bool { return n[name] }
