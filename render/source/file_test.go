package source_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/org/probe-mtls-action/render/source"
)

func TestPosition(t *testing.T) {
	for _, c := range []struct {
		text   string
		offset int
		want   source.Position
	}{
		{"", 0, source.Position{Line: 1, Column: 1}},
		{"ab\ncd", 1, source.Position{Line: 1, Column: 2}},
		{"ab\ncd", 2, source.Position{Line: 1, Column: 3}},
		{"ab\ncd", 3, source.Position{Line: 2, Column: 1}},
		{"ab\r\ncd", 4, source.Position{Line: 2, Column: 1}},
		{"é日x", 5, source.Position{Line: 1, Column: 3}},
		{"\tx", 1, source.Position{Line: 1, Column: 2}},
		{"\ufeffab", 0, source.Position{Line: 1, Column: 1}},
		{"\ufeffab", 3, source.Position{Line: 1, Column: 1}},
		{"\ufeffab", 4, source.Position{Line: 1, Column: 2}},
		{"a\n", 2, source.Position{Line: 2, Column: 1}},
		{"a", 99, source.Position{Line: 1, Column: 2}},
	} {
		if got := source.NewFile("f", []byte(c.text)).Position(c.offset); got != c.want {
			t.Errorf("%q at %d: got %v, want %v", c.text, c.offset, got, c.want)
		}
	}
}

func TestOffsetUndoesPosition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`(\x{FEFF})?([aé日\t]|\r\n|\n){0,30}`).Draw(t, "text")
		if rapid.IntRange(0, 9).Draw(t, "long") == 0 { // a line too long to be walked
			text += strings.Repeat("é{}", 600) + rapid.StringMatching(`[aé日\r]{0,9}\n?`).Draw(t, "end")
		}
		f := source.NewFile("f", []byte(text))
		for i := range text {
			if strings.HasPrefix(text[i:], "\ufeff") || text[i] == '\r' || text[i] == '\n' {
				continue
			}
			if got := f.Offset(f.Position(i)); got != i {
				t.Fatalf("%q: offset %d is %v, which is offset %d", text, i, f.Position(i), got)
			}
		}
	})
}

func TestSpanAndText(t *testing.T) {
	f := source.NewFile("dir/f.yaml", []byte("a: 1\r\nbé: 22 # x\r\n"))
	s := f.Span(11, 13)
	if got, want := s.String(), "dir/f.yaml:2:5"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := f.Text(s); got != "22" {
		t.Errorf("got %q", got)
	}
	if got := f.Line(2); got != "bé: 22 # x" {
		t.Errorf("got %q", got)
	}
	if f.Line(0) != "" || f.Line(9) != "" || f.Lines() != 3 {
		t.Error("lines that are not there")
	}
}

func TestExcerpt(t *testing.T) {
	for _, c := range []struct {
		line        string
		start, end  int // columns
		width       int
		want, under string
	}{
		{"  port: 8080", 9, 13, 80, "  port: 8080", "8080"},
		{"\tport: 8080", 8, 12, 80, " port: 8080", "8080"},
		{strings.Repeat("x", 50) + "8080" + strings.Repeat("y", 50), 51, 55, 12, "…xxxx8080yyyy…", "8080"},
		{"a\x1b[31mb\u202ec", 1, 2, 80, "a\ufffd[31mb\ufffdc", "a"},
		{strings.Repeat("z", 20), 1, 21, 5, "zzzzz…", "zzzzz"},
	} {
		f := source.NewFile("f", []byte("first\n"+c.line+"\nlast"))
		e := f.Excerpt(source.Span{File: "f", Start: source.Position{Line: 2, Column: c.start}, End: source.Position{Line: 2, Column: c.end}}, c.width)
		if e.Text != c.want || e.Line != 2 {
			t.Errorf("%q: got %q, want %q", c.line, e.Text, c.want)
		}
		if got := string([]rune(e.Text)[e.Start:e.End]); got != c.under {
			t.Errorf("%q: %q is underlined, want %q", c.line, got, c.under)
		}
	}
}

func FuzzExcerpt(f *testing.F) {
	f.Add("a: b\n", 1, 2, 3, 10)
	f.Fuzz(func(t *testing.T, text string, line, start, end, width int) {
		file := source.NewFile("f", []byte(text))
		e := file.Excerpt(source.Span{Start: source.Position{Line: line, Column: start}, End: source.Position{Line: line, Column: end}}, width)
		runes := []rune(e.Text)
		if e.Start < 0 || e.Start > e.End || e.End > len(runes) {
			t.Errorf("%+v", e)
		}
		if width < 1000 && len(runes) > max(width, 1)+2 || !utf8.ValidString(e.Text) || strings.ContainsAny(e.Text, "\n\r\x1b\x00") {
			t.Errorf("%q", e.Text)
		}
	})
}
