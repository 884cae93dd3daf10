package safe

import (
	"bytes"
	"io"
	"strings"
)

// Lines returns a writer of lines that are no workflow commands, see [Inert].
// Flush it after the last one.
func Lines(w io.Writer) *LineWriter { return &LineWriter{w: w} }

// LineWriter writes whole lines.
type LineWriter struct {
	w    io.Writer
	line []byte // what was written of a line that has not ended
}

// Write implements [io.Writer].
func (l *LineWriter) Write(p []byte) (int, error) {
	end := bytes.LastIndexByte(p, '\n') + 1
	if end == 0 {
		l.line = append(l.line, p...)
		return len(p), nil
	}
	var out []byte
	for line := range bytes.Lines(append(l.line, p[:end]...)) {
		out = append(out, Inert(string(line))...)
	}
	l.line = append([]byte(nil), p[end:]...)
	if _, err := l.w.Write(out); err != nil {
		return 0, err
	}
	return len(p), nil
}

// Flush writes a last line that has no end.
func (l *LineWriter) Flush() error {
	if len(l.line) == 0 {
		return nil
	}
	_, err := io.WriteString(l.w, Inert(string(l.line)))
	l.line = nil
	return err
}

// InertLines is [Inert] for a text of many lines.
func InertLines(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString(Inert(line))
	}
	return b.String()
}

// JSON makes a JSON text inert, see [Inert]: "##[" can stand in a string only,
// where an escape means the same.
func JSON(text []byte) []byte {
	return bytes.ReplaceAll(text, []byte("##["), []byte(`\u0023#[`))
}

// Markup makes HTML, XML or Markdown without code of the author's inert: an
// entity shows the same character.
func Markup(text []byte) []byte {
	text = bytes.ReplaceAll(text, []byte("##["), []byte("&#35;#["))
	if !bytes.Contains(text, []byte("::")) {
		return text
	}
	var out []byte
	for line := range bytes.Lines(text) {
		rest := bytes.TrimSpace(line)
		if bytes.HasPrefix(rest, []byte("::")) {
			at := bytes.Index(line, rest)
			out = append(append(out, line[:at]...), "&#58;"...)
			line = line[at+1:]
		}
		out = append(out, line...)
	}
	return out
}
