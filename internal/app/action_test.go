package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/org/probe-mtls-action/internal/app"
	"github.com/org/probe-mtls-action/internal/git/gittest"
	"github.com/org/probe-mtls-action/internal/github/githubtest"
)

const token = "ghs_secretsecretsecret"

// The repository of these tests: a base with two probes, an overlay, and a
// mesh that does not rewrite probes.
var shop = map[string]string{
	".probe-mtls.yaml":                 "mesh:\n  istioVersion: \"1.31\"\n  rewriteAppHTTPProbe: false\n",
	"base/kustomization.yaml":          "resources:\n- web.yaml\n",
	"base/web.yaml":                    web(8080, 8081),
	"overlays/prod/kustomization.yaml": "namespace: shop\nresources:\n- ../../base\n- mesh.yaml\n",
	"overlays/prod/mesh.yaml":          mesh("PERMISSIVE"),
	"README.md":                        "a shop\n",
}

func web(liveness, readiness int) string {
	return fmt.Sprintf(`apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  selector:
    matchLabels:
      app: web
  template:
    metadata:
      labels:
        app: web
    spec:
      containers:
      - name: web
        image: registry.example.com/web:1
        ports:
        - containerPort: 8080
        - containerPort: 8081
        livenessProbe:
          httpGet:
            path: /healthz
            port: %d
        readinessProbe:
          httpGet:
            path: /ready
            port: %d
`, liveness, readiness)
}

func mesh(mode string) string {
	return fmt.Sprintf(`apiVersion: v1
kind: Namespace
metadata:
  name: shop
  labels:
    istio-injection: enabled
---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata:
  name: default
spec:
  mtls:
    mode: %s
`, mode)
}

// world is a repository, its pull request on a GitHub in memory, and a checkout
// of the merge commit.
type world struct {
	t      *testing.T
	origin *gittest.Repo
	server *githubtest.Server
	opt    githubtest.Options
	base   string
}

func newWorld(t *testing.T, opt githubtest.Options, change map[string]string) *world {
	t.Helper()
	return newWorldOn(t, nil, opt, change)
}

// newWorldOn changes a repository that has more than the shop, or other files.
func newWorldOn(t *testing.T, more map[string]string, opt githubtest.Options, change map[string]string) *world {
	t.Helper()
	w := &world{t: t, origin: gittest.New(t), opt: opt}
	w.write(shop)
	w.write(more)
	w.base = w.origin.Commit("shop")
	w.origin.Git("checkout", "--quiet", "-b", "change")
	w.write(change)
	head := w.origin.Commit("change")
	w.opt.GitDir, w.opt.Base, w.opt.Head, w.opt.Token = w.origin.Dir, "main", head, token
	w.server = githubtest.New(t, w.opt)
	return w
}

func (w *world) write(files map[string]string) {
	for name, content := range files {
		if content == "" {
			w.origin.Remove(name)
			continue
		}
		w.origin.Write(name, content)
	}
}

// push adds a commit to the pull request.
func (w *world) push(change map[string]string) {
	w.t.Helper()
	w.origin.Git("checkout", "--quiet", "change")
	w.write(change)
	if err := w.server.Push(w.origin.Commit("more")); err != nil {
		w.t.Fatal(err)
	}
}

// merge makes GitHub's merge commit of the head into the base branch.
func (w *world) merge() string {
	w.t.Helper()
	w.origin.Git("checkout", "--quiet", "--detach", "main")
	w.origin.Git("merge", "--quiet", "--no-ff", "--message", "merge", w.server.Head())
	return w.origin.Head()
}

// result is what a run of the Action left.
type result struct {
	code    int
	log     string
	outputs map[string]string
	summary string
	dir     string
}

func (w *world) pullRequest() map[string]any {
	repo := map[string]any{"full_name": "org/shop"}
	head := repo
	if w.opt.Fork {
		head = map[string]any{"full_name": "somebody/shop"}
	}
	return map[string]any{
		"action":     "synchronize",
		"repository": map[string]any{"full_name": "org/shop", "default_branch": "main"},
		"pull_request": map[string]any{
			"number": 7, "user": map[string]any{"login": "somebody"},
			"base": map[string]any{"sha": w.base, "ref": "main", "repo": repo},
			"head": map[string]any{"sha": w.server.Head(), "ref": "change", "repo": head},
		},
	}
}

