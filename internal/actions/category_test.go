package actions_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/org/probe-mtls-action/internal/actions"
)

// TestCategory: two jobs, two legs and two steps never meet; settings, versions
// and shards change nothing.
func TestCategory(t *testing.T) {
	t.Parallel()
	category := func(changes ...string) string {
		r := actions.New(&bytes.Buffer{}, githubEnv.with("GITHUB_ACTION", "__org_probe-mtls-action").with(changes...).get)
		in, mistakes := r.Inputs()
		if len(mistakes) > 0 {
			t.Fatal(mistakes)
		}
		return r.Category(in.Matrix)
	}
	for _, c := range []struct {
		changes []string
		want    string
	}{
		{nil, "Probes/probe-mtls"},
		{[]string{"INPUT_MATRIX", "null"}, "Probes/probe-mtls"},
		{[]string{"INPUT_MATRIX", "${{ toJSON(matrix) }}"}, "Probes/probe-mtls"},
		{[]string{"INPUT_ISTIO-VERSION", "1.20", "INPUT_MESH-MTLS", "strict"}, "Probes/probe-mtls"},
		{[]string{"INPUT_MATRIX", "{\n  \"shard\": \"1/3\"\n}", "INPUT_SHARD", "1/3"}, "Probes/probe-mtls"},
		{[]string{"GITHUB_JOB", "west"}, "Probes/west"},
		{[]string{"GITHUB_WORKFLOW", "Nightly"}, "Nightly/probe-mtls"},
		{[]string{"INPUT_MATRIX", `{"cluster": "east", "n": 1}`}, "Probes/probe-mtls (cluster=east, n=1)"},
		{[]string{"INPUT_MATRIX", `{"n": 1, "cluster": {"a": ["x"]}}`}, `Probes/probe-mtls (cluster={"a":["x"]}, n=1)`},
		{[]string{"GITHUB_ACTION", "__org_probe-mtls-action_2"}, "Probes/probe-mtls/2"},
		{[]string{"GITHUB_ACTION", "__org_probe-mtls-action_action_binary_3.__run"}, "Probes/probe-mtls/3"},
		{[]string{"GITHUB_ACTION", "__run"}, "Probes/probe-mtls"},
		{[]string{"GITHUB_ACTION", "probes"}, "Probes/probe-mtls/probes"},
		{[]string{"GITHUB_ACTION", "probes.__run"}, "Probes/probe-mtls/probes"},
		{[]string{"GITHUB_JOB", "a\nb"}, "Probes/a b"},
		{[]string{"GITHUB_WORKFLOW", "", "GITHUB_JOB", ""}, ""},
	} {
		if got := category(c.changes...); got != c.want {
			t.Errorf("%q: %q, want %q", c.changes, got, c.want)
		}
	}
	long, longer := category("GITHUB_JOB", strings.Repeat("ä", 300)), category("GITHUB_JOB", strings.Repeat("ä", 301))
	if long == longer || len([]rune(long)) > 200 {
		t.Errorf("%q and %q are the same or too long", long, longer)
	}
}
