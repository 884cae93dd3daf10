// Package pmtls007 reports exemptions from mTLS that exempt nothing.
package pmtls007

import (
	pages "github.com/org/probe-mtls-action/docs/rules"
	"github.com/org/probe-mtls-action/internal/check"
	"github.com/org/probe-mtls-action/internal/mesh"
	"github.com/org/probe-mtls-action/internal/rules/wording"
)

// Rule is MTLSExceptionHasNoEffect.
var Rule = &check.Rule{
	ID:       "PMTLS007",
	Name:     "MTLSExceptionHasNoEffect",
	Severity: check.Warning,
	Verdict:  mesh.Ineffective,
	Summary:  "A policy means to exempt a probe's port from mTLS but cannot",
	Doc:      pages.PMTLS007,
	Run: func(p *check.Pass) {
		wording.ReportNotices(p, mesh.NoticeExceptionNoEffect, "mTLS exception has no effect")
	},
}
