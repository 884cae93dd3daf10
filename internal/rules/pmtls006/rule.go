// Package pmtls006 reports probes of a named port that their container does not declare.
package pmtls006

import (
	pages "github.com/org/probe-mtls-action/docs/rules"
	"github.com/org/probe-mtls-action/internal/check"
	"github.com/org/probe-mtls-action/internal/rules/wording"
)

// Rule is ProbePortNotFound.
var Rule = &check.Rule{
	ID:       "PMTLS006",
	Name:     "ProbePortNotFound",
	Severity: check.Error,
	Summary:  "A probe names a port that its container does not declare",
	Doc:      pages.PMTLS006,
	Run: func(p *check.Pass) {
		wording.ReportAs(p, wording.PortMissing, "names an unknown port", "on a port that its container does not declare")
	},
}
