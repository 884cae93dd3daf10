package app

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/org/probe-mtls-action/internal/affected"
	"github.com/org/probe-mtls-action/internal/check"
	"github.com/org/probe-mtls-action/internal/config"
	"github.com/org/probe-mtls-action/internal/mesh"
	"github.com/org/probe-mtls-action/internal/report"
	"github.com/org/probe-mtls-action/render"
	"github.com/org/probe-mtls-action/render/kustomize/graph"
)

// Roots that neither the configuration nor a deployer puts into a cluster may
// share one or not. Where the policies of one have no workloads there, what they
// would break of the others is told as unknown.

// single are the roots of a tree that are judged alone.
type single struct {
	dirs names
	// governing are those with policies or settings of the mesh.
	governing []render.Root
}

// maxGoverning bounds the roots that each other one is judged with.
const maxGoverning = 50

// singles finds the roots that no environment and no cluster puts together with
// others, or keeps apart from them.
func (r *repository) singles(g *graph.Graph, d *deployments, cfg *config.Config) (single, error) {
	s := single{dirs: make(names)}
	if r.git == nil || g == nil || d == nil {
		return s, nil
	}
	bases := set(g.BaseOnly(func(dir string) bool { return !cfg.Excluded(dir) }))
	context := append(slices.Clone(r.extra), cfg.Context...)
	byDir := make(map[string]render.Root)
	for _, root := range d.roots() {
		e, err := cfg.EnvironmentOf(root.Dir)
		if err != nil {
			return s, usage(err)
		}
		inContext := slices.ContainsFunc(context, func(p string) bool { return within(root.Dir, p) })
		if e != nil || inContext || cfg.Excluded(root.Dir) || bases[root.Dir] || !r.inScope(root.Dir) {
			continue
		}
		if slices.ContainsFunc(d.variants(root), func(v render.Root) bool { return len(d.environments(v)) > 0 }) {
			continue
		}
		s.dirs[root.Dir] = true
		byDir[root.Dir] = root
	}
	found := make(names)
	for _, name := range g.Sheets() {
		for _, head := range g.Sheet(name).Heads {
			if head.Kind != "" && !theMesh.Governs(render.Ref{Group: head.Group, Kind: head.Kind, Name: head.Name}) {
				continue
			}
			for _, dir := range g.Reached(name) {
				if s.dirs[dir] && !found[dir] {
					found[dir] = true
					s.governing = append(s.governing, byDir[dir])
				}
			}
			break
		}
	}
	if len(s.governing) > maxGoverning {
		workloads := make(map[string]int)
		for _, root := range s.governing {
			for _, name := range g.Closure(root.Dir).Paths {
				workloads[root.Dir] += g.Sheet(name).Workloads
			}
		}
		slices.SortFunc(s.governing, func(a, b render.Root) int {
			return cmp.Or(cmp.Compare(workloads[a.Dir], workloads[b.Dir]), cmp.Compare(a.Dir, b.Dir))
		})
		s.governing = s.governing[:maxGoverning]
	}
	slices.SortFunc(s.governing, func(a, b render.Root) int { return cmp.Compare(a.Dir, b.Dir) })
	return s, nil
}

// beside returns the governing roots besides one.
func (s *single) beside(root render.Root) []render.Root {
	if !s.dirs[root.Dir] {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(s.governing), func(r render.Root) bool { return r.Dir == root.Dir })
}

// singleGroup is the group of all roots that may share a cluster: a change of one
// that governs may change what is told of the others.
func (c *comparison) singleGroup() (affected.Group, error) {
	g := affected.Group{Name: "that they may share", Only: true}
	for _, side := range []struct {
		graph *graph.Graph
		tree  render.Tree
		d     *deployments
		cfg   *config.Config
	}{{c.before, c.tree, c.deployedBefore, c.config}, {c.after, c.repo.tree, c.repo.deployed, c.repo.config}} {
		if side.graph == nil {
			continue
		}
		touched := make(names)
		for _, name := range c.scope.Changes.Paths() {
			for _, dir := range side.graph.Reached(name) {
				touched[dir] = true
			}
		}
		s, err := c.repo.singles(side.graph, side.d, side.cfg)
		if err != nil {
			return g, err
		}
		from := len(g.From)
		for _, root := range s.governing {
			if touched[root.Dir] && isLoose(side.graph.Outline(side.tree, root.Dir), over(c.s, side.cfg.Mesh)) {
				g.From = append(g.From, root.Dir)
			}
		}
		if len(g.From) == from {
			continue
		}
		for dir := range s.dirs {
			if mayRun(side.graph, dir) {
				g.Roots = append(g.Roots, dir)
			}
		}
	}
	g.From = union(g.From, nil)
	g.Roots = union(g.Roots, g.From)
	return g, nil
}

// isLoose reports whether a root holds what may govern pods of others, as far as
// its sources tell.
func isLoose(o *graph.Outline, settings mesh.Settings) bool {
	if o.Unsure != "" {
		return true
	}
	var objects []*render.Object
	for _, s := range o.Objects {
		objects = append(objects, s.Object)
	}
	loose, _ := theMesh.Loose(objects, settings)
	return loose != nil
}

// mayRun reports whether a root may render to workloads.
func mayRun(g *graph.Graph, dir string) bool {
	closure := g.Closure(dir)
	if len(closure.Opaque)+len(closure.Trees) > 0 {
		return true
	}
	for _, name := range closure.Paths {
		if g.Sheet(name).Workloads > 0 {
			return true
		}
	}
	return false
}

// maxUnknown is how many probes of one cause are told whose verdict rests on what
// nothing in view says.
const maxUnknown = 25

// boundUnknown leaves of each cause so many unknown findings, new ones first, and
// counts the rest.
func boundUnknown(rep *report.Report) {
	var unknown []*report.Item
	for i := range rep.Items {
		if it := &rep.Items[i]; it.Verdict == mesh.Unknown && it.Suppressed == nil {
			unknown = append(unknown, it)
		}
	}
	gone := make(map[*report.Item]bool)
	for _, items := range report.Group(unknown, (*report.Item).CauseKey) {
		if len(items) <= maxUnknown {
			continue
		}
		slices.SortStableFunc(items, func(a, b *report.Item) int {
			return cmp.Compare(b2i(a.State == report.Existing), b2i(b.State == report.Existing))
		})
		for _, it := range items[maxUnknown:] {
			gone[it] = true
		}
		n := report.Remark{Text: fmt.Sprintf("%d more %s may fail for the same reason", len(items)-maxUnknown, report.Nouns(items)), Level: check.Warning}
		if d := items[0].Decider(); d != nil {
			n.At = *d
		}
		rep.Notes = append(rep.Notes, n)
	}
	if len(gone) == 0 {
		return
	}
	var kept []report.Item
	for i := range rep.Items {
		if !gone[&rep.Items[i]] {
			kept = append(kept, rep.Items[i])
		}
	}
	rep.Items = kept
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}
