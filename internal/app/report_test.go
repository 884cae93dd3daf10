package app_test

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/org/probe-mtls-action/internal/app"
	"github.com/org/probe-mtls-action/internal/github/githubtest"
	"github.com/org/probe-mtls-action/internal/report/sarif"
	"github.com/org/probe-mtls-action/render/source"
)

// TestWorkflowRun: the untrusted run of a fork leaves a SARIF file; the trusted
// run posts it, on the same lines that the untrusted one would have chosen.
func TestWorkflowRun(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubtest.Options{Fork: true, Permissions: &githubtest.Full}, map[string]string{"overlays/prod/mesh.yaml": mesh("STRICT")})
	// The base branch has moved on in the same file: lines differ.
	w.origin.Git("checkout", "--quiet", "main")
	w.write(map[string]string{"overlays/prod/mesh.yaml": "# one\n# two\n" + mesh("PERMISSIVE")})
	w.origin.Commit("comments")

	untrusted := w.runPR(map[string]string{"reporters": "sarif"})
	untrusted.want(t, 1, map[string]string{"sarif-file": "probe-mtls.sarif"})
	if n := len(w.server.Writes()); n != 0 {
		t.Errorf("the untrusted run wrote %d times", n)
	}
	sarif, err := os.ReadFile(filepath.Join(untrusted.dir, "probe-mtls.sarif"))
	if err != nil {
		t.Fatal(err)
	}
	run := w.server.AddRun(githubtest.Run{Event: "pull_request", HeadSHA: w.server.Head(), HeadBranch: "topic", HeadRepo: "contributor/shop"})
	if _, err := w.server.AddArtifact(run, "probe-mtls", map[string][]byte{"probe-mtls.sarif": sarif, "../evil.txt": []byte("x")}); err != nil {
		t.Fatal(err)
	}
	repo := map[string]any{"full_name": "org/shop", "default_branch": "main"}
	payload := func(head string) map[string]any {
		return map[string]any{
			"action": "completed", "repository": repo,
			"workflow_run": map[string]any{"id": run, "name": "check", "event": "pull_request", "conclusion": "failure",
				"head_sha": head, "head_branch": "topic", "head_repository": map[string]any{"full_name": "contributor/shop"}},
		}
	}
	r := w.runIn(t.TempDir(), "workflow_run", payload(w.server.Head()), w.base, nil)
	r.want(t, 1, map[string]string{"findings": "2"})
	r.says(t, "2 findings = 2 review comments")
	for _, c := range w.server.Comments() {
		if c.Path != "overlays/prod/mesh.yaml" || c.Line != 14 {
			t.Errorf("comment at %s:%d, want overlays/prod/mesh.yaml:14", c.Path, c.Line)
		}
	}

	// A run of an older head posts nothing.
	old := w.server.Head()
	w.push(map[string]string{"README.md": "newer\n"})
	w.server.ResetLog()
	r = w.runIn(t.TempDir(), "workflow_run", payload(old), w.base, nil)
	r.want(t, 0, map[string]string{"conclusion": "skipped"})
	r.says(t, "no open pull request has the head")
	// Nor does the run of a push.
	pushed := payload(w.server.Head())
	pushed["workflow_run"].(map[string]any)["event"] = "push"
	r = w.runIn(t.TempDir(), "workflow_run", pushed, w.base, nil)
	r.want(t, 0, map[string]string{"conclusion": "skipped"})
	r.says(t, "was started by push")
	if n := len(w.server.Writes()); n != 0 {
		t.Errorf("stale runs wrote %d times", n)
	}
}

// finished makes the payload of a run of a stranger's pull request that ended
// with artifacts.
func (w *world) finished(artifacts map[string]map[string][]byte) map[string]any {
	w.t.Helper()
	run := w.server.AddRun(githubtest.Run{Event: "pull_request", HeadSHA: w.server.Head(), HeadBranch: "topic", HeadRepo: "contributor/shop"})
	for _, name := range slices.Sorted(maps.Keys(artifacts)) {
		if _, err := w.server.AddArtifact(run, name, artifacts[name]); err != nil {
			w.t.Fatal(err)
		}
	}
	return map[string]any{
		"action": "completed", "repository": map[string]any{"full_name": "org/shop", "default_branch": "main"},
		"workflow_run": map[string]any{"id": run, "name": "check", "event": "pull_request", "conclusion": "failure",
			"head_sha": w.server.Head(), "head_branch": "topic", "head_repository": map[string]any{"full_name": "contributor/shop"}},
	}
}

