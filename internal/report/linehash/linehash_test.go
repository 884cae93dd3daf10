package linehash_test

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/org/probe-mtls-action/internal/report/linehash"
)

// TestLines compares with hashes that github/codeql-action computes.
func TestLines(t *testing.T) {
	for _, c := range []struct {
		name, content string
		want          []string
	}{
		{"empty file", "", []string{"c129715d7a2bc9a3:1"}},
		{"no line end at the end of the file", " a\nb\n  \t\tc\n d", []string{
			"271789c17abda88f:1", "54703d4cd895b18:1", "180aee12dab6264:1", "a23a3dc5e078b07b:1"}},
		{"equal lines, counted, until the end of the file comes into view", strings.Repeat("Lorem ipsum dolor sit amet.\n", 10), []string{
			"a7f2ff13bc495cf2:1", "a7f2ff13bc495cf2:2", "a7f2ff13bc495cf2:3", "a7f2ff13bc495cf2:4", "a7f2ff13bc495cf2:5",
			"a7f2ff13bc495cf2:6", "a7f2ff1481e87703:1", "a9cf91f7bbf1862b:1", "55ec222b86bcae53:1", "cc97dc7b1d7d8f7b:1",
			"c129715d7a2bc9a3:1"}},
		{"carriage returns", " hello; \t\r\nworld!!!\r\n\n\r  \t\tGreetings\r End\r\n", []string{
			"e9496ae3ebfced30:1", "fb7c023a8b9ccb3f:1", "ce8ba1a563dcdaca:1", "e20e36e16fcb0cc8:1", "b3edc88f2938467e:1",
			"c8e28b0b4002a3a0:1", "c129715d7a2bc9a3:1"}},
	} {
		if got := linehash.Lines([]byte(c.content)); !slices.Equal(got, c.want) {
			t.Errorf("%s:\n got %q\nwant %q", c.name, got, c.want)
		}
	}
}

func TestLinesAreNumberedAsEditorsDo(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lines := rapid.SliceOfN(rapid.StringMatching(`[a-z:ü 	😀]*`), 1, 20).Draw(t, "lines")
		lf := linehash.Lines([]byte(strings.Join(lines, "\n")))
		crlf := linehash.Lines([]byte(strings.Join(lines, "\r\n")))
		if !slices.Equal(lf, crlf) {
			t.Fatalf("line ends matter: %q, %q", lf, crlf)
		}
		if len(lf) != len(lines) {
			t.Fatalf("%d hashes for %d lines", len(lf), len(lines))
		}
		indented := linehash.Lines([]byte("  " + strings.Join(lines, "\n\t ")))
		if !slices.Equal(lf, indented) {
			t.Fatalf("indentation matters: %q, %q", lf, indented)
		}
	})
}
