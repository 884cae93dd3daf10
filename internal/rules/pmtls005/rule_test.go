package pmtls005_test

import (
	"testing"

	"github.com/org/probe-mtls-action/internal/check/checktest"
	"github.com/org/probe-mtls-action/internal/rules/pmtls005"
)

func TestFixtures(t *testing.T) { checktest.Run(t, "testdata", pmtls005.Rule) }
