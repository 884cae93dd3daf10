package actions_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/org/probe-mtls-action/internal/actions"
)

// webhookExamples returns GitHub's own example payloads by event name, from
// the package @octokit/webhooks-examples. PROBE_MTLS_CONTRACTS names the
// node_modules that holds it; without that, it may be missing.
func webhookExamples(t *testing.T) map[string][]json.RawMessage {
	t.Helper()
	dir := os.Getenv("PROBE_MTLS_CONTRACTS")
	asked := dir != ""
	if !asked {
		dir = filepath.Join("..", "..", "contracts", "node_modules")
	}
	data, err := os.ReadFile(filepath.Join(dir, "@octokit", "webhooks-examples", "api.github.com", "index.json"))
	if err != nil {
		if asked {
			t.Fatal(err)
		}
		t.Skip("contract test: @octokit/webhooks-examples is not installed; run make contracts")
	}
	var list []struct {
		Name     string
		Examples []json.RawMessage
	}
	if err := json.Unmarshal(data, &list); err != nil {
		t.Fatal(err)
	}
	examples := map[string][]json.RawMessage{}
	for _, event := range list {
		examples[event.Name] = event.Examples
	}
	return examples
}

// TestRealPayloads reads every example that GitHub's clients are tested with,
// and compares what comes out with the payload itself.
func TestRealPayloads(t *testing.T) {
	t.Parallel()
	examples := webhookExamples(t)
	for _, name := range []string{"pull_request", "merge_group", "push", "workflow_dispatch", "workflow_run"} {
		if len(examples[name]) == 0 {
			t.Errorf("there is no example of %s", name)
		}
		for i, payload := range examples[name] {
			t.Run(fmt.Sprintf("%s/%d", name, i), func(t *testing.T) {
				t.Parallel()
				var raw struct {
					Repository struct {
						FullName string `json:"full_name"`
					}
					PullRequest struct {
						Number int
						Head   struct {
							SHA  string
							Repo struct {
								FullName string `json:"full_name"`
								Fork     bool
							}
						}
					} `json:"pull_request"`
					MergeGroup struct {
						HeadSHA string `json:"head_sha"`
					} `json:"merge_group"`
					Before, After string
					WorkflowRun   struct {
						ID           int64
						HeadSHA      string            `json:"head_sha"`
						PullRequests []json.RawMessage `json:"pull_requests"`
					} `json:"workflow_run"`
				}
				if err := json.Unmarshal(payload, &raw); err != nil {
					t.Fatal(err)
				}
				e, err := readEvent(t, githubEnv.with("GITHUB_REPOSITORY", raw.Repository.FullName), name, string(payload))
				if err != nil {
					t.Fatal(err)
				}
				switch name {
				case "pull_request":
					fork := raw.PullRequest.Head.Repo.FullName != raw.Repository.FullName
					if e.PullRequest.Number != raw.PullRequest.Number || e.PullRequest.Head.SHA != raw.PullRequest.Head.SHA || e.PullRequest.Fork != fork {
						t.Errorf("pull request is %+v", *e.PullRequest)
					}
				case "merge_group":
					if e.MergeGroup.Head.SHA != raw.MergeGroup.HeadSHA || e.MergeGroup.Base.SHA == "" {
						t.Errorf("merge group is %+v", *e.MergeGroup)
					}
				case "push":
					if gone := e.Push.After == ""; gone != e.Push.Deleted {
						t.Errorf("push is %+v", *e.Push)
					}
					if created := e.Push.Before == ""; created != e.Push.Created {
						t.Errorf("push is %+v", *e.Push)
					}
				case "workflow_run":
					if e.WorkflowRun.ID != raw.WorkflowRun.ID || e.WorkflowRun.Head.SHA != raw.WorkflowRun.HeadSHA ||
						len(e.WorkflowRun.PullRequests) != len(raw.WorkflowRun.PullRequests) {
						t.Errorf("workflow run is %+v", *e.WorkflowRun)
					}
				}
			})
		}
	}
}

// TestEveryOtherEventIsRefused: no event of GitHub's that was not thought of
// runs by chance.
func TestEveryOtherEventIsRefused(t *testing.T) {
	t.Parallel()
	supported := map[string]bool{
		"pull_request": true, "merge_group": true, "push": true,
		"schedule": true, "workflow_dispatch": true, "workflow_run": true,
	}
	for name := range webhookExamples(t) {
		if supported[name] {
			continue
		}
		if _, err := actions.New(&bytes.Buffer{}, githubEnv.with("GITHUB_EVENT_NAME", name).get).Event(); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}
