package pmtls004_test

import (
	"testing"

	"github.com/org/probe-mtls-action/internal/check/checktest"
	"github.com/org/probe-mtls-action/internal/rules/pmtls004"
)

func TestFixtures(t *testing.T) { checktest.Run(t, "testdata", pmtls004.Rule) }