// run runs the Action for an event in a fresh checkout of commit.
func (w *world) run(event string, payload any, commit string, inputs map[string]string) result {
	w.t.Helper()
	checkout := w.origin.Checkout(commit, "2")
	return w.runIn(checkout.Dir, event, payload, commit, inputs)
}

func (w *world) runIn(dir, event string, payload any, commit string, inputs map[string]string) result {
	w.t.Helper()
	env := w.env(dir, event, payload, commit)
	for name, value := range inputs {
		if variable, ok := strings.CutPrefix(name, "env "); ok {
			env[variable] = value
			continue
		}
		env["INPUT_"+strings.ToUpper(name)] = value
	}
	var log bytes.Buffer
	code := app.Main(w.t.Context(), app.Env{
		Args: []string{"action"}, Dir: dir, Stdout: &log, Stderr: &log,
		Getenv:  func(name string) string { return env[name] },
		Self:    self(),
		Environ: os.Environ(),
		Sleep:   func(context.Context, time.Duration) error { return nil },
		Version: "v0.0.0-test",
	})
	r := result{code: code, log: log.String(), dir: dir, outputs: outputs(w.t, env["GITHUB_OUTPUT"])}
	summary, err := os.ReadFile(env["GITHUB_STEP_SUMMARY"])
	if err != nil {
		w.t.Fatal(err)
	}
	r.summary = string(summary)
	for where, text := range map[string]string{"log": r.log, "summary": r.summary, "outputs": fmt.Sprint(r.outputs)} {
		if strings.Contains(text, token) {
			w.t.Errorf("the %s holds the token", where)
		}
	}
	return r
}

// env is what a runner sets for a step.
func (w *world) env(dir, event string, payload any, commit string) map[string]string {
	w.t.Helper()
	tmp := w.t.TempDir()
	data, err := json.Marshal(payload)
	if err != nil {
		w.t.Fatal(err)
	}
	file := func(name string, content []byte) string {
		p := filepath.Join(tmp, name)
		if err := os.WriteFile(p, content, 0o644); err != nil {
			w.t.Fatal(err)
		}
		return p
	}
	env := map[string]string{
		"GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": event, "GITHUB_EVENT_PATH": file("event.json", data),
		"GITHUB_OUTPUT": file("output", nil), "GITHUB_STEP_SUMMARY": file("summary.md", nil),
		"GITHUB_SHA": commit, "GITHUB_REF": "refs/pull/7/merge", "GITHUB_WORKSPACE": dir,
		"GITHUB_RUN_ID": "1", "GITHUB_RUN_ATTEMPT": "1", "GITHUB_ACTOR": "somebody",
		"INPUT_GITHUB-TOKEN": token,
	}
	maps.Copy(env, w.server.Env())
	return env
}

// runPR runs the Action on the pull request as GitHub would.
func (w *world) runPR(inputs map[string]string) result {
	w.t.Helper()
	return w.run("pull_request", w.pullRequest(), w.merge(), inputs)
}

func outputs(t *testing.T, file string) map[string]string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	out := make(map[string]string)
	lines := strings.Split(string(data), "\n")
	for i := 0; i < len(lines); i++ {
		name, end, ok := strings.Cut(lines[i], "<<")
		if !ok {
			continue
		}
		var value []string
		for i++; i < len(lines) && lines[i] != end; i++ {
			value = append(value, lines[i])
		}
		out[name] = strings.Join(value, "\n")
	}
	return out
}

func (r result) want(t *testing.T, code int, outputs map[string]string) {
	t.Helper()
	if r.code != code {
		t.Errorf("exit code %d, want %d", r.code, code)
	}
	for name, want := range outputs {
		if got := r.outputs[name]; got != want {
			t.Errorf("output %s = %q, want %q", name, got, want)
		}
	}
	if t.Failed() {
		t.Logf("log:\n%s", r.log)
	}
}

func (r result) says(t *testing.T, texts ...string) {
	t.Helper()
	for _, s := range texts {
		if !strings.Contains(r.log, s) {
			t.Errorf("the log does not say %q:\n%s", s, r.log)
		}
	}
}

