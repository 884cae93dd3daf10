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
	end    int   // with runs: the offset in the file after the last byte
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
	s.base, s.end = 0, t.End(j)
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
	switch {
	case i == 0:
		return t.Offset(0)
	case t.runs == nil:
		return t.base + i
	case i == len(t.String):
		return t.end
	}
	// A byte that an escape stands for ends where the next one starts, unless
	// a line ends in between.
	last, next := t.Offset(i-1), t.Offset(i)
	if next > last && next-last <= maxEscape {
		return next
	}
	return last + 1
}

// maxEscape is the length of the longest escape, \U0001F600.
const maxEscape = 10

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
	end  int // offset after the last byte added
}

// add appends a byte that stands at offset off of the file.
func (m *mapping) add(b byte, off int) {
	at := len(m.text)
	if n := len(m.runs); n == 0 || m.runs[n-1].off+at-m.runs[n-1].at != off {
		m.runs = append(m.runs, run{at, off})
	}
	m.text = append(m.text, b)
	m.end = off + 1
}
