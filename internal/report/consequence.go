package report

import (
	"github.com/org/probe-mtls-action/internal/mesh"
	"github.com/org/probe-mtls-action/internal/probe"
)

// Consequence says in one clause, without a full stop, what happens in the
// cluster: "the liveness probe of Deployment shop/web fails, so the container
// restarts forever". Findings of policies and misplaced keys have no probe that
// runs; theirs is the summary, and so is that of what the change hides and of
// callers.
func (it *Item) Consequence() string {
	if it.Hidden != NotHidden || it.Call() {
		return it.Summary
	}
	t := it.Target()
	becomes := outcome(it.Verdict, t.Field)
	if t.Field == "" || becomes == "" {
		return it.Summary
	}
	return "the " + t.Noun() + " of " + t.Workload + " " + becomes
}

// outcome says what becomes of a probe and of its pod; "" where nothing runs.
func outcome(v mesh.Verdict, kind probe.Kind) string {
	switch v {
	case mesh.Breaks:
		return "fails, so " + effect(kind)
	case mesh.FalseHealthy:
		return "passes even when the application is dead"
	case mesh.Ambiguous:
		return "may fail; then " + effect(kind)
	case mesh.Unknown:
		return "may fail, which what is in view does not decide"
	}
	return ""
}

// effect is what the kubelet does when a probe or handler fails
// (kubernetes/kubernetes pkg/kubelet/prober, pkg/kubelet/lifecycle).
func effect(kind probe.Kind) string {
	switch kind {
	case probe.Liveness, probe.Startup:
		return "the container restarts forever"
	case probe.Readiness:
		return "the pod gets no traffic"
	case probe.PostStart:
		return "the container is killed and restarts forever"
	case probe.PreStop:
		return "the container stops without it"
	}
	return "the pod does not become healthy"
}
