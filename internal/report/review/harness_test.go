package review_test

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/org/probe-mtls-action/internal/check"
	"github.com/org/probe-mtls-action/internal/diff"
	"github.com/org/probe-mtls-action/internal/git/gittest"
	"github.com/org/probe-mtls-action/internal/github"
	"github.com/org/probe-mtls-action/internal/github/githubtest"
	"github.com/org/probe-mtls-action/internal/report"
	"github.com/org/probe-mtls-action/internal/report/review"
	"github.com/org/probe-mtls-action/render/source"
)

// repo is the one Git repository of all tests of this package. Commits are made
// once and found by their ID, so tests share them and run side by side.
type repo struct {
	dir   string
	mu    sync.Mutex
	made  map[string]string       // by parent and files
	known map[string]diff.Changes // by base and head
}

var shared *repo

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "review")
	if err == nil {
		shared = &repo{dir: dir, made: map[string]string{}, known: map[string]diff.Changes{}}
		_, err = shared.git(nil, "init", "-q", "--bare", "-b", "main", dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

func (r *repo) git(stdin []byte, args ...string) (string, error) {
	cmd := exec.Command("git", append([]string{"-C", r.dir}, args...)...)
	cmd.Env, cmd.Stdin = gittest.Env(), bytes.NewReader(stdin)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		err = fmt.Errorf("git %v: %w: %s", args, err, stderr.String())
	}
	return string(out), err
}

// commit makes a commit on parent ("" for the first) that writes files ("" deletes).
func (r *repo) commit(t testing.TB, parent string, files map[string]string) string {
	t.Helper()
	var b bytes.Buffer
	fmt.Fprint(&b, "commit refs/heads/made\nmark :1\ncommitter A <a@example.com> 1700000000 +0000\ndata 6\nchange\n")
	if parent != "" {
		fmt.Fprintf(&b, "from %s\n", parent)
	} else {
		b.WriteString("from 0000000000000000000000000000000000000000\n")
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if files[name] == "" {
			fmt.Fprintf(&b, "D %s\n", name)
			continue
		}
		fmt.Fprintf(&b, "M 100644 inline %s\ndata %d\n%s\n", name, len(files[name]), files[name])
	}
	b.WriteString("get-mark :1\n")
	r.mu.Lock()
	defer r.mu.Unlock()
	if sha := r.made[b.String()]; sha != "" {
		return sha
	}
	out, err := r.git(b.Bytes(), "fast-import", "--quiet", "--force")
	if err != nil {
		t.Fatal(err)
	}
	sha := strings.TrimSpace(out)
	r.made[b.String()] = sha
	return sha
}

// changes is the diff that the reporter checks anchors against.
func (r *repo) changes(t testing.TB, base, head string) diff.Changes {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if c, ok := r.known[base+head]; ok {
		return c
	}
	raw, err := r.git(nil, "diff", "-M", "--raw", "-z", "--no-abbrev", base, head)
	if err != nil {
		t.Fatal(err)
	}
	c := diff.Changes{Base: base, Head: head}
	if c.Files, err = diff.ParseRaw([]byte(raw)); err != nil {
		t.Fatal(err)
	}
	patch, err := r.git(nil, "diff", "-M", "-p", base, head)
	if err != nil {
		t.Fatal(err)
	}
	diff.AddPatch(c.Files, []byte(patch))
	r.known[base+head] = c
	return c
}

// lines is a file of n numbered lines.
func lines(n int, name string) string {
	var b strings.Builder
	for i := 1; i <= n; i++ {
		fmt.Fprintf(&b, "%s line %d\n", name, i)
	}
	return b.String()
}

// item is a finding on a line of a file.
func item(id int, path string, line int) report.Item {
	return report.Item{
		RuleID: "PMTLS001", RuleName: "LivenessProbeBlockedByMTLS", Severity: check.Error, Verdict: "breaks",
		Subject: fmt.Sprintf("shop/Deployment/web%d/app/livenessProbe", id),
		Summary: fmt.Sprintf("mTLS and liveness probe incompatible - web%d", id),
		Message: "The Deployment web in namespace shop uses liveness probe which is incompatible with mTLS.",
		Steps:   report.Texts("namespace shop is in the mesh", "PeerAuthentication shop/default requires mTLS"),
		At:      report.Location{Span: source.Span{File: path, Start: source.Position{Line: line, Column: 3}}, Exact: true},
		Related: []report.Location{{Span: source.Span{File: "policy.yaml", Start: source.Position{Line: 6, Column: 9}}, Message: "mTLS mode STRICT", Exact: true}},
		Roots:   []string{"overlays/prod"},
		Remedies: []report.Remedy{{Title: "Exempt port 8080 from mTLS", YAML: "spec:\n  portLevelMtls:\n    \"8080\":\n      mode: PERMISSIVE\n",
			At: source.Span{File: "policy.yaml"}}},
		Fingerprint: fmt.Sprintf("%032x", id),
		State:       report.New,
		Placement:   &report.Placement{Kind: report.OnProbe, Path: path, Line: line, Side: report.Right},
	}
}

// cause gives a finding another cause than those of [item] have.
func cause(it report.Item, line int) report.Item {
	it.Related = slices.Clone(it.Related)
	it.Related[0].Start.Line = line
	return it
}

// onFile places a finding on a whole file.
func onFile(it report.Item) report.Item {
	it.Placement = &report.Placement{Kind: report.OnFile, Path: it.Placement.Path}
	return it
}

// world is a pull request on a GitHub of its own, and what a run needs.
type world struct {
	t      testing.TB
	base   string
	server *githubtest.Server
	opt    review.Options
}

// newWorld makes a pull request that adds app.yaml (60 lines) and changes a
// line of other.yaml.
func newWorld(t testing.TB, opt githubtest.Options) *world {
	t.Helper()
	base := shared.commit(t, "", map[string]string{"other.yaml": lines(40, "other"), "untouched.yaml": lines(5, "untouched")})
	head := shared.commit(t, base, map[string]string{"app.yaml": lines(60, "app"), "other.yaml": strings.Replace(lines(40, "other"), "other line 20\n", "other line twenty\n", 1)})
	return pullRequest(t, opt, base, head)
}

// pullRequest makes a pull request of head into base.
func pullRequest(t testing.TB, opt githubtest.Options, base, head string) *world {
	t.Helper()
	opt.GitDir, opt.Base, opt.Head = shared.dir, base, head
	return &world{t: t, base: base, server: githubtest.New(t, opt)}
}

// push adds a commit to the pull request.
func (w *world) push(files map[string]string) {
	w.t.Helper()
	if err := w.server.Push(shared.commit(w.t, w.server.Head(), files)); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) client(change ...func(*github.Options)) *github.Client {
	w.t.Helper()
	opt := github.Options{
		APIURL: w.server.APIURL(), GraphQLURL: w.server.GraphQLURL(), Repository: "org/shop", Token: "secret-token",
		Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }, Jitter: func() float64 { return 0.5 },
		Timeout: 20 * time.Second,
	}
	for _, c := range change {
		c(&opt)
	}
	c, err := github.New(opt)
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

func (w *world) options() review.Options {
	head := w.server.Head()
	opt := w.opt
	opt.Number, opt.Repository, opt.ServerURL, opt.Head = 7, "org/shop", "https://github.example", head
	opt.Changes = shared.changes(w.t, w.base, head)
	return opt
}

// publish runs once and checks the ledger.
func (w *world) publish(items ...report.Item) review.Outcome {
	w.t.Helper()
	out, err := review.Publish(context.Background(), w.client(), &report.Report{Items: items}, w.options())
	if err != nil {
		w.t.Fatal(err)
	}
	checkLedger(w.t, items, out)
	return out
}

// checkLedger: every finding is in the outcome once, and the channels add up.
func checkLedger(t testing.TB, items []report.Item, out review.Outcome) {
	t.Helper()
	if len(out.Results) != len(items) {
		t.Fatalf("%d findings, %d results", len(items), len(out.Results))
	}
	for i, r := range out.Results {
		if r.Fingerprint != items[i].Fingerprint {
			t.Errorf("result %d is of %s, want %s", i, r.Fingerprint, items[i].Fingerprint)
		}
		if r.Channel == review.None && r.Reason == "" {
			t.Errorf("finding %d went nowhere and nobody says why", i)
		}
		if (r.Channel == review.None) != (r.Action == "") {
			t.Errorf("finding %d: channel %q, action %q", i, r.Channel, r.Action)
		}
	}
	if n := out.Count(review.LineComment) + out.Count(review.FileComment) + out.Count(review.None); n != len(items) {
		t.Errorf("channels add up to %d, want %d", n, len(items))
	}
}

var markerOf = regexp.MustCompile(`(?m)^<!-- probe-mtls:([0-9a-z]+)(?::[0-9a-f]{8})? findings:(\S*) roots:`)

// shown are the comments that a reader of the pull request sees unfolded and on
// its diff, by the findings that they tell as present.
func (w *world) shown() map[string][]githubtest.Comment {
	all := map[string][]githubtest.Comment{}
	for _, c := range w.server.Comments() {
		if c.Minimized != "" || c.Resolved || !c.OnFile && c.Now == 0 {
			continue
		}
		found := markerOf.FindAllStringSubmatch(c.Body, -1)
		if len(found) == 0 {
			continue
		}
		switch m := found[len(found)-1]; m[1] {
		case "fixed", "duplicate", "moved":
		default:
			for _, e := range strings.Split(m[2], ",") {
				if !strings.Contains(e, "!") {
					k, _, _ := strings.Cut(e, "@")
					k, _, _ = strings.Cut(k, "~")
					all[k] = append(all[k], c)
				}
			}
		}
	}
	return all
}

// checkTold: what the outcome says is told is shown once, and nothing is shown twice.
func (w *world) checkTold(out review.Outcome) {
	w.t.Helper()
	shown := w.shown()
	for key, cs := range shown {
		if len(cs) > 1 {
			w.t.Errorf("finding %s is shown %d times", key, len(cs))
		}
	}
	for _, r := range out.Results {
		if n := len(shown[r.Fingerprint[16:]]); r.Channel != review.None && n != 1 {
			w.t.Errorf("finding %s is said to be told by a %s, but is shown %d times", r.Fingerprint, r.Channel, n)
		}
	}
}
