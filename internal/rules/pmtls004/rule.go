// Package pmtls004 reports lifecycle handlers that mTLS blocks.
package pmtls004

import (
	pages "github.com/org/probe-mtls-action/docs/rules"
	"github.com/org/probe-mtls-action/internal/check"
	"github.com/org/probe-mtls-action/internal/probe"
	"github.com/org/probe-mtls-action/internal/rules/wording"
)

// Rule is LifecycleHandlerBlockedByMTLS.
var Rule = &check.Rule{
	ID:       "PMTLS004",
	Name:     "LifecycleHandlerBlockedByMTLS",
	Severity: check.Error,
	Summary:  "A postStart or preStop request cannot pass, because mTLS is required on its port",
	Doc:      pages.PMTLS004,
	Run:      func(p *check.Pass) { wording.ReportBlocked(p, probe.PostStart, probe.PreStop) },
}
