// Package concise writes a report as one line a finding, for editors and grep:
//
//	path:line:col: level: sentence [PMTLS001]
package concise

import (
	"bytes"
	"fmt"
	"io"

	"github.com/org/probe-mtls-action/internal/report"
	"github.com/org/probe-mtls-action/internal/report/safe"
)

// Options choose what is shown.
type Options struct {
	// OnlyNew leaves out findings that the base revision has too.
	OnlyNew bool
}

// Write writes findings that are not suppressed, then what was not checked, in
// the report's order.
func Write(w io.Writer, r *report.Report, o Options) error {
	var b bytes.Buffer
	line := func(at, text string) { b.WriteString(safe.Inert(safe.Line(at+": "+text)) + "\n") }
	for _, it := range r.Shown(o.OnlyNew) {
		line(it.At.Span.String(), fmt.Sprintf("%s: %s [%s]", it.Severity, it.Consequence(), it.RuleID))
	}
	for _, s := range r.Skipped {
		at := s.At.String()
		if s.At.IsZero() {
			at = s.Root
		}
		line(at, s.Word()+": "+s.Message)
	}
	_, err := w.Write(b.Bytes())
	return err
}
