// Package rules lists what the product looks for.
package rules

import (
	"slices"

	pages "github.com/org/probe-mtls-action/docs/rules"
	"github.com/org/probe-mtls-action/internal/caller"
	"github.com/org/probe-mtls-action/internal/check"
	"github.com/org/probe-mtls-action/internal/mesh"
	"github.com/org/probe-mtls-action/internal/probe"
	"github.com/org/probe-mtls-action/internal/rules/wording"
)

// All returns every rule, in the order of their IDs.
func All() []*check.Rule { return slices.Clone(all) }

var all = []*check.Rule{
	{
		ID: "PMTLS001", Name: "LivenessProbeBlockedByMTLS", Severity: check.Error, Doc: pages.PMTLS001,
		Summary: "A liveness probe cannot pass, because mTLS is required on its port",
		Run:     func(p *check.Pass) { wording.ReportBlocked(p, probe.Liveness) },
	},
	{
		ID: "PMTLS002", Name: "ReadinessProbeBlockedByMTLS", Severity: check.Error, Doc: pages.PMTLS002,
		Summary: "A readiness probe cannot pass, because mTLS is required on its port",
		Run:     func(p *check.Pass) { wording.ReportBlocked(p, probe.Readiness) },
	},
	{
		ID: "PMTLS003", Name: "StartupProbeBlockedByMTLS", Severity: check.Error, Doc: pages.PMTLS003,
		Summary: "A startup probe cannot pass, because mTLS is required on its port",
		Run:     func(p *check.Pass) { wording.ReportBlocked(p, probe.Startup) },
	},
	{
		ID: "PMTLS004", Name: "LifecycleHandlerBlockedByMTLS", Severity: check.Error, Doc: pages.PMTLS004,
		Summary: "A postStart or preStop request cannot pass, because mTLS is required on its port",
		Run:     func(p *check.Pass) { wording.ReportBlocked(p, probe.PostStart, probe.PreStop) },
	},
	{
		ID: "PMTLS005", Name: "ProbeAlwaysPassesThroughSidecar", Severity: check.Warning, Doc: pages.PMTLS005,
		Summary: "A tcpSocket probe that the sidecar accepts even when the application is dead",
		Run: func(p *check.Pass) {
			wording.ReportAs(p, wording.FalseHealthy, "passes even when the application is dead", "that shows nothing of the application")
		},
	},
	{
		ID: "PMTLS006", Name: "ProbePortNotFound", Severity: check.Error, Doc: pages.PMTLS006,
		Summary: "A probe names a port that its container does not declare",
		Run: func(p *check.Pass) {
			wording.ReportAs(p, wording.PortMissing, "names an unknown port", "on a port that its container does not declare")
		},
	},
	{
		ID: "PMTLS007", Name: "MTLSExceptionHasNoEffect", Severity: check.Warning, Verdict: mesh.Ineffective, Doc: pages.PMTLS007,
		Summary: "A policy means to exempt a probe's port from mTLS but cannot",
		Run: func(p *check.Pass) {
			wording.ReportNotices(p, mesh.NoticeExceptionNoEffect, "mTLS exception has no effect")
		},
	},
	{
		ID: "PMTLS008", Name: "PolicyAPINotServed", Severity: check.Warning, Verdict: mesh.Ineffective, Doc: pages.PMTLS008,
		Summary: "A policy of authentication.istio.io on an Istio that no longer has that API",
		Run: func(p *check.Pass) {
			wording.ReportNotices(p, mesh.NoticeAPINotServed, "%s is not served")
		},
	},
	{
		ID: "PMTLS009", Name: "MTLSDisabledOnApplicationPort", Severity: check.Note, Verdict: mesh.Exposed, Doc: pages.PMTLS009,
		Summary: "A port exempted from mTLS for a probe also carries application traffic",
		Run: func(p *check.Pass) {
			wording.ReportNotices(p, mesh.NoticeAppPortExempt, "mTLS disabled on an application port")
		},
	},
	{
		ID: "PMTLS010", Name: "ProbeMisplaced", Severity: check.Warning, Verdict: mesh.Ineffective, Doc: pages.PMTLS010,
		Summary: "A probe or handler that Kubernetes ignores",
		Run: func(p *check.Pass) {
			reportMisplaced(p)
			wording.ReportAs(p, wording.NeverRun, "is never run", "that Kubernetes does not run")
		},
	},
	{
		ID: "PMTLS011", Name: "ProbeDependsOnPolicyOrder", Severity: check.Warning, Doc: pages.PMTLS011,
		Summary: "Policies of equal rank disagree about a probe's port",
		Run: func(p *check.Pass) {
			wording.ReportAs(p, wording.Order, "depends on the order of policies", "which may be incompatible with mTLS")
		},
	},
	{
		ID: "PMTLS012", Name: "ProbeBrokenByRewrite", Severity: check.Error, Doc: pages.PMTLS012,
		Summary: "Istio rewrites a probe in a way that it cannot pass",
		Run: func(p *check.Pass) {
			name := p.Model.Names().Name
			wording.ReportAs(p, wording.Rewrite, "broken by "+name+"'s probe rewriting", "which "+name+" rewrites in a way that it cannot pass")
		},
	},
	{
		ID: "PMTLS013", Name: "WebhookBlockedByMTLS", Severity: check.Error, Doc: pages.PMTLS013,
		Summary: "The API server cannot call a webhook, because its sidecar does not let the call in",
		Run:     func(p *check.Pass) { wording.ReportCalls(p, caller.Admission, caller.Conversion) },
	},
	{
		ID: "PMTLS014", Name: "AggregatedAPIBlockedByMTLS", Severity: check.Error, Doc: pages.PMTLS014,
		Summary: "The API server cannot call an aggregated API, because its sidecar does not let the call in",
		Run:     func(p *check.Pass) { wording.ReportCalls(p, caller.Aggregated) },
	},
	{
		ID: "PMTLS015", Name: "ScrapeBlockedByMTLS", Severity: check.Warning, Doc: pages.PMTLS015,
		Summary: "Prometheus cannot scrape a port, because its sidecar does not let the scrape in",
		Run:     func(p *check.Pass) { wording.ReportCalls(p, caller.Scrape) },
	},
	{
		ID: "PMTLS016", Name: "ClientOutsideMeshBlocked", Severity: check.Warning, Doc: pages.PMTLS016,
		Summary: "A client outside the mesh cannot reach its backend, because the sidecar does not let it in",
		Run:     func(p *check.Pass) { wording.ReportCalls(p, caller.Client) },
	},
}
