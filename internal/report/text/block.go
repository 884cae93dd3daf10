package text

import (
	"fmt"
	"slices"
	"strings"

	"github.com/org/probe-mtls-action/internal/report"
	"github.com/org/probe-mtls-action/internal/report/safe"
)

// rows is how many of a list are shown unless all were asked for.
const rows = 5

// block writes findings of one cause: what happens, the line, the cause with its
// place, what it breaks, the best fix, the roots.
func (p *printer) block(items []*report.Item) {
	it := items[0]
	at, breaks := it.At, items
	if len(items) == 1 {
		breaks = nil
	} else if d := it.Decider(); d != nil && d.File != "" {
		at = *d
	}
	p.line("%s %s %s %s%s", p.place(at.Span), p.severity(it.Severity), p.bold(safe.Line(clause(items))), p.faint(tags(items)), p.state(it))
	p.excerpt("", at, p.of(it.Severity))
	if !at.Exact && at.Why != "" {
		p.row("", "this is the nearest known place: "+at.Why)
	}
	if it.Suppressed != nil {
		p.row("reason", it.Suppressed.Reason)
	}
	p.causes(it, at)
	p.list("before", places(it.BaseCauses, "the change took away: "))
	p.breaks(breaks)
	p.list("assumed", assumptions(items))
	p.fixes(items)
	p.roots(items)
	if p.o.Verbose && len(items) == 1 {
		p.list("through", it.At.Via)
	}
	p.line("")
}

// clause says what happens, to one probe or to many.
func clause(items []*report.Item) string {
	clause, effects := report.Clause(items, 0)
	if effects != "" {
		clause += ": " + effects
	}
	return clause
}

// tags names the rules of a block, with the verdict where it is not the plain one.
func tags(items []*report.Item) string {
	var all []string
	for _, it := range items {
		if t := strings.Trim(tag(it), "[]"); !slices.Contains(all, t) {
			all = append(all, t)
		}
	}
	slices.Sort(all)
	return "[" + strings.Join(all, ", ") + "]"
}

// label is how wide the names of rows are.
const label = 8

// row writes a named row, its text wrapped beside the name.
func (p *printer) row(name, text string) {
	in := strings.Repeat(" ", label+2)
	lead := "  " + name + strings.Repeat(" ", max(label-len(name), 1))
	p.hanging(lead, in, "", text)
}

// list writes rows of one name, cut unless all were asked for.
func (p *printer) list(name string, all []string) {
	show := all
	if len(all) > rows && !p.o.Verbose {
		show = all[:rows-1]
	}
	for _, text := range show {
		p.row(name, text)
		name = ""
	}
	if n := len(all) - len(show); n > 0 {
		p.row("", fmt.Sprintf("… %d more: -v", n))
	}
}

// causes writes why: the facts that decide, each with its place; with verbose
// the whole chain.
func (p *printer) causes(it *report.Item, shown report.Location) {
	steps, rest := it.Tell()
	var all []string
	for i, step := range steps {
		switch {
		case step.Related >= 0:
			l := it.Related[step.Related]
			if l.Span == shown.Span {
				all = append(all, step.Text())
			} else {
				all = append(all, l.Span.String()+"  "+step.Text())
			}
		case p.o.Verbose || i == len(steps)-1: // a default or a setting has no line and may decide all the same
			all = append(all, step.Text())
		}
	}
	if !it.Plain() { // of a policy: its message is the cause
		all = append([]string{it.Statement()}, all...)
	}
	for _, i := range rest {
		all = append(all, it.Related[i].Span.String()+"  "+it.Related[i].Message)
	}
	p.list("cause", all)
}

func places(all []report.Location, lead string) []string {
	var out []string
	for _, l := range all {
		out = append(out, l.Span.String()+"  "+lead+l.Message)
	}
	return out
}

