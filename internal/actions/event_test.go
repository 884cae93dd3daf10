package actions_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/org/probe-mtls-action/internal/actions"
)

const (
	sha1 = "1111111111111111111111111111111111111111"
	sha2 = "2222222222222222222222222222222222222222"
	zero = "0000000000000000000000000000000000000000"
)

// githubEnv is what a runner of github.com sets for every event.
var githubEnv = env{
	"GITHUB_ACTIONS":     "true",
	"GITHUB_REPOSITORY":  "acme/shop",
	"GITHUB_SHA":         sha2,
	"GITHUB_REF":         "refs/heads/main",
	"GITHUB_ACTOR":       "octocat",
	"GITHUB_WORKFLOW":    "Probes",
	"GITHUB_JOB":         "probe-mtls",
	"GITHUB_RUN_ID":      "123456789",
	"GITHUB_RUN_ATTEMPT": "2",
	"GITHUB_WORKSPACE":   "/home/runner/work/shop/shop",
	"GITHUB_SERVER_URL":  "https://github.com",
	"GITHUB_API_URL":     "https://api.github.com",
	"GITHUB_GRAPHQL_URL": "https://api.github.com/graphql",
}

// event is what githubEnv makes of every event.
func event(name string, change func(*actions.Event)) actions.Event {
	e := actions.Event{
		Name: name, Owner: "acme", Repo: "shop", SHA: sha2, Ref: "refs/heads/main", Actor: "octocat",
		Workflow: "Probes", Job: "probe-mtls", RunID: 123456789, RunAttempt: 2, Workspace: "/home/runner/work/shop/shop",
		ServerURL: "https://github.com", APIURL: "https://api.github.com", GraphQLURL: "https://api.github.com/graphql",
	}
	change(&e)
	return e
}

func readEvent(t testing.TB, e env, name, payload string) (actions.Event, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "event.json")
	if err := os.WriteFile(file, []byte(payload), 0o600); err != nil {
		t.Fatal(err)
	}
	return actions.New(&bytes.Buffer{}, e.with("GITHUB_EVENT_NAME", name, "GITHUB_EVENT_PATH", file).get).Event()
}

func TestEvent(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		file, name, actor string
		want              actions.Event
	}{
		{"pull_request.json", "pull_request", "octocat", event("pull_request", func(e *actions.Event) {
			e.Action, e.DefaultBranch = "synchronize", "main"
			e.PullRequest = &actions.PullRequest{
				Number: 7, Author: "octocat", Draft: true,
				Base: actions.Commit{SHA: sha1, Ref: "main", Repo: "acme/shop"},
				Head: actions.Commit{SHA: sha2, Ref: "feature/ünïcode-$(id)", Repo: "Acme/Shop"},
			}
		})},
		{"pull_request_fork.json", "pull_request", "octocat", event("pull_request", func(e *actions.Event) {
			e.Action, e.DefaultBranch = "opened", "main"
			e.PullRequest = &actions.PullRequest{
				Number: 8, Author: "stranger", Fork: true,
				Base: actions.Commit{SHA: sha1, Ref: "main", Repo: "acme/shop"},
				Head: actions.Commit{SHA: sha2, Ref: "main", Repo: "stranger/shop"},
			}
		})},
		{"pull_request_fork_gone.json", "pull_request", "octocat", event("pull_request", func(e *actions.Event) {
			e.Action, e.DefaultBranch = "reopened", "main"
			e.PullRequest = &actions.PullRequest{
				Number: 9, Author: "ghost", Fork: true,
				Base: actions.Commit{SHA: sha1, Ref: "main", Repo: "acme/shop"},
				Head: actions.Commit{SHA: sha2, Ref: "main"},
			}
		})},
		{"merge_group.json", "merge_group", "octocat", event("merge_group", func(e *actions.Event) {
			e.Action, e.DefaultBranch = "checks_requested", "main"
			e.MergeGroup = &actions.MergeGroup{
				Base: actions.Commit{SHA: sha1, Ref: "refs/heads/main", Repo: "acme/shop"},
				Head: actions.Commit{SHA: sha2, Ref: "refs/heads/gh-readonly-queue/main/pr-7-" + sha1, Repo: "acme/shop"},
			}
		})},
		{"push.json", "push", "octocat", event("push", func(e *actions.Event) {
			e.DefaultBranch = "main"
			e.Push = &actions.Push{Before: sha1, After: sha2, Forced: true}
		})},
		{"push_created.json", "push", "octocat", event("push", func(e *actions.Event) {
			e.DefaultBranch = "main"
			e.Push = &actions.Push{After: sha2, Created: true}
		})},
		{"schedule.json", "schedule", "octocat", event("schedule", func(e *actions.Event) { e.DefaultBranch = "main" })},
		{"schedule.json", "workflow_dispatch", "octocat", event("workflow_dispatch", func(e *actions.Event) { e.DefaultBranch = "main" })},
		{"workflow_run.json", "workflow_run", "octocat", event("workflow_run", func(e *actions.Event) {
			e.Action, e.DefaultBranch = "completed", "main"
			e.WorkflowRun = &actions.WorkflowRun{
				ID: 99, Name: "Probes", Event: "pull_request", Conclusion: "failure",
				Head: actions.Commit{SHA: sha2, Ref: "topic", Repo: "stranger/shop"},
				PullRequests: []actions.WorkflowRunPullRequest{{
					Number: 8,
					Base:   actions.Commit{SHA: sha1, Ref: "main"},
					Head:   actions.Commit{SHA: sha2, Ref: "topic"},
				}},
			}
		})},
	} {
		t.Run(test.name+"/"+test.file, func(t *testing.T) {
			t.Parallel()
			payload, err := os.ReadFile(filepath.Join("testdata", "events", test.file))
			if err != nil {
				t.Fatal(err)
			}
			got, err := readEvent(t, githubEnv.with("GITHUB_ACTOR", test.actor), test.name, string(payload))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("event differs (-want +got):\n%s", diff)
			}
		})
	}
}