// TestPullRequest: a policy turns STRICT; both probes of the base break, and
// the comments stand on the policy, for the base is not in the diff.
func TestPullRequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubtest.Options{}, map[string]string{"overlays/prod/mesh.yaml": mesh("STRICT")})
	r := w.runPR(nil)
	r.want(t, 1, map[string]string{
		"conclusion": "failure", "findings": "2", "errors": "2", "warnings": "0", "notes": "0",
		"sarif-file": "probe-mtls.sarif", "affected-roots": `["overlays/prod"]`,
	})
	r.says(t, "2 findings = 2 review comments")
	comments := w.server.Comments()
	if len(comments) != 1 {
		t.Fatalf("%d comments, want one for both probes", len(comments))
	}
	for _, c := range comments {
		if c.Path != "overlays/prod/mesh.yaml" || c.Line != 14 || c.Side != "RIGHT" {
			t.Errorf("comment at %s:%d %s, want overlays/prod/mesh.yaml:14 RIGHT", c.Path, c.Line, c.Side)
		}
		if !strings.Contains(c.Body, "base/web.yaml") {
			t.Errorf("the comment does not name the probe's file:\n%s", c.Body)
		}
	}
	if n := len(w.server.Reviews()); n != 1 {
		t.Errorf("%d reviews, want one", n)
	}
	if !strings.Contains(r.summary, "```mermaid") {
		t.Error("the summary has no picture")
	}
	if data, err := os.ReadFile(filepath.Join(r.dir, "probe-mtls.sarif")); err != nil || !bytes.Contains(data, []byte(`"PMTLS001"`)) {
		t.Errorf("SARIF file: %v", err)
	}

	// Again, with nothing changed: not a single write.
	w.server.ResetLog()
	r = w.runPR(nil)
	r.want(t, 1, nil)
	if writes := w.server.Writes(); len(writes) > 0 {
		t.Errorf("an unchanged re-run wrote %d times: %v", len(writes), writes)
	}

	// A push moves the lines, moves the readiness probe to exec and adds a startup probe.
	moved := "# a comment\n" + strings.Replace(web(8080, 8081), "        readinessProbe:\n          httpGet:\n            path: /ready\n            port: 8081\n",
		"        startupProbe:\n          httpGet:\n            path: /started\n            port: 8081\n", 1)
	w.push(map[string]string{"base/web.yaml": moved})
	r = w.runPR(nil)
	r.want(t, 1, map[string]string{"findings": "2"})
	open, closed := 0, 0
	for _, c := range w.server.Comments() {
		if c.Resolved || c.Minimized != "" || strings.Contains(c.Body, "ixed in") {
			closed++
		} else {
			open++
		}
	}
	if open != 1 || closed != 1 {
		t.Errorf("%d open and %d closed comments, want 1 on the probes and 1 that has moved", open, closed)
		for _, c := range w.server.Comments() {
			t.Logf("%s:%d resolved=%t minimized=%q edits=%d\n%.300s", c.Path, c.Line, c.Resolved, c.Minimized, c.Edits, c.Body)
		}
	}
}

// TestRemovedExemption: the comment belongs on the removed line.
func TestRemovedExemption(t *testing.T) {
	t.Parallel()
	strict := mesh("STRICT")
	exempt := strict + "---\napiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata:\n  name: web\nspec:\n  selector:\n    matchLabels:\n      app: web\n  portLevelMtls:\n    \"8080\":\n      mode: DISABLE\n    \"8081\":\n      mode: DISABLE\n"
	w := &world{t: t, origin: gittest.New(t)}
	w.write(shop)
	w.write(map[string]string{"overlays/prod/mesh.yaml": exempt})
	w.base = w.origin.Commit("shop")
	w.origin.Git("checkout", "--quiet", "-b", "change")
	w.write(map[string]string{"overlays/prod/mesh.yaml": strings.Replace(exempt, "    \"8080\":\n      mode: DISABLE\n", "", 1)})
	w.opt = githubtest.Options{GitDir: w.origin.Dir, Base: "main", Head: w.origin.Commit("change"), Token: token}
	w.server = githubtest.New(t, w.opt)

	w.runPR(nil).want(t, 1, map[string]string{"errors": "1"})
	comments := w.server.Comments()
	if len(comments) != 1 || comments[0].Side != "LEFT" || comments[0].Line != 26 {
		t.Fatalf("comments: %+v, want one on the left side, line 26", comments)
	}
}

