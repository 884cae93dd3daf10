// Package pmtls002 reports readiness probes that mTLS blocks.
package pmtls002

import (
	pages "github.com/org/probe-mtls-action/docs/rules"
	"github.com/org/probe-mtls-action/internal/check"
	"github.com/org/probe-mtls-action/internal/probe"
	"github.com/org/probe-mtls-action/internal/rules/wording"
)

// Rule is ReadinessProbeBlockedByMTLS.
var Rule = &check.Rule{
	ID:       "PMTLS002",
	Name:     "ReadinessProbeBlockedByMTLS",
	Severity: check.Error,
	Summary:  "A readiness probe cannot pass, because mTLS is required on its port",
	Doc:      pages.PMTLS002,
	Run:      func(p *check.Pass) { wording.ReportBlocked(p, probe.Readiness) },
}
