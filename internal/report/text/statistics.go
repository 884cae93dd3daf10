package text

import (
	"cmp"
	"io"
	"slices"
	"strings"

	"github.com/org/probe-mtls-action/internal/report"
	"github.com/org/probe-mtls-action/internal/report/safe"
)

// maxCounted is how many rows a table of the statistics has unless all were asked
// for.
const maxCounted = 15

// WriteStatistics counts the findings that are shown by rule, cause, namespace and
// root, the most frequent first. A finding of several roots counts in each.
func WriteStatistics(w io.Writer, r *report.Report, o Options) {
	p := &printer{palette: newPalette(false), o: o}
	items := r.Shown(o.OnlyNew)
	table := func(title string, keys func(*report.Item) []string) {
		count := map[string]int{}
		var order []string
		for _, it := range items {
			for _, k := range keys(it) {
				if count[k]++; count[k] == 1 {
					order = append(order, k)
				}
			}
		}
		slices.SortStableFunc(order, func(a, b string) int { return cmp.Or(count[b]-count[a], strings.Compare(a, b)) })
		p.line("")
		p.line("By %s:", title)
		for i, k := range order {
			if i == maxCounted && !o.Verbose {
				p.line("         … %d more: -v", len(order)-i)
				break
			}
			p.line("  %5d  %s", count[k], safe.Line(k))
		}
	}
	if len(items) == 0 {
		p.line("\nThere is no finding to count.")
	} else {
		table("rule", func(it *report.Item) []string { return []string{it.RuleID + "  " + it.RuleName} })
		table("cause", func(it *report.Item) []string {
			if d := it.Decider(); d != nil && d.File != "" {
				return []string{d.Span.String() + "  " + d.Message}
			}
			return []string{cmp.Or(it.Because(), it.Summary)}
		})
		table("namespace", func(it *report.Item) []string {
			namespace, _, _ := strings.Cut(it.Subject, "/")
			return []string{namespace}
		})
		table("root", func(it *report.Item) []string { return it.Roots })
	}
	_, _ = w.Write(p.b.Bytes()) // what counts was written before
}
