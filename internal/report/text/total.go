package text

import (
	"fmt"
	"math"
	"strings"

	"github.com/org/probe-mtls-action/internal/report"
	"github.com/org/probe-mtls-action/internal/report/safe"
)

// Total is one line for formats that have no room for it: what was checked, what
// was not and what was found.
func Total(r *report.Report) string {
	p := &printer{palette: newPalette(false), width: math.MaxInt}
	p.total(r, 0)
	return strings.ReplaceAll(strings.TrimSuffix(p.b.String(), "\n"), "\n", " ")
}

// total writes the last line. It says "no findings" only together with what was
// checked, and never without what was not.
func (p *printer) total(r *report.Report, hidden int) {
	scope := []string{plural(len(r.Roots), "root", "roots") + " checked"}
	if missing := r.Missing(); missing != "" {
		scope = append(scope, p.yellow(missing))
	}
	if r.Unaffected > 0 {
		scope = append(scope, fmt.Sprintf("%d not affected by the change", r.Unaffected))
	}
	judged := plural(r.Probes, "probe", "probes")
	if r.Callers > 0 {
		judged += " and " + plural(r.Callers, "other caller", "other callers")
	}
	scope = append(scope, judged+" judged")
	if n := len(r.Unused); n > 0 {
		p.prose("", fmt.Sprintf("%d left out, only a base of others: %s.", n, p.some(r.Unused)))
	}
	p.line("%s: %s", strings.Join(scope, ", "), p.found(r, hidden))
}

// unseen counts what was not looked at; with Verbose it lists it.
func (p *printer) unseen(r *report.Report) {
	if len(r.Unseen) == 0 {
		return
	}
	more := "  (-v lists them)"
	if p.o.Verbose {
		more = ""
	}
	p.line("  not looked at   %s%s", safe.Line(report.CountUnseen(r.Unseen)), p.faint(more))
	if p.o.Verbose {
		for _, u := range r.Unseen {
			p.line("    %s", safe.Line(u.String()))
		}
	}
}

func (p *printer) found(r *report.Report, hidden int) string {
	c := r.Counts()
	var out string
	switch {
	case len(r.Roots) == 0 && c.Total() == 0:
		out = p.yellow("nothing was checked")
	case c.Total() == 0 && len(r.Skipped)+len(r.Unseen) > 0:
		out = "no findings in what was checked"
	case c.Total() == 0:
		out = p.green("no findings")
	default:
		var kinds []string
		add := func(n int, one, many string, ink paint) {
			if n > 0 {
				kinds = append(kinds, ink(plural(n, one, many)))
			}
		}
		add(c.Errors, "error", "errors", p.red)
		add(c.Warnings, "warning", "warnings", p.yellow)
		add(c.Notes, "note", "notes", p.cyan)
		out = plural(c.Total(), "finding", "findings") + " (" + strings.Join(kinds, ", ")
		if c.New+c.Existing > 0 {
			out += fmt.Sprintf("; %d new, %d existing", c.New, c.Existing)
		}
		out += ")"
	}
	if hidden > 0 {
		out += fmt.Sprintf(", %d existing not shown", hidden)
	}
	if c.Fixed > 0 {
		out += p.green(fmt.Sprintf(", %d fixed", c.Fixed))
	}
	if c.Suppressed > 0 {
		out += fmt.Sprintf(", %d suppressed", c.Suppressed)
	}
	return out
}
