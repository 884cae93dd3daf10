package gitops_test

import (
	"testing"

	"github.com/org/probe-mtls-action/internal/gitops"
)

func TestRepositoryIsRecognised(t *testing.T) {
	r := gitops.NewRepository("git@github.com:Acme/Platform.git")
	for url, want := range map[string]bool{
		"https://github.com/acme/platform":              true,
		"https://github.com/acme/platform.git":          true,
		"https://github.com/acme/platform/":             true,
		"https://token@github.com/acme/platform.git":    true,
		"ssh://git@github.com/acme/platform":            true,
		"ssh://git@git.example.com:7999/acme/platform":  true,
		"git@github.com:acme/platform.git":              true,
		"git@gitlab.example.com:/acme/platform":         true,
		"acme/platform":                                 true,
		"https://git.example.com/scm/acme/platform.git": true,
		"https://github.com/acme/other":                 false,
		"https://github.com/other/platform":             false,
		"https://charts.example.com":                    false,
		"":                                              false,
		"oci://ghcr.io/acme/platform-charts":            false,
	} {
		if got := r.Is(url); got != want {
			t.Errorf("%q: got %v, want %v", url, got, want)
		}
	}
	if !r.SameName("https://github.com/old-owner/platform") || r.SameName("https://github.com/acme/other") {
		t.Error("the name under another owner")
	}
	if !r.Names("oci://ghcr.io/acme/platform/manifests") || r.Names("oci://ghcr.io/acme/platform-x") {
		t.Error("the name in an artifact")
	}
}
