// Package pipeline takes kustomization roots from rendering to a report.
package pipeline

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/org/probe-mtls-action/internal/check"
	"github.com/org/probe-mtls-action/internal/locate"
	"github.com/org/probe-mtls-action/internal/mesh"
	"github.com/org/probe-mtls-action/internal/report"
	"github.com/org/probe-mtls-action/render"
	"github.com/org/probe-mtls-action/render/source"
)

// Group is what one cluster runs: the roots to report on and the context that
// is judged with them.
type Group struct {
	Name string // "" for a root that belongs to no environment
	// Roots are reported on.
	Roots []render.Root
	// Context is rendered too: its policies, Services and namespaces count,
	// its workloads are not reported.
	Context []render.Root
	Mesh    mesh.Settings
	// Maybe are roots of which nobody knows whether they share the cluster: what
	// their policies would break is unknown.
	Maybe []render.Root
	// At is where the configuration names the group, zero where it does not.
	At source.Span
}

// all returns the roots and the context.
func (g Group) all() []render.Root {
	return append(g.Roots[:len(g.Roots):len(g.Roots)], g.Context...)
}

// BuildMesh makes the model of one group.
type BuildMesh func(objects []*render.Object, isContext func(*render.Object) bool, settings mesh.Settings) (mesh.Model, error)

// Heavy renders single roots that may take too much for the process itself.
type Heavy interface {
	Render(ctx context.Context, root render.Root) (*render.Result, error)
	// Close frees what the renders of a run hold.
	Close()
}

// Engine is what a run needs besides its groups.
type Engine struct {
	Tree render.Tree
	// Renderers by name, as render.Root.Renderer gives them.
	Renderers map[string]render.Renderer
	Build     BuildMesh
	Rules     []*check.Rule
	// Loose tells what of a root may govern others, see [Group.Maybe].
	Loose Loose
	// Jobs is how many roots are rendered at a time, at least 1.
	Jobs int
	// Heavy renders the roots that a renderer leaves to it with
	// [render.ErrAbove], after all others; nil refuses them.
	Heavy Heavy
	// Explain, if set, tells for which judged probes (as root and subject) the
	// deciding places are wanted although nothing is found.
	Explain func(root, subject string) bool
	// ListJudged fills Result.Judged, ListObjects Result.Objects.
	ListJudged, ListObjects bool
	// Complete, if set, asks for remarks on suppressions that are not obeyed; it
	// tells whether every root that reads a file is checked, so that a suppression
	// in it without a finding suppresses nothing.
	Complete func(file string) bool
	// Silences, if set, tells of which objects and probes (as root and subject)
	// Result.Silences is wanted.
	Silences func(root, subject string) bool
	// Prover, if set, proves fixes for what is found. Draft then makes renderers
	// of a tree with changed files.
	Prover Prover
	Draft  func(tree render.Tree) map[string]render.Renderer
	// ProveAll asks the Prover also where nothing is found.
	ProveAll bool
	// Decide, if set, tells of which probes the whole decision is wanted.
	Decide func(check.Subject) bool
	// Idle, if set, has work for those that render when no root of the run waits
	// to be rendered, see [Engine.Ahead].
	Idle <-chan func()

	ahead ahead
}

// Result is what a run found.
type Result struct {
	Items   []report.Item // merged and sorted
	Skipped []report.Skip
	Notes   []report.Remark
	Roots   []string // that were checked, sorted
	Probes  int
	Callers int // clients without an identity of the mesh that were judged, besides the kubelet
	// Versions are those of the mesh that were judged, sorted.
	Versions []string
	Judged   []report.Occurrence // all probes that were judged, sorted, if asked for
	// Objects are those that the roots render, if asked for: as a root and
	// <namespace>/<Kind>/<name>.
	Objects map[report.Occurrence]bool
	// Silences holds the IDs of the rules that a suppression silences for what
	// Engine.Silences asked for, found or not.
	Silences map[report.Occurrence][]string
	// Lacking maps a root that was checked to those of its group that did not
	// render, or not as a whole: what they hold is not known to its verdicts.
	Lacking map[string][]string
	// Explained holds the deciding steps of the probes that Explain asked for.
	Explained map[report.Occurrence][]report.Step
	// Decisions are those that Decide asked for, merged and sorted.
	Decisions []report.Decision
	// Interrupted tells that ctx ended: the roots that were not checked by then
	// are among those skipped.
	Interrupted bool
}

