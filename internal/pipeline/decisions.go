package pipeline

import (
	"context"

	"github.com/org/probe-mtls-action/internal/report"
	"github.com/org/probe-mtls-action/render"
)

// decide returns the whole decision of the probes and callers that Engine.Decide
// wants, of objects that are reported on.
func (r *run) decide(ctx context.Context, all func() []judged, reported map[*render.Object]bool) ([]report.Decision, error) {
	if r.Decide == nil {
		return nil, nil
	}
	var out []report.Decision
	for _, what := range all() {
		if !reported[what.object] || !r.Decide(what.subject) {
			continue
		}
		d, err := r.decision(ctx, &what)
		if err != nil {
			return nil, err
		}
		out = append(out, d)
	}
	return out, nil
}

func (r *run) decision(ctx context.Context, what *judged) (report.Decision, error) {
	at, err := r.locator.Field(ctx, what.at, "")
	j := what.judge()
	d := report.Decision{
		Subject: what.subject.String(), Roots: []string{what.object.Root.Dir}, At: at,
		Probe: what.asks, Verdict: j.Verdict, Reason: j.Reason, Assumed: j.Assumed,
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

// judged lists the probes and callers of objects that are reported on, if that is
// asked for.
func (r *run) judged(all func() []judged, reported map[*render.Object]bool) []report.Occurrence {
	if !r.ListJudged {
		return nil
	}
	var out []report.Occurrence
	for _, what := range all() {
		if reported[what.object] {
			out = append(out, what.occurrence())
		}
	}
	return out
}
