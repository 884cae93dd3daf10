package diff

import (
	"slices"
	"sort"
)

// Name returns the file's name at the head, or at the base for a removed file.
func (f *File) Name() string {
	if f.NewName != "" {
		return f.NewName
	}
	return f.OldName
}

// Submodule reports whether either side is a submodule.
func (f *File) Submodule() bool { return f.OldMode == "160000" || f.NewMode == "160000" }

// HasNew reports whether line of the head is in a hunk, as an added or context
// line: the lines that GitHub takes comments on, on the right side.
func (f *File) HasNew(line int) bool {
	for _, h := range f.Hunks {
		if h.New.Contains(line) {
			return true
		}
	}
	return false
}

// Deleted reports whether line of the base is deleted: the lines that GitHub
// takes comments on, on the left side.
func (f *File) Deleted(line int) bool {
	_, ok := f.ToNew(line)
	return !ok
}

// ToNew returns the head's number of a line of the base; false if the line was
// deleted. A file without hunks has the same lines on both sides, unless
// NoHunks is set.
func (f *File) ToNew(line int) (int, bool) {
	return f.across(line, func(h *Hunk) (from, to Range) { return h.Old, h.New }, func(l Line) (from, to int) { return l.Old, l.New })
}

// ToOld returns the base's number of a line of the head; false if the line was
// added.
func (f *File) ToOld(line int) (int, bool) {
	return f.across(line, func(h *Hunk) (from, to Range) { return h.New, h.Old }, func(l Line) (from, to int) { return l.New, l.Old })
}

// across takes a line of one side to the other.
func (f *File) across(line int, ranges func(*Hunk) (from, to Range), numbers func(Line) (from, to int)) (int, bool) {
	shift := 0
	for i := range f.Hunks {
		h := &f.Hunks[i]
		from, to := ranges(h)
		if from.Contains(line) {
			for _, l := range h.Lines {
				if here, there := numbers(l); here == line {
					return there, there != 0
				}
			}
			return 0, false
		}
		if start(from) > line {
			break
		}
		shift += to.Count - from.Count
	}
	return line + shift, true
}

// start returns the first line that r may cover. An empty range names the line
// before it.
func start(r Range) int {
	if r.Count == 0 {
		return r.Start + 1
	}
	return r.Start
}

// Old returns the change of the file that the base calls name, nil if there is
// none. Copies leave the old file as it is and do not count.
func (c *Changes) Old(name string) *File {
	for i := range c.Files {
		if f := &c.Files[i]; f.OldName == name && f.Status != Copied && f.OldName != "" {
			return f
		}
	}
	return nil
}

// New returns the change of the file that the head calls name, nil if there is
// none.
func (c *Changes) New(name string) *File {
	for i := range c.Files {
		if f := &c.Files[i]; f.NewName == name && f.NewName != "" {
			return f
		}
	}
	return nil
}

// Paths returns the names of all changed files, both names of renamed ones,
// sorted and each once.
func (c *Changes) Paths() []string {
	var names []string
	for i := range c.Files {
		f := &c.Files[i]
		if f.OldName != "" && f.Status != Copied {
			names = append(names, f.OldName)
		}
		if f.NewName != "" {
			names = append(names, f.NewName)
		}
	}
	sort.Strings(names)
	return slices.Compact(names)
}

// Fate is what became of a line.
type Fate string

// The fates.
const (
	Kept    Fate = "kept"    // it is on both sides
	Gone    Fate = "gone"    // it is on one side only
	Unknown Fate = "unknown" // the diff does not say (binary, too large)
)

// LineToOld maps a line of the head to the base: the file's name and the line
// there. A file that did not change keeps both.
func (c *Changes) LineToOld(name string, line int) (string, int, Fate) {
	f := c.New(name)
	switch {
	case c.Incomplete != "":
		return "", 0, Unknown
	case f == nil && c.Old(name) != nil:
		return "", 0, Gone // there is no such file at the head
	case f == nil:
		return name, line, Kept
	case f.OldName == "":
		return "", 0, Gone
	case f.NoHunks != "":
		return "", 0, Unknown
	}
	old, ok := f.ToOld(line)
	if !ok {
		return "", 0, Gone
	}
	return f.OldName, old, Kept
}

// LineToNew maps a line of the base to the head.
func (c *Changes) LineToNew(name string, line int) (string, int, Fate) {
	f := c.Old(name)
	switch {
	case c.Incomplete != "":
		return "", 0, Unknown
	case f == nil:
		return name, line, Kept
	case f.NewName == "":
		return "", 0, Gone
	case f.NoHunks != "":
		return "", 0, Unknown
	}
	now, ok := f.ToNew(line)
	if !ok {
		return "", 0, Gone
	}
	return f.NewName, now, Kept
}
