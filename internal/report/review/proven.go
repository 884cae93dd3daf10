package review

import (
	"strings"
	"unicode/utf8"

	"github.com/org/probe-mtls-action/internal/report"
	"github.com/org/probe-mtls-action/internal/report/safe"
)

// suggestion returns the fix as a block that GitHub offers to commit: the new text
// of the comment's line. Only a safe fix that changes nothing but that line can be
// one.
func suggestion(it *report.Item, f *report.Fix) (string, bool) {
	p := it.Placement
	if p == nil || p.Side == report.Left || !f.Safe() || len(f.Files) != 1 || f.Files[0].New || len(f.Files[0].Replacements) != 1 {
		return "", false
	}
	r := f.Files[0].Replacements[0]
	line, ok := lineAt(it, p)
	if !ok || r.At.File != p.Path || r.At.Start.Line != p.Line {
		return "", false
	}
	text := ""
	switch {
	case r.At.End.Line == p.Line && !strings.Contains(r.Text, "\n"):
		text = cut(line, 1, r.At.Start.Column) + r.Text + cut(line, r.At.End.Column, -1)
	case r.At.End.Line == p.Line+1 && r.At.End.Column == 1 && r.At.Start.Column == 1 && r.Text == "":
		return "```suggestion\n```\n", true
	default:
		return "", false
	}
	if safe.Block(text) != text || strings.Contains(text, "```") || strings.TrimSpace(text) == "" {
		return "", false
	}
	return "```suggestion\n" + text + "\n```\n", true
}

// maxLine is the length from which a location's line may be cut.
const maxLine = 500

// lineAt returns the source line at the item's placement, if it is known whole.
func lineAt(it *report.Item, p *report.Placement) (string, bool) {
	for _, l := range append([]report.Location{it.At}, it.Related...) {
		if l.File == p.Path && l.Start.Line == p.Line && l.Line != "" && len(l.Line) < maxLine {
			return l.Line, true
		}
	}
	return "", false
}

// cut returns the characters of line from one column up to another, 1-based; -1 is
// the line's end.
func cut(line string, from, to int) string {
	column := 1
	start, end := len(line), len(line)
	for i := range line {
		if column == from {
			start = i
		}
		if column == to {
			end = i
		}
		column++
	}
	if from > utf8.RuneCountInString(line) {
		start = len(line)
	}
	return line[min(start, end):end]
}
