package pipeline

import (
	"context"

	"github.com/org/probe-mtls-action/internal/check"
	"github.com/org/probe-mtls-action/internal/mesh"
	"github.com/org/probe-mtls-action/internal/probe"
	"github.com/org/probe-mtls-action/internal/report"
	"github.com/org/probe-mtls-action/internal/rules/wording"
	"github.com/org/probe-mtls-action/render"
)

// decide returns the whole decision of the probes that Engine.Decide wants, of
// objects that are reported on.
func (r *run) decide(ctx context.Context, model mesh.Model, reported map[*render.Object]bool) ([]report.Decision, error) {
	if r.Decide == nil {
		return nil, nil
	}
	var out []report.Decision
	for _, p := range model.Probes() {
		subject := check.Subject{Ref: p.Workload.Ref, Container: p.Container, Field: p.Kind}
		if !reported[p.Workload] || !r.Decide(subject) {
			continue
		}
		d, err := r.decision(ctx, p, model.Judge(p))
		if err != nil {
			return nil, err
		}
		d.Subject = subject.String()
		out = append(out, d)
	}
	return out, nil
}

func (r *run) decision(ctx context.Context, p *probe.Probe, j mesh.Judgement) (report.Decision, error) {
	field := p.PortField
	if field.IsZero() {
		field = p.Field
	}
	at, err := r.locator.Field(ctx, field, "")
	d := report.Decision{
		Roots: []string{p.Workload.Root.Dir}, At: at,
		Probe: wording.Asked(p), Verdict: j.Verdict, Reason: j.Reason, Assumed: j.Assumed,
	}
	if err != nil {
		return d, err
	}
	for _, fact := range j.Chain {
		step, err := r.locator.Step(ctx, fact, true)
		if err != nil {
			return d, err
		}
		d.Steps = append(d.Steps, step)
	}
	return d, nil
}

// judged lists the probes of objects that are reported on, if that is asked for.
func (r *run) judged(model mesh.Model, reported map[*render.Object]bool) []report.Occurrence {
	if !r.ListJudged {
		return nil
	}
	var out []report.Occurrence
	for _, p := range model.Probes() {
		if reported[p.Workload] {
			subject := check.Subject{Ref: p.Workload.Ref, Container: p.Container, Field: p.Kind}
			out = append(out, report.Occurrence{Root: p.Workload.Root.Dir, Subject: subject.String()})
		}
	}
	return out
}
