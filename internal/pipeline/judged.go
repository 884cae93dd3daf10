package pipeline

import (
	"github.com/org/probe-mtls-action/internal/caller"
	"github.com/org/probe-mtls-action/internal/check"
	"github.com/org/probe-mtls-action/internal/mesh"
	"github.com/org/probe-mtls-action/internal/report"
	"github.com/org/probe-mtls-action/internal/rules/wording"
	"github.com/org/probe-mtls-action/render"
)

// judged is one thing that has a verdict: a probe or a caller.
type judged struct {
	subject check.Subject
	object  *render.Object // that it stands in
	at      render.Field   // where a finding of it is reported
	asks    string         // what is asked, and how
	// namespaces are those of the pods that are asked.
	namespaces []string
	judge      func() mesh.Judgement
}

func (j *judged) occurrence() report.Occurrence {
	return report.Occurrence{Root: j.object.Root.Dir, Subject: j.subject.String()}
}

// allJudged lists the probes of a model, and then the callers.
func allJudged(model mesh.Model, calls []caller.Judgement) []judged {
	var out []judged
	for _, p := range model.Probes() {
		at := p.PortField
		if at.IsZero() {
			at = p.Field
		}
		out = append(out, judged{
			subject: check.SubjectOf(p), object: p.Workload, at: at,
			asks: wording.Asked(p), namespaces: []string{p.Workload.NamespaceOrDefault()}, judge: func() mesh.Judgement { return model.Judge(p) },
		})
	}
	for _, c := range calls {
		out = append(out, judged{
			subject: check.Subject{Ref: c.Object.Ref, Caller: c.Name}, object: c.Object, at: c.At,
			asks: c.Asks + " " + c.Speech.Manner(), namespaces: c.Namespaces(), judge: func() mesh.Judgement { return c.Judgement },
		})
	}
	return out
}
