package diff

import (
	"fmt"
	"strings"

	"github.com/bluekeyes/go-gitdiff/gitdiff"
)

// ParseHunks reads the hunks of one file: a patch from its first "@@" line on,
// as GitHub's API gives it.
func ParseHunks(patch string) ([]Hunk, error) {
	if !strings.HasSuffix(patch, "\n") {
		patch += "\n"
	}
	files, _, err := gitdiff.Parse(strings.NewReader("--- a/f\n+++ b/f\n" + patch))
	if err != nil {
		return nil, fmt.Errorf("the patch cannot be read: %w", err)
	}
	if len(files) != 1 {
		return nil, fmt.Errorf("the patch cannot be read: it has %d files, expected one", len(files))
	}
	hunks := make([]Hunk, 0, len(files[0].TextFragments))
	for _, t := range files[0].TextFragments {
		hunks = append(hunks, hunk(t))
	}
	return hunks, nil
}

func hunk(t *gitdiff.TextFragment) Hunk {
	h := Hunk{
		Old:   Range{int(t.OldPosition), int(t.OldLines)},
		New:   Range{int(t.NewPosition), int(t.NewLines)},
		Lines: make([]Line, 0, len(t.Lines)),
	}
	old, new := h.Old.Start, h.New.Start
	for _, l := range t.Lines {
		line := Line{Text: strings.TrimSuffix(strings.TrimSuffix(l.Line, "\n"), "\r")}
		switch l.Op {
		case gitdiff.OpAdd:
			line.Op, line.New = Add, new
			new++
		case gitdiff.OpDelete:
			line.Op, line.Old = Delete, old
			old++
		default:
			line.Op, line.Old, line.New = Context, old, new
			old++
			new++
		}
		h.Lines = append(h.Lines, line)
	}
	return h
}