// forkResults are the results that the run of a fork's pull request leaves.
func (w *world) forkResults() []byte {
	w.t.Helper()
	r := w.runPR(map[string]string{"reporters": "sarif"})
	data, err := os.ReadFile(filepath.Join(r.dir, r.outputs["sarif-file"]))
	if err != nil {
		w.t.Fatal(err)
	}
	return data
}

// TestWorkflowRunUploadsToThePullRequest: what a stranger's run left goes to
// code scanning for that head alone.
func TestWorkflowRunUploadsToThePullRequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubtest.Options{Fork: true, Permissions: &githubtest.Full}, map[string]string{"overlays/prod/mesh.yaml": mesh("STRICT")})
	payload := w.finished(map[string]map[string][]byte{"probe-mtls": {"probe-mtls.sarif": w.forkResults()}})
	r := w.runIn(t.TempDir(), "workflow_run", payload, w.base, map[string]string{"upload-sarif": "true"})
	r.want(t, 1, map[string]string{"findings": "2"})
	all := w.server.Uploads()
	if len(all) != 1 || all[0].CommitSHA != w.server.Head() || all[0].Ref != "refs/pull/7/head" {
		t.Errorf("uploads: %+v, want one for %s and refs/pull/7/head", all, w.server.Head())
	}
}

// TestForeignArtifacts: what others leave in a run is none of our business.
func TestForeignArtifacts(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubtest.Options{Fork: true, Permissions: &githubtest.Full}, map[string]string{"overlays/prod/mesh.yaml": mesh("STRICT")})
	noise := make([]byte, 33<<20)
	random := rand.NewChaCha8([32]byte{1})
	if _, err := random.Read(noise); err != nil {
		t.Fatal(err)
	}
	ours := w.forkResults()
	foreign := map[string]map[string][]byte{
		"a-big":     {"image.tar": noise},
		"b-other":   {"codeql.sarif": []byte(`{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "CodeQL"}}, "results": [{"ruleId": 5}]}]}`)},
		"c-none":    {"x.sarif": []byte("not even JSON"), "y.sarif": {0xff}},
		"d-version": {"x.sarif": []byte(`{"version": "1.0.0"}`)},
	}
	payload := w.finished(foreign)
	r := w.runIn(t.TempDir(), "workflow_run", payload, w.base, nil)
	r.want(t, 3, map[string]string{"conclusion": "incomplete"})
	r.says(t, "left no results")

	foreign["probe-mtls"] = map[string][]byte{"probe-mtls.sarif": ours, "notes.txt": []byte("x")}
	payload = w.finished(foreign)
	r = w.runIn(t.TempDir(), "workflow_run", payload, w.base, nil)
	r.want(t, 1, map[string]string{"findings": "2"})

	// Ours but broken is said, and what can be read is posted all the same.
	broken := bytes.Replace(ours, []byte(`"level": "error"`), []byte(`"level": "fatal"`), 1)
	foreign["probe-broken"] = map[string][]byte{"probe-mtls.sarif": broken}
	payload = w.finished(foreign)
	r = w.runIn(t.TempDir(), "workflow_run", payload, w.base, map[string]string{"fail-on": "never"})
	r.want(t, 0, map[string]string{"findings": "2", "conclusion": "success"}) // never fails, and says what was not checked all the same
	r.says(t, "probe-broken")
	r = w.runIn(t.TempDir(), "workflow_run", payload, w.base, map[string]string{"artifact": "probe-m*"})
	r.want(t, 1, map[string]string{"findings": "2", "conclusion": "failure"})
	if strings.Contains(r.log, "probe-broken") {
		t.Error("an artifact was read whose name does not match")
	}
}

