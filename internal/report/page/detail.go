package page

import (
	"slices"
	"strings"

	"github.com/org/probe-mtls-action/internal/report"
	"github.com/org/probe-mtls-action/internal/report/md"
	"github.com/org/probe-mtls-action/internal/report/safe"
)

// Detail returns findings of one cause at length, folded away: what happens and
// where, how to end it, why, and in which roots. It names at most limit findings.
func (l Links) Detail(g []*report.Item, limit int) string {
	it := g[0]
	var b strings.Builder
	if len(g) > 1 {
		b.WriteString(list("", g, limit, "more", func(it *report.Item) string {
			return l.Place(it.At.Span) + " " + md.Text(clip(it.Consequence(), maxName))
		}))
	} else {
		b.WriteString(l.single(it))
	}
	b.WriteString(Fixes{Place: l.Place}.Text(g))
	b.WriteString(l.why(it))
	b.WriteString(Links{}.places("Before the change, decided by", it.BaseCauses)) // lines of the base
	b.WriteString(list("**Assumed**", it.Assumed, 50, "more", func(text string) string { return md.Text(clip(text, maxText)) }))
	if all := rootsOf(g); len(all) > 0 {
		b.WriteString("**In** " + roots(all, 20) + "\n\n")
	}
	if fresh := newRoots(g); len(fresh) > 0 {
		b.WriteString("**New in** " + roots(fresh, 20) + "\n\n")
	}
	clause, _ := report.Clause(g, 0)
	title := Sign(it.Severity) + " " + md.Text(clip(report.Capital(clause), 2*maxName)) + " (" + md.Text(strings.Join(ruleIDs(g), ", ")) + ")"
	return md.Details(title, b.String())
}

// single is the place of one finding and what is there.
func (l Links) single(it *report.Item) string {
	s := l.Place(it.At.Span)
	if !it.Plain() {
		s += ": " + md.Text(clip(it.Statement(), maxText))
	}
	s += "\n\n"
	if !it.At.Exact && it.At.Why != "" {
		s += "This is the nearest known place: " + md.Text(it.At.Why) + ".\n\n"
	}
	if it.At.Line != "" {
		s += md.Fence("yaml", strings.TrimSpace(it.At.Line)) + "\n"
	}
	return s
}

func ruleIDs(g []*report.Item) []string {
	var ids []string
	for _, it := range g {
		ids = append(ids, safe.Line(it.RuleID))
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

func newRoots(g []*report.Item) []string {
	var all []string
	for _, it := range g {
		all = append(all, it.NewRoots()...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}
