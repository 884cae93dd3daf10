package yamldoc

import (
	"sort"

	"github.com/org/probe-mtls-action/render/source"
)

// Text is text that stands in a file: the whole file, a part of it, or the
// decoded value of a scalar, such as a patch written inside another document.
// It knows where in the file each of its bytes stands.
type Text struct {
	File *source.File
	// String is the text itself.
	String string
	base   int
	runs   []run // nil: the text is a contiguous part of the file
}

// run says that the text's bytes from at on stand in the file from off on.
type run struct{ at, off int }

// Whole returns the text of a whole file.
func Whole(f *source.File) Text { return Text{File: f, String: string(f.Data)} }

// Slice returns the bytes from i up to, not including, j.
func (t Text) Slice(i, j int) Text {
	s := Text{File: t.File, String: t.String[i:j], base: t.base + i}
	if t.runs == nil {
		return s
	}
	s.base = 0
	first := t.runAt(i)
	s.runs = make([]run, 0, len(t.runs)-first)
	for _, r := range t.runs[first:] {
		if r.at >= j && r.at > i {
			break
		}
		at := max(r.at-i, 0)
		s.runs = append(s.runs, run{at, r.off + max(i-r.at, 0)})
	}
	return s
}

// Offset returns the byte offset in the file of the text's byte i, which may
// be the end of the text.
func (t Text) Offset(i int) int {
	if t.runs == nil {
		return t.base + i
	}
	r := t.runs[t.runAt(i)]
	return r.off + i - r.at
}

// End returns the byte offset in the file after the last byte of t[:i].
func (t Text) End(i int) int {
	if i == 0 {
		return t.Offset(0)
	}
	return t.Offset(i-1) + 1
}

// Span returns the place in the file of the bytes from i up to j.
func (t Text) Span(i, j int) source.Span {
	start := t.Offset(i)
	end := start
	if j > i {
		end = t.End(j)
	}
	return t.File.Span(start, end)
}

func (t Text) runAt(i int) int {
	return max(sort.Search(len(t.runs), func(k int) bool { return t.runs[k].at > i })-1, 0)
}

// mapping builds a Text byte by byte.
type mapping struct {
	text []byte
	runs []run
}

// add appends a byte that stands at offset off of the file.
func (m *mapping) add(b byte, off int) {
	at := len(m.text)
	if n := len(m.runs); n == 0 || m.runs[n-1].off+at-m.runs[n-1].at != off {
		m.runs = append(m.runs, run{at, off})
	}
	m.text = append(m.text, b)
}
