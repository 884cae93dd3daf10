// Package pmtls001 reports liveness probes that mTLS blocks.
package pmtls001

import (
	pages "github.com/org/probe-mtls-action/docs/rules"
	"github.com/org/probe-mtls-action/internal/check"
	"github.com/org/probe-mtls-action/internal/probe"
	"github.com/org/probe-mtls-action/internal/rules/wording"
)

// Rule is LivenessProbeBlockedByMTLS.
var Rule = &check.Rule{
	ID:       "PMTLS001",
	Name:     "LivenessProbeBlockedByMTLS",
	Severity: check.Error,
	Summary:  "A liveness probe cannot pass, because mTLS is required on its port",
	Doc:      pages.PMTLS001,
	Run:      func(p *check.Pass) { wording.ReportBlocked(p, probe.Liveness) },
}
