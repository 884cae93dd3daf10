// Package pmtls012 reports probes that Istio's own rewriting breaks.
package pmtls012

import (
	"fmt"

	pages "github.com/org/probe-mtls-action/docs/rules"
	"github.com/org/probe-mtls-action/internal/check"
	"github.com/org/probe-mtls-action/internal/mesh"
	"github.com/org/probe-mtls-action/internal/rules/wording"
)

// Rule is ProbeBrokenByRewrite.
var Rule = &check.Rule{
	ID:       "PMTLS012",
	Name:     "ProbeBrokenByRewrite",
	Severity: check.Error,
	Summary:  "Istio rewrites a probe in a way that it cannot pass",
	Doc:      pages.PMTLS012,
	Run:      func(p *check.Pass) { wording.Report(p, wording.Rewrite, write) },
}

func write(j mesh.Judgement) (summary, opening string) {
	noun := wording.Noun(j.Probe.Kind)
	summary = fmt.Sprintf("%s broken by Istio's probe rewriting", noun)
	opening = fmt.Sprintf("The %s uses %s which Istio rewrites in a way that it cannot pass.",
		wording.Workload(j.Probe.Workload), noun)
	return summary, opening
}
