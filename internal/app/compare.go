package app

import (
	"context"
	"errors"
	"io/fs"
	"slices"

	"github.com/org/probe-mtls-action/internal/affected"
	"github.com/org/probe-mtls-action/internal/caller"
	"github.com/org/probe-mtls-action/internal/config"
	"github.com/org/probe-mtls-action/internal/git"
	"github.com/org/probe-mtls-action/internal/pipeline"
	"github.com/org/probe-mtls-action/internal/report"
	"github.com/org/probe-mtls-action/internal/scope"
	"github.com/org/probe-mtls-action/internal/settings"
	"github.com/org/probe-mtls-action/render"
	"github.com/org/probe-mtls-action/render/kustomize/graph"
	"github.com/org/probe-mtls-action/render/source"
)

// comparison is a run's view of a change: from the tree of a commit to the
// work tree. Without a scope it is a view of the work tree alone.
type comparison struct {
	repo  *repository
	s     *settings.Values
	scope *scope.Scope // nil: nothing to compare with

	tree    *git.Tree        // of the base, nil without one
	base    *pipeline.Engine // that judges it
	config  *config.Config   // as of the base
	before  *graph.Graph     // of the base, nil without one
	after   *graph.Graph     // of the work tree, nil without a scope
	reached affected.Result
	// deployedBefore is what is deployed from the base, nil without one.
	deployedBefore *deployments
	// renamed gives a name of the base as it is at the head.
	renamed func(string) string
	judged  *pipeline.Result // of the base, once it was judged
}

// newComparison reads the base's tree and finds the affected roots. Close the
// comparison after use.
func newComparison(ctx context.Context, repo *repository, s *settings.Values, sc *scope.Scope) (*comparison, error) {
	c := &comparison{repo: repo, s: s, scope: sc, config: repo.config}
	if sc == nil {
		return c, nil
	}
	if err := c.prepare(ctx); err != nil {
		c.close()
		return nil, notChecked(err)
	}
	return c, nil
}

func (c *comparison) close() {
	if c.tree != nil {
		c.tree.Close()
	}
}

func (c *comparison) prepare(ctx context.Context) (err error) {
	if c.after, err = c.repo.graph(); err != nil {
		return err
	}
	if c.scope.Base != "" {
		if err := c.readBase(ctx); err != nil {
			return err
		}
	}
	if err := c.findDeployments(ctx); err != nil {
		return err
	}
	return c.reach()
}

// reach finds the affected roots.
func (c *comparison) reach() error {
	single, err := c.singleGroup()
	if err != nil {
		return err
	}
	in := affected.Input{
		Changes:    &c.scope.Changes,
		Base:       c.before,
		Head:       c.after,
		Paths:      c.repo.paths,
		Excluded:   c.leftOut,
		AllRoots:   c.withBases() || !c.s.ChangedOnly,
		Everywhere: c.everywhere(),
		Groups:     append(c.environments(), single),
		Refused:    c.refused(),
	}
	if c.tree != nil {
		in.Shares = affected.Shares(theMesh.Decides, affected.Side{Tree: c.tree, Graph: c.before}, affected.Side{Tree: c.repo.tree, Graph: c.after})
	}
	in.Calls = affected.Calls(caller.Words, c.repo.tree, c.after)
	c.reached = affected.Roots(in)
	return nil
}

// findDeployments finds out what is deployed from both trees, which the graphs
// know then.
func (c *comparison) findDeployments(ctx context.Context) (err error) {
	if _, err = c.repo.deployments(ctx, c.s); err != nil || c.before == nil {
		return err
	}
	base := *c.repo
	base.config = c.config
	c.deployedBefore, err = base.findDeployments(ctx, c.tree, c.before, c.s)
	return err
}

// leftOut reports whether a root is not checked: the configuration excludes it,
// or it is plain manifests that are only context.
func (c *comparison) leftOut(dir string) bool {
	if c.repo.config.Excluded(dir) {
		return true
	}
	plain := c.after.IsManifests(dir) || c.before != nil && c.before.IsManifests(dir)
	return plain && c.repo.isContext(dir)
}

