// Package pmtls003 reports startup probes that mTLS blocks.
package pmtls003

import (
	pages "github.com/org/probe-mtls-action/docs/rules"
	"github.com/org/probe-mtls-action/internal/check"
	"github.com/org/probe-mtls-action/internal/probe"
	"github.com/org/probe-mtls-action/internal/rules/wording"
)

// Rule is StartupProbeBlockedByMTLS.
var Rule = &check.Rule{
	ID:       "PMTLS003",
	Name:     "StartupProbeBlockedByMTLS",
	Severity: check.Error,
	Summary:  "A startup probe cannot pass, because mTLS is required on its port",
	Doc:      pages.PMTLS003,
	Run:      func(p *check.Pass) { wording.ReportBlocked(p, probe.Startup) },
}