// breaks lists what a cause breaks: a row for each container.
func (p *printer) breaks(items []*report.Item) {
	type victim struct {
		at, workload, port string
		probes             []string
	}
	index := map[string]int{}
	var all []victim
	for _, it := range items {
		t := it.Target()
		key := t.Workload + "\x00" + t.Container + "\x00" + t.Caller + "\x00" + it.Value()
		i, ok := index[key]
		if !ok {
			i = len(all)
			index[key] = i
			all = append(all, victim{at: it.At.Span.String(), workload: t.Workload, port: it.Value()})
		}
		all[i].probes = append(all[i].probes, strings.TrimSuffix(t.Noun(), " probe"))
	}
	var texts []string
	for _, v := range all {
		text := v.at + "  " + v.workload + "  " + strings.Join(v.probes, ", ")
		if v.port != "" {
			text += "  " + v.port
		}
		texts = append(texts, text)
	}
	p.list("breaks", texts)
}

func assumptions(items []*report.Item) []string {
	var all []string
	for _, it := range items {
		for _, a := range it.Assumed {
			if !slices.Contains(all, a) {
				all = append(all, a)
			}
		}
	}
	return all
}

// fixes writes the best proven fix with what it costs, or all of them with their
// diffs; where none is proven, the advice.
func (p *printer) fixes(items []*report.Item) {
	fixes, whose := report.InCommon(items)
	if len(fixes) == 0 {
		p.advice(items[0].Remedies)
		return
	}
	show := fixes
	if !p.o.Verbose {
		show = show[:1]
	}
	for i := range show {
		f := &show[i]
		text := f.Sentence()
		if whose != "" {
			text += ", " + whose
		}
		if n := len(fixes) - len(show); n > 0 {
			text += fmt.Sprintf(" (%s: -v)", plural(n, "more fix", "more fixes"))
		}
		name := "fix"
		if i > 0 {
			name = ""
		}
		p.row(name, text)
		if len(f.Also) > 0 {
			p.row("", "it also changes "+p.some(f.Also))
		}
		if !p.o.Verbose {
			continue
		}
		for _, l := range strings.Split(strings.TrimRight(safe.Block(f.Diff), "\n"), "\n") {
			p.line("%s    %s", strings.Repeat(" ", label+2), l)
		}
	}
}

// advice writes what could be done, which nobody has proven.
func (p *printer) advice(all []report.Remedy) {
	if len(all) == 0 {
		return
	}
	show := all
	if !p.o.Verbose {
		show = all[:1]
	}
	for i, r := range show {
		text := r.Title
		if !r.At.IsZero() {
			text += ", at " + r.At.String()
		}
		if n := len(all) - len(show); n > 0 {
			text += fmt.Sprintf(" (%s: -v)", plural(n, "more fix", "more fixes"))
		}
		name := "advice"
		if i > 0 {
			name = ""
		}
		p.row(name, text)
		if r.YAML == "" || !p.o.Verbose {
			continue
		}
		for _, l := range strings.Split(strings.TrimRight(safe.Block(r.YAML), "\n"), "\n") {
			p.line("%s    %s", strings.Repeat(" ", label+2), l)
		}
	}
}

// roots names the roots that have the findings, and those in which they are new.
func (p *printer) roots(items []*report.Item) {
	var all, fresh []string
	for _, it := range items {
		all = append(all, it.Roots...)
		fresh = append(fresh, it.NewRoots()...)
	}
	for _, list := range []*[]string{&all, &fresh} {
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
	if len(all) > 1 || len(all) == 1 && all[0] != "." {
		p.row("in", p.some(all))
	}
	if len(fresh) > 0 {
		p.row("new in", p.some(fresh))
	}
}

// accept says once how to accept a finding and where to read about it.
func (p *printer) accept(items []*report.Item) {
	i := slices.IndexFunc(items, func(it *report.Item) bool { return it.Suppressed == nil })
	if i < 0 {
		return
	}
	id := items[i].RuleID
	p.line("%s", p.faint("Accept a finding with a comment on its line: # probe-mtls:ignore "+id+" why"))
	p.line("%s", p.faint("About a rule: probe-mtls-action rules "+id+", or "+report.RulePage(id)))
}
