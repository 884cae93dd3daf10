package review

import (
	"github.com/org/probe-mtls-action/internal/diff"
	"github.com/org/probe-mtls-action/internal/github"
	"github.com/org/probe-mtls-action/internal/report"
)

// finding is one item of the report, what its comment should be, and what
// became of it in this run.
type finding struct {
	item  report.Item
	key   string
	alive bool // not suppressed: its comment is not to be closed
	// unplaced is why no comment is made for it, "" if one is.
	unplaced string
	draft    github.Draft
	state    string // the content's hash

	created  bool   // GitHub confirmed a comment of this run
	sent     bool   // one was sent, confirmed or not
	edited   bool   // GitHub confirmed an edit of this run
	reopened bool   // GitHub confirmed that its thread is open again
	editErr  string // why an edit failed for good
	lastErr  string // the latest error on creating
	attempts int
}

// desired says which comments should be there.
func (r *run) desired() []*finding {
	ks := keys(r.rep.Items)
	all := make([]*finding, len(r.rep.Items))
	for i, it := range r.rep.Items {
		f := &finding{item: it, key: ks[i], alive: it.Suppressed == nil}
		all[i] = f
		f.place(r.opt)
		switch {
		case !f.alive:
			f.unplaced = "suppressed: " + it.Suppressed.Reason
		case r.opt.OnlyNew && it.State == report.Existing:
			f.unplaced = "the base has it as well"
		}
		f.draft.Body, f.state = r.body(f)
	}
	return all
}

// place chooses the anchor: what the placement says if the diff confirms it,
// else the whole file if it is a changed one.
func (f *finding) place(opt Options) {
	p := f.item.Placement
	if p == nil || p.Kind == report.InSummary || p.Path == "" {
		f.unplaced = "no place in the diff"
		return
	}
	f.draft.Path = p.Path
	file := findFile(opt.Changes, p.Path)
	switch {
	case file == nil && opt.Changes.Incomplete == "":
		f.unplaced = p.Path + " is not among the changed files"
	case p.Kind == report.OnFile || p.Line <= 0 || file != nil && hunkOf(file, p.Line, p.Side) < 0:
		// the file as a whole
	default:
		f.draft.Line, f.draft.Side = p.Line, string(p.Side)
		if f.draft.Side == "" {
			f.draft.Side = string(report.Right)
		}
	}
}

// suggestion returns the item's suggestion if GitHub would take it: on the
// right side, all lines in one hunk of the comment's file.
func (f *finding) suggestion(opt Options) (Suggestion, bool) {
	if opt.Suggest == nil || f.draft.Line == 0 || f.draft.Side != string(report.Right) {
		return Suggestion{}, false
	}
	s, ok := opt.Suggest(f.item)
	if !ok || s.Path != f.draft.Path || s.StartLine <= 0 || s.Line < s.StartLine {
		return Suggestion{}, false
	}
	file := findFile(opt.Changes, s.Path)
	if file == nil {
		return Suggestion{}, false
	}
	h := hunkOf(file, s.StartLine, report.Right)
	return s, h >= 0 && h == hunkOf(file, s.Line, report.Right)
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
