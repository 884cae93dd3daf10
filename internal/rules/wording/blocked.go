package wording

import (
	"fmt"

	"github.com/org/probe-mtls-action/internal/check"
	"github.com/org/probe-mtls-action/internal/mesh"
	"github.com/org/probe-mtls-action/internal/probe"
)

// ReportBlocked reports the probes of the given kinds that mTLS blocks, in the
// words that users know from istio-vet's mtlsprobes note.
func ReportBlocked(p *check.Pass, kinds ...probe.Kind) {
	Report(p, Blocked, func(j mesh.Judgement) (summary, opening string) {
		noun, be := j.Probe.Kind.Noun(), "is"
		summary = fmt.Sprintf("mTLS and %s incompatible", noun)
		if uncertain(j) {
			summary, be = fmt.Sprintf("mTLS and %s may be incompatible", noun), "may be"
		}
		opening = fmt.Sprintf("The %s uses %s which %s incompatible with mTLS. "+
			"Consider disabling the %s or mTLS, or disabling mTLS for the port of the %s.",
			Workload(j.Probe.Workload), noun, be, noun, noun)
		return summary, opening
	}, kinds...)
}
