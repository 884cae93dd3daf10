package pmtls006_test

import (
	"testing"

	"github.com/org/probe-mtls-action/internal/check/checktest"
	"github.com/org/probe-mtls-action/internal/rules/pmtls006"
)

func TestFixtures(t *testing.T) { checktest.Run(t, "testdata", pmtls006.Rule) }
