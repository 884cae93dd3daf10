package review

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/org/probe-mtls-action/internal/report"
	"github.com/org/probe-mtls-action/internal/report/md"
	"github.com/org/probe-mtls-action/internal/report/safe"
)

// proven writes the best proven fix in full, as a suggestion to click where it is
// safe and changes the very line of the comment, and folds the others away.
func (r *run) proven(items []*report.Item) string {
	all := inCommon(items)
	var b strings.Builder
	for i := range all {
		f := &all[i]
		title := md.Text(clip(f.Title, maxClause)) + r.terms(f, items)
		change := md.Fence("diff", f.Diff)
		if md.Len(f.Diff) > maxYAML || b.Len()+md.Len(f.Diff) > 2*maxYAML {
			change = "The change is too long for a comment: `probe-mtls-action check --fix=show` prints it.\n"
		}
		if i > 0 {
			fmt.Fprintf(&b, "- %s\n\n%s", title, md.Indent(change, 2))
			if b.Len() > maxYAML && i+1 < len(all) {
				fmt.Fprintf(&b, "- and %d more\n", len(all)-i-1)
				break
			}
			continue
		}
		if s, ok := suggestion(items[0], f); ok {
			change = s
		} else if strings.Count(f.Diff, "\n") > 2*unfoldedYAML {
			change = md.Details("The change", change)
		}
		fmt.Fprintf(&b, "**Fix** %s\n\n%s\n", title, change)
		if len(all) > 1 {
			b.WriteString("<details><summary>" + otherFixes(len(all)-1) + "</summary>\n\n")
		}
	}
	if len(all) > 1 {
		b.WriteString("\n</details>\n\n")
	}
	return b.String()
}

// terms says how the fix was proven, what it costs and what else it changes.
func (r *run) terms(f *report.Fix, items []*report.Item) string {
	roots := md.Some(codes(f.Roots), 3)
	out := " (proven by rendering " + roots + " again; keeps mTLS on every application port"
	if !f.Safe() {
		out = " (proven by rendering " + roots + " again; it costs: " + md.Text(clip(f.Cost, maxClause))
	}
	out += ")"
	if len(f.Also) > 0 {
		out += "; it also changes " + md.Some(codes(f.Also), 3)
	}
	return out
}

// inCommon returns the fixes that end all findings of a comment, or else those
// of the first.
func inCommon(items []*report.Item) []report.Fix {
	var out []report.Fix
	for _, f := range items[0].Fixes {
		if !slices.ContainsFunc(items[1:], func(it *report.Item) bool {
			return !slices.ContainsFunc(it.Fixes, func(o report.Fix) bool { return o.Key == f.Key })
		}) {
			out = append(out, f)
		}
	}
	if len(out) == 0 {
		return items[0].Fixes
	}
	return out
}

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
