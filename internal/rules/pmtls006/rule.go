// Package pmtls006 reports probes of a named port that their container does not declare.
package pmtls006

import (
	"fmt"

	pages "github.com/org/probe-mtls-action/docs/rules"
	"github.com/org/probe-mtls-action/internal/check"
	"github.com/org/probe-mtls-action/internal/mesh"
	"github.com/org/probe-mtls-action/internal/rules/wording"
)

// Rule is ProbePortNotFound.
var Rule = &check.Rule{
	ID:       "PMTLS006",
	Name:     "ProbePortNotFound",
	Severity: check.Error,
	Summary:  "A probe names a port that its container does not declare",
	Doc:      pages.PMTLS006,
	Run:      func(p *check.Pass) { wording.Report(p, wording.PortMissing, write) },
}

func write(j mesh.Judgement) (summary, opening string) {
	noun := wording.Noun(j.Probe.Kind)
	summary = fmt.Sprintf("%s names an unknown port", noun)
	opening = fmt.Sprintf("The %s uses %s on a port that its container does not declare.",
		wording.Workload(j.Probe.Workload), noun)
	return summary, opening
}
