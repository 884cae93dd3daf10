// Package runes counts the code points of long texts without walking them each
// time.
package runes

import (
	"sort"
	"sync"
	"unicode/utf8"
)

// Long is how many bytes or code points are better counted with an index than
// walked. Minified JSON has all its values on one line, and each of them may be
// asked for.
const Long = 1024

// Lazy is an index that is made when it is first asked for. It is safe for
// concurrent use.
type Lazy struct {
	once  sync.Once
	index *Index
}

// Of returns the index of text, which must be the same each time.
func (l *Lazy) Of(text func() string) *Index {
	l.once.Do(func() { l.index = New(text()) })
	return l.index
}

// step is the number of code points between two marks.
const step = 256

// Index knows where in a text its code points stand. Bytes that are no UTF-8
// count as one code point each.
type Index struct {
	text  string
	marks []int // offset of every step-th code point
}

// New indexes text.
func New(text string) *Index {
	x := &Index{text: text}
	n := 0
	for i := range text {
		if n%step == 0 {
			x.marks = append(x.marks, i)
		}
		n++
	}
	return x
}

// Count returns the number of code points before the byte at offset.
func (x *Index) Count(offset int) int {
	k := sort.SearchInts(x.marks, offset+1) - 1
	if k < 0 {
		return 0
	}
	return k*step + utf8.RuneCountInString(x.text[x.marks[k]:offset])
}

// Offset returns the offset of the code point before which n others stand, the
// text's length where it has no more.
func (x *Index) Offset(n int) int {
	if n/step >= len(x.marks) {
		return len(x.text)
	}
	at := x.marks[n/step]
	for range n % step {
		if at >= len(x.text) {
			break
		}
		_, size := utf8.DecodeRuneInString(x.text[at:])
		at += size
	}
	return at
}
