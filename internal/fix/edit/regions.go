package edit

import (
	"unicode/utf8"

	"github.com/org/probe-mtls-action/internal/fix/unified"
)

// Region is a part of a text, in bytes, and what takes its place.
type Region struct {
	Start, End int
	Text       string
}

// Regions returns what turns one text into another: the lines that differ, each
// run of them narrowed to the characters that do.
func Regions(old, now string) []Region {
	var out []Region
	for _, c := range unified.Changes(old, now) {
		a, b := old[c.OldStart:c.OldEnd], now[c.NewStart:c.NewEnd]
		i := 0
		for i < len(a) && i < len(b) && a[i] == b[i] {
			i++
		}
		for i > 0 && (i < len(a) && !utf8.RuneStart(a[i]) || i < len(b) && !utf8.RuneStart(b[i]) || i > 0 && a[i-1] == '\r') {
			i--
		}
		j := 0
		for j < len(a)-i && j < len(b)-i && a[len(a)-1-j] == b[len(b)-1-j] {
			j++
		}
		for j > 0 && !utf8.RuneStart(a[len(a)-j]) {
			j--
		}
		out = append(out, Region{c.OldStart + i, c.OldEnd - j, b[i : len(b)-j]})
	}
	return out
}
