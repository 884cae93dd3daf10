package kustomize_test

import (
	"os"
	"testing"

	"github.com/org/probe-mtls-action/render/kustomize"
)

// TestMain keeps kustomize's warnings out of the tests' output.
func TestMain(m *testing.M) {
	kustomize.Quiet()
	kustomize.CutAll()
	os.Exit(m.Run())
}