func TestWorkflowRunWithoutABranch(t *testing.T) {
	t.Parallel()
	e, err := readEvent(t, githubEnv, "workflow_run", `{"workflow_run":{"id":5,"event":"push","head_sha":"`+sha1+`","head_branch":null}}`)
	if err != nil {
		t.Fatal(err)
	}
	if want := (actions.Commit{SHA: sha1}); e.WorkflowRun.Head != want {
		t.Errorf("head is %+v, want %+v", e.WorkflowRun.Head, want)
	}
}

func TestUnsupportedEvents(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"pull_request_target": "run it on pull_request, and let a second workflow on workflow_run post",
		"issue_comment":       `the event "issue_comment" is not supported: use pull_request, merge_group, push, schedule, workflow_dispatch, workflow_run`,
		"":                    "GITHUB_EVENT_NAME is not set",
	} {
		_, err := readEvent(t, githubEnv, name, `{}`)
		var unsupported *actions.UnsupportedEventError
		if !errors.As(err, &unsupported) || unsupported.Event != name || !strings.Contains(err.Error(), want) {
			t.Errorf("event %q: error is %v, want it to contain %q", name, err, want)
		}
	}
}

func TestEnterpriseServer(t *testing.T) {
	t.Parallel()
	e, err := readEvent(t, githubEnv.with("GITHUB_SERVER_URL", "https://ghe.example/", "GITHUB_API_URL", "https://ghe.example/api/v3",
		"GITHUB_GRAPHQL_URL", ""), "push", `{"before":"`+sha1+`","after":"`+sha2+`"}`)
	if err != nil {
		t.Fatal(err)
	}
	got := [...]string{e.ServerURL, e.APIURL, e.GraphQLURL}
	want := [...]string{"https://ghe.example", "https://ghe.example/api/v3", "https://ghe.example/api/graphql"}
	if got != want {
		t.Errorf("URLs are %q, want %q", got, want)
	}
}

func TestHostilePayloads(t *testing.T) {
	t.Parallel()
	pull := func(number, base, head, ref, repo string) string {
		return `{"pull_request":{"number":` + number + `,"base":{"sha":"` + base + `","ref":"main","repo":{"full_name":"acme/shop"}},` +
			`"head":{"sha":"` + head + `","ref":"` + ref + `","repo":{"full_name":"` + repo + `"}}}}`
	}
	for _, test := range []struct{ name, event, payload, want string }{
		{"no JSON", "push", `<html>`, "is not the JSON that GitHub writes"},
		{"a list", "push", `[]`, "is not the JSON that GitHub writes"},
		{"null", "pull_request", `null`, "it has no pull_request"},
		{"no merge group", "merge_group", `{}`, "it has no merge_group"},
		{"no run", "workflow_run", `{}`, "it has no workflow_run"},
		{"run without id", "workflow_run", `{"workflow_run":{"head_sha":"` + sha1 + `","head_branch":"x"}}`, "no id"},
		{"number", "pull_request", pull("-1", sha1, sha2, "x", "a/b"), "pull_request.number is -1, expected a positive number"},
		{"number of another type", "pull_request", pull(`"7"`, sha1, sha2, "x", "a/b"), "is not the JSON that GitHub writes"},
		{"option for a commit", "pull_request", pull("1", "--exec=id", sha2, "x", "a/b"), `pull_request.base.sha is "--exec=id", expected a commit ID`},
		{"short commit", "pull_request", pull("1", sha1, "2222", "x", "a/b"), "pull_request.head.sha"},
		{"option for a branch", "pull_request", pull("1", sha1, sha2, "--upload-pack=id", "a/b"), "not the name of a branch"},
		{"line end in a branch", "pull_request", pull("1", sha1, sha2, `a\n::error::b`, "a/b"), "not the name of a branch"},
		{"range for a branch", "pull_request", pull("1", sha1, sha2, "a..b", "a/b"), "not the name of a branch"},
		{"path for a repository", "pull_request", pull("1", sha1, sha2, "x", "../../etc"), "pull_request.head.repo.full_name"},
		{"dots for a repository", "pull_request", pull("1", sha1, sha2, "x", "a/.."), "pull_request.head.repo.full_name"},
		{"push", "push", `{"before":"HEAD~1","after":"` + sha1 + `"}`, `its before is "HEAD~1"`},
		{"every mistake", "pull_request", pull("0", "a", "b", "x", "a/b"), "pull_request.number is 0, expected a positive number\nits pull_request.base.sha"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, err := readEvent(t, githubEnv, test.event, test.payload)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error is %v, want it to contain %q", err, test.want)
			}
		})
	}
}