// TestFork: a read-only token; the findings go to annotations and summary.
func TestFork(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubtest.Options{Fork: true, Permissions: &githubtest.ReadOnly}, map[string]string{"overlays/prod/mesh.yaml": mesh("STRICT")})
	r := w.runPR(nil)
	r.want(t, 1, map[string]string{"findings": "2"})
	r.says(t, "2 findings = 2 annotations", "::error ")
	if n := len(w.server.Comments()); n != 0 {
		t.Errorf("%d comments with a read-only token", n)
	}
	if !strings.Contains(r.summary, "PMTLS001") {
		t.Error("the summary does not have the findings")
	}
}

// TestOnlyNew: what the base has too does not fail the check.
func TestOnlyNew(t *testing.T) {
	t.Parallel()
	w := &world{t: t, origin: gittest.New(t)}
	w.write(shop)
	w.write(map[string]string{"overlays/prod/mesh.yaml": mesh("STRICT")})
	w.base = w.origin.Commit("shop")
	w.origin.Git("checkout", "--quiet", "-b", "change")
	w.write(map[string]string{"base/web.yaml": "# touched\n" + web(8080, 8081)})
	w.opt = githubtest.Options{GitDir: w.origin.Dir, Base: "main", Head: w.origin.Commit("change"), Token: token}
	w.server = githubtest.New(t, w.opt)
	r := w.runPR(nil)
	r.want(t, 0, map[string]string{"conclusion": "success", "findings": "2"})
	if n := len(w.server.Comments()); n != 0 {
		t.Errorf("%d comments on existing findings", n)
	}
	if !strings.Contains(r.summary, "xisting") {
		t.Error("the summary does not mention existing findings")
	}
	w.runPR(map[string]string{"only-new": "false"}).want(t, 1, map[string]string{"conclusion": "failure"})
}

// TestMergeGroup: no pull request, no comments, but a verdict.
func TestMergeGroup(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubtest.Options{}, map[string]string{"overlays/prod/mesh.yaml": mesh("STRICT")})
	head := w.merge()
	payload := map[string]any{
		"action":     "checks_requested",
		"repository": map[string]any{"full_name": "org/shop", "default_branch": "main"},
		"merge_group": map[string]any{"base_sha": w.base, "base_ref": "refs/heads/main",
			"head_sha": head, "head_ref": "refs/heads/gh-readonly-queue/main/pr-7-" + head},
	}
	r := w.run("merge_group", payload, head, nil)
	r.want(t, 1, map[string]string{"findings": "2"})
	r.says(t, "2 findings = 2 annotations")
	if n := len(w.server.Comments()) + len(w.server.Writes()); n != 0 {
		t.Errorf("%d comments and writes in a merge group", n)
	}
}

// TestPushAndSchedule: a push compares with the state before; a schedule checks
// everything.
func TestPushAndSchedule(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubtest.Options{}, map[string]string{"README.md": "another shop\n"})
	repo := map[string]any{"full_name": "org/shop", "default_branch": "main"}
	push := map[string]any{"repository": repo, "before": w.base, "after": w.server.Head(), "ref": "refs/heads/change"}
	r := w.run("push", push, w.server.Head(), nil)
	r.want(t, 0, map[string]string{"affected-roots": "[]", "conclusion": "success"})
	r = w.run("schedule", map[string]any{"repository": repo}, w.server.Head(), map[string]string{"mesh-mtls": "strict"})
	r.want(t, 0, map[string]string{"affected-roots": `["overlays/prod"]`})
}

// TestEnterprise: everything below the prefix of an Enterprise Server.
func TestEnterprise(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubtest.Options{Enterprise: true}, map[string]string{"overlays/prod/mesh.yaml": mesh("STRICT")})
	w.runPR(nil).want(t, 1, nil)
	if n := len(w.server.Comments()); n != 1 {
		t.Errorf("%d comments, want 1", n)
	}
}

