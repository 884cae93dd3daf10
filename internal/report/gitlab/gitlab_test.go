package gitlab_test

import (
	"encoding/json"
	"io"
	"strings"
	"testing"

	"github.com/org/probe-mtls-action/internal/report"
	"github.com/org/probe-mtls-action/internal/report/gitlab"
	"github.com/org/probe-mtls-action/internal/report/reporttest"
)

func all(w io.Writer, r *report.Report) error { return gitlab.Write(w, r, gitlab.Options{}) }

func onlyNew(w io.Writer, r *report.Report) error {
	return gitlab.Write(w, r, gitlab.Options{OnlyNew: true})
}

func TestGolden(t *testing.T) {
	t.Parallel()
	reporttest.GoldenSamples(t, ".json", all)
	reporttest.Golden(t, "testdata/pull-request-only-new.json", reporttest.String(t, reporttest.PullRequest(), onlyNew))
}

// TestRequiredFields: GitLab drops an entry that lacks one of these (GitLab docs,
// ci/testing/code_quality, "Code Quality report format").
func TestRequiredFields(t *testing.T) {
	t.Parallel()
	for name, r := range reporttest.Samples() {
		var issues []map[string]any
		if err := json.NewDecoder(strings.NewReader(reporttest.String(t, r, all))).Decode(&issues); err != nil {
			t.Fatal(err)
		}
		seen := map[any]bool{}
		for _, issue := range issues {
			place, _ := issue["location"].(map[string]any)
			lines, _ := place["lines"].(map[string]any)
			begin, _ := lines["begin"].(float64)
			path, _ := place["path"].(string)
			valid := map[any]bool{"info": true, "minor": true, "major": true, "critical": true, "blocker": true}
			if issue["description"] == "" || issue["check_name"] == "" || issue["fingerprint"] == "" || seen[issue["fingerprint"]] ||
				!valid[issue["severity"]] || begin < 1 || path == "" || strings.HasPrefix(path, "./") {
				t.Errorf("%s: an entry that GitLab would drop: %v", name, issue)
			}
			seen[issue["fingerprint"]] = true
		}
	}
}
