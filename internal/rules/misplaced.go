package rules

import (
	"fmt"

	"github.com/org/probe-mtls-action/internal/check"
	"github.com/org/probe-mtls-action/internal/mesh"
	"github.com/org/probe-mtls-action/internal/probe"
	"github.com/org/probe-mtls-action/internal/rules/wording"
)

// reportMisplaced reports probes that stand where Kubernetes ignores them.
func reportMisplaced(p *check.Pass) {
	for _, o := range p.Objects {
		for _, m := range misplaced(o) {
			p.Report(m.finding())
		}
	}
}

func (m misplacement) finding() check.Finding {
	o := m.field.Object
	f := check.Finding{
		Subject:  check.Subject{Ref: o.Ref, Container: m.container, Field: probe.Kind(m.key)},
		At:       m.field,
		Summary:  fmt.Sprintf("%s is ignored - %s", m.written, o.Name),
		Remedies: []mesh.Remedy{m.remedy()},
	}
	why := fmt.Sprintf("at %s, %s", m.field.Path, m.place)
	if m.written != m.key {
		why = fmt.Sprintf("at %s, but the field is called %s", m.field.Path, m.key)
	}
	f.Message = fmt.Sprintf("The %s has %s %s. Kubernetes drops fields that it does not know, so the pod runs without this %s. %s",
		wording.Workload(o), m.written, why, m.noun(), wording.Advice(f.Remedies))
	return f
}
