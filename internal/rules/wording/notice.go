package wording

import (
	"strings"

	"github.com/org/probe-mtls-action/internal/check"
	"github.com/org/probe-mtls-action/internal/mesh"
)

// ReportNotices reports one finding for each notice of a kind. The summary is
// followed by the policy's kind and name; %s in it is the policy's API group.
func ReportNotices(p *check.Pass, kind mesh.NoticeKind, summary string) {
	for _, n := range p.Model.Notices() {
		if n.Kind != kind || n.Field.IsZero() {
			continue
		}
		ref := n.Field.Object.Ref
		p.Report(check.Finding{
			Subject:  check.Subject{Ref: ref},
			At:       n.Field,
			Summary:  strings.ReplaceAll(summary, "%s", ref.Group) + " - " + ref.Kind + " " + ref.Name,
			Message:  join([]string{sentence(n.Text), Advice(n.Remedies)}),
			Steps:    n.Facts,
			Assumed:  n.Assumed,
			Remedies: n.Remedies,
		})
	}
}
