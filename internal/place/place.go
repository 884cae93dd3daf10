// Package place finds where in a pull request's diff a finding belongs.
package place

import (
	"path"
	"strings"

	"github.com/org/probe-mtls-action/internal/diff"
	"github.com/org/probe-mtls-action/internal/report"
)

// Diffs relate the trees that were checked to the diff that GitHub shows.
type Diffs struct {
	// PR is the pull request's diff, from the merge base to its head commit.
	PR *diff.Changes
	// ToHead are the changes from the head commit to the tree that was checked:
	// that of the merge commit, say. nil when the two are the same.
	ToHead *diff.Changes
	// FromBase are the changes from the merge base to the tree that the
	// findings were compared with. nil when the two are the same.
	FromBase *diff.Changes
}

// All sets the Placement of every item, by the first of these that the diff
// shows: the finding's own line; a line that decided it (first those that the
// diff adds, then removed lines of [report.Item.BaseCauses], then the entry of
// a kustomization file that brought the value in, then unchanged lines); a
// changed file that has to do with it. Else the summary is its place.
func All(items []report.Item, d Diffs) {
	for i := range items {
		p := d.place(&items[i])
		items[i].Placement = &p
	}
}

// fromBase is the note on a line that the pull request's head does not have.
const fromBase = "this line came with the base branch"

// place finds the place of one item.
func (d Diffs) place(it *report.Item) report.Placement {
	own := d.head(it.At)
	if own.shown {
		return own.placement(report.OnProbe)
	}
	p := d.deciding(it)
	if p.Kind == "" {
		p = d.file(it)
	}
	if own.fate == diff.Gone {
		p.Note = it.At.File + ": " + fromBase
	}
	return p
}

// spot is a line of the head commit.
type spot struct {
	fate  diff.Fate // what became of the checked tree's line there
	file  *diff.File
	line  int
	shown bool // a hunk shows it
	added bool // and adds it
}

func (s spot) placement(kind report.PlacementKind) report.Placement {
	return report.Placement{Kind: kind, Path: s.file.NewName, Line: s.line, Side: report.Right}
}

// head looks for a place of the checked tree in the diff.
func (d Diffs) head(loc report.Location) spot {
	name, line, fate := loc.File, max(loc.Start.Line, 0), diff.Kept
	if d.ToHead != nil {
		name, line, fate = d.ToHead.LineToOld(name, line)
	}
	s := spot{fate: fate, line: line}
	if fate != diff.Kept || line == 0 {
		return s
	}
	if s.file = d.PR.New(name); s.file == nil {
		return s
	}
	s.shown = s.file.HasNew(line)
	_, old := s.file.ToOld(line)
	s.added = s.shown && !old
	return s
}

func (d Diffs) deciding(it *report.Item) report.Placement {
	var context *spot
	for _, loc := range it.Related {
		s := d.head(loc)
		if s.added {
			return s.placement(report.OnDeciding)
		}
		if s.shown && context == nil {
			context = &s
		}
	}
	for _, loc := range it.BaseCauses {
		if f, line := d.deleted(loc); f != nil {
			return report.Placement{Kind: report.OnDeciding, Path: f.Name(), Line: line, Side: report.Left}
		}
	}
	for _, loc := range locations(it) {
		if f, line := d.entry(loc); f != nil {
			return report.Placement{Kind: report.OnDeciding, Path: f.NewName, Line: line, Side: report.Right}
		}
	}
	if context != nil {
		return context.placement(report.OnDeciding)
	}
	return report.Placement{}
}

// locations are the item's places in the checked tree.
func locations(it *report.Item) []report.Location {
	return append([]report.Location{it.At}, it.Related...)
}

// deleted finds a place of the base tree among the lines that the diff removes.
func (d Diffs) deleted(loc report.Location) (*diff.File, int) {
	name, line, fate := loc.File, loc.Start.Line, diff.Kept
	if d.FromBase != nil {
		name, line, fate = d.FromBase.LineToOld(name, line)
	}
	if fate != diff.Kept || line <= 0 {
		return nil, 0
	}
	f := d.PR.Old(name)
	if f == nil || len(f.Hunks) == 0 || !f.Deleted(line) {
		return nil, 0
	}
	return f, line
}

// entry finds the line of a kustomization file, among those that the diff adds,
// that names the next file on the way to loc.
func (d Diffs) entry(loc report.Location) (*diff.File, int) {
	for i, k := range loc.Via {
		next := loc.File
		if i+1 < len(loc.Via) {
			next = loc.Via[i+1]
		}
		f := d.PR.New(k)
		if f == nil {
			continue
		}
		for _, h := range f.Hunks {
			for _, l := range h.Lines {
				if l.Op == diff.Add && names(l.Text, path.Dir(k), next) {
					return f, l.New
				}
			}
		}
	}
	return nil, 0
}

// names reports whether a line of a kustomization file in dir names the file
// next or its directory.
func names(line, dir, next string) bool {
	line, _, _ = strings.Cut(line, " #")
	for _, word := range strings.FieldsFunc(line, func(c rune) bool { return strings.ContainsRune(" \t\"'[]{},=", c) }) {
		if strings.HasSuffix(word, ":") || word == "-" {
			continue
		}
		if p := path.Join(dir, word); p == next || p == path.Dir(next) && p != dir {
			return true
		}
	}
	return false
}

// file finds a changed file that has to do with the item.
func (d Diffs) file(it *report.Item) report.Placement {
	var names []string
	for _, loc := range locations(it) {
		names = append(names, loc.File)
	}
	for _, loc := range locations(it) {
		// The nearest kustomization file first.
		for i := len(loc.Via) - 1; i >= 0; i-- {
			names = append(names, loc.Via[i])
		}
	}
	for _, name := range names {
		if d.ToHead != nil {
			if f := d.ToHead.New(name); f != nil {
				name = f.OldName
			}
		}
		if f := d.PR.New(name); f != nil && name != "" {
			return report.Placement{Kind: report.OnFile, Path: f.NewName}
		}
	}
	for _, loc := range it.BaseCauses {
		name := loc.File
		if d.FromBase != nil {
			if f := d.FromBase.New(name); f != nil {
				name = f.OldName
			}
		}
		if f := d.PR.Old(name); f != nil && name != "" {
			return report.Placement{Kind: report.OnFile, Path: f.Name()}
		}
	}
	return report.Placement{Kind: report.InSummary}
}
