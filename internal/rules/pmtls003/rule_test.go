package pmtls003_test

import (
	"testing"

	"github.com/org/probe-mtls-action/internal/check/checktest"
	"github.com/org/probe-mtls-action/internal/rules/pmtls003"
)

func TestFixtures(t *testing.T) { checktest.Run(t, "testdata", pmtls003.Rule) }
