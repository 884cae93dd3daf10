// Package rules lists what the product looks for.
package rules

import (
	"github.com/org/probe-mtls-action/internal/check"
	"github.com/org/probe-mtls-action/internal/rules/pmtls001"
	"github.com/org/probe-mtls-action/internal/rules/pmtls002"
	"github.com/org/probe-mtls-action/internal/rules/pmtls003"
	"github.com/org/probe-mtls-action/internal/rules/pmtls004"
	"github.com/org/probe-mtls-action/internal/rules/pmtls005"
	"github.com/org/probe-mtls-action/internal/rules/pmtls006"
	"github.com/org/probe-mtls-action/internal/rules/pmtls007"
	"github.com/org/probe-mtls-action/internal/rules/pmtls008"
	"github.com/org/probe-mtls-action/internal/rules/pmtls009"
	"github.com/org/probe-mtls-action/internal/rules/pmtls010"
	"github.com/org/probe-mtls-action/internal/rules/pmtls011"
	"github.com/org/probe-mtls-action/internal/rules/pmtls012"
)

// All returns every rule, in the order of their IDs.
func All() []*check.Rule {
	return []*check.Rule{
		pmtls001.Rule,
		pmtls002.Rule,
		pmtls003.Rule,
		pmtls004.Rule,
		pmtls005.Rule,
		pmtls006.Rule,
		pmtls007.Rule,
		pmtls008.Rule,
		pmtls009.Rule,
		pmtls010.Rule,
		pmtls011.Rule,
		pmtls012.Rule,
	}
}
