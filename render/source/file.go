package source

import (
	"bytes"
	"sort"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/org/probe-mtls-action/render/source/internal/runes"
)

// bom is the UTF-8 byte order mark. Editors do not count it as a column.
const bom = "\xef\xbb\xbf"

// File is the text of one file with an index of its lines. Lines end with LF
// or CRLF, as git and GitHub count them. A File is immutable and safe for
// concurrent use.
type File struct {
	Name  string // relative to the repository, with forward slashes
	Data  []byte // the file's text in UTF-8; not to be changed
	lines []int  // byte offset at which each line starts

	index runes.Lazy // of Data, for long lines
}

func (f *File) runes() *runes.Index {
	return f.index.Of(func() string { return string(f.Data) })
}

// NewFile indexes data, which the File keeps. Data that begins with the byte
// order mark of UTF-16, as YAML allows, is decoded.
func NewFile(name string, data []byte) *File {
	data = decode(data)
	f := &File{Name: name, Data: data, lines: make([]int, 1, bytes.Count(data, []byte{'\n'})+1)}
	for i, b := range data {
		if b == '\n' {
			f.lines = append(f.lines, i+1)
		}
	}
	return f
}

// decode returns the text of data in UTF-8.
func decode(data []byte) []byte {
	if !IsUTF16(data) {
		return data
	}
	units := make([]uint16, 0, len(data)/2)
	for i := 2; i+1 < len(data); i += 2 {
		a, b := uint16(data[i]), uint16(data[i+1])
		if data[0] == 0xff {
			a, b = b, a
		}
		units = append(units, a<<8|b)
	}
	return []byte(string(utf16.Decode(units)))
}

// IsUTF16 reports whether data begins with the byte order mark of UTF-16.
func IsUTF16(data []byte) bool {
	return len(data) > 1 && (data[0] == 0xff && data[1] == 0xfe || data[0] == 0xfe && data[1] == 0xff)
}

// Lines returns the number of lines. Text after the last line end counts as a
// line, also where it is empty.
func (f *File) Lines() int { return len(f.lines) }

// Position returns the place of the byte at offset. Offsets beyond the file
// give its end.
func (f *File) Position(offset int) Position {
	offset = min(max(offset, 0), len(f.Data))
	line := sort.SearchInts(f.lines, offset+1) - 1
	start := f.textStart(line)
	if offset < start {
		return Position{Line: line + 1, Column: 1}
	}
	if offset-start > runes.Long {
		return Position{Line: line + 1, Column: f.runes().Count(offset) - f.runes().Count(start) + 1}
	}
	return Position{Line: line + 1, Column: utf8.RuneCount(f.Data[start:offset]) + 1}
}

// Offset returns the byte offset of p. A column beyond the line's end gives
// the line's end, a line beyond the file's end gives the file's end.
func (f *File) Offset(p Position) int {
	switch {
	case p.Line < 1:
		return 0
	case p.Line > len(f.lines):
		return len(f.Data)
	}
	start, end := f.textStart(p.Line-1), f.textEnd(p.Line-1)
	if p.Column > runes.Long {
		return min(f.runes().Offset(f.runes().Count(start)+p.Column-1), end)
	}
	for col := 1; col < p.Column && start < end; col++ {
		_, n := utf8.DecodeRune(f.Data[start:end])
		start += n
	}
	return start
}

// Span returns the span of the bytes from start up to, not including, end.
func (f *File) Span(start, end int) Span {
	return Span{File: f.Name, Start: f.Position(start), End: f.Position(end)}
}

// Text returns the bytes that s covers, the whole file for a zero Start.
func (f *File) Text(s Span) string {
	if s.Start.IsZero() {
		return string(f.Data)
	}
	start, end := f.Offset(s.Start), f.Offset(s.End)
	if end < start {
		return ""
	}
	return string(f.Data[start:end])
}

// Line returns the text of a 1-based line without its line end and without a
// byte order mark; "" where there is no such line.
func (f *File) Line(line int) string {
	if line < 1 || line > len(f.lines) {
		return ""
	}
	return string(f.Data[f.textStart(line-1):f.textEnd(line-1)])
}

// textStart is the offset of the first character of the 0-based line.
func (f *File) textStart(line int) int {
	if line == 0 && bytes.HasPrefix(f.Data, []byte(bom)) {
		return len(bom)
	}
	return f.lines[line]
}

// textEnd is the offset of the line end that closes the 0-based line.
func (f *File) textEnd(line int) int {
	end := len(f.Data)
	if line+1 < len(f.lines) {
		end = f.lines[line+1] - 1
		if end > f.lines[line] && f.Data[end-1] == '\r' {
			end--
		}
	}
	return max(end, f.textStart(line))
}