// TestRefusals: events and inputs that the Action does not take.
func TestRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubtest.Options{}, map[string]string{"README.md": "x\n"})
	r := w.run("pull_request_target", w.pullRequest(), w.base, nil)
	r.want(t, 2, map[string]string{"conclusion": "invalid"})
	r.says(t, "pull_request_target")
	r = w.runPR(map[string]string{"injection": "sometimes", "fail-on": "all", "jobs": "-1", "shard": "5"})
	r.want(t, 2, map[string]string{"conclusion": "invalid"})
	r.says(t, "injection", "fail-on", "jobs", "shard")
	r = w.runPR(map[string]string{"config": "gone.yaml"})
	r.want(t, 2, map[string]string{"conclusion": "invalid"})
	r.says(t, "gone.yaml")
}

// TestNotChecked: a root that does not render is never success.
func TestNotChecked(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubtest.Options{}, map[string]string{"overlays/prod/kustomization.yaml": "namespace: shop\nresources:\n- ../../base\n- gone.yaml\n"})
	r := w.runPR(nil)
	r.want(t, 3, map[string]string{"conclusion": "incomplete", "affected-roots": `["overlays/prod"]`})
	r.says(t, "gone.yaml")
	if !strings.Contains(r.summary, "gone.yaml") {
		t.Error("the summary does not tell what was not checked")
	}
}

// TestFaults: whatever goes wrong at whatever write, no finding is lost, none
// is posted twice, and the next run brings everything in order.
func TestFaults(t *testing.T) {
	t.Parallel()
	for _, kind := range githubtest.Kinds {
		t.Run(kind.String(), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, githubtest.Options{}, map[string]string{"overlays/prod/mesh.yaml": mesh("STRICT")})
			for write := 1; write <= 2; write++ {
				w.server.Inject(githubtest.Fault{Write: write, Kind: kind, Delay: 10 * time.Millisecond})
				r := w.runPR(nil)
				r.want(t, 1, map[string]string{"findings": "2"})
				r.says(t, "2 findings = ")
			}
			w.server.Inject()
			w.runPR(nil).want(t, 1, nil)
			if n := len(w.server.Comments()); n != 1 {
				t.Errorf("%d comments, want 1", n)
			}
		})
	}
}

// TestTwoRunsAtOnce: two runs of one commit leave one comment each finding.
func TestTwoRunsAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubtest.Options{}, map[string]string{"overlays/prod/mesh.yaml": mesh("STRICT")})
	merge := w.merge()
	dirs := []string{w.origin.Checkout(merge, "2").Dir, w.origin.Checkout(merge, "2").Dir}
	var wg sync.WaitGroup
	for _, dir := range dirs {
		wg.Go(func() { w.runIn(dir, "pull_request", w.pullRequest(), merge, nil) })
	}
	wg.Wait()
	shown := 0
	for _, c := range w.server.Comments() {
		if c.Minimized == "" && !c.Resolved {
			shown++
		}
	}
	if shown != 1 {
		t.Errorf("%d comments are shown, want 1", shown)
	}
}

// TestTwoRunsOfTheOneComment: two runs at once leave one comment for all.
func TestTwoRunsOfTheOneComment(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubtest.Options{Permissions: &githubtest.Full}, map[string]string{"overlays/prod/mesh.yaml": mesh("STRICT")})
	merge := w.merge()
	dirs := []string{w.origin.Checkout(merge, "2").Dir, w.origin.Checkout(merge, "2").Dir}
	var wg sync.WaitGroup
	for _, dir := range dirs {
		wg.Go(func() {
			r := w.runIn(dir, "pull_request", w.pullRequest(), merge, map[string]string{"reporters": "comment"})
			r.want(t, 1, nil)
			r.says(t, "2 findings = 2 pull request comments")
		})
	}
	wg.Wait()
	if all := w.server.IssueComments(); len(all) != 1 {
		t.Errorf("%d comments, want 1", len(all))
	}
}

