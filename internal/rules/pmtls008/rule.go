// Package pmtls008 reports legacy policies that the installed Istio no longer reads.
package pmtls008

import (
	pages "github.com/org/probe-mtls-action/docs/rules"
	"github.com/org/probe-mtls-action/internal/check"
	"github.com/org/probe-mtls-action/internal/mesh"
	"github.com/org/probe-mtls-action/internal/rules/wording"
)

// Rule is PolicyAPINotServed.
var Rule = &check.Rule{
	ID:       "PMTLS008",
	Name:     "PolicyAPINotServed",
	Severity: check.Warning,
	Verdict:  mesh.Ineffective,
	Summary:  "A policy of authentication.istio.io on an Istio that no longer has that API",
	Doc:      pages.PMTLS008,
	Run: func(p *check.Pass) {
		wording.ReportNotices(p, mesh.NoticeAPINotServed, "authentication.istio.io is not served")
	},
}
