package wording

import (
	"slices"

	"github.com/org/probe-mtls-action/internal/caller"
	"github.com/org/probe-mtls-action/internal/check"
	"github.com/org/probe-mtls-action/internal/mesh"
)

// ReportCalls reports one finding for each caller of the given kinds that is not
// let in. Its summary is what happens in the cluster: a failure that is passed
// over, and one of a client that is not in view, are less grave than the rule
// says.
func ReportCalls(p *check.Pass, kinds ...caller.Kind) {
	for _, j := range p.Calls {
		if j.Verdict == mesh.OK || !slices.Contains(kinds, j.Kind) {
			continue
		}
		severity := p.Rule.Severity
		switch {
		case j.Unseen:
			severity = check.Note
		case severity == check.Error && (j.Ignored || j.Verdict != mesh.Breaks):
			severity = check.Warning
		}
		p.Report(check.Finding{
			Severity: severity,
			Verdict:  j.Verdict,
			Subject:  check.Subject{Ref: j.Object.Ref, Caller: j.Name},
			At:       j.At,
			Summary:  called(j),
			Message:  join([]string{sentence(called(j)), sentence(j.Client + " calls " + j.Asks + " " + j.Speech.Manner()), sentence(j.Reason), Advice(j.Remedies)}),
			Steps:    j.Chain,
			Assumed:  j.Assumed,
			Remedies: j.Remedies,
		})
	}
}

// called says in one clause what happens: "the API server does not reach webhook
// a.example.com of ValidatingWebhookConfiguration policy, so …".
func called(j caller.Judgement) string {
	does, so := " does not reach ", ", so "
	if j.Verdict != mesh.Breaks {
		does, so = " may not reach ", "; then "
	}
	return j.Client + does + j.Title() + so + j.Covers
}
