package app

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/org/probe-mtls-action/internal/diff"
	"github.com/org/probe-mtls-action/internal/pipeline"
	"github.com/org/probe-mtls-action/internal/report"
	"github.com/org/probe-mtls-action/render"
	"github.com/org/probe-mtls-action/render/kustomize/graph"
	"github.com/org/probe-mtls-action/render/source"
)

// judgeBase checks at the base what was checked of the affected roots, and
// marks the report's findings, those of head, as new or existing.
func (c *comparison) judgeBase(ctx context.Context, rep *report.Report, head *pipeline.Result) error {
	if c.scope == nil {
		return nil
	}
	rep.Scope.Base, rep.Scope.Head = c.scope.Base, c.scope.Head
	for _, n := range c.scope.Notes {
		rep.Notes = append(rep.Notes, report.Remark{Text: n})
	}
	if c.tree == nil {
		markNew(rep)
		return nil
	}
	for _, lost := range c.tree.Lost() {
		rep.Notes = append(rep.Notes, report.Remark{
			At:   report.Location{Span: source.Span{File: lost.Name}},
			Text: "at the base, " + lost.Error() + "; new and existing findings of what reads it cannot be told apart, and all count as new",
		})
	}
	renamed := c.renamed
	c.base.Silences = silenced(rep.Items, renamed)
	c.base.Explain = wanted(rep.Items, renamed)
	res, err := c.runBase(ctx, c.baseRoots(head.Roots, renamed))
	if err != nil {
		return err
	}
	c.judged = res
	rep.Fixed = pipeline.Compare(rep.Items, res.Items, c.change(head, res))
	explain(rep, res, renamed)
	rep.Notes = append(rep.Notes, unknownBefore(head, res, renamed)...)
	return c.surelyFixed(ctx, rep, failures(head, same), renamed)
}

func (c *comparison) change(head, base *pipeline.Result) pipeline.Change {
	reached := make(names)
	for _, r := range c.reached.Roots {
		reached[r.Dir] = true
	}
	before := make(map[report.Occurrence]bool, len(base.Objects))
	for o := range base.Objects {
		before[report.Occurrence{Root: c.renamed(o.Root), Subject: o.Subject}] = true
	}
	return pipeline.Change{
		Renamed:   c.renamed,
		Unchanged: func(root string) bool { return !reached[root] },
		Unchecked: lacking(head, base, c.renamed),
		Before:    func(root, object string) bool { return before[report.Occurrence{Root: root, Subject: object}] },
		After:     func(root, object string) bool { return head.Objects[report.Occurrence{Root: root, Subject: object}] },
	}
}

// surelyFixed leaves out of the fixed findings those that roots had at the base
// which do not render at the head: they may have them still. Few roots can, so
// only these are rendered at the base.
func (c *comparison) surelyFixed(ctx context.Context, rep *report.Report, failed names, renamed func(string) string) error {
	var doubtful []render.Root
	for _, r := range c.baseRoots(slices.Collect(maps.Keys(failed)), renamed) {
		reads := c.before.Closure(r.Dir)
		if failed[renamed(r.Dir)] && slices.ContainsFunc(rep.Fixed, func(it report.Item) bool { return reads.Has(it.At.File) }) {
			doubtful = append(doubtful, r)
		}
	}
	if len(doubtful) == 0 {
		return nil
	}
	res, err := c.runBase(ctx, doubtful)
	if err != nil {
		return err
	}
	had := make(names)
	for _, it := range res.Items {
		had[it.Fingerprint] = true
	}
	rep.Fixed = slices.DeleteFunc(rep.Fixed, func(it report.Item) bool { return had[it.Fingerprint] })
	return nil
}

// lacking tells which roots were judged at the head without others, or parts, that
// do not render there, although the base could be judged with them.
func lacking(head, base *pipeline.Result, renamed func(string) string) func(root string) bool {
	before := make(names)
	for _, s := range base.Skipped {
		before[renamed(s.Root)] = true
	}
	return func(root string) bool {
		return slices.ContainsFunc(head.Lacking[root], func(other string) bool { return !before[other] })
	}
}

// unknownBefore tells what could not be rendered at the base and can be now.
func unknownBefore(head, base *pipeline.Result, renamed func(string) string) []report.Remark {
	var notes []report.Remark
	failed, checked, judged := failures(head, same), set(head.Roots), set(base.Roots)
	lacks := make(names)
	for _, s := range head.Skipped {
		lacks[s.Root] = true
	}
	for _, s := range base.Skipped {
		root := renamed(s.Root)
		text := "%s could not be rendered at the base, so new and existing findings cannot be told apart, and all count as new: %s"
		switch {
		case s.Hole && checked[root] && !lacks[root]:
			text = "%s could be rendered only in part at the base, so new and existing findings cannot be told apart, and all that the base did not show count as new: %s"
		case s.Hole, failed[root], judged[s.Root]: // kustomize refuses some that can be judged
			continue
		case !checked[root]:
			text = "%s could not be read at the base, so of findings that rest on it new and existing ones cannot be told apart, and all count as new: %s"
		}
		notes = append(notes, report.Remark{Text: fmt.Sprintf(text, s.Root, s.Message), Roots: []string{s.Root}})
	}
	return notes
}