// TestCheckReporter: the check run of its own has every finding, with more
// annotations than a step keeps; without the permission they go to the next channel.
func TestCheckReporter(t *testing.T) {
	t.Parallel()
	w := newWorldOn(t, overlays(0), githubtest.Options{Permissions: &githubtest.Full}, many(14))
	r := w.runPR(map[string]string{"reporters": "check,annotations"})
	r.want(t, 1, map[string]string{"findings": "28"})
	r.says(t, "28 findings = 28 check run annotations")
	runs := w.server.CheckRuns()
	if len(runs) != 1 || runs[0].Conclusion != "failure" || len(runs[0].Annotations) != 28 || runs[0].HeadSHA != w.server.Head() {
		t.Fatalf("check runs: %+v", runs)
	}
	if strings.Contains(r.log, "::error ") {
		t.Error("what the check run shows is an annotation of the step, too")
	}
	w.opt.Permissions, w.opt.Head = &githubtest.ReadOnly, w.server.Head()
	w.server = githubtest.New(t, w.opt)
	r = w.runPR(map[string]string{"reporters": "check,annotations,summary"})
	r.says(t, "28 findings = 10 annotations + 18 in the job summary", "::warning::check run: create check run: not permitted")
}

// many are n overlays of a workload of their own with two probes each.
func many(n int) map[string]string {
	files := map[string]string{}
	for i := range n {
		dir := fmt.Sprintf("overlays/app-%02d/", i)
		files[dir+"kustomization.yaml"] = fmt.Sprintf("namespace: shop\nnamePrefix: app%02d-\nresources:\n- web.yaml\n- ../../mesh\n", i)
		files[dir+"web.yaml"] = web(8080, 8081)
	}
	return files
}

// TestReadmeWorkflow: the README's workflow, unchanged, says what it looked at,
// whatever the depth of the checkout, with a read-only token, from a fork, and in a
// repository that has no object of Istio.
func TestReadmeWorkflow(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, with, _ := strings.Cut(string(readme), "uses: org/probe-mtls-action@v1\n        with:\n")
	with, _, _ = strings.Cut(with, "```")
	inputs := map[string]string{}
	for _, line := range strings.Split(strings.TrimSpace(with), "\n") {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		inputs[name] = strings.Trim(value, `"`)
	}
	if len(inputs) == 0 {
		t.Fatal("the README's workflow has no inputs")
	}
	plain := map[string]string{".probe-mtls.yaml": "", "overlays/prod/mesh.yaml": "", "overlays/prod/kustomization.yaml": "namespace: shop\nresources:\n- ../../base\n"}
	for _, c := range []struct {
		name   string
		before map[string]string
		opt    githubtest.Options
		change map[string]string
		code   int
		says   string
	}{
		{"a policy", nil, githubtest.Options{}, map[string]string{"overlays/prod/mesh.yaml": mesh("STRICT")}, 1, "2 findings = 2 review comments"},
		{"a read-only token", nil, githubtest.Options{Permissions: &githubtest.ReadOnly}, map[string]string{"overlays/prod/mesh.yaml": mesh("STRICT")}, 1, "2 findings = 2 annotations"},
		{"a fork", nil, githubtest.Options{Fork: true, Permissions: &githubtest.ReadOnly}, map[string]string{"overlays/prod/mesh.yaml": mesh("STRICT")}, 1, "2 findings = 2 annotations"},
		{"no Istio", plain, githubtest.Options{}, map[string]string{"base/web.yaml": web(8080, 8082)}, 0, "1 root checked"},
	} {
		depths := []string{"1"}
		if c.name == "a policy" {
			depths = []string{"1", "2", "0"}
		}
		for _, depth := range depths {
			t.Run(c.name+" "+depth, func(t *testing.T) {
				t.Parallel()
				w := newWorldOn(t, c.before, c.opt, c.change)
				commit := w.merge()
				r := w.runIn(w.origin.Checkout(commit, depth).Dir, "pull_request", w.pullRequest(), commit, inputs)
				r.want(t, c.code, nil)
				if !strings.Contains(r.log+r.summary, c.says) || !strings.Contains(r.summary, "1 root checked") {
					t.Errorf("neither log nor summary says %q:\n%s\n%s", c.says, r.log, r.summary)
				}
			})
		}
	}
}

