// Package pmtls011 reports probes whose fate hangs on which of equal policies wins.
package pmtls011

import (
	pages "github.com/org/probe-mtls-action/docs/rules"
	"github.com/org/probe-mtls-action/internal/check"
	"github.com/org/probe-mtls-action/internal/rules/wording"
)

// Rule is ProbeDependsOnPolicyOrder.
var Rule = &check.Rule{
	ID:       "PMTLS011",
	Name:     "ProbeDependsOnPolicyOrder",
	Severity: check.Warning,
	Summary:  "Policies of equal rank disagree about a probe's port",
	Doc:      pages.PMTLS011,
	Run: func(p *check.Pass) {
		wording.ReportAs(p, wording.Order, "depends on the order of policies", "which may be incompatible with mTLS")
	},
}