func same(name string) string { return name }

// failures returns the roots that a run could not render, by the head's names.
func failures(res *pipeline.Result, renamed func(string) string) names {
	failed := make(names)
	for _, s := range res.Skipped {
		if !s.Hole {
			failed[renamed(s.Root)] = true
		}
	}
	return failed
}

// baseRoots returns the roots of the base that the checked affected roots were,
// and those that are gone, which are the first shard's. Those that do not render
// at the head have nothing to compare with (but see surelyFixed).
func (c *comparison) baseRoots(checked []string, renamed func(string) string) []render.Root {
	mine, was := set(checked), make(names)
	i, _ := c.s.Shard.Part()
	for _, r := range c.reached.Roots {
		was[r.Dir] = mine[r.Dir]
	}
	if i == 1 {
		unused := make(names)
		if !c.withBases() {
			unused = set(c.before.BaseOnly(c.repo.inScope))
		}
		for _, r := range c.reached.Removed {
			was[r.Dir] = !unused[r.Dir]
		}
	}
	var roots []render.Root
	for _, r := range c.before.Roots() {
		if (was[r.Dir] || was[renamed(r.Dir)]) && !c.config.Excluded(r.Dir) {
			roots = append(roots, r)
		}
	}
	return roots
}

// renderAhead makes the engine of the base, and work for workers of the head's
// run that have nothing to do: to render what the base's run will need if the
// head's roots render.
func (c *comparison) renderAhead(ctx context.Context, head []render.Root) <-chan func() {
	c.base = engine(c.repo.env, c.tree, c.deployedBefore.renderer, c.s)
	c.base.ListObjects = true
	dirs := make([]string, len(head))
	for i, r := range head {
		dirs[i] = r.Dir
	}
	return c.base.Ahead(ctx, c.baseRoots(dirs, c.renamed))
}

// wanted tells of which probes of the base the places that decide are wanted:
// of those that have a finding at the head.
func wanted(items []report.Item, renamed func(string) string) func(root, subject string) bool {
	found := make(map[report.Occurrence]bool)
	for _, it := range items {
		for _, o := range it.Occurrences {
			found[report.Occurrence{Root: o.Root, Subject: o.Subject}] = true
		}
	}
	return func(root, subject string) bool {
		return found[report.Occurrence{Root: renamed(root), Subject: subject}]
	}
}

func (c *comparison) runBase(ctx context.Context, roots []render.Root) (*pipeline.Result, error) {
	base := view{tree: c.tree, config: c.config, deployed: c.deployedBefore, past: true}
	base.graph = func() (*graph.Graph, error) { return c.before, nil }
	groups, err := c.repo.group(ctx, base, roots, c.s)
	if err != nil {
		return nil, err
	}
	res, err := whole(c.base.Run(ctx, groups))
	if err != nil {
		return nil, runError(ctx, err)
	}
	return res, nil
}

// explain gives new findings the places that decided otherwise at the base.
func explain(rep *report.Report, base *pipeline.Result, renamed func(string) string) {
	before := make(map[report.Occurrence][]report.Step)
	for o, steps := range base.Explained {
		before[report.Occurrence{Root: renamed(o.Root), Subject: o.Subject}] = steps
	}
	for i := range rep.Items {
		it := &rep.Items[i]
		for _, o := range it.Occurrences {
			if !o.New {
				continue
			}
			if locs := gone(before[report.Occurrence{Root: o.Root, Subject: o.Subject}], it.Steps); len(locs) > 0 {
				it.BaseCauses = locs
				break
			}
		}
	}
}

// gone returns the places of steps that rested on what the decision does not
// rest on any more.
func gone(before, now []report.Step) []report.Location {
	var out []report.Location
	for _, b := range before {
		if !slices.ContainsFunc(now, func(n report.Step) bool { return n.Basis == b.Basis }) {
			out = append(out, b.At)
		}
	}
	return out
}

// markNew marks all findings as new: nothing is known of the base.
func markNew(rep *report.Report) {
	for i := range rep.Items {
		rep.Items[i].State = report.New
		for j := range rep.Items[i].Occurrences {
			rep.Items[i].Occurrences[j].New = true
		}
	}
}

func renames(c *diff.Changes) map[string]string {
	out := make(map[string]string)
	for _, f := range c.Files {
		if f.Status == diff.Renamed {
			out[f.OldName] = f.NewName
		}
	}
	return out
}
