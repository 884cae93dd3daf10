// Package pmtls005 reports probes that the sidecar answers in the application's stead.
package pmtls005

import (
	"fmt"

	pages "github.com/org/probe-mtls-action/docs/rules"
	"github.com/org/probe-mtls-action/internal/check"
	"github.com/org/probe-mtls-action/internal/mesh"
	"github.com/org/probe-mtls-action/internal/rules/wording"
)

// Rule is ProbeAlwaysPassesThroughSidecar.
var Rule = &check.Rule{
	ID:       "PMTLS005",
	Name:     "ProbeAlwaysPassesThroughSidecar",
	Severity: check.Warning,
	Summary:  "A tcpSocket probe that the sidecar accepts even when the application is dead",
	Doc:      pages.PMTLS005,
	Run:      func(p *check.Pass) { wording.Report(p, wording.FalseHealthy, write) },
}

func write(j mesh.Judgement) (summary, opening string) {
	noun := wording.Noun(j.Probe.Kind)
	summary = fmt.Sprintf("%s passes even when the application is dead", noun)
	opening = fmt.Sprintf("The %s uses %s that shows nothing of the application.",
		wording.Workload(j.Probe.Workload), noun)
	return summary, opening
}
