// Package annotation writes findings as workflow commands, which GitHub shows as
// annotations on the changed files and on the run's page.
package annotation

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/sethvargo/go-githubactions"

	"github.com/org/probe-mtls-action/internal/check"
	"github.com/org/probe-mtls-action/internal/report"
	"github.com/org/probe-mtls-action/internal/report/safe"
	"github.com/org/probe-mtls-action/render/source"
)

const (
	// perType is how many annotations of each type the runner keeps per step
	// (actions/toolkit, docs/problem-matchers.md).
	perType = 10
	// maxMessage is where the runner cuts a message (actions/runner,
	// ExecutionContext.cs).
	maxMessage = 4096
	maxTitle   = 255
	maxLine    = 500 // characters of one line of a message, of six
	// maxSkips bounds the annotations of what was not checked, each reason at
	// its place; the last of them has the rest.
	maxSkips = 3
)

// Options choose the findings.
type Options struct {
	// Skip leaves out a finding, one that has a comment say; nil leaves out none.
	Skip func(*report.Item) bool
	// All writes every finding, more than the runner keeps.
	All bool
	// Used is how many annotations the step has already made of each type.
	Used map[check.Severity]int
	// HeadLine gives the line of the pull request's head for a line of the tree
	// that was checked, 0 if the head has none; nil: the trees are the same.
	HeadLine func(path string, line int) int
	// Remark is said of a finding beside the rest, "" for nothing; nil says none.
	Remark func(*report.Item) string
}

// Write writes annotations, the gravest findings first, as many as the runner
// keeps, and returns the findings that were taken. Findings that the diff shows
// at one place, with one cause, are one annotation. What was not checked has
// annotations before them, warnings, and so has each remark of that level.
func Write(w io.Writer, r *report.Report, o Options) (taken []*report.Item, err error) {
	used := map[check.Severity]int{}
	for s, n := range o.Used {
		used[s] = n
	}
	var b bytes.Buffer
	for _, c := range notChecked(r) {
		if !o.All && used[check.Warning] >= perType {
			break
		}
		used[check.Warning]++
		b.WriteString(c)
	}
	for _, n := range r.Notes {
		if n.Level == check.Warning && (o.All || used[check.Warning] < perType) {
			used[check.Warning]++
			b.WriteString(remarkOf(n))
		}
	}
	for _, group := range o.groups(r) {
		s := group[0].Severity
		if !o.All && used[s] >= perType {
			continue
		}
		used[s]++
		b.WriteString(o.command(group))
		taken = append(taken, group...)
	}
	if _, err := w.Write(b.Bytes()); err != nil {
		return nil, err
	}
	return taken, nil
}

// groups returns the findings to write. Those that a pull request's diff shows
// at one place with one cause are together; so do they share one comment.
func (o Options) groups(r *report.Report) [][]*report.Item {
	items := slices.DeleteFunc(r.WorstFirst(), func(it *report.Item) bool { return o.Skip != nil && o.Skip(it) })
	return report.Group(items, func(it *report.Item) string {
		p := it.Placement
		if p == nil || p.Kind == report.InSummary {
			return ""
		}
		return fmt.Sprintf("%s %s\x00%s\x00%d\x00%s\x00%s", it.Severity, p.Path, p.Side, p.Line, it.CauseKey(), o.remark(it))
	})
}

func (o Options) remark(it *report.Item) string {
	if o.Remark == nil {
		return ""
	}
	return o.Remark(it)
}

var names = map[check.Severity]string{check.Error: "error", check.Warning: "warning", check.Note: "notice"}

// remarkOf writes a remark at its place.
func remarkOf(n report.Remark) string {
	p := githubactions.CommandProperties{}
	if !n.At.IsZero() {
		p = position(n.At.Span, n.At.File, n.At.Start.Line)
	}
	p["title"] = "Remark"
	c := githubactions.Command{Name: "warning", Message: clip(safe.Line(n.Text), maxMessage), Properties: p}
	return c.String() + "\n"
}

func (o Options) command(group []*report.Item) string {
	it := group[0]
	title := it.Summary
	if n := len(group) - 1; n > 0 {
		title += fmt.Sprintf(" and %d more", n)
	}
	p := o.place(it)
	p["title"] = clip(safe.Line(title+" ["+it.RuleID+"]"), maxTitle)
	c := githubactions.Command{Name: names[it.Severity], Message: o.message(group), Properties: p}
	return c.String() + "\n"
}

