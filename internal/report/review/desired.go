package review

import (
	"cmp"
	"slices"

	"github.com/org/probe-mtls-action/internal/check"
	"github.com/org/probe-mtls-action/internal/diff"
	"github.com/org/probe-mtls-action/internal/github"
	"github.com/org/probe-mtls-action/internal/report"
)

// finding is one item of the report.
type finding struct {
	item *report.Item
	key  string
	// quiet is why no comment is made for it; one that tells it already stays.
	quiet string
	alive bool // not suppressed: its comment is not to be closed
	group *group
}

// group is what one comment says: findings of one cause at one place of the
// diff, and what became of the comment in this run.
type group struct {
	findings []*finding
	draft    github.Draft
	unplaced string // why there is no place for a comment, "" if there is

	over     bool   // there are comments enough
	created  bool   // GitHub confirmed a comment of this run
	sent     bool   // one was sent, confirmed or not
	edited   bool   // GitHub confirmed an edit of this run
	reopened bool   // GitHub confirmed that its thread is open again
	editErr  string // why an edit failed for good
	lastErr  string // the latest error on creating
	attempts int
}

// maxFindings bounds the findings of one comment: each stands in its marker.
const maxFindings = 1000

// desired says which comments should be there: the findings, and their groups
// with the most important first.
func (r *run) desired() ([]*finding, []*group) {
	ks := keys(r.rep.Items)
	all := make([]*finding, len(r.rep.Items))
	var groups []*group
	at := map[anchor]*group{}
	for i := range r.rep.Items {
		it := &r.rep.Items[i]
		f := &finding{item: it, key: ks[i], alive: it.Suppressed == nil}
		all[i] = f
		if !f.alive {
			f.quiet = "suppressed: " + it.Suppressed.Reason
			continue
		}
		if r.opt.OnlyNew && it.State == report.Existing {
			f.quiet = "the base has it as well"
		}
		draft, unplaced := r.place(it)
		var g *group
		for _, a := range r.anchors(it, draft, unplaced) {
			if have := at[a]; have != nil && len(have.findings) < maxFindings {
				g = have
			}
		}
		if g == nil {
			g = &group{draft: draft, unplaced: unplaced}
			groups = append(groups, g)
		}
		g.findings = append(g.findings, f)
		f.group = g
		for _, a := range r.anchors(it, draft, unplaced) {
			at[a] = g
		}
	}
	for _, g := range groups {
		g.first()
	}
	slices.SortStableFunc(groups, func(a, b *group) int {
		return cmp.Or(cmp.Compare(a.rank(), b.rank()), cmp.Compare(len(b.findings), len(a.findings)))
	})
	return all, groups
}

// anchor is a place of the diff and a cause. Findings that share one share a
// comment.
type anchor struct {
	path, side, cause string
	line              int    // 0 for a whole file
	container         string // with hunk: any line of that container's probes in the hunk
	hunk              int
	alone             string // the finding, where it has no place
}

// anchors are those of a finding: its line, and for a finding at its own line
// the hunk's lines of the same container.
func (r *run) anchors(it *report.Item, d github.Draft, unplaced string) []anchor {
	if unplaced != "" {
		return []anchor{{alone: it.Key()}}
	}
	a := anchor{path: d.Path, side: d.Side, cause: it.CauseKey(), line: d.Line}
	all := []anchor{a}
	if t := it.Target(); it.Placement.Kind == report.OnProbe && d.Line > 0 && t.Container != "" {
		if f := findFile(r.opt.Changes, d.Path); f != nil {
			a.line, a.container, a.hunk = 0, t.Workload+"/"+t.Container, hunkOf(f, d.Line, it.Placement.Side)
			all = append(all, a)
		}
	}
	return all
}

// first anchors the comment at the first of its lines, and sorts its findings.
func (g *group) first() {
	for _, f := range g.findings {
		if p := f.item.Placement; g.draft.Line > 0 && p != nil && p.Line > 0 && p.Line < g.draft.Line {
			g.draft.Line = p.Line
		}
	}
	slices.SortStableFunc(g.findings, func(a, b *finding) int {
		return cmp.Or(cmp.Compare(severity(a.item), severity(b.item)), cmp.Compare(old(a.item), old(b.item)))
	})
}

// rank sorts groups: the gravest first, new before existing.
func (g *group) rank() int { f := g.findings[0].item; return 2*severity(f) + old(f) }

func severity(it *report.Item) int {
	switch it.Severity {
	case check.Error:
		return 0
	case check.Warning:
		return 1
	}
	return 2
}

func old(it *report.Item) int {
	if it.State == report.Existing {
		return 1
	}
	return 0
}

// place chooses the anchor: what the placement says if the diff confirms it,
// else the whole file if it is a changed one. Of results that a stranger's run
// left, only those whose line the diff shows have a place.
func (r *run) place(it *report.Item) (d github.Draft, unplaced string) {
	p := it.Placement
	if p == nil || p.Kind == report.InSummary || p.Path == "" {
		return d, "no place in the diff"
	}
	d.Path = p.Path
	file := findFile(r.opt.Changes, p.Path)
	switch {
	case file == nil && r.opt.Changes.Incomplete == "":
		return d, p.Path + " is not among the changed files"
	case p.Kind == report.OnFile || p.Line <= 0 || file != nil && hunkOf(file, p.Line, p.Side) < 0:
		if r.opt.Untrusted {
			return d, "the diff does not show its line"
		}
	default:
		d.Line, d.Side = p.Line, string(p.Side)
		if d.Side == "" {
			d.Side = string(report.Right)
		}
	}
	return d, ""
}

func findFile(c diff.Changes, path string) *diff.File {
	for i := range c.Files {
		f := &c.Files[i]
		if f.NewName == path || f.NewName == "" && f.OldName == path {
			return f
		}
	}
	return nil
}

// hunkOf returns the index of the hunk that shows a line, -1 if none does.
// Context lines belong to the right side only: GitHub numbers them by the head.
func hunkOf(f *diff.File, line int, side report.Side) int {
	for i, h := range f.Hunks {
		for _, l := range h.Lines {
			if side == report.Left && l.Op == diff.Delete && l.Old == line || side != report.Left && l.Op != diff.Delete && l.New == line {
				return i
			}
		}
	}
	return -1
}
