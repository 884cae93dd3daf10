package githubtest_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/org/probe-mtls-action/internal/github/githubtest"
)

type repo struct {
	t   testing.TB
	dir string
}

func (r repo) git(args ...string) {
	r.t.Helper()
	cmd := exec.Command("git", append([]string{"-C", r.dir}, args...)...)
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1",
		"GIT_AUTHOR_NAME=A", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=A", "GIT_COMMITTER_EMAIL=a@example.com")
	if out, err := cmd.CombinedOutput(); err != nil {
		r.t.Fatalf("git %v: %v: %s", args, err, out)
	}
}

func (r repo) commit(name, content string) {
	r.t.Helper()
	if err := os.WriteFile(filepath.Join(r.dir, name), []byte(content), 0o644); err != nil {
		r.t.Fatal(err)
	}
	r.git("add", "-A")
	r.git("commit", "-qm", "change")
}

// start serves a pull request that changes line 10 of the 20 lines of a.yaml.
func start(t *testing.T, opt githubtest.Options) (*githubtest.Server, repo) {
	t.Helper()
	r := repo{t, t.TempDir()}
	r.git("init", "-q", "-b", "main")
	r.commit("a.yaml", strings.Repeat("x\n", 20))
	r.git("checkout", "-q", "-b", "topic")
	r.commit("a.yaml", strings.Repeat("x\n", 9)+"changed\n"+strings.Repeat("x\n", 10))
	opt.GitDir, opt.Base, opt.Head = r.dir, "main", "topic"
	s, err := githubtest.Start(opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s, r
}

func call(t *testing.T, s *githubtest.Server, method, path string, body any) (int, string) {
	t.Helper()
	data, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	url := s.APIURL() + path
	if path == "/graphql" {
		url = s.GraphQLURL()
	}
	req, err := http.NewRequest(method, url, bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer x")
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	out, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(out)
}

type object = map[string]any

func TestAnchorsAreEnforced(t *testing.T) {
	s, _ := start(t, githubtest.Options{})
	one := func(c object) []object { return []object{c} }
	for name, c := range map[string]struct {
		comments []object
		want     int
	}{
		"changed line":            {one(object{"path": "a.yaml", "line": 10, "side": "RIGHT", "body": "x"}), 200},
		"context line":            {one(object{"path": "a.yaml", "line": 7, "body": "x"}), 200},
		"deleted line":            {one(object{"path": "a.yaml", "line": 10, "side": "LEFT", "body": "x"}), 200},
		"context line, left":      {one(object{"path": "a.yaml", "line": 7, "side": "LEFT", "body": "x"}), 422},
		"outside the hunk":        {one(object{"path": "a.yaml", "line": 2, "body": "x"}), 422},
		"no line":                 {one(object{"path": "a.yaml", "body": "x"}), 422},
		"another file":            {one(object{"path": "b.yaml", "line": 1, "body": "x"}), 422},
		"range":                   {one(object{"path": "a.yaml", "start_line": 8, "start_side": "RIGHT", "line": 10, "side": "RIGHT", "body": "x"}), 200},
		"range out of the hunk":   {one(object{"path": "a.yaml", "start_line": 2, "start_side": "RIGHT", "line": 10, "side": "RIGHT", "body": "x"}), 422},
		"longest body":            {one(object{"path": "a.yaml", "line": 10, "body": strings.Repeat("ü", 65536)}), 200},
		"body over the limit":     {one(object{"path": "a.yaml", "line": 10, "body": strings.Repeat("ü", 65537)}), 422},
		"one bad refuses the two": {[]object{{"path": "a.yaml", "line": 10, "body": "x"}, {"path": "a.yaml", "line": 2, "body": "x"}}, 422},
	} {
		before := len(s.Comments())
		status, answer := call(t, s, "POST", "/repos/org/shop/pulls/7/reviews", object{"event": "COMMENT", "body": "b", "commit_id": s.Head(), "comments": c.comments})
		if status != c.want {
			t.Errorf("%s: %d %s, want %d", name, status, answer, c.want)
		}
		if made := len(s.Comments()) - before; made != len(c.comments) && c.want == 200 || made != 0 && c.want != 200 {
			t.Errorf("%s: %d comments made", name, made)
		}
	}
}

func TestCommentsMoveWithTheirLines(t *testing.T) {
	s, r := start(t, githubtest.Options{})
	for _, line := range []int{9, 10, 12} {
		if status, out := call(t, s, "POST", "/repos/org/shop/pulls/7/comments", object{"path": "a.yaml", "line": line, "side": "RIGHT", "body": "x", "commit_id": s.Head()}); status != 201 {
			t.Fatal(out)
		}
	}
	r.commit("a.yaml", "top\n"+strings.Repeat("x\n", 9)+"changed again\n"+strings.Repeat("x\n", 10))
	if err := s.Push("topic"); err != nil {
		t.Fatal(err)
	}
	var now []int
	for _, c := range s.Comments() {
		now = append(now, c.Now)
	}
	if now[0] != 10 || now[1] != 0 || now[2] != 13 {
		t.Errorf("lines 9, 10, 12 are now %v, want 10, outdated, 13", now)
	}
}

func TestPendingReviewsAreInvisible(t *testing.T) {
	s, _ := start(t, githubtest.Options{})
	call(t, s, "POST", "/repos/org/shop/pulls/7/reviews", object{"body": "b", "comments": []object{{"path": "a.yaml", "line": 10, "body": "x"}}})
	if _, out := call(t, s, "GET", "/repos/org/shop/pulls/7/comments", nil); strings.TrimSpace(out) != "[]" {
		t.Errorf("a review without an event is shown: %s", out)
	}
}

func TestPermissions(t *testing.T) {
	s, _ := start(t, githubtest.Options{Permissions: &githubtest.ReadOnly})
	review := object{"event": "COMMENT", "body": "b"}
	for _, c := range []struct {
		method, path string
		body         any
		want         int
	}{
		{"GET", "/repos/org/shop/pulls/7", nil, 200},
		{"GET", "/repos/org/shop/pulls/7/comments", nil, 200},
		{"POST", "/repos/org/shop/pulls/7/reviews", review, 403},
		{"POST", "/repos/org/shop/issues/7/comments", object{"body": "b"}, 403},
		{"POST", "/repos/org/shop/code-scanning/sarifs", object{"commit_sha": s.Head(), "ref": "refs/heads/x", "sarif": "x"}, 403},
		{"GET", "/repos/org/shop/pulls/8", nil, 404},
		{"GET", "/repos/org/other/pulls/7", nil, 404},
	} {
		if status, out := call(t, s, c.method, c.path, c.body); status != c.want {
			t.Errorf("%s %s: %d %s, want %d", c.method, c.path, status, out, c.want)
		}
	}
	if len(s.Reviews()) != 0 {
		t.Error("a read-only token made a review")
	}
}

// The contract sees what breaks GitHub's descriptions, in REST and in GraphQL.
func TestContract(t *testing.T) {
	s, _ := start(t, githubtest.Options{})
	if !s.Checked() {
		t.Skipf("GitHub's descriptions are not installed: run make contracts or set %s", githubtest.ContractsEnv)
	}
	for _, c := range []struct {
		name, method, path string
		body               any
		want               string // in the violation, "" for none
	}{
		{"good read", "GET", "/repos/org/shop/pulls/7", nil, ""},
		{"good list", "GET", "/repos/org/shop/pulls/7/files?per_page=100", nil, ""},
		{"good review", "POST", "/repos/org/shop/pulls/7/reviews", object{"event": "COMMENT", "body": "b", "comments": []object{{"path": "a.yaml", "line": 10, "body": "x"}}}, ""},
		{"good comment list", "GET", "/repos/org/shop/pulls/7/comments", nil, ""},
		{"good query", "POST", "/graphql", object{"query": "query{viewer{login}}"}, ""},
		{"unknown event", "POST", "/repos/org/shop/pulls/7/reviews", object{"event": "SHOUT", "body": "b"}, "not one of the allowed values"},
		{"wrong type", "POST", "/repos/org/shop/issues/7/comments", object{"body": 7}, "body"},
		{"bad page size", "GET", "/repos/org/shop/pulls/7/files?per_page=many", nil, "per_page"},
		{"unknown field", "POST", "/graphql", object{"query": "query{viewer{login shoeSize}}"}, "shoeSize"},
		{"unknown enum", "POST", "/graphql", object{"query": "mutation($id:ID!){minimizeComment(input:{subjectId:$id,classifier:BORING}){clientMutationId}}", "variables": object{"id": "x"}}, "BORING"},
		{"missing variable", "POST", "/graphql", object{"query": "mutation($id:ID!){unminimizeComment(input:{subjectId:$id}){clientMutationId}}"}, "id"},
	} {
		before := len(s.Violations())
		call(t, s, c.method, c.path, c.body)
		found := strings.Join(s.Violations()[before:], "\n")
		if (found == "") != (c.want == "") || !strings.Contains(found, c.want) {
			t.Errorf("%s: found %q, want %q", c.name, found, c.want)
		}
	}
}

func TestFaultsStrikeWhereTheyAreTold(t *testing.T) {
	s, _ := start(t, githubtest.Options{})
	s.Inject(githubtest.Fault{Request: 2, Times: 2, Kind: githubtest.ServerError}, githubtest.Fault{Write: 1, Kind: githubtest.ServerErrorAfter})
	var got []int
	for i := 0; i < 4; i++ {
		status, _ := call(t, s, "GET", "/repos/org/shop/pulls/7", nil)
		got = append(got, status)
	}
	status, _ := call(t, s, "POST", "/repos/org/shop/issues/7/comments", object{"body": "b"})
	got = append(got, status)
	want := []int{200, 502, 502, 200, 502}
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("got %v, want %v", got, want)
		}
	}
	if n := len(s.IssueComments()); n != 1 {
		t.Errorf("the write before the lost answer made %d comments, want 1", n)
	}
	if w := s.Writes(); len(w) != 1 || !w[0].Done || w[0].Status != 502 {
		t.Errorf("writes %+v", w)
	}
}
