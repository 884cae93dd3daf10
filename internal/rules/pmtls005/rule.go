// Package pmtls005 reports probes that the sidecar answers in the application's stead.
package pmtls005

import (
	pages "github.com/org/probe-mtls-action/docs/rules"
	"github.com/org/probe-mtls-action/internal/check"
	"github.com/org/probe-mtls-action/internal/rules/wording"
)

// Rule is ProbeAlwaysPassesThroughSidecar.
var Rule = &check.Rule{
	ID:       "PMTLS005",
	Name:     "ProbeAlwaysPassesThroughSidecar",
	Severity: check.Warning,
	Summary:  "A tcpSocket probe that the sidecar accepts even when the application is dead",
	Doc:      pages.PMTLS005,
	Run: func(p *check.Pass) {
		wording.ReportAs(p, wording.FalseHealthy, "passes even when the application is dead", "that shows nothing of the application")
	},
}
