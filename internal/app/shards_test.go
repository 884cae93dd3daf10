package app_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/org/probe-mtls-action/internal/app"
	"github.com/org/probe-mtls-action/internal/monorepo"
)

// TestShardsJoinToTheWhole checks a repository as a whole and in parts: together
// they say of each root what the whole says, and no root is in two of them.
func TestShardsJoinToTheWhole(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := monorepo.Generate(dir, 8, 3); err != nil {
		t.Fatal(err)
	}
	// check returns how often each finding is reported for each root.
	check := func(shard string) map[string]int {
		var out, log bytes.Buffer
		code := app.Main(t.Context(), app.Env{
			Args: []string{"check", ".", "--mesh-mtls", "strict", "--injection", "always", "--rewrite-probes", "false", "--format", "json", "--shard", shard},
			Dir:  dir, Stdout: &out, Stderr: &log, Getenv: func(string) string { return "" }, Self: self(),
		})
		if code != 0 && code != 1 {
			t.Fatalf("shard %s: exit code %d\n%s", shard, code, &log)
		}
		var result struct {
			Findings []struct {
				Rule        string
				Occurrences []struct{ Root, Subject string }
				Location    struct {
					File  string
					Start struct{ Line, Column int }
				}
			}
		}
		if err := json.Unmarshal(out.Bytes(), &result); err != nil {
			t.Fatal(err)
		}
		found := map[string]int{}
		for _, f := range result.Findings {
			for _, o := range f.Occurrences {
				found[fmt.Sprint(f.Rule, " ", o, " ", f.Location)]++
			}
		}
		return found
	}
	whole := check("1/1")
	if len(whole) == 0 {
		t.Fatal("nothing is found")
	}
	for _, n := range []int{2, 5} {
		joined := map[string]int{}
		for i := range n {
			for f, times := range check(fmt.Sprintf("%d/%d", i+1, n)) {
				joined[f] += times
			}
		}
		if diff := cmp.Diff(whole, joined); diff != "" {
			t.Errorf("%d shards (-whole +joined):\n%s", n, diff)
		}
	}
}
