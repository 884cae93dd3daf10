package review

import (
	"strings"
	"unicode/utf8"

	"github.com/org/probe-mtls-action/internal/report"
	"github.com/org/probe-mtls-action/internal/report/safe"
)

// suggestion returns the fix as a block that GitHub offers to commit: the new text,
// of one or more lines, of the comment's line. Only a safe fix that changes nothing
// but that line, or adds lines around it, can be one.
func suggestion(it *report.Item, f *report.Fix) (string, bool) {
	p := it.Placement
	if p == nil || p.Side == report.Left || !f.Safe() || len(f.Files) != 1 || f.Files[0].New || len(f.Files[0].Replacements) != 1 {
		return "", false
	}
	r := f.Files[0].Replacements[0]
	line, ok := lineAt(it, p)
	if !ok || r.At.File != p.Path {
		return "", false
	}
	from, to := r.At.Start, r.At.End
	whole, next := strings.CutSuffix(r.Text, "\n")
	text := ""
	switch {
	case from.Line == p.Line && to.Line == p.Line:
		text = cut(line, 1, from.Column) + r.Text + cut(line, to.Column, -1)
	case from.Line == p.Line && from.Column == 1 && to.Line == p.Line+1 && to.Column == 1 && r.Text == "":
		return "```suggestion\n```\n", true
	case from.Line == p.Line && to.Line == p.Line+1 && to.Column == 1 && next:
		text = cut(line, 1, from.Column) + whole
	case from.Line == p.Line+1 && from.Column == 1 && from == to && next:
		text = line + "\n" + whole
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
