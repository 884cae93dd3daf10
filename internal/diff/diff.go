// Package diff models the changes between two trees: paths, hunks and lines.
package diff

// Line ranges are inclusive and 1-based; an empty range has Count 0.

// Range is Count lines from Start on.
type Range struct{ Start, Count int }

// Contains reports whether line lies in r.
func (r Range) Contains(line int) bool { return line >= r.Start && line < r.Start+r.Count }

// Status is what happened to a file.
type Status string

// The statuses, in GitHub's words.
const (
	Added    Status = "added"
	Modified Status = "modified"
	Removed  Status = "removed"
	Renamed  Status = "renamed"
	Copied   Status = "copied"
)

// LineOp is what happened to a line.
type LineOp byte

// The operations.
const (
	Context LineOp = ' '
	Add     LineOp = '+'
	Delete  LineOp = '-'
)

// Line is one line of a hunk. Old and New are 1-based line numbers, 0 on the
// side where the line does not exist.
type Line struct {
	Op       LineOp
	Old, New int
	Text     string // without line end
}

// Hunk is one hunk of a file, with its context lines.
type Hunk struct {
	Old, New Range
	Lines    []Line
}

// File is one changed file. Names are repository-relative with slashes; OldName
// is "" for an added file, NewName for a removed one.
type File struct {
	OldName, NewName string
	// OldMode and NewMode are Git's modes, such as 100644, 120000 for symbolic
	// links and 160000 for submodules; "" where there is no file or GitHub's
	// API, which leaves modes out, gave the change.
	OldMode, NewMode string
	Status           Status
	Binary           bool
	// Hunks may be missing although lines changed (a diff that is too large or
	// that GitHub left out); then NoHunks tells why.
	Hunks   []Hunk
	NoHunks string
}

// Changes are the changes from one tree to another.
type Changes struct {
	Base, Head string // commit IDs; Head is "" for the work tree
	Files      []File
	// Incomplete is why the list may lack files, "" when it is whole. A caller
	// must then treat everything as changed.
	Incomplete string
}
