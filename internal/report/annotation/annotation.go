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
	"github.com/org/probe-mtls-action/internal/mesh"
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

// Annotation is a text at a place.
type Annotation struct {
	Level check.Severity
	// File is "" where there is no place.
	File string
	// Line is 1-based, 0 for the whole file; columns are 0 where there are none, and
	// EndColumn is inclusive.
	Line, Column, EndColumn int
	Title, Message          string
	// Items are the findings that it tells of; nil for what was not checked and for
	// remarks.
	Items []*report.Item
}

// Write writes annotations as workflow commands, as many as the runner keeps, and
// returns the findings that were taken.
func Write(w io.Writer, r *report.Report, o Options) (taken []*report.Item, err error) {
	used := map[check.Severity]int{}
	for s, n := range o.Used {
		used[s] = n
	}
	var b bytes.Buffer
	for _, a := range List(r, o) {
		if !o.All && used[a.Level] >= perType {
			continue
		}
		used[a.Level]++
		b.WriteString(a.command())
		taken = append(taken, a.Items...)
	}
	if _, err := w.Write(b.Bytes()); err != nil {
		return nil, err
	}
	return taken, nil
}

// List returns all annotations: warnings of what was not checked, remarks of that
// level, then the findings, the gravest first. Findings that the diff shows at one
// place, with one cause, are one annotation.
func List(r *report.Report, o Options) []Annotation {
	all := notChecked(r)
	for _, n := range r.Notes {
		if n.Level == check.Warning {
			a := at(n.At.Span, n.At.File, n.At.Start.Line)
			a.Level, a.Title, a.Message = check.Warning, "Remark", clip(safe.Line(n.Text), maxMessage)
			all = append(all, a)
		}
	}
	for _, group := range o.groups(r) {
		all = append(all, o.annotation(group))
	}
	return all
}

// groups returns the findings to write. Those that a pull request's diff shows
// at one place with one cause are together; so do they share one comment.
func (o Options) groups(r *report.Report) [][]*report.Item {
	items := slices.DeleteFunc(r.WorstFirst(), func(it *report.Item) bool { return o.Skip != nil && o.Skip(it) })
	return report.Group(items, func(it *report.Item) string {
		p := it.Placement
		if p == nil || p.Kind == report.InSummary {
			if it.Verdict == mesh.Unknown && it.Decider() != nil {
				return string(it.Severity) + it.CauseKey() + "\x00" + o.remark(it)
			}
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

// command is the annotation as a workflow command.
func (a Annotation) command() string {
	p := githubactions.CommandProperties{"title": a.Title}
	if a.File != "" {
		p["file"] = a.File
	}
	number := func(name string, n int) {
		if n > 0 {
			p[name] = strconv.Itoa(n)
		}
	}
	number("line", a.Line)
	number("endLine", a.Line)
	number("col", a.Column)
	number("endColumn", a.EndColumn)
	c := githubactions.Command{Name: names[a.Level], Message: a.Message, Properties: p}
	return c.String() + "\n"
}

func (o Options) annotation(group []*report.Item) Annotation {
	it := group[0]
	title := it.Summary
	if n := len(group) - 1; n > 0 {
		title += fmt.Sprintf(" and %d more", n)
	}
	a := o.place(it)
	a.Level, a.Items = it.Severity, group
	a.Title, a.Message = clip(safe.Line(title+" ["+it.RuleID+"]"), maxTitle), o.message(group)
	return a
}

// place is where GitHub shows it: where a comment would stand, on the head's
// lines. A removed line has no place there, so its file has.
func (o Options) place(it *report.Item) Annotation {
	p := it.Placement
	if d := it.Decider(); it.Verdict == mesh.Unknown && d != nil && (p == nil || p.Kind == report.InSummary) {
		line := d.Start.Line
		if o.HeadLine != nil && line > 0 {
			line = o.HeadLine(d.File, line)
		}
		return at(d.Span, d.File, line)
	}
	if p == nil || p.Kind == report.InSummary || p.Kind == report.OnProbe {
		line := it.At.Start.Line
		if o.HeadLine != nil && line > 0 {
			line = o.HeadLine(it.At.File, line)
		}
		return at(it.At.Span, it.At.File, line)
	}
	line := p.Line
	if p.Side == report.Left {
		line = 0
	}
	return at(source.Span{}, p.Path, line)
}

// at names a line, and the columns of span if it has any.
func at(span source.Span, file string, line int) Annotation {
	a := Annotation{File: file}
	if line <= 0 || file == "" {
		return a
	}
	a.Line = line
	if span.Start.IsZero() {
		return a
	}
	a.Column = span.Start.Column
	if span.End.Line == span.Start.Line && span.End.Column > span.Start.Column {
		a.EndColumn = span.End.Column - 1
	}
	return a
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
func notChecked(r *report.Report) []Annotation {
	groups := r.SkipGroups()
	var all []Annotation
	for i, g := range groups {
		a := at(source.Span{}, g.At.File, g.At.Start.Line)
		a.Level, a.Title = check.Warning, fmt.Sprintf("%d not checked: nothing is known about them", max(len(g.Roots), 1))
		lines := []string{reason(g)}
		if rest := groups[i+1:]; i+1 == maxSkips && len(rest) > 0 {
			a.Title = fmt.Sprintf("%d more not checked: nothing is known about them", len(rest)+1)
			for _, other := range rest {
				lines = append(lines, reason(other))
			}
		}
		a.Message = clip(strings.Join(lines, "\n"), maxMessage)
		all = append(all, a)
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
