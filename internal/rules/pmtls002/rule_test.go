package pmtls002_test

import (
	"testing"

	"github.com/org/probe-mtls-action/internal/check/checktest"
	"github.com/org/probe-mtls-action/internal/rules/pmtls002"
)

func TestFixtures(t *testing.T) { checktest.Run(t, "testdata", pmtls002.Rule) }