// TestMatrix: the legs of a matrix and two steps of a job keep their comments
// apart and say which is whose; a change of settings keeps them.
func TestMatrix(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubtest.Options{Permissions: &githubtest.Full}, map[string]string{"overlays/prod/mesh.yaml": mesh("STRICT")})
	run := func(leg, step string, more map[string]string) result {
		inputs := map[string]string{"matrix": `{"cluster": "` + leg + `"}`, "env GITHUB_WORKFLOW": "Probes", "env GITHUB_JOB": "check", "env GITHUB_ACTION": step}
		maps.Copy(inputs, more)
		return w.runPR(inputs)
	}
	east := run("east", "__org_probe-mtls-action", nil)
	run("west", "__org_probe-mtls-action", nil)
	run("west", "__org_probe-mtls-action_2", nil)
	if !strings.Contains(east.summary, "results of `Probes/check (cluster=east)`") {
		t.Errorf("the summary does not say whose it is:\n%s", east.summary)
	}
	all := w.server.Comments()
	if len(all) != 3 {
		t.Fatalf("%d comments, want 3", len(all))
	}
	for i, name := range []string{"Probes/check (cluster=east)", "Probes/check (cluster=west)", "Probes/check (cluster=west)/2"} {
		if !strings.Contains(all[i].Body, "· "+name+"\n") {
			t.Errorf("comment %d does not say that it is of %s:\n%s", i, name, all[i].Body)
		}
	}
	w.server.ResetLog()
	run("east", "__org_probe-mtls-action", map[string]string{"istio-version": "1.30"})
	for _, c := range w.server.Comments()[:1] {
		if len(w.server.Comments()) != 3 || strings.Contains(c.Body, "Fixed") {
			t.Errorf("another version of Istio loses the comment: %+v", c)
		}
	}
}

// TestPushUploadsTheWholeOrNothing: on a push every root is in the results for
// code scanning; a root that the commit before could check and that cannot be
// checked now keeps them from being uploaded, one that never could does not.
func TestPushUploadsTheWholeOrNothing(t *testing.T) {
	t.Parallel()
	broken := "namespace: shop\nresources:\n- ../../base\n- gone.yaml\n"
	for _, c := range []struct {
		name           string
		before, change map[string]string
		uploads, code  int
		affected       string
	}{
		{"nothing affected", nil, map[string]string{"README.md": "x\n"}, 1, 0, "[]"},
		{"breaks now", nil, map[string]string{"overlays/prod/kustomization.yaml": broken}, 0, 3, `["overlays/prod"]`},
		{"was broken", map[string]string{"overlays/prod/kustomization.yaml": broken}, map[string]string{"README.md": "x\n"}, 1, 3, "[]"},
		{"was broken and is touched", map[string]string{"overlays/prod/kustomization.yaml": broken}, map[string]string{"overlays/prod/kustomization.yaml": broken + "# still\n"}, 1, 3, `["overlays/prod"]`},
	} {
		w := &world{t: t, origin: gittest.New(t)}
		w.write(shop)
		w.write(c.before)
		w.base = w.origin.Commit("shop")
		w.write(c.change)
		head := w.origin.Commit("change")
		w.opt = githubtest.Options{GitDir: w.origin.Dir, Base: w.base, Head: head, Token: token, Permissions: &githubtest.Full}
		w.server = githubtest.New(t, w.opt)
		push := map[string]any{"repository": map[string]any{"full_name": "org/shop", "default_branch": "main"}, "before": w.base, "after": head, "ref": "refs/heads/main"}
		r := w.run("push", push, head, map[string]string{"upload-sarif": "true", "env GITHUB_REF": "refs/heads/main"})
		if n := len(w.server.Uploads()); n != c.uploads || r.outputs["affected-roots"] != c.affected {
			t.Errorf("%s: %d uploads, want %d; affected %s, want %s", c.name, n, c.uploads, r.outputs["affected-roots"], c.affected)
			t.Log(r.log)
		}
		if c.uploads == 0 && !strings.Contains(r.summary, "not given to code scanning") {
			t.Errorf("%s: the summary does not say why nothing was uploaded", c.name)
		}
		if c.uploads == 1 && c.code == 3 && !bytes.Contains(w.server.Uploads()[0].SARIF, []byte("gone.yaml")) {
			t.Errorf("%s: the results do not say what was not checked", c.name)
		}
	}
}