// TestReportShards: three shards are checked apart and posted once.
func TestReportShards(t *testing.T) {
	t.Parallel()
	change := map[string]string{"base/web.yaml": "# touched\n" + web(8080, 8081)}
	for _, env := range []string{"a", "b", "c", "d"} {
		change["overlays/"+env+"/kustomization.yaml"] = "namespace: shop\nresources:\n- ../../base\n- mesh.yaml\n"
		change["overlays/"+env+"/mesh.yaml"] = mesh("STRICT")
	}
	w := newWorld(t, githubtest.Options{}, change)
	dir := w.origin.Checkout(w.merge(), "2").Dir
	var files []string
	for i, shard := range []string{"1/3", "2/3", "3/3"} {
		file := "shard-" + string(rune('0'+i)) + ".sarif"
		r := w.runIn(dir, "pull_request", w.pullRequest(), w.origin.Head(), map[string]string{"shard": shard, "reporters": "sarif", "sarif-file": file})
		r.want(t, 1, map[string]string{"findings": "2"})
		files = append(files, file)
	}
	if n := len(w.server.Writes()); n != 0 {
		t.Fatalf("the shards wrote %d times", n)
	}
	log, code := w.report(dir, files...)
	if code != 1 || !strings.Contains(log, "2 findings = ") {
		t.Errorf("exit code %d\n%s", code, log)
	}
	if n := len(w.server.Comments()); n != 1 {
		t.Errorf("%d comments, want 1 for both probes, whatever the overlay", n)
	}

	log, code = w.report(dir, files[0], files[2])
	if !strings.Contains(log, "shard 2 of 3 is missing") {
		t.Errorf("a missing shard is not told; exit code %d\n%s", code, log)
	}
	log, code = w.report(dir, "gone.sarif")
	if code != 2 || !strings.Contains(log, "gone.sarif") {
		t.Errorf("exit code %d\n%s", code, log)
	}
	if err := os.WriteFile(filepath.Join(dir, "broken.sarif"), []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	if log, code = w.report(dir, "broken.sarif"); code != 2 || !strings.Contains(log, "broken.sarif") {
		t.Errorf("exit code %d\n%s", code, log)
	}
}

// report runs `report FILE...` with the environment of a job of the pull request.
func (w *world) report(dir string, files ...string) (log string, code int) {
	w.t.Helper()
	env := w.env(dir, "pull_request", w.pullRequest(), w.origin.Head())
	var b bytes.Buffer
	code = app.Main(w.t.Context(), app.Env{
		Args: append([]string{"report"}, files...), Dir: dir, Stdout: &b, Stderr: &b,
		Getenv:  func(name string) string { return env[name] },
		Self:    self(),
		Environ: os.Environ(),
		Sleep:   func(context.Context, time.Duration) error { return nil },
		Version: "v0.0.0-test",
	})
	return b.String(), code
}

// TestNoCodeScanning: code scanning that is not there loses nothing.
func TestNoCodeScanning(t *testing.T) {
	t.Parallel()
	for name, opt := range map[string]githubtest.Options{
		"off": {NoCodeScanning: true, Permissions: &githubtest.Full},
		"on":  {Permissions: &githubtest.Full},
	} {
		w := newWorld(t, opt, map[string]string{"overlays/prod/mesh.yaml": mesh("STRICT")})
		r := w.runPR(map[string]string{"upload-sarif": "true"})
		r.want(t, 1, map[string]string{"findings": "2", "sarif-file": "probe-mtls.sarif"})
		r.says(t, "2 findings = 2 review comments")
		uploads := len(w.server.Uploads())
		if want := map[string]int{"off": 0, "on": 1}[name]; uploads != want {
			t.Errorf("code scanning %s: %d uploads, want %d", name, uploads, want)
		}
	}
}

// TestSARIFFileIsWhereTheNextStepLooks: without an input the file is in the
// runner's temporary directory, and the output names it as the host does; an
// explicit name stays relative to the workspace.
func TestSARIFFileIsWhereTheNextStepLooks(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubtest.Options{}, map[string]string{"overlays/prod/mesh.yaml": mesh("STRICT")})
	for name, host := range map[string]func(temp string) string{
		"binary": func(temp string) string { return temp },
		// The container sees the host's directory under another name.
		"Docker": func(temp string) string {
			link := filepath.Join(t.TempDir(), "on-the-host")
			if err := os.Symlink(temp, link); err != nil {
				t.Fatal(err)
			}
			return link
		},
	} {
		temp := t.TempDir()
		onHost := host(temp)
		r := w.runPR(map[string]string{"runner-temp": onHost, "env RUNNER_TEMP": temp})
		r.want(t, 1, nil)
		file := r.outputs["sarif-file"]
		if !strings.HasPrefix(file, onHost) {
			t.Errorf("%s: the output is %s, which is not below %s", name, file, onHost)
		}
		if data, err := os.ReadFile(file); err != nil || !bytes.Contains(data, []byte(`"PMTLS001"`)) {
			t.Errorf("%s: the next step cannot open the file: %v", name, err)
		}
		if _, err := os.Stat(filepath.Join(r.dir, "probe-mtls.sarif")); err == nil {
			t.Errorf("%s: the checkout has an untracked file", name)
		}
		r = w.runPR(map[string]string{"runner-temp": onHost, "env RUNNER_TEMP": temp, "sarif-file": "out/x.sarif"})
		if _, err := os.Stat(filepath.Join(r.dir, "out/x.sarif")); err != nil || r.outputs["sarif-file"] != "out/x.sarif" {
			t.Errorf("%s: an explicit name: %s, %v", name, r.outputs["sarif-file"], err)
		}
	}
}