func (c *comparison) readBase(ctx context.Context) (err error) {
	if c.tree, err = c.repo.git.Tree(ctx, c.scope.Base); err != nil {
		return err
	}
	c.renamed = pipeline.Renamed(renames(&c.scope.Changes))
	options := []graph.Option{graph.Named(c.repo.paths)}
	if c.scope.Changes.Incomplete == "" {
		options = append(options, graph.Reuse(c.after, set(c.scope.Changes.Paths()).has))
	}
	if c.before, err = graph.Build(ctx, c.tree, options...); err != nil {
		return err
	}
	// A file that was broken or missing at the base says nothing of it; what
	// the change makes of it holds for both sides then.
	if file := c.repo.config.File; file != "" {
		if cfg, err := config.Load(c.tree, file); err == nil {
			c.config = cfg
		}
	}
	return nil
}

// refused are the kinds of root that do not render unless they are allowed:
// that nobody can tell what such a root reads is no reason to check it.
func (c *comparison) refused() []graph.OpaqueKind {
	kinds := []graph.OpaqueKind{graph.Plugin}
	if !c.s.EnableHelm {
		kinds = append(kinds, graph.Helm)
	}
	if !c.s.AllowRemote {
		kinds = append(kinds, graph.Remote)
	}
	return kinds
}

// everywhere is what every root rests on.
func (c *comparison) everywhere() affected.Group {
	g := affected.Group{Files: []string{config.DefaultFile}}
	for _, cfg := range c.configs() {
		g.Files = append(g.Files, cfg.Files...)
		g.Context = append(g.Context, cfg.Context...)
	}
	g.Context = append(g.Context, c.repo.extra...)
	return g
}

func (c *comparison) configs() []*config.Config {
	if c.config == c.repo.config {
		return []*config.Config{c.config}
	}
	return []*config.Config{c.repo.config, c.config}
}

// environments are the groups of roots that are judged together, at the base
// or at the head.
func (c *comparison) environments() []affected.Group {
	var groups []affected.Group
	for _, cfg := range c.configs() {
		index := make(map[string]int)
		for _, e := range cfg.Environments {
			index[e.Name] = len(groups)
			groups = append(groups, affected.Group{Name: e.Name, Context: e.Context})
		}
		for dir := range c.allRoots() {
			// Overlapping environments are an error elsewhere.
			if e, err := cfg.EnvironmentOf(dir); err == nil && e != nil {
				g := &groups[index[e.Name]]
				g.Roots = append(g.Roots, dir)
			}
		}
	}
	for i := range groups {
		slices.Sort(groups[i].Roots)
		groups[i].Before, groups[i].After = counted(c.before, groups[i].Roots, c.config), counted(c.after, groups[i].Roots, c.repo.config)
	}
	return append(groups, c.clusters()...)
}

// clusters are the discovered environments, at the base or at the head.
func (c *comparison) clusters() []affected.Group {
	var groups []affected.Group
	index := make(map[string]int)
	group := func(name string) *affected.Group {
		i, ok := index[name]
		if !ok {
			i = len(groups)
			index[name] = i
			groups = append(groups, affected.Group{Name: name})
		}
		return &groups[i]
	}
	if c.deployedBefore != nil {
		for _, e := range c.deployedBefore.Environments {
			group(e.Name).Before = dirsOf(e.Roots, c.config)
		}
	}
	for _, e := range c.repo.deployed.Environments {
		group(e.Name).After = dirsOf(e.Roots, c.repo.config)
	}
	for i := range groups {
		g := &groups[i]
		g.Roots = union(g.Before, g.After)
	}
	return groups
}

// dirsOf returns the directories of the roots that the configuration puts into
// no environment, sorted.
func dirsOf(roots []render.Root, cfg *config.Config) []string {
	var dirs []string
	for _, r := range roots {
		if e, err := cfg.EnvironmentOf(r.Dir); err == nil && e == nil && !cfg.Excluded(r.Dir) {
			dirs = append(dirs, r.Dir)
		}
	}
	return union(dirs, nil)
}

// counted returns the roots that are judged with others of their environment.
func counted(g *graph.Graph, roots []string, cfg *config.Config) []string {
	if g == nil {
		return nil
	}
	included := func(dir string) bool { return !cfg.Excluded(dir) }
	bases := set(g.BaseOnly(included))
	return slices.DeleteFunc(slices.Clone(roots), func(dir string) bool {
		return !g.IsRoot(dir) || bases[dir] || !included(dir)
	})
}

