package pmtls011_test

import (
	"testing"

	"github.com/org/probe-mtls-action/internal/check/checktest"
	"github.com/org/probe-mtls-action/internal/rules/pmtls011"
)

func TestFixtures(t *testing.T) { checktest.Run(t, "testdata", pmtls011.Rule) }
