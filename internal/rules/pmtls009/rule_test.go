package pmtls009_test

import (
	"testing"

	"github.com/org/probe-mtls-action/internal/check/checktest"
	"github.com/org/probe-mtls-action/internal/rules/pmtls009"
)

func TestFixtures(t *testing.T) { checktest.Run(t, "testdata", pmtls009.Rule) }
