package pmtls007_test

import (
	"testing"

	"github.com/org/probe-mtls-action/internal/check/checktest"
	"github.com/org/probe-mtls-action/internal/rules/pmtls007"
)

func TestFixtures(t *testing.T) { checktest.Run(t, "testdata", pmtls007.Rule) }
