package review

import (
	"strings"
	"testing"

	"github.com/org/probe-mtls-action/internal/report"
	"github.com/org/probe-mtls-action/render/source"
)

func at(file string, line, column, endLine, endColumn int) source.Span {
	return source.Span{File: file, Start: source.Position{Line: line, Column: column}, End: source.Position{Line: endLine, Column: endColumn}}
}

// TestSuggestion: a suggestion is offered for a safe fix of the comment's own line
// alone, and its text is the whole new line.
func TestSuggestion(t *testing.T) {
	t.Parallel()
	item := func(line string, n int) *report.Item {
		return &report.Item{
			At:        report.Location{Span: at("a.yaml", n, 3, n, 5), Line: line},
			Placement: &report.Placement{Kind: report.OnProbe, Path: "a.yaml", Line: n, Side: report.Right},
		}
	}
	fix := func(span source.Span, text string) *report.Fix {
		return &report.Fix{Files: []report.FileFix{{Name: span.File, Replacements: []report.Replacement{{At: span, Text: text}}}}}
	}
	for name, c := range map[string]struct {
		it   *report.Item
		fix  *report.Fix
		want string // "" is none
	}{
		"a value":       {item(`  é: "false" # x`, 7), fix(at("a.yaml", 7, 7, 7, 12), "true"), "```suggestion\n  é: \"true\" # x\n```\n"},
		"to the end":    {item("  a: 1", 7), fix(at("a.yaml", 7, 6, 7, 7), "22"), "```suggestion\n  a: 22\n```\n"},
		"the line":      {item("  a: 1", 7), fix(at("a.yaml", 7, 1, 8, 1), ""), "```suggestion\n```\n"},
		"lines below":   {item("  a: 1", 7), fix(at("a.yaml", 8, 1, 8, 1), "  b: 2\n  c: 3\n"), "```suggestion\n  a: 1\n  b: 2\n  c: 3\n```\n"},
		"lines above":   {item("  a: 1", 7), fix(at("a.yaml", 7, 1, 7, 1), "  b: 2\n"), "```suggestion\n  b: 2\n  a: 1\n```\n"},
		"for the line":  {item("  a: 1", 7), fix(at("a.yaml", 7, 3, 8, 1), "b:\n    c: 3\n"), "```suggestion\n  b:\n    c: 3\n```\n"},
		"far below":     {item("  a: 1", 7), fix(at("a.yaml", 9, 1, 9, 1), "  b: 2\n"), ""},
		"another line":  {item("  a: 1", 7), fix(at("a.yaml", 8, 6, 8, 7), "22"), ""},
		"another file":  {item("  a: 1", 7), fix(at("b.yaml", 7, 6, 7, 7), "22"), ""},
		"two lines":     {item("  a: 1", 7), fix(at("a.yaml", 7, 1, 9, 1), ""), ""},
		"a cut line":    {item(strings.Repeat("a", 500), 7), fix(at("a.yaml", 7, 6, 7, 7), "22"), ""},
		"hostile ticks": {item("  a: 1 # ```", 7), fix(at("a.yaml", 7, 6, 7, 7), "22"), ""},
	} {
		got, ok := suggestion(c.it, c.fix)
		if got != c.want || ok != (c.want != "") {
			t.Errorf("%s: got %q, %v", name, got, ok)
		}
		c.fix.Cost = "something"
		if _, ok := suggestion(c.it, c.fix); ok {
			t.Errorf("%s: an unsafe fix is a suggestion", name)
		}
	}
}