// place is where GitHub shows it: where a comment would stand, on the head's
// lines. A removed line has no place there, so its file has.
func (o Options) place(it *report.Item) githubactions.CommandProperties {
	p := it.Placement
	if p == nil || p.Kind == report.InSummary || p.Kind == report.OnProbe {
		line := it.At.Start.Line
		if o.HeadLine != nil && line > 0 {
			line = o.HeadLine(it.At.File, line)
		}
		return position(it.At.Span, it.At.File, line)
	}
	line := p.Line
	if p.Side == report.Left {
		line = 0
	}
	return position(source.Span{}, p.Path, line)
}

// position names a line, and the columns of span if it has any.
func position(span source.Span, file string, line int) githubactions.CommandProperties {
	p := githubactions.CommandProperties{"file": file}
	if line <= 0 {
		return p
	}
	p["line"] = strconv.Itoa(line)
	p["endLine"] = p["line"]
	if span.Start.IsZero() {
		return p
	}
	p["col"] = strconv.Itoa(span.Start.Column)
	if span.End.Line == span.Start.Line && span.End.Column > span.Start.Column {
		p["endColumn"] = strconv.Itoa(span.End.Column - 1) // inclusive
	}
	return p
}

// message has at most six lines: what happens, why, the first fix, where, and
// what rests on what.
func (o Options) message(group []*report.Item) string {
	it := group[0]
	clause, effects := report.Headline(group, 0)
	if effects != "" {
		clause += ": " + effects
	}
	if len(group) == 1 && !it.Plain() {
		clause = strings.TrimSuffix(it.Statement(), ".")
	}
	lines := []string{clause + "."}
	if d := it.Decider(); it.Plain() && d != nil {
		lines = append(lines, "Cause: "+d.Span.String()+": "+d.Message)
	} else if it.Plain() && it.Because() != "" {
		lines = append(lines, "Cause: "+it.Because())
	}
	if label, text := report.Best(group); text != "" {
		lines = append(lines, label+": "+text)
	}
	lines = append(lines, where(group))
	if remark := o.remark(it); remark != "" {
		lines = append(lines, remark)
	}
	if len(it.Assumed) > 0 {
		lines = append(lines, "Assumed: "+strings.Join(it.Assumed, "; "))
	}
	for i, l := range lines {
		lines[i] = clip(safe.Line(l), maxLine)
	}
	return clip(strings.Join(lines, "\n"), maxMessage)
}

// where names the places of the probes and the roots.
func where(group []*report.Item) string {
	var places, roots []string
	seen := map[string]bool{}
	add := func(list *[]string, s string) {
		if !seen[s] {
			seen[s] = true
			*list = append(*list, s)
		}
	}
	for _, it := range group {
		add(&places, it.At.Span.String())
		for _, r := range it.Roots {
			add(&roots, r)
		}
	}
	s := "At " + some(places)
	if len(roots) > 0 {
		s += ", in " + some(roots)
	}
	return s
}

func some(all []string) string {
	if len(all) <= 3 {
		return strings.Join(all, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(all[:2], ", "), len(all)-2)
}

// notChecked are the annotations of what was not checked: each reason at its
// place, the last of them with whatever reasons remain.
func notChecked(r *report.Report) []string {
	groups := r.SkipGroups()
	var all []string
	for i, g := range groups {
		p := position(source.Span{}, g.At.File, g.At.Start.Line)
		if g.At.File == "" {
			p = githubactions.CommandProperties{}
		}
		p["title"] = fmt.Sprintf("%d not checked: nothing is known about them", max(len(g.Roots), 1))
		if g.Hole {
			p["title"] = fmt.Sprintf("%d partly checked: what is left out may change the verdicts", max(len(g.Roots), 1))
		}
		lines := []string{reason(g)}
		if rest := groups[i+1:]; i+1 == maxSkips && len(rest) > 0 {
			p["title"] = fmt.Sprintf("%d more not checked: nothing is known about them", len(rest)+1)
			for _, other := range rest {
				lines = append(lines, reason(other))
			}
		}
		c := githubactions.Command{Name: "warning", Message: clip(strings.Join(lines, "\n"), maxMessage), Properties: p}
		all = append(all, c.String()+"\n")
		if i+1 == maxSkips {
			break
		}
	}
	return all
}

func reason(g report.SkipGroup) string {
	l := g.Message
	if !g.At.IsZero() {
		l = g.At.String() + ": " + l
	}
	if len(g.Roots) > 0 {
		l = some(g.Roots) + ": " + l
	}
	if g.Hint != "" {
		l += " (" + g.Hint + ")"
	}
	return clip(safe.Line(l), 2*maxLine)
}

func clip(s string, limit int) string {
	if r := []rune(s); len(r) > limit {
		return string(r[:limit-1]) + "…"
	}
	return s
}
