// Package pmtls009 reports exemptions that also open application traffic.
package pmtls009

import (
	pages "github.com/org/probe-mtls-action/docs/rules"
	"github.com/org/probe-mtls-action/internal/check"
	"github.com/org/probe-mtls-action/internal/mesh"
	"github.com/org/probe-mtls-action/internal/rules/wording"
)

// Rule is MTLSDisabledOnApplicationPort.
var Rule = &check.Rule{
	ID:       "PMTLS009",
	Name:     "MTLSDisabledOnApplicationPort",
	Severity: check.Note,
	Verdict:  mesh.Exposed,
	Summary:  "A port exempted from mTLS for a probe also carries application traffic",
	Doc:      pages.PMTLS009,
	Run: func(p *check.Pass) {
		wording.ReportNotices(p, mesh.NoticeAppPortExempt, "mTLS disabled on an application port")
	},
}
