package pmtls012_test

import (
	"testing"

	"github.com/org/probe-mtls-action/internal/check/checktest"
	"github.com/org/probe-mtls-action/internal/rules/pmtls012"
)

func TestFixtures(t *testing.T) { checktest.Run(t, "testdata", pmtls012.Rule) }
