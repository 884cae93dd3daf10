package runes_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/org/probe-mtls-action/render/source/internal/runes"
)

func TestIndex(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Repeat(rapid.StringMatching(`[aé日😀]{0,9}`).Draw(t, "text"), rapid.IntRange(0, 200).Draw(t, "times"))
		text += string(rapid.SliceOfN(rapid.Byte(), 0, 5).Draw(t, "bytes"))
		x := runes.New(text)
		n := 0
		for at := range text {
			if got := x.Count(at); got != n {
				t.Fatalf("%d code points before byte %d, want %d", got, at, n)
			}
			if got := x.Offset(n); got != at {
				t.Fatalf("code point %d at %d, want %d", n, got, at)
			}
			n++
		}
		if got := x.Count(len(text)); got != utf8.RuneCountInString(text) {
			t.Fatalf("%d code points, want %d", got, n)
		}
		if got := x.Offset(n + 1000); got != len(text) {
			t.Fatalf("beyond the end: %d", got)
		}
	})
}
