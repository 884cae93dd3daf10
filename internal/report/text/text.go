// Package text writes a report for a terminal: each finding on the line that
// causes it, with the source, the cause and the best fix.
package text

import (
	"bytes"
	"fmt"
	"io"
	"path"
	"slices"
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
	// Verbose shows all roots, all fixes, the files between root and place,
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
	var shown []*report.Item
	if len(r.Roots) == 0 && len(r.Items) == 0 && r.Unaffected == 0 {
		p.line("%s", p.yellow("Nothing was checked."))
	}
	hidden := 0
	for i := range r.Items {
		switch it := &r.Items[i]; {
		case it.Suppressed != nil && !o.Verbose:
		case it.State == report.Existing && o.OnlyNew:
			hidden++
		default:
			shown = append(shown, it)
		}
	}
	for _, group := range report.ByCause(shown) {
		p.block(group)
	}
	p.fixed(r.Fixed)
	p.skipped(r.SkipGroups())
	p.remarks(r.Notes)
	p.accept(shown)
	p.total(r, hidden)
	p.unseen(r)
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

func (p *printer) fixed(all []report.Item) {
	if len(all) == 0 {
		return
	}
	p.line("%s", p.bold("Fixed by this change:"))
	for i := range all {
		p.line("  %s %s %s in %s", p.place(all[i].At.Span), safe.Line(all[i].Consequence()), p.faint(tag(&all[i])), p.some(all[i].Roots))
	}
	p.line("")
}

func (p *printer) skipped(all []report.SkipGroup) {
	for _, hole := range []bool{false, true} {
		p.skippedAs(hole, slices.DeleteFunc(slices.Clone(all), func(s report.SkipGroup) bool { return s.Hole != hole }))
	}
}

// skippedAs lists what was not checked, or what was checked only in part.
func (p *printer) skippedAs(hole bool, all []report.SkipGroup) {
	if len(all) == 0 {
		return
	}
	p.line("%s", p.yellow(report.Capital(all[0].Word())+":"))
	because := "Not checked because of it: "
	if hole {
		because = "Without it were checked: "
	}
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
			p.prose("    ", because+p.some(s.Roots)+".")
		}
		if s.Hint != "" {
			p.prose("    ", "Fix: "+s.Hint)
		}
		for _, at := range s.More {
			if p.o.Verbose {
				p.line("    %s", safe.Line(at.String()))
			}
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
