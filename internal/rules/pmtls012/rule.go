// Package pmtls012 reports probes that Istio's own rewriting breaks.
package pmtls012

import (
	pages "github.com/org/probe-mtls-action/docs/rules"
	"github.com/org/probe-mtls-action/internal/check"
	"github.com/org/probe-mtls-action/internal/rules/wording"
)

// Rule is ProbeBrokenByRewrite.
var Rule = &check.Rule{
	ID:       "PMTLS012",
	Name:     "ProbeBrokenByRewrite",
	Severity: check.Error,
	Summary:  "Istio rewrites a probe in a way that it cannot pass",
	Doc:      pages.PMTLS012,
	Run: func(p *check.Pass) {
		wording.ReportAs(p, wording.Rewrite, "broken by Istio's probe rewriting", "which Istio rewrites in a way that it cannot pass")
	},
}
