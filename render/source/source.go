// Package source names places in the files of a repository.
package source

import "fmt"

// Position is a place in a text file. Line and Column are 1-based; Column
// counts Unicode code points, a tab is one, and a byte order mark is none.
// The zero Position means "no position".
type Position struct {
	Line, Column int
}

// IsZero reports whether p names no place.
func (p Position) IsZero() bool { return p == Position{} }

// Before reports whether p stands before q in the same file.
func (p Position) Before(q Position) bool {
	return p.Line < q.Line || p.Line == q.Line && p.Column < q.Column
}

// Span is a half-open range of one file: Start is its first character, End the
// first character after it. File is relative to the repository, with forward
// slashes, and never a symbolic link. A zero Start means the whole file.
type Span struct {
	File       string
	Start, End Position
}

// IsZero reports whether s names no file.
func (s Span) IsZero() bool { return s.File == "" }

// String returns file:line:col, the form that editors and terminals link.
func (s Span) String() string {
	if s.Start.IsZero() {
		return s.File
	}
	return fmt.Sprintf("%s:%d:%d", s.File, s.Start.Line, s.Start.Column)
}
