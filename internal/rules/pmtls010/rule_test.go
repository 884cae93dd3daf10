package pmtls010_test

import (
	"testing"

	"github.com/org/probe-mtls-action/internal/check/checktest"
	"github.com/org/probe-mtls-action/internal/rules/pmtls010"
)

func TestFixtures(t *testing.T) { checktest.Run(t, "testdata", pmtls010.Rule) }
