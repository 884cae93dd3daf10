// Package text writes a report for a terminal: each finding on the line that
// causes it, with the source, the reason and the shortest way out.
package text

import (
	"bytes"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/org/probe-mtls-action/internal/check"
	"github.com/org/probe-mtls-action/internal/mesh"
	"github.com/org/probe-mtls-action/internal/report"
	"github.com/org/probe-mtls-action/internal/report/safe"
	"github.com/org/probe-mtls-action/render/source"
)

// Options choose how much is shown and how.
type Options struct {
	Color bool
	// Verbose shows all roots, all ways out, the files between root and place,
	// and the suppressed findings.
	Verbose bool
	// OnlyNew leaves out findings that the base revision has too; they are
	// still counted.
	OnlyNew bool
	// Width is the number of columns that prose may use; 0 is 100.
	Width int
}

// Write writes r. The last line always counts what was checked, what was not,
// and what was found.
func Write(w io.Writer, r *report.Report, o Options) error {
	p := &printer{palette: newPalette(o.Color), o: o, width: o.Width}
	if p.width == 0 {
		p.width = 100
	}
	p.width = max(p.width, 40)
	hidden := 0
	for i := range r.Items {
		switch it := &r.Items[i]; {
		case it.Suppressed != nil && !o.Verbose:
		case it.State == report.Existing && o.OnlyNew:
			hidden++
		default:
			p.item(it)
		}
	}
	p.fixed(r.Fixed)
	p.skipped(r.SkipGroups())
	p.remarks(r.Notes)
	p.total(r, hidden)
	_, err := w.Write(p.b.Bytes())
	return err
}

type printer struct {
	b bytes.Buffer
	palette
	o     Options
	width int
}

func (p *printer) line(format string, args ...any) {
	s := strings.TrimRight(fmt.Sprintf(format, args...), " ")
	p.b.WriteString(safe.Inert(s) + "\n")
}

func (p *printer) item(it *report.Item) {
	p.line("%s %s %s %s%s", p.place(it.At.Span), p.severity(it.Severity), p.bold(safe.Line(it.Summary)),
		p.faint(tag(it)), p.state(it))
	gutter := p.excerpt("", it.At, p.of(it.Severity))
	in := strings.Repeat(" ", gutter)
	if !it.At.Exact && it.At.Why != "" {
		p.prose(in, "This is the nearest known place: "+it.At.Why+".")
	}
	p.prose(in, it.Message)
	if it.Suppressed != nil {
		p.prose(in, "Suppressed: "+it.Suppressed.Reason)
	}
	rest, title := it.Related, "Decided by:"
	if len(it.Chain) > 0 {
		rest, title = p.why(in, it), "Elsewhere decided by:"
	}
	p.related(in, title, rest)
	p.related(in, "Before the change, decided by:", it.BaseCauses)
	if len(it.Assumed) > 0 {
		p.heading(in, "Assumed:")
		p.bullets(in, it.Assumed)
	}
	p.roots(in, it)
	if p.o.Verbose && len(it.At.Via) > 0 {
		p.heading(in, "Comes through:")
		p.bullets(in, it.At.Via)
	}
	p.remedies(in, it.Remedies)
	p.line("")
}

// tag is [PMTLS001], with the verdict where it is not the plain one.
func tag(it *report.Item) string {
	switch it.Verdict {
	case mesh.FalseHealthy, mesh.Ambiguous, mesh.Unknown:
		return fmt.Sprintf("[%s, %s]", it.RuleID, it.Verdict)
	}
	return "[" + it.RuleID + "]" // the rule says it
}

func (p *printer) state(it *report.Item) string {
	if it.Suppressed != nil {
		return " (suppressed)"
	}
	switch it.State {
	case report.New:
		return " (new)"
	case report.Existing:
		return " (existing)"
	case report.Fixed:
		return " (fixed)"
	}
	return ""
}

func (p *printer) place(s source.Span) string { return p.bold(safe.Line(s.String()) + ":") }

// why writes the decision, each step with the place that decides it, and
// returns the places that no step speaks of: those of other roots.
func (p *printer) why(in string, it *report.Item) (elsewhere []report.Location) {
	steps, rest := it.Steps()
	p.heading(in, "Why:")
	for _, step := range steps {
		p.bullets(in, []string{step.Text})
		if step.Related >= 0 {
			l := it.Related[step.Related]
			p.line("%s    %s", in, p.bold(safe.Line(l.Span.String())))
			p.quote(in+"    ", l)
		}
	}
	for _, i := range rest {
		elsewhere = append(elsewhere, it.Related[i])
	}
	return elsewhere
}

// quote writes the line of a place, and why it is not exact.
func (p *printer) quote(in string, l report.Location) {
	p.excerpt(in, l, p.blue)
	if !l.Exact && l.Why != "" {
		p.prose(in+"  ", "This is the nearest known place: "+l.Why+".")
	}
}

