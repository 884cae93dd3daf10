// Package annotation writes findings as workflow commands, which GitHub shows as
// annotations on the changed files and on the run's page.
package annotation

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/sethvargo/go-githubactions"

	"github.com/org/probe-mtls-action/internal/check"
	"github.com/org/probe-mtls-action/internal/report"
	"github.com/org/probe-mtls-action/internal/report/safe"
)

const (
	// perType is how many annotations of each type the runner keeps per step
	// (actions/toolkit, docs/problem-matchers.md).
	perType = 10
	// maxMessage is where the runner cuts a message (actions/runner,
	// ExecutionContext.cs).
	maxMessage = 4096
	maxTitle   = 255
)

// Options choose the findings.
type Options struct {
	// Skip leaves out a finding, one that has a comment say; nil leaves out none.
	Skip func(*report.Item) bool
	// All writes every finding, more than the runner keeps.
	All bool
	// Used is how many annotations the step has already made of each type.
	Used map[check.Severity]int
}

// Write writes annotations, the gravest findings first, as many as the runner
// keeps, and returns the findings that were taken. What was not checked has an
// annotation of its own before them, a warning, and so has each remark of that
// level.
func Write(w io.Writer, r *report.Report, o Options) (taken []*report.Item, err error) {
	used := map[check.Severity]int{}
	for s, n := range o.Used {
		used[s] = n
	}
	var b bytes.Buffer
	if len(r.Skipped) > 0 && used[check.Warning] < perType {
		used[check.Warning]++
		b.WriteString(skipped(r.Skipped))
	}
	for _, n := range r.Notes {
		if n.Level == check.Warning && (o.All || used[check.Warning] < perType) {
			used[check.Warning]++
			b.WriteString(remark(n))
		}
	}
	for _, it := range r.WorstFirst() {
		if o.Skip != nil && o.Skip(it) || !o.All && used[it.Severity] >= perType {
			continue
		}
		used[it.Severity]++
		b.WriteString(command(it))
		taken = append(taken, it)
	}
	if _, err := w.Write(b.Bytes()); err != nil {
		return nil, err
	}
	return taken, nil
}

var names = map[check.Severity]string{check.Error: "error", check.Warning: "warning", check.Note: "notice"}

func command(it *report.Item) string {
	return at(names[it.Severity], it.Summary+" ["+it.RuleID+"]", message(it), it.At)
}

func remark(n report.Remark) string {
	return at("warning", "Remark", clip(safe.Line(n.Text), maxMessage), n.At)
}

// at writes a command about a place.
func at(name, title, message string, loc report.Location) string {
	p := githubactions.CommandProperties{"title": clip(safe.Line(title), maxTitle)}
	if !loc.IsZero() {
		p["file"] = loc.File
	}
	if !loc.Start.IsZero() {
		p["line"] = strconv.Itoa(loc.Start.Line)
		p["endLine"] = p["line"]
		p["col"] = strconv.Itoa(loc.Start.Column)
		if loc.End.Line == loc.Start.Line && loc.End.Column > loc.Start.Column {
			p["endColumn"] = strconv.Itoa(loc.End.Column - 1) // inclusive
		}
	}
	c := githubactions.Command{Name: name, Message: message, Properties: p}
	return c.String() + "\n"
}

func message(it *report.Item) string {
	lines := []string{safe.Line(it.Message)}
	for _, c := range it.Chain {
		lines = append(lines, "- "+safe.Line(c))
	}
	for _, l := range it.Related {
		lines = append(lines, "Decided by "+safe.Line(l.Span.String()+": "+l.Message))
	}
	if len(it.Assumed) > 0 {
		lines = append(lines, "Assumed: "+safe.Line(strings.Join(it.Assumed, "; ")))
	}
	switch n := len(it.Roots); {
	case n > 3:
		lines = append(lines, safe.Line("In "+strings.Join(it.Roots[:2], ", "))+fmt.Sprintf(" and %d more", n-2))
	case n > 0:
		lines = append(lines, safe.Line("In "+strings.Join(it.Roots, ", ")))
	}
	if len(it.Remedies) > 0 {
		lines = append(lines, "Fix: "+safe.Line(it.Remedies[0].Title))
	}
	return clip(strings.Join(lines, "\n"), maxMessage)
}

func skipped(all []report.Skip) string {
	var lines []string
	for _, s := range all {
		l := s.Message
		if !s.At.IsZero() {
			l = s.At.String() + ": " + l
		}
		if s.Root != "" {
			l = s.Root + ": " + l
		}
		lines = append(lines, safe.Line(l))
	}
	c := githubactions.Command{
		Name: "warning", Message: clip(strings.Join(lines, "\n"), maxMessage),
		Properties: githubactions.CommandProperties{"title": fmt.Sprintf("%d not checked: nothing is known about them", len(all))},
	}
	return c.String() + "\n"
}

func clip(s string, limit int) string {
	if r := []rune(s); len(r) > limit {
		return string(r[:limit-1]) + "…"
	}
	return s
}
