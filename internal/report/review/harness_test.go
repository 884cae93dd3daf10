package review_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bluekeyes/go-gitdiff/gitdiff"

	"github.com/org/probe-mtls-action/internal/check"
	"github.com/org/probe-mtls-action/internal/diff"
	"github.com/org/probe-mtls-action/internal/github"
	"github.com/org/probe-mtls-action/internal/github/githubtest"
	"github.com/org/probe-mtls-action/internal/report"
	"github.com/org/probe-mtls-action/internal/report/review"
	"github.com/org/probe-mtls-action/render/source"
)

// repo is a Git repository made for a test.
type repo struct {
	t     testing.TB
	dir   string
	known map[string]diff.Changes // by base and head
}

func newRepo(t testing.TB) *repo {
	r := &repo{t, t.TempDir(), map[string]diff.Changes{}}
	r.git("init", "-q", "-b", "main")
	return r
}

func (r *repo) git(args ...string) string {
	r.t.Helper()
	cmd := exec.Command("git", append([]string{"-C", r.dir}, args...)...)
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1",
		"GIT_AUTHOR_NAME=A", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=A", "GIT_COMMITTER_EMAIL=a@example.com",
		"GIT_AUTHOR_DATE=2024-01-01T00:00:00Z", "GIT_COMMITTER_DATE=2024-01-01T00:00:00Z")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		r.t.Fatalf("git %v: %v: %s", args, err, stderr.String())
	}
	return strings.TrimSpace(string(out))
}

// commit writes files ("" deletes) and returns the new commit.
func (r *repo) commit(files map[string]string) string {
	r.t.Helper()
	for name, content := range files {
		path := filepath.Join(r.dir, filepath.FromSlash(name))
		if content == "" {
			if err := os.Remove(path); err != nil {
				r.t.Fatal(err)
			}
			continue
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			r.t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			r.t.Fatal(err)
		}
	}
	r.git("add", "-A")
	r.git("commit", "-q", "--allow-empty", "-m", "change")
	return r.git("rev-parse", "HEAD")
}

// changes is the diff that the reporter checks anchors against.
func (r *repo) changes(base, head string) diff.Changes {
	r.t.Helper()
	if c, ok := r.known[base+head]; ok {
		return c
	}
	files, _, err := gitdiff.Parse(strings.NewReader(r.git("diff", "-M", base, head) + "\n"))
	if err != nil {
		r.t.Fatal(err)
	}
	c := diff.Changes{Base: base, Head: head}
	for _, f := range files {
		df := diff.File{OldName: f.OldName, NewName: f.NewName, Status: diff.Modified}
		for _, t := range f.TextFragments {
			o, n := int(t.OldPosition), int(t.NewPosition)
			h := diff.Hunk{Old: diff.Range{Start: o, Count: int(t.OldLines)}, New: diff.Range{Start: n, Count: int(t.NewLines)}}
			for _, l := range t.Lines {
				switch l.Op {
				case gitdiff.OpAdd:
					h.Lines = append(h.Lines, diff.Line{Op: diff.Add, New: n, Text: l.Line})
					n++
				case gitdiff.OpDelete:
					h.Lines = append(h.Lines, diff.Line{Op: diff.Delete, Old: o, Text: l.Line})
					o++
				default:
					h.Lines = append(h.Lines, diff.Line{Op: diff.Context, Old: o, New: n, Text: l.Line})
					o, n = o+1, n+1
				}
			}
			df.Hunks = append(df.Hunks, h)
		}
		c.Files = append(c.Files, df)
	}
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
		Chain:   []string{"namespace shop is in the mesh", "PeerAuthentication shop/default requires mTLS"},
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

// world is a repository, its GitHub, and what a run needs.
type world struct {
	t      testing.TB
	repo   *repo
	base   string
	server *githubtest.Server
	opt    review.Options
}

// newWorld makes a pull request that adds app.yaml (60 lines) and changes a
// line of other.yaml.
func newWorld(t testing.TB, opt githubtest.Options) *world {
	t.Helper()
	r := newRepo(t)
	base := r.commit(map[string]string{"other.yaml": lines(40, "other"), "untouched.yaml": lines(5, "untouched")})
	r.git("checkout", "-q", "-b", "topic")
	r.commit(map[string]string{"app.yaml": lines(60, "app"), "other.yaml": strings.Replace(lines(40, "other"), "other line 20\n", "other line twenty\n", 1)})
	opt.GitDir, opt.Base, opt.Head = r.dir, "main", "topic"
	return &world{t: t, repo: r, base: base, server: githubtest.New(t, opt)}
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
	opt.Changes = w.repo.changes(w.base, head)
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

// shown are the comments that a reader of the pull request sees unfolded.
func (w *world) shown() map[string][]githubtest.Comment {
	all := map[string][]githubtest.Comment{}
	for _, c := range w.server.Comments() {
		if c.Minimized != "" || c.Resolved {
			continue
		}
		if i := strings.LastIndex(c.Body, "<!-- probe-mtls:"); i >= 0 {
			f := strings.SplitN(c.Body[i:], ":", 4)
			if f[2] != "fixed" && f[2] != "duplicate" && !strings.HasPrefix(f[2], "fixed ") && !strings.HasPrefix(f[2], "duplicate ") {
				all[f[1]] = append(all[f[1]], c)
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
		if r.Channel != review.None && len(shown[r.Fingerprint]) != 1 {
			w.t.Errorf("finding %s is said to be told by a %s, but is shown %d times", r.Fingerprint, r.Channel, len(shown[r.Fingerprint]))
		}
	}
}