// Run renders and checks the groups, those with roots above the first bound last.
// What cannot be rendered is in the result, and so is what was not yet checked
// when ctx ended; an error is a mistake in the mesh options.
func (e *Engine) Run(ctx context.Context, groups []Group) (*Result, error) {
	r := &run{
		Engine:  e,
		locator: locate.New(e.Tree),
		renders: make(map[render.Root]*rendering),
		looses:  make(map[render.Root]*loose),
		workers: startWorkers(max(e.Jobs, 1), e.Idle),
	}
	defer r.workers.stop()
	if e.Heavy != nil {
		defer e.Heavy.Close()
	}
	r.expect(groups)
	parts := make([]part, len(groups))
	late := make([]bool, len(groups))
	g, limited := errgroup.WithContext(ctx)
	g.SetLimit(2 * max(e.Jobs, 1))
	for i, group := range groups {
		g.Go(func() (err error) {
			parts[i], err = r.guarded(limited, group, false)
			if errors.Is(err, render.ErrAbove) {
				late[i], err = true, nil
			}
			return ended(ctx, &parts[i], group, err)
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	for i, group := range groups {
		if !late[i] {
			continue
		}
		var err error
		parts[i], err = r.guarded(ctx, group, true)
		if err := ended(ctx, &parts[i], group, err); err != nil {
			return nil, err
		}
	}
	res := join(parts)
	if r.Complete != nil && ctx.Err() == nil {
		res.Notes = mergeNotes(append(res.Notes, r.suppressions(parts)...))
	}
	res.Interrupted = ctx.Err() != nil && slices.ContainsFunc(parts, func(p part) bool { return p.interrupted })
	return res, nil
}

// ended makes p, the part of g, what is told of a group that was not checked
// when ctx ended; it returns any other error.
func ended(ctx context.Context, p *part, g Group, err error) error {
	if err == nil || ctx.Err() == nil {
		return err
	}
	*p = part{interrupted: true}
	for _, root := range g.Roots {
		p.skipped = append(p.skipped, report.Skip{Root: root.Dir, Problem: render.Problem{Message: "the run was told to end before this was checked"}})
	}
	return nil
}

// run is the state of one Run.
type run struct {
	*Engine
	locator *locate.Locator
	workers *workers

	mu      sync.Mutex
	renders map[render.Root]*rendering
	looses  map[render.Root]*loose
}

// part is what one group gave.
type part struct {
	items     []report.Item
	skipped   []report.Skip
	notes     []report.Remark
	version   string   // of the mesh
	inputs    []string // files that the group's own roots read
	wishes    []wish
	roots     []string
	probes    int
	callers   int
	judged    []report.Occurrence
	lacking   []string // of the group, in order
	gaps      []string // places of what the group lacks
	objects   []report.Occurrence
	silences  map[report.Occurrence][]string
	explained map[report.Occurrence][]report.Step
	decisions []report.Decision

	interrupted bool
}

func join(parts []part) *Result {
	res := &Result{Objects: make(map[report.Occurrence]bool), Silences: make(map[report.Occurrence][]string), Lacking: make(map[string][]string), Explained: make(map[report.Occurrence][]report.Step)}
	var items []report.Item
	for _, p := range parts {
		items = append(items, p.items...)
		res.Skipped = append(res.Skipped, p.skipped...)
		res.Notes = append(res.Notes, p.notes...)
		res.Roots = append(res.Roots, p.roots...)
		res.Probes += p.probes
		res.Callers += p.callers
		if p.version != "" && !slices.Contains(res.Versions, p.version) {
			res.Versions = append(res.Versions, p.version)
		}
		res.Judged = append(res.Judged, p.judged...)
		res.Decisions = append(res.Decisions, p.decisions...)
		for _, root := range p.roots {
			if len(p.lacking) > 0 {
				res.Lacking[root] = p.lacking
			}
		}
		for _, o := range p.objects {
			res.Objects[o] = true
		}
		for k, v := range p.silences {
			res.Silences[k] = v
		}
		for k, v := range p.explained {
			res.Explained[k] = v
		}
	}
	res.Items = locate.Merge(items)
	res.Decisions = report.MergeDecisions(res.Decisions)
	res.Skipped = mergeSkips(res.Skipped)
	res.Notes = mergeNotes(res.Notes)
	slices.Sort(res.Roots)
	res.Roots = slices.Compact(res.Roots) // a root may be in several groups
	slices.Sort(res.Versions)
	slices.SortFunc(res.Judged, func(a, b report.Occurrence) int {
		return cmp.Or(cmp.Compare(a.Root, b.Root), cmp.Compare(a.Subject, b.Subject))
	})
	res.Judged = slices.Compact(res.Judged)
	return res
}
