package near_test

import (
	"testing"

	"github.com/org/probe-mtls-action/internal/near"
)

func TestWord(t *testing.T) {
	t.Parallel()
	words := []string{"check", "explain", "istio-version", "meshMTLS", "app: pay-api", "no"}
	for word, want := range map[string]string{
		"chekc": "check", "Check": "check", "istio-versoin": "istio-version", "mesh-mtls": "meshMTLS",
		"app: pay-apl": "app: pay-api", "ex": "", "": "", "yes": "", "somethingelse": "",
	} {
		if got := near.Word(word, words); got != want {
			t.Errorf("nearest to %q is %q, want %q", word, got, want)
		}
	}
}
