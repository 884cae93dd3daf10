package source_test

import (
	"strings"
	"testing"

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

func TestUTF16(t *testing.T) {
	for _, data := range []string{"\xff\xfea\x00\n\x00\xe9\x00b\x00", "\xfe\xff\x00a\x00\n\x00\xe9\x00b"} {
		f := source.NewFile("f", []byte(data))
		if got := f.Line(2); got != "éb" || f.Position(len("a\né")) != (source.Position{Line: 2, Column: 2}) {
			t.Errorf("%q: got %q", data, got)
		}
	}
}
