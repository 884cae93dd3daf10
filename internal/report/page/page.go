// Package page builds the Markdown sections that the pages about a report share:
// verdict, counts, table of findings, their details, and what was not checked.
package page

import (
	"fmt"
	"strings"

	"github.com/org/probe-mtls-action/internal/check"
	"github.com/org/probe-mtls-action/internal/mesh"
	"github.com/org/probe-mtls-action/internal/report"
	"github.com/org/probe-mtls-action/internal/report/md"
	"github.com/org/probe-mtls-action/render/source"
)

const (
	maxName = 200 // characters of a path or a name in a table or a list
	maxText = 2000
)

// Links says where lines can be linked: GITHUB_SERVER_URL, GITHUB_REPOSITORY and
// a commit. The zero value links nothing.
type Links struct {
	Server, Repository, Commit string
}

// Place names a place, linked if that is possible.
func (l Links) Place(s source.Span) string {
	name := clip(s.File, maxName)
	if !s.Start.IsZero() {
		name += fmt.Sprintf(":%d", s.Start.Line)
	}
	if l.Repository == "" || l.Commit == "" || s.IsZero() {
		return md.Code(name)
	}
	return md.Link(md.Code(name), md.Blob(l.Server, l.Repository, l.Commit, s.File, s.Start.Line, 0))
}

// Verdict is the headline: how the run ended, in words that never read as clean
// when something was not checked.
func Verdict(r *report.Report, p report.Policy) string {
	failing := 0
	for i := range r.Items {
		if p.Fails(&r.Items[i]) {
			failing++
		}
	}
	c := r.Counts()
	skipped := ""
	if missing := r.Missing(); missing != "" {
		skipped = ", and " + missing
	}
	switch {
	case failing > 0 && c.Existing > 0 && p.OnlyNew:
		return "❌ " + count(failing, "new finding fails", "new findings fail") + " the check" + skipped
	case failing > 0:
		return "❌ " + count(failing, "finding fails", "findings fail") + " the check" + skipped
	case len(r.Skipped) > 0 && len(r.Roots) == 0:
		return "⚠️ Nothing could be checked"
	case len(r.Skipped) > 0:
		return "⚠️ " + r.Missing() + "; nothing in the rest fails the check"
	case len(r.Roots) == 0 && c.Total() == 0 && r.Unaffected > 0:
		return "✅ The change affects nothing that is checked"
	case len(r.Roots) == 0 && c.Total() == 0:
		return "⚠️ Nothing was checked"
	case c.Total() == 0 && len(r.Unseen) > 0:
		return "✅ No findings in what was checked"
	case c.Total() == 0:
		return "✅ No findings"
	case c.Existing == c.Total() && p.OnlyNew:
		return "✅ No new findings; " + count(c.Existing, "existing one", "existing ones")
	}
	return "✅ No findings to fail on; " + count(c.Total(), "finding", "findings") + " to look at"
}

// Counts is one paragraph of numbers.
func Counts(r *report.Report) string {
	c := r.Counts()
	parts := []string{count(len(r.Roots), "root checked", "roots checked")}
	add := func(n int, one, many string) {
		if n > 0 {
			parts = append(parts, count(n, one, many))
		}
	}
	if missing := r.Missing(); missing != "" {
		parts = append(parts, "**"+missing+"**")
	}
	add(r.Unaffected, "not affected", "not affected")
	if n := len(r.Unused); n > 0 {
		parts = append(parts, fmt.Sprintf("%d left out, only a base of others: %s", n, roots(r.Unused, 3)))
	}
	judged := count(r.Probes, "probe", "probes")
	if r.Callers > 0 {
		judged += " and " + count(r.Callers, "other caller", "other callers")
	}
	parts = append(parts, judged+" judged")
	if c.Total() == 0 && len(r.Skipped)+len(r.Unseen) == 0 {
		parts = append(parts, "no findings")
	} else if c.Total() == 0 {
		parts = append(parts, "no findings in what was checked")
	}
	if len(r.Unseen) > 0 {
		parts = append(parts, "not looked at: "+md.Text(report.CountUnseen(r.Unseen)))
	}
	add(c.Errors, "error", "errors")
	add(c.Warnings, "warning", "warnings")
	add(c.Notes, "note", "notes")
	add(c.New, "new", "new")
	add(c.Existing, "existing", "existing")
	add(c.Fixed, "fixed", "fixed")
	add(c.Suppressed, "suppressed", "suppressed")
	if r.Scope.Several && r.Scope.Category != "" {
		parts = append(parts, "results of "+md.Code(clip(r.Scope.Category, maxName)))
	}
	if v := r.Tool.IstioVersion; v != "" {
		parts = append(parts, md.Text(r.Tool.Mesh.Name+" "+v))
	}
	return strings.Join(parts, " · ")
}