func (c *comparison) allRoots() names {
	all := make(names)
	for _, g := range []*graph.Graph{c.before, c.after} {
		if g == nil {
			continue
		}
		for _, r := range g.Roots() {
			all[r.Dir] = true
		}
	}
	return all
}

// choose returns the roots to check and notes in rep those left out: the
// affected ones, or with everything asked for all at or below the paths; of
// them the part that --shard names.
func (c *comparison) choose(ctx context.Context, rep *report.Report) ([]render.Root, error) {
	candidates := c.reached.Roots
	if c.scope == nil || !c.s.ChangedOnly {
		found, err := c.repo.discover(ctx, c.s, rep)
		if err != nil {
			return nil, err
		}
		if candidates, err = c.priced(found); err != nil {
			return nil, err
		}
	} else {
		rep.Unaffected, rep.Unused = c.reached.Unaffected, c.reached.Unused
		for _, p := range c.unreadable() {
			rep.Skipped = append(rep.Skipped, report.Skip{Problem: p})
		}
	}
	rep.Skipped = append(rep.Skipped, c.lost()...)
	i, n := c.s.Shard.Part()
	var roots []render.Root
	for _, r := range affected.Shard(candidates, i, n) {
		roots = append(roots, r.Root)
	}
	return roots, nil
}

// missing tells of submodules at or below the paths that are not checked out: a
// changed one is not checked.
func (c *comparison) missing(ctx context.Context, rep *report.Report) error {
	if c.repo.git == nil {
		return nil
	}
	names, err := c.repo.git.Submodules(ctx)
	if err != nil {
		return err
	}
	for _, name := range names {
		entries, err := c.repo.tree.ReadDir(name)
		if err == nil && len(entries) > 0 || err != nil && !errors.Is(err, fs.ErrNotExist) || !c.repo.inScope(name) {
			continue
		}
		p := render.Problem{
			At:      source.Span{File: name},
			Message: "the submodule is not checked out, so what is in it is not looked at",
			Hint:    "Check it out: `submodules: true` for actions/checkout, or `git submodule update --init`.",
		}
		if c.scope != nil && slices.Contains(c.scope.Changes.Paths(), name) {
			rep.Skipped = append(rep.Skipped, report.Skip{Problem: p})
			continue
		}
		rep.Notes = append(rep.Notes, report.Remark{At: report.Location{Span: p.At}, Text: p.Message + ". " + p.Hint})
	}
	return nil
}

// unreadable tells of directories that a check of everything could not read
// either, and of the like, where the change reaches them or brought them.
func (c *comparison) unreadable() []render.Problem {
	var known []render.Problem
	if c.before != nil {
		known = c.before.Problems()
	}
	var out []render.Problem
	for _, p := range c.after.Problems() {
		touched := slices.ContainsFunc(c.scope.Changes.Paths(), func(name string) bool { return within(name, p.At.File) })
		if c.repo.inScope(p.At.File) && (touched || !slices.Contains(known, p)) {
			out = append(out, p)
		}
	}
	return out
}

// priced estimates what each root costs, which only a shard needs to know.
func (c *comparison) priced(roots []render.Root) ([]affected.Root, error) {
	_, n := c.s.Shard.Part()
	out := make([]affected.Root, len(roots))
	var g *graph.Graph
	if n > 1 {
		var err error
		if g, err = c.repo.graph(); err != nil {
			return nil, notChecked(err)
		}
	}
	for i, r := range roots {
		out[i].Root = r
		if n > 1 {
			out[i].Cost = len(g.Closure(r.Dir).Paths)
		}
	}
	return out, nil
}

// withBases reports whether roots that only serve as a base of others are
// checked as well.
func (c *comparison) withBases() bool { return c.s.AllRoots || c.repo.config.AllRoots }

// complete returns a function that reports whether the run checks every root
// that reads a file. Where only affected roots are checked that is so for the
// changed files; a shard cannot tell.
func (c *comparison) complete() func(file string) bool {
	changed := map[string]bool{}
	if c.scope != nil && c.s.ChangedOnly {
		for _, name := range c.scope.Changes.Paths() {
			changed[name] = true
		}
	}
	return func(file string) bool {
		switch {
		case c.s.Shard.Total > 1, !slices.ContainsFunc(c.repo.paths, func(p string) bool { return within(file, p) }):
			return false
		case c.scope != nil && c.s.ChangedOnly:
			return changed[file]
		}
		return true
	}
}
