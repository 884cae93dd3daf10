package app

import (
	"context"
	"fmt"
	"slices"

	"github.com/org/probe-mtls-action/internal/report"
	"github.com/org/probe-mtls-action/render"
	"github.com/org/probe-mtls-action/render/kustomize/graph"
)

// markSkips tells of what could not be checked whether the base could check it,
// and which of the checked roots the change reaches.
func (c *comparison) markSkips(ctx context.Context, rep *report.Report) error {
	if c.scope == nil {
		return nil
	}
	reached := make(names)
	for _, r := range c.reached.Roots {
		reached[r.Dir] = true
	}
	if !c.s.ChangedOnly {
		rep.Affected = slices.DeleteFunc(checkedRoots(rep), func(dir string) bool { return !reached[dir] })
	}
	if c.tree == nil {
		return nil
	}
	var doubtful []string
	for _, s := range rep.Skipped {
		if reached[s.Root] {
			doubtful = append(doubtful, s.Root)
		}
	}
	failed, holes := make(names), make(names)
	if len(doubtful) > 0 {
		res, err := c.runBase(ctx, c.baseRoots(doubtful, c.renamed))
		if err != nil {
			return err
		}
		failed = failures(res, c.renamed)
		for _, s := range res.Skipped {
			if s.Hole {
				holes[c.renamed(s.Root)+"\x00"+s.Message] = true
			}
		}
	}
	for i := range rep.Skipped {
		s := &rep.Skipped[i]
		s.State = report.New
		if s.Root != "" && !c.repo.inScope(s.Root) { // context: the change may reach it all the same
			if c.failedBefore(ctx, s.Root) {
				s.State = report.Existing
			}
			continue
		}
		if s.Root == "" && slices.Contains(c.before.Problems(), s.Problem) || s.Root != "" && !reached[s.Root] && c.after.IsRoot(s.Root) || failed[s.Root] || s.Hole && holes[s.Root+"\x00"+s.Message] {
			s.State = report.Existing
		}
	}
	return nil
}

// failedBefore reports whether a root, or a file of context, could not be read
// at the base either.
func (c *comparison) failedBefore(ctx context.Context, name string) bool {
	for _, r := range c.deployedBefore.all() {
		if c.renamed(r.Dir) != name {
			continue
		}
		for _, v := range c.deployedBefore.variants(r) {
			if len(c.deployedBefore.holes(ctx, v)) > 0 {
				return true
			}
		}
		return false
	}
	if _, err := c.tree.Stat(name); err != nil {
		return false
	}
	return len(c.deployedBefore.holes(ctx, render.Root{Dir: name, Renderer: graph.Manifests})) > 0
}

// partly is why results must not be given to code scanning, which closes every
// alert that is not among them; "" where they are the whole. What the base could
// not check either has no alerts to close. On a pull request only what the
// change reaches need be there.
func (p *publication) partly(leftOut int) string {
	rep := p.rep
	switch {
	case rep.Scope.Shard != "":
		return fmt.Sprintf("they are those of shard %s alone; `report` joins the shards", rep.Scope.Shard)
	case rep.Unaffected > 0 && p.pull == nil && p.event.MergeGroup == nil:
		return fmt.Sprintf("%d roots that the change does not reach were not checked", rep.Unaffected)
	case leftOut > 0:
		return fmt.Sprintf("%d findings are beyond the limits of code scanning", leftOut)
	}
	for _, s := range rep.Skipped {
		what := or(s.Root, "something")
		switch {
		case s.Cut:
			return fmt.Sprintf("%s was given up: %s", what, s.Message)
		case s.State == report.New:
			return fmt.Sprintf("%s, which the base could check, could not be checked: %s", what, s.Message)
		}
	}
	return ""
}