// Sign is a severity's mark.
func Sign(s check.Severity) string {
	switch s {
	case check.Error:
		return "🔴"
	case check.Warning:
		return "🟡"
	}
	return "🔵"
}

func state(s report.State) string {
	if s == report.None {
		return ""
	}
	return ", " + string(s)
}

func verdict(v mesh.Verdict) string {
	switch v {
	case mesh.FalseHealthy, mesh.Ambiguous, mesh.Unknown:
		return " (" + string(v) + ")"
	}
	return "" // the rule says it
}

func roots(all []string, max int) string {
	spans := make([]string, 0, min(len(all), max))
	for _, r := range all {
		if len(spans) == max {
			break
		}
		spans = append(spans, md.Code(clip(r, maxName)))
	}
	if n := len(all) - len(spans); n > 0 {
		return strings.Join(spans, ", ") + fmt.Sprintf(" and %d more", n)
	}
	return md.List(spans)
}

// why lists the steps of the decision, each with its place, and the places
// that decide in other roots.
func (l Links) why(it *report.Item) string {
	steps, rest := it.Tell()
	lines := make([]string, len(steps))
	for i, s := range steps {
		lines[i] = md.Text(clip(s.Text(), maxText))
		if s.Related >= 0 {
			lines[i] += ", at " + l.Place(it.Related[s.Related].Span)
		}
	}
	elsewhere := make([]report.Location, len(rest))
	for i, k := range rest {
		elsewhere[i] = it.Related[k]
	}
	title := "Decided by"
	if len(steps) > 0 {
		title = "Elsewhere decided by"
	}
	return bullets("Why", lines) + l.places(title, elsewhere)
}

func (l Links) places(title string, all []report.Location) string {
	return list("**"+title+"**", all, 20, "more", func(loc report.Location) string {
		return l.Place(loc.Span) + " " + md.Text(clip(loc.Message, maxText))
	})
}

// bullets lists lines of Markdown.
func bullets(title string, lines []string) string {
	return list("**"+title+"**", lines, 50, "more", func(line string) string { return line })
}

// NotChecked lists what could not be checked and why, at most limit entries;
// "" where all was checked.
func (l Links) NotChecked(r *report.Report, limit int) string {
	var not, partly []report.SkipGroup
	for _, g := range r.SkipGroups() {
		if g.Hole {
			partly = append(partly, g)
		} else {
			not = append(not, g)
		}
	}
	return l.skips("### Not checked\n\nNothing is known about these; that they have no findings does not mean that they are fine.", not, limit) +
		l.skips("### Partly checked\n\nThese were judged without a part of what they name, which may change the verdicts.", partly, limit)
}

func (l Links) skips(title string, groups []report.SkipGroup, limit int) string {
	return list(title, groups, limit, "more reasons",
		func(s report.SkipGroup) string {
			text := ""
			if len(s.Roots) > 0 {
				text = roots(s.Roots, 5) + ": "
			}
			if !s.At.IsZero() {
				text += l.Place(s.At) + ": "
			}
			text += md.Text(clip(s.Message, maxText))
			if s.Hint != "" {
				text += " — " + md.Text(clip(s.Hint, maxText))
			}
			return text
		})
}

// Remarks lists remarks on the input, at most limit; "" if there are none.
func (l Links) Remarks(r *report.Report, limit int) string {
	return list("### Remarks", r.Notes, limit, "more", func(n report.Remark) string {
		text := md.Text(clip(n.Text, maxText))
		if n.Level == check.Warning {
			text = "warning: " + text
		}
		if !n.At.IsZero() {
			text = l.Place(n.At.Span) + ": " + text
		}
		if len(n.Roots) > 0 {
			text += " (in " + roots(n.Roots, 3) + ")"
		}
		return text
	})
}

// Fixed lists the findings of the base that are gone, at most limit.
func (l Links) Fixed(r *report.Report, limit int) string {
	return list("### Fixed by this change", r.Fixed, limit, "more", func(it report.Item) string {
		// Its lines are of the base, so nothing is linked.
		return md.Code(clip(it.At.Span.String(), maxName)) + " " + md.Text(clip(it.Summary, maxName)) + " " + md.Code(it.RuleID)
	})
}

// list writes entries below a heading, at most limit of them; "" if there are
// none.
func list[T any](heading string, entries []T, limit int, more string, text func(T) string) string {
	if len(entries) == 0 {
		return ""
	}
	var b strings.Builder
	if heading != "" {
		b.WriteString(heading + "\n\n")
	}
	for i, e := range entries {
		if i == limit {
			fmt.Fprintf(&b, "- and %d %s\n", len(entries)-i, more)
			break
		}
		b.WriteString("- " + text(e) + "\n")
	}
	return b.String() + "\n"
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

func clip(s string, max int) string {
	if r := []rune(s); len(r) > max {
		return string(r[:max]) + "…"
	}
	return s
}
