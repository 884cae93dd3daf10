package pmtls001_test

import (
	"testing"

	"github.com/org/probe-mtls-action/internal/check/checktest"
	"github.com/org/probe-mtls-action/internal/rules/pmtls001"
)

func TestFixtures(t *testing.T) { checktest.Run(t, "testdata", pmtls001.Rule) }
