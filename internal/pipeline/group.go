package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/org/probe-mtls-action/internal/check"
	"github.com/org/probe-mtls-action/internal/debuglog"
	"github.com/org/probe-mtls-action/internal/kube"
	"github.com/org/probe-mtls-action/internal/mesh"
	"github.com/org/probe-mtls-action/internal/report"
	"github.com/org/probe-mtls-action/render"
	"github.com/org/probe-mtls-action/render/source"
)

// guarded is group with a panic turned into "not checked" entries: a defect in
// judging one group must not hide what the others say.
func (r *run) guarded(ctx context.Context, g Group, heavy bool) (p part, err error) {
	defer func() {
		if v := recover(); v != nil {
			p, err = part{}, nil
			for _, root := range g.Roots {
				p.skipped = append(p.skipped, report.Skip{Root: root.Dir, Problem: defect(v), Cut: true})
			}
		}
	}()
	return r.group(ctx, g, heavy)
}

// defect tells of a panic.
func defect(v any) render.Problem {
	return render.Problem{
		Message: fmt.Sprintf("internal error: %v", v),
		Hint:    "this is a defect of probe-mtls-action; please report it",
	}
}

// group renders, judges and locates one group. Without heavy it leaves a group
// with a root above the first bound to a later call and returns [render.ErrAbove].
func (r *run) group(ctx context.Context, g Group, heavy bool) (part, error) {
	var p part
	roots := g.all()
	results, failures, err := r.renderAll(ctx, roots, heavy)
	above := func(f *render.Error) bool { return f != nil && errors.Is(f, render.ErrAbove) }
	if err == nil && !heavy && r.Heavy != nil && slices.ContainsFunc(failures, above) {
		return p, render.ErrAbove
	}
	defer r.release(g)
	if err != nil {
		return p, err
	}
	reported := make(map[*render.Object]bool)
	var objects []*render.Object
	for i, res := range results {
		own := i < len(g.Roots)
		if failures[i] != nil {
			p.skipped = append(p.skipped, skip(failures[i], own))
			p.gaps = append(p.gaps, gap(roots[i].Dir, failures[i].At))
			p.lacking = append(p.lacking, roots[i].Dir)
			continue
		}
		objects = append(objects, res.Objects...)
		for _, o := range res.Objects {
			reported[o] = own
			if own && r.ListObjects {
				p.objects = append(p.objects, report.Occurrence{Root: res.Root.Dir, Subject: o.Ref.String()})
			}
		}
		for _, problem := range res.Refusals {
			p.skipped = append(p.skipped, skip(&render.Error{Root: res.Root, Problem: problem}, own))
		}
		for _, hole := range res.Holes {
			hole.Hint = allow(hole.Hint)
			p.skipped = append(p.skipped, report.Skip{Root: res.Root.Dir, Problem: hole, Hole: true})
			p.gaps = append(p.gaps, gap(res.Root.Dir, hole.At))
		}
		if len(res.Holes) > 0 {
			p.lacking = append(p.lacking, res.Root.Dir)
		}
		for _, problem := range res.Remarks {
			p.notes = append(p.notes, r.remark(res.Root, problem))
		}
		if own {
			p.roots = append(p.roots, res.Root.Dir)
			p.inputs = append(p.inputs, res.Inputs...)
		}
	}
	if len(p.roots) == 0 {
		return p, nil
	}
	if !g.At.IsZero() && !slices.ContainsFunc(kube.Expand(objects), func(o *render.Object) bool { return len(kube.PodsOf(o)) > 0 }) {
		p.notes = append(p.notes, report.Remark{
			At: report.Location{Span: g.At, Exact: true}, Level: check.Warning,
			Text: fmt.Sprintf("the environment %q has no workloads, so nothing is judged in it: name the roots of its applications, too", g.Name),
		})
	}
	isContext := func(o *render.Object) bool { return !reported[o] }
	model, err := r.Build(objects, isContext, g.Mesh)
	if err != nil {
		return p, err
	}
	if err := r.judge(ctx, g, &p, model, objects, reported, results); err != nil {
		if ctx.Err() != nil {
			return p, err
		}
		// Of one group alone: the others are worth having.
		return part{skipped: r.lost(g, err)}, nil
	}
	return p, nil
}

// lost says of every root of g that err kept it from being checked.
func (r *run) lost(g Group, err error) []report.Skip {
	problem := render.Problem{Message: err.Error()}
	if e := (*render.Error)(nil); errors.As(err, &e) {
		problem = e.Problem
	}
	var skips []report.Skip
	for _, root := range g.Roots {
		skips = append(skips, report.Skip{Root: root.Dir, Problem: problem})
	}
	return skips
}