func TestBrokenEnvironment(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ variable, value, want string }{
		{"GITHUB_REPOSITORY", "shop", `GITHUB_REPOSITORY is "shop", expected owner/name`},
		{"GITHUB_RUN_ID", "-4", "GITHUB_RUN_ID"},
		{"GITHUB_RUN_ATTEMPT", "one", "GITHUB_RUN_ATTEMPT"},
		{"GITHUB_API_URL", "file:///etc/passwd", "GITHUB_API_URL is not the http or https URL"},
		{"GITHUB_API_URL", "https://user:pass@host", "GITHUB_API_URL is not the http or https URL"},
		{"GITHUB_SERVER_URL", "::", "GITHUB_SERVER_URL is not"},
		{"GITHUB_GRAPHQL_URL", "graphql", "GITHUB_GRAPHQL_URL is not"},
	} {
		_, err := readEvent(t, githubEnv.with(test.variable, test.value), "push", `{}`)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s=%s: error is %v, want it to contain %q", test.variable, test.value, err, test.want)
		}
		if err != nil && strings.Contains(err.Error(), "user:pass") {
			t.Errorf("the error shows a password: %v", err)
		}
	}
}

func TestMissingPayload(t *testing.T) {
	t.Parallel()
	_, err := actions.New(&bytes.Buffer{}, githubEnv.with("GITHUB_EVENT_NAME", "push").get).Event()
	if err == nil || !strings.Contains(err.Error(), "GITHUB_EVENT_PATH is not set") {
		t.Errorf("error is %v", err)
	}
	gone := filepath.Join(t.TempDir(), "gone")
	_, err = actions.New(&bytes.Buffer{}, githubEnv.with("GITHUB_EVENT_NAME", "push", "GITHUB_EVENT_PATH", gone).get).Event()
	if !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error is %v, want %v", err, os.ErrNotExist)
	}
}

func TestHugePayloadIsRefused(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "event.json")
	if err := os.WriteFile(file, []byte(`{"x":"`), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(file, 40<<20); err != nil { // sparse: zeros to the end
		t.Fatal(err)
	}
	_, err := actions.New(&bytes.Buffer{}, githubEnv.with("GITHUB_EVENT_NAME", "push", "GITHUB_EVENT_PATH", file).get).Event()
	if err == nil || !strings.Contains(err.Error(), "longer than 32 MiB") {
		t.Errorf("error is %v", err)
	}
}

func FuzzEvent(f *testing.F) {
	files, err := filepath.Glob(filepath.Join("testdata", "events", "*.json"))
	if err != nil || len(files) == 0 {
		f.Fatalf("no payloads: %v", err)
	}
	for _, file := range files {
		payload, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(strings.Split(filepath.Base(file), ".")[0], string(payload))
	}
	file := filepath.Join(f.TempDir(), "event.json")
	f.Fuzz(func(t *testing.T, name, payload string) {
		if err := os.WriteFile(file, []byte(payload), 0o600); err != nil {
			t.Fatal(err)
		}
		e, err := actions.New(&bytes.Buffer{}, githubEnv.with("GITHUB_EVENT_NAME", name, "GITHUB_EVENT_PATH", file).get).Event()
		if err != nil {
			return
		}
		if pr := e.PullRequest; pr != nil && (len(pr.Head.SHA) < 40 || pr.Number <= 0 || strings.HasPrefix(pr.Head.Ref, "-")) {
			t.Errorf("accepted %+v", *pr)
		}
		if e.Name == "workflow_run" && e.WorkflowRun == nil || e.Name == "merge_group" && e.MergeGroup == nil {
			t.Error("accepted an event without its payload")
		}
	})
}
