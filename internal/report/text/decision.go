package text

import (
	"fmt"
	"io"
	"strings"

	"github.com/org/probe-mtls-action/internal/mesh"
	"github.com/org/probe-mtls-action/internal/report"
	"github.com/org/probe-mtls-action/internal/report/safe"
)

// verdicts says in words what becomes of a probe.
var verdicts = map[mesh.Verdict]string{
	mesh.OK:           "passes",
	mesh.Breaks:       "fails",
	mesh.FalseHealthy: "passes even when the application is dead",
	mesh.Ambiguous:    "may fail: what is in view does not decide",
	mesh.Unknown:      "unknown: context is missing",
}

// WriteDecisions writes the whole decision of each probe: what is asked, each
// step with its place, the verdict. A star marks the steps that the outcome
// hangs on.
func WriteDecisions(w io.Writer, all []report.Decision, o Options) error {
	p := &printer{palette: newPalette(o.Color), o: o, width: o.Width}
	if p.width == 0 {
		p.width = 100
	}
	for i := range all {
		p.decision(&all[i])
	}
	_, err := w.Write(p.b.Bytes())
	return err
}

func (p *printer) decision(d *report.Decision) {
	verdict, ok := verdicts[d.Verdict]
	if !ok {
		verdict = string(d.Verdict)
	}
	p.line("%s %s %s, %s", p.place(d.At.Span), p.bold(safe.Line(d.Subject)+":"), safe.Line(d.Probe), p.bold(verdict))
	p.excerpt("", d.At, p.blue)
	if !d.At.Exact && d.At.Why != "" {
		p.prose("  ", "This is the nearest known place: "+d.At.Why+".")
	}
	for i, s := range d.Steps {
		mark := " "
		if s.Deciding {
			mark = "*"
		}
		first := fmt.Sprintf("  %s%2d. ", mark, i+1)
		p.hanging(first, strings.Repeat(" ", len(first)), "", s.At.Message)
		if s.At.File != "" {
			p.line("        %s", p.bold(safe.Line(s.At.Span.String())))
			p.quote("        ", s.At)
		}
	}
	if d.Reason != "" {
		p.prose("  ", "So: "+d.Reason)
	}
	if len(d.Assumed) > 0 {
		p.heading("  ", "Assumed:")
		p.bullets("  ", d.Assumed)
	}
	if len(d.Roots) > 1 || d.Roots[0] != "." {
		p.prose("  ", "In "+some(d.Roots, 10)+".")
	}
	p.line("")
}

// quote writes the line of a place, and why it is not exact.
func (p *printer) quote(in string, l report.Location) {
	p.excerpt(in, l, p.blue)
	if !l.Exact && l.Why != "" {
		p.prose(in+"  ", "This is the nearest known place: "+l.Why+".")
	}
}