func (p *printer) related(in, title string, all []report.Location) {
	if len(all) == 0 {
		return
	}
	p.heading(in, title)
	for _, l := range all {
		p.line("%s  %s %s", in, p.place(l.Span), safe.Line(l.Message))
		p.quote(in+"  ", l)
	}
}

func (p *printer) roots(in string, it *report.Item) {
	switch n := len(it.Roots); {
	case n == 0, n == 1 && it.Roots[0] == ".":
	case p.o.Verbose && n > 1:
		p.heading(in, fmt.Sprintf("In %d roots:", n))
		p.bullets(in, it.Roots)
	default:
		p.prose(in, "In "+some(it.Roots, 3)+".")
	}
	if fresh := it.NewRoots(); len(fresh) > 0 {
		p.prose(in, "New in "+p.some(fresh)+".")
	}
}

func (p *printer) remedies(in string, all []report.Remedy) {
	if len(all) == 0 {
		return
	}
	show := all[:1]
	if p.o.Verbose {
		show = all
	}
	for _, r := range show {
		title := p.green("Fix:") + " " + safe.Line(r.Title)
		if !r.At.IsZero() {
			title += ", at " + safe.Line(r.At.String())
		}
		p.line("%s%s", in, title)
		if r.YAML == "" {
			continue
		}
		for _, l := range strings.Split(strings.TrimRight(safe.Block(r.YAML), "\n"), "\n") {
			p.line("%s    %s", in, l)
		}
	}
	if n := len(all) - len(show); n > 0 {
		p.line("%s%s", in, p.faint(plural(n, "more way out", "more ways out")+": -v shows all."))
	}
}

func (p *printer) fixed(all []report.Item) {
	if len(all) == 0 {
		return
	}
	p.line("%s", p.bold("Fixed by this change:"))
	for i := range all {
		p.line("  %s %s %s in %s", p.place(all[i].At.Span), safe.Line(all[i].Summary), p.faint(tag(&all[i])), p.some(all[i].Roots))
	}
	p.line("")
}

func (p *printer) skipped(all []report.SkipGroup) {
	if len(all) == 0 {
		return
	}
	p.line("%s", p.yellow("Not checked:"))
	for _, s := range all {
		where := ""
		switch {
		case !s.At.IsZero():
			where = p.place(s.At) + " "
		case len(s.Roots) == 1:
			where = p.bold(safe.Line(s.Root)+":") + " "
		}
		p.hanging("  ", "    ", where, s.Message)
		if len(s.Roots) > 1 || len(s.Roots) == 1 && !s.At.IsZero() && path.Dir(s.At.File) != s.Root {
			p.prose("    ", "So not checked: "+p.some(s.Roots))
		}
		if s.Hint != "" {
			p.prose("    ", "To do: "+s.Hint)
		}
	}
	p.line("")
}

// some is a list of roots, cut unless all were asked for.
func (p *printer) some(roots []string) string {
	if p.o.Verbose {
		return some(roots, len(roots))
	}
	return some(roots, 3)
}

func (p *printer) remarks(all []report.Remark) {
	if len(all) == 0 {
		return
	}
	p.line("%s", p.bold("Remarks:"))
	for _, n := range all {
		where := ""
		if !n.At.IsZero() {
			where = p.place(n.At.Span) + " "
		}
		text := n.Text
		if n.Level == check.Warning {
			text = "warning: " + text
		}
		if len(n.Roots) > 0 {
			text += " (in " + p.some(n.Roots) + ")"
		}
		p.hanging("  ", "    ", where, text)
	}
	p.line("")
}

func (p *printer) heading(in, s string) { p.line("%s%s", in, p.bold(s)) }

func (p *printer) bullets(in string, all []string) {
	for _, s := range all {
		p.hanging(in+"  - ", in+"    ", "", s)
	}
}

// prose writes text wrapped and indented.
func (p *printer) prose(in, text string) { p.hanging(in, in, "", text) }

// hanging writes text wrapped; lead is printed first and may be coloured.
func (p *printer) hanging(first, rest, lead, text string) {
	words := strings.Fields(safe.Line(strings.Join(strings.Fields(text), " ")))
	line, used := first+lead, cells(first)+cells(plain(lead))
	empty := true
	for _, w := range words {
		n := cells(w)
		if !empty && used+1+n > p.width {
			p.line("%s", line)
			line, used, empty = rest, cells(rest), true
		}
		if !empty {
			line, used = line+" ", used+1
		}
		line, used, empty = line+w, used+n, false
	}
	p.line("%s", line)
}

func some(all []string, limit int) string {
	if len(all) > limit {
		return safe.Line(strings.Join(all[:limit-1], ", ")) + fmt.Sprintf(" and %d more", len(all)-limit+1)
	}
	if len(all) > 1 {
		return safe.Line(strings.Join(all[:len(all)-1], ", ")) + " and " + safe.Line(all[len(all)-1])
	}
	return safe.Line(strings.Join(all, ""))
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

func (p *printer) severity(s check.Severity) string { return p.of(s)(string(s) + ":") }