// TestCodeScanningIsAskedAgain: one bad answer does not give the upload up.
func TestCodeScanningIsAskedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubtest.Options{Permissions: &githubtest.Full}, map[string]string{"overlays/prod/mesh.yaml": mesh("STRICT")})
	w.server.Inject(githubtest.Fault{Write: 2, Kind: githubtest.ServerError}) // the first is the review
	w.runPR(map[string]string{"upload-sarif": "true"}).want(t, 1, nil)
	if n := len(w.server.Uploads()); n != 1 {
		t.Errorf("%d uploads, want one", n)
	}
}

// TestInventedFindings: a stranger's results may say anything. Comments go to
// lines that the diff shows, up to the cap; further runs do not get round it.
func TestInventedFindings(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubtest.Options{Fork: true, Permissions: &githubtest.Full}, map[string]string{
		"overlays/prod/mesh.yaml": mesh("STRICT"), "long.txt": strings.Repeat("line\n", 700),
	})
	forged := func(seed int, category string) []byte {
		rep, err := sarif.Read(bytes.NewReader(w.forkResults()), sarif.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		one := rep.Items[0]
		rep.Items, rep.Scope.Category = nil, category
		for i := range 150 {
			it := one
			it.At.File, it.At.Start.Line, it.At.End = "long.txt", i+1, source.Position{}
			if i%2 == 1 {
				it.At.File = "base/web.yaml" // not in the diff
			}
			it.Related, it.BaseCauses, it.At.Via, it.Remedies = nil, nil, nil, nil
			it.Subject = fmt.Sprintf("shop/Deployment/web%d/web/livenessProbe", i)
			it.Fingerprint = fmt.Sprintf("%032x", seed*1000+i)
			rep.Items = append(rep.Items, it)
		}
		var b bytes.Buffer
		if err := sarif.Write(&b, rep, sarif.Options{}); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	for run := 1; run <= 6; run++ {
		payload := w.finished(map[string]map[string][]byte{"probe-mtls": {"probe-mtls.sarif": forged(run, fmt.Sprint("category ", run))}})
		r := w.runIn(t.TempDir(), "workflow_run", payload, w.base, nil)
		r.want(t, 1, map[string]string{"findings": "150"})
		comments := w.server.Comments()
		if want := min(25*run, 100); len(comments) != want {
			t.Errorf("run %d: %d comments, want %d", run, len(comments), want)
		}
		for _, c := range comments {
			if c.Path != "long.txt" || c.Line == 0 {
				t.Fatalf("a comment at %s:%d", c.Path, c.Line)
			}
		}
	}
	for _, c := range w.server.IssueComments() {
		if strings.Contains(c.Body, "base/web.yaml:") {
			t.Error("a comment speaks of lines that the pull request does not show")
		}
	}
}

// TestOneComment: the one comment for all findings is made once, kept, and
// edited when the findings change.
func TestOneComment(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubtest.Options{Permissions: &githubtest.Full}, map[string]string{"overlays/prod/mesh.yaml": mesh("STRICT")})
	inputs := map[string]string{"reporters": "comment,summary"}
	r := w.runPR(inputs)
	r.want(t, 1, map[string]string{"findings": "2", "sarif-file": ""})
	r.says(t, "2 findings = 2 pull request comments")
	w.server.ResetLog()
	w.runPR(inputs).want(t, 1, nil)
	if n := len(w.server.Writes()); n != 0 {
		t.Errorf("an unchanged re-run wrote %d times", n)
	}
	w.push(map[string]string{"overlays/prod/mesh.yaml": mesh("PERMISSIVE") + "# no more\n"})
	w.runPR(inputs).want(t, 0, map[string]string{"findings": "0"})
	comments := w.server.IssueComments()
	if len(comments) != 1 || comments[0].Edits != 1 || strings.Contains(comments[0].Body, "PMTLS001") {
		t.Errorf("comments: %+v, want one that was edited", comments)
	}
	if n := len(w.server.Comments()); n != 0 {
		t.Errorf("%d review comments that nobody asked for", n)
	}
}