// judge lets the rules look at the model and adds to p what they find.
func (r *run) judge(ctx context.Context, g Group, p *part, model mesh.Model, objects []*render.Object, reported map[*render.Object]bool, results []*render.Result) (err error) {
	isContext := func(o *render.Object) bool { return !reported[o] }
	end := debuglog.Start(ctx, "judge", "group", g.Name, "roots", len(g.Roots), "objects", len(objects))
	findings, calls := check.Judge(r.Rules, objects, model)
	all := sync.OnceValue(func() []judged { return allJudged(model, calls) })
	end("findings", len(findings))
	defer debuglog.Start(ctx, "locate", "group", g.Name, "roots", len(g.Roots), "findings", len(findings))()
	p.probes, p.version = len(model.Probes()), model.Version()
	p.judged = r.judged(all, reported)
	for _, c := range calls {
		if reported[c.Object] {
			p.callers++
		}
	}
	fixes, err := r.prove(ctx, g, results, findings)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil { // of the fixes alone: the findings stand
		p.notes = append(p.notes, report.Remark{Text: "no fix is proven for " + g.label() + ": " + err.Error()})
	}
	assumed := assume(p.gaps)
	for i, f := range findings {
		if !reported[f.At.Object] {
			continue
		}
		it, err := r.locator.Item(ctx, f.At.Object.Root, f)
		if err != nil {
			return err
		}
		it.Assumed = append(it.Assumed, assumed...)
		if fixes != nil && it.Suppressed == nil {
			it.Fixes = fixes[i]
		}
		p.items = append(p.items, it)
	}
	if err := r.maybe(ctx, g, p, all, objects, reported); err != nil {
		return err
	}
	if p.notes, err = r.remarks(ctx, p.notes, model, objects); err != nil {
		return err
	}
	if p.wishes, err = r.wishes(ctx, objects, findings, isContext); err != nil {
		return err
	}
	if p.explained, err = r.explain(ctx, all); err != nil {
		return err
	}
	if p.silences, err = r.silence(ctx, all, objects); err != nil {
		return err
	}
	p.decisions, err = r.decide(ctx, all, reported)
	for i := range p.decisions {
		p.decisions[i].Assumed = append(p.decisions[i].Assumed, assumed...)
	}
	return err
}

// maxGaps is how many places of what was not rendered a finding names.
const maxGaps = 3

// gap names the place of what a root lacks.
func gap(root string, at source.Span) string {
	switch {
	case at.IsZero():
		return root
	case at.Start.Line == 0:
		return at.File
	}
	return fmt.Sprintf("%s:%d", at.File, at.Start.Line)
}

// assume says what the verdicts of a group assume of its gaps: the parts of its
// roots, and roots, that could not be rendered; nil where there are none.
func assume(gaps []string) []string {
	gaps = slices.Clone(gaps)
	slices.Sort(gaps)
	if gaps = slices.Compact(gaps); len(gaps) == 0 {
		return nil
	}
	text := "what could not be rendered changes nothing of it: " + strings.Join(gaps[:min(len(gaps), maxGaps)], ", ")
	if more := len(gaps) - maxGaps; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return []string{text}
}

// label names the group: by its environment, or by its only root.
func (g Group) label() string {
	if g.Name == "" && len(g.Roots) == 1 {
		return g.Roots[0].Dir
	}
	return "environment " + g.Name
}

// prove returns the proven fixes of findings, by index, if they are asked for.
// A panic of the prover is an error.
func (r *run) prove(ctx context.Context, g Group, results []*render.Result, findings []check.Finding) (fixes [][]report.Fix, err error) {
	if r.Prover == nil || len(findings) == 0 && !r.ProveAll {
		return nil, nil
	}
	defer func() {
		if v := recover(); v != nil {
			fixes, err = nil, fmt.Errorf("internal error: %v", v)
		}
	}()
	defer debuglog.Start(ctx, "prove", "group", g.Name, "findings", len(findings))()
	c := &Case{Group: g, Findings: findings, run: r}
	for _, res := range results {
		if res != nil {
			c.Results = append(c.Results, res)
		}
	}
	return r.Prover.Prove(ctx, c)
}

// remarks adds what the model and the suppressions have to say of the input.
func (r *run) remarks(ctx context.Context, notes []report.Remark, model mesh.Model, objects []*render.Object) ([]report.Remark, error) {
	remarks := check.Remarks(r.Rules, objects)
	for _, w := range model.Warnings() {
		remarks = append(remarks, check.Remark{Text: w.Text, Field: w.Field})
	}
	for _, w := range remarks {
		at, err := r.locator.Field(ctx, w.Field, "")
		if err != nil {
			return nil, err
		}
		n := report.Remark{At: at, Text: w.Text, Level: w.Level}
		if !w.Field.IsZero() {
			n.Roots = []string{w.Field.Object.Root.Dir}
		}
		notes = append(notes, n)
	}
	return notes, nil
}

// silence returns the rules that suppressions silence for what Engine.Silences
// wants, by annotations of objects and by comments at probes and callers.
func (r *run) silence(ctx context.Context, all func() []judged, objects []*render.Object) (map[report.Occurrence][]string, error) {
	if r.Silences == nil {
		return nil, nil
	}
	out := make(map[report.Occurrence][]string)
	note := func(occ report.Occurrence, silences func(rule string) bool) {
		for _, rule := range r.Rules {
			if silences(rule.ID) {
				out[occ] = append(out[occ], rule.ID)
			}
		}
	}
	for _, o := range objects {
		occ := report.Occurrence{Root: o.Root.Dir, Subject: o.Ref.String()}
		if r.Silences(occ.Root, occ.Subject) {
			note(occ, func(rule string) bool { return check.Silences(o, rule) })
		}
	}
	for _, what := range all() {
		occ := what.occurrence()
		if !r.Silences(occ.Root, occ.Subject) {
			continue
		}
		at, err := r.locator.Field(ctx, what.at, "")
		if err != nil {
			return nil, err
		}
		note(occ, func(rule string) bool { return r.locator.Silences(at, rule) })
	}
	return out, nil
}

// explain returns the deciding steps of the probes and callers that
// Engine.Explain wants.
func (r *run) explain(ctx context.Context, all func() []judged) (map[report.Occurrence][]report.Step, error) {
	if r.Explain == nil {
		return nil, nil
	}
	out := make(map[report.Occurrence][]report.Step)
	for _, what := range all() {
		occ := what.occurrence()
		if !r.Explain(occ.Root, occ.Subject) {
			continue
		}
		for _, fact := range what.judge().Chain {
			if !fact.Deciding || fact.Field.IsZero() {
				continue
			}
			step, err := r.locator.Step(ctx, fact, true)
			if err != nil {
				return nil, err
			}
			out[occ] = append(out[occ], step)
		}
	}
	return out, nil
}
