package pmtls008_test

import (
	"testing"

	"github.com/org/probe-mtls-action/internal/check/checktest"
	"github.com/org/probe-mtls-action/internal/rules/pmtls008"
)

func TestFixtures(t *testing.T) { checktest.Run(t, "testdata", pmtls008.Rule) }
