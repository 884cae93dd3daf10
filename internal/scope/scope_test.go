package scope_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/org/probe-mtls-action/internal/diff"
	"github.com/org/probe-mtls-action/internal/git"
	"github.com/org/probe-mtls-action/internal/git/gittest"
	"github.com/org/probe-mtls-action/internal/scope"
)

// api answers as GitHub would, from the repository that is "on the server".
type api struct {
	server    *gittest.Repo
	files     []diff.APIFile
	truncated bool
	err       error
}

func (a *api) MergeBase(_ context.Context, base, head string) (string, error) {
	if a.err != nil {
		return "", a.err
	}
	return a.server.Git("merge-base", base, head), nil
}

func (a *api) Files(context.Context) ([]diff.APIFile, bool, error) {
	return a.files, a.truncated, a.err
}

// noRemote refuses, like a network that is down.
type noRemote struct{}

func (noRemote) Fetch(context.Context, ...string) error { return errors.New("no network") }

// server is a repository with a pull request: feature left main at fork; main
// went on, and GitHub merged the two for the test.
type server struct {
	*gittest.Repo
	fork, main, feature, merge string
}

func newServer(t *testing.T) *server {
	s := &server{Repo: gittest.New(t)}
	shared := strings.Repeat("line\n", 20)
	s.Write("app/kustomization.yaml", "resources: [d.yaml]\n", "app/d.yaml", "kind: Deployment\n", "shared.yaml", shared, "old.yaml", "kind: Service\nmetadata: {}\n",
		"web/kustomization.yaml", "resources: [../shared.yaml]\n", "lone/kustomization.yaml", "resources: [x.yaml]\n",
		"exempt.yaml", "a\nb\nexemption\nc\n")
	s.fork = s.Commit("fork")
	s.Git("checkout", "--quiet", "-b", "feature")
	s.Write("app/d.yaml", "kind: Deployment\nspec: {}\n", "shared.yaml", shared+"feature\n", "new file.yaml", "kind: Pod\n", "exempt.yaml", "a\nb\nc\n")
	s.Git("mv", "old.yaml", "renamed.yaml")
	s.feature = s.Commit("feature")
	s.Git("checkout", "--quiet", "main")
	s.Write("other.yaml", "kind: Job\n", "shared.yaml", "main\n"+shared, "exempt.yaml", "top\na\nb\nexemption\nc\n")
	s.main = s.Commit("main goes on")
	s.Git("checkout", "--quiet", "--detach")
	s.Git("merge", "--quiet", "--no-ff", "--message", "merge", "feature")
	s.merge = s.Head()
	s.Git("update-ref", "refs/pull/1/merge", s.merge)
	s.Git("checkout", "--quiet", "main")
	return s
}

func describe(s *scope.Scope, name func(string) string) string {
	var b strings.Builder
	list := func(label string, c *diff.Changes) {
		if c == nil {
			return
		}
		fmt.Fprintf(&b, "%s:", label)
		if c.Incomplete != "" {
			b.WriteString(" INCOMPLETE")
		}
		for _, f := range c.Files {
			fmt.Fprintf(&b, " %s", f.Name())
			if f.Status == diff.Renamed {
				fmt.Fprintf(&b, "<%s", f.OldName)
			}
			for _, h := range f.Hunks {
				fmt.Fprintf(&b, "+%d,%d", h.New.Start, h.New.Count)
			}
			if f.NoHunks != "" {
				b.WriteString("(?)")
			}
		}
		b.WriteByte('\n')
	}
	fmt.Fprintf(&b, "base %s\n", name(s.Base))
	list("changes", &s.Changes)
	if s.Pull != nil {
		list("diff", &s.Pull.Diff)
		list("totree", s.Pull.ToTree)
		list("frombase", s.Pull.FromBase)
	}
	for _, n := range s.Notes {
		n, _, _ = strings.Cut(n, ":")
		fmt.Fprintf(&b, "note %s\n", n)
	}
	return b.String()
}

func (s *server) name(id string) string {
	for n, v := range map[string]string{"fork": s.fork, "main": s.main, "feature": s.feature, "merge": s.merge} {
		if v == id {
			return n
		}
	}
	return id
}

// What a complete answer looks like for the merge and for the head.
const (
	onMerge = `base main
changes: app/d.yaml exempt.yaml new file.yaml renamed.yaml<old.yaml shared.yaml
diff: app/d.yaml+1,2 exempt.yaml+1,3 new file.yaml+1,1 renamed.yaml<old.yaml shared.yaml+18,4
totree: exempt.yaml+1,4 other.yaml+1,1 shared.yaml+1,4
frombase: exempt.yaml+1,4 other.yaml+1,1 shared.yaml+1,4
`
	onHead = `base fork
changes: app/d.yaml exempt.yaml new file.yaml renamed.yaml<old.yaml shared.yaml
diff: app/d.yaml+1,2 exempt.yaml+1,3 new file.yaml+1,1 renamed.yaml<old.yaml shared.yaml+18,4
`
)

// shape is a checkout of a pull request, and what is to be had besides.
type shape struct {
	name, commit, depth string
	remote              bool
	api                 scope.API
	want                string
}

// shapes are all of them, with the scope that each must give.
func (s *server) shapes() []shape {
	listed := []diff.APIFile{
		{Filename: "app/d.yaml", Status: "modified", Patch: "@@ -1 +1,2 @@\n kind: Deployment\n+spec: {}"},
		{Filename: "exempt.yaml", Status: "modified", Patch: "@@ -1,4 +1,3 @@\n a\n b\n-exemption\n c"},
		{Filename: "new file.yaml", Status: "added", Patch: "@@ -0,0 +1 @@\n+kind: Pod"},
		{Filename: "renamed.yaml", PreviousFilename: "old.yaml", Status: "renamed"},
		{Filename: "shared.yaml", Status: "modified"},
	}
	github := &api{server: s.Repo, files: listed}
	down := &api{err: errors.New("503")}
	return []shape{
		{"merge, all history", s.merge, "0", false, nil, onMerge},
		{"merge, depth 1", s.merge, "1", true, github, onMerge},
		{"merge, depth 2", s.merge, "2", true, github, onMerge},
		{"head, all history", s.feature, "0", false, nil, onHead},
		{"head, depth 1", s.feature, "1", true, github, onHead},
		{"merge, depth 2, GitHub down", s.merge, "2", false, down, `base main
changes: app/d.yaml exempt.yaml new file.yaml renamed.yaml<old.yaml shared.yaml
diff: app/d.yaml+1,2 exempt.yaml(?) new file.yaml+1,1 renamed.yaml<old.yaml shared.yaml(?)
totree: exempt.yaml+1,4 other.yaml+1,1 shared.yaml+1,4
note the merge base cannot be found, so comments may go to whole files instead of lines
`},
		{"merge, depth 2, no remote but GitHub", s.merge, "2", false, github, `base main
changes: app/d.yaml exempt.yaml new file.yaml renamed.yaml<old.yaml shared.yaml
diff: app/d.yaml+1,2 exempt.yaml+1,3 new file.yaml+1,1 renamed.yaml<old.yaml(?) shared.yaml(?)
totree: exempt.yaml+1,4 other.yaml+1,1 shared.yaml+1,4
frombase: INCOMPLETE
`},
		{"merge, depth 1, no remote but GitHub", s.merge, "1", false, github, `base 
changes: app/d.yaml+1,2 exempt.yaml+1,3 new file.yaml+1,1 renamed.yaml<old.yaml(?) shared.yaml(?)
diff: app/d.yaml+1,2 exempt.yaml+1,3 new file.yaml+1,1 renamed.yaml<old.yaml(?) shared.yaml(?)
totree: INCOMPLETE
note the pull request's head cannot be read, so comments go to whole files instead of lines
note the base cannot be read, so the changed files come from GitHub's list and nothing is compared with the base
`},
		{"merge, depth 1, list too long", s.merge, "1", false, &api{server: s.Repo, files: listed, truncated: true}, `base 
changes: INCOMPLETE app/d.yaml+1,2 exempt.yaml+1,3 new file.yaml+1,1 renamed.yaml<old.yaml(?) shared.yaml(?)
diff: INCOMPLETE app/d.yaml+1,2 exempt.yaml+1,3 new file.yaml+1,1 renamed.yaml<old.yaml(?) shared.yaml(?)
totree: INCOMPLETE
note the pull request's head cannot be read, so comments go to whole files instead of lines
note the base cannot be read, and GitHub lists only a part of the changed files, so every root is checked and nothing is compared
`},
		{"merge, depth 1, nothing else", s.merge, "1", false, down, `base 
changes: INCOMPLETE
diff: INCOMPLETE
totree: INCOMPLETE
note the pull request's head cannot be read, so comments go to whole files instead of lines
note the base cannot be read, so every root is checked and nothing is compared
`},
	}
}

// resolve checks the shape out and resolves the pull request on it.
func (s *server) resolve(t *testing.T, c shape) (*git.Repo, *scope.Scope) {
	t.Helper()
	repo, err := git.Open(t.Context(), s.Checkout(c.commit, c.depth).Dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { repo.Close() })
	r := &scope.Resolver{Repo: repo, API: c.api, Remote: noRemote{}}
	if c.remote {
		r.Remote = repo.Remote(s.URL(), "")
	}
	got, err := r.Event(t.Context(), scope.Event{Name: scope.PullRequest, Base: s.main, Head: s.feature})
	if err != nil {
		t.Fatal(err)
	}
	return repo, got
}

func TestPullRequest(t *testing.T) {
	s := newServer(t)
	for _, c := range s.shapes() {
		t.Run(c.name, func(t *testing.T) {
			_, got := s.resolve(t, c)
			text := describe(got, s.name)
			for _, id := range []string{s.main, s.feature, s.fork} {
				text = strings.ReplaceAll(text, " "+id, "")
			}
			text = strings.ReplaceAll(text, " cannot be read (no network)", " cannot be read")
			if d := cmp.Diff(c.want, text); d != "" {
				t.Errorf("(-want +got):\n%s\nnotes: %q", d, got.Notes)
			}
		})
	}
}

func resolver(t *testing.T, dir string, s *server) *scope.Resolver {
	t.Helper()
	repo, err := git.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { repo.Close() })
	return &scope.Resolver{Repo: repo, Remote: repo.Remote(s.URL(), ""), API: &api{server: s.Repo}}
}

func TestOtherEvents(t *testing.T) {
	s := newServer(t)
	s.Git("checkout", "--quiet", "-b", "forced", s.fork)
	s.Write("forced.yaml", "1\n")
	forced := s.Commit("forced")
	s.Git("checkout", "--quiet", "main")
	gone := strings.Repeat("7", 40)
	const all = "changes: app/d.yaml exempt.yaml new file.yaml renamed.yaml<old.yaml shared.yaml\n"
	cases := []struct {
		name, commit string
		event        scope.Event
		want         string
	}{
		{"merge queue", s.merge, scope.Event{Name: scope.MergeGroup, Base: s.main, Head: s.merge}, "base main\n" + all},
		{"push", s.merge, scope.Event{Name: scope.Push, Base: s.main, Head: s.merge}, "base main\n" + all},
		{"new branch", s.feature, scope.Event{Name: scope.Push, Head: s.feature, Ref: "refs/heads/feature", DefaultBranch: "main"}, "base fork\n" + all},
		{"force push", forced, scope.Event{Name: scope.Push, Base: s.feature, Head: forced, Ref: "refs/heads/forced", DefaultBranch: "main"},
			"base feature\nchanges: app/d.yaml exempt.yaml forced.yaml new file.yaml old.yaml<renamed.yaml shared.yaml\n"},
		{"force push, old commit gone", forced, scope.Event{Name: scope.Push, Base: gone, Head: forced, Ref: "refs/heads/forced", DefaultBranch: "main"},
			"base fork\nchanges: forced.yaml\nnote the commit before this push is not available (git fetch"},
		{"force push back to the default branch, old commit gone", s.fork, scope.Event{Name: scope.Push, Base: gone, Head: s.fork, Ref: "refs/heads/forced", DefaultBranch: "main"},
			"base \nchanges: INCOMPLETE\nnote the base "},
		{"first push", s.main, scope.Event{Name: scope.Push, Head: s.main, Ref: "refs/heads/main", DefaultBranch: "main"}, "base \nchanges: INCOMPLETE\n"},
		{"push, old commit gone", s.main, scope.Event{Name: scope.Push, Base: gone, Head: s.main, Ref: "refs/heads/main", DefaultBranch: "main"},
			"base \nchanges: INCOMPLETE\nnote the base " + gone + " cannot be read, so every root is checked and nothing is compared"},
		{"schedule", s.main, scope.Event{Name: "schedule"}, "base \nchanges: INCOMPLETE\n"},
	}
	for _, c := range cases {
		for _, depth := range []string{"1", "2", "0"} {
			t.Run(c.name+", depth "+depth, func(t *testing.T) {
				r := resolver(t, s.Checkout(c.commit, depth).Dir, s)
				got, err := r.Event(t.Context(), c.event)
				if err != nil {
					t.Fatal(err)
				}
				if text := describe(got, s.name); !strings.HasPrefix(text, c.want) {
					t.Errorf("(-want +got):\n%s", cmp.Diff(c.want, text))
				}
			})
		}
	}
	t.Run("branch deleted", func(t *testing.T) {
		r := resolver(t, s.Checkout(s.main, "1").Dir, s)
		got, err := r.Event(t.Context(), scope.Event{Name: scope.Push, Base: s.main})
		if err != nil || !got.Deleted {
			t.Errorf("got %+v, %v", got, err)
		}
	})
	t.Run("no checkout", func(t *testing.T) {
		r := resolver(t, t.TempDir(), s)
		if _, err := r.Event(t.Context(), scope.Event{Name: scope.Push, Base: s.main, Head: s.main}); err == nil || !strings.Contains(err.Error(), "actions/checkout") {
			t.Errorf("got %v", err)
		}
	})
}

func TestSince(t *testing.T) {
	s := newServer(t)
	s.Git("checkout", "--quiet", "feature")
	r := resolver(t, s.Dir, s)
	since := func(rev string) string {
		t.Helper()
		got, err := r.Since(t.Context(), rev)
		if err != nil {
			return err.Error()
		}
		return describe(got, s.name)
	}
	const committed = "app/d.yaml exempt.yaml new file.yaml renamed.yaml<old.yaml shared.yaml"
	if d := cmp.Diff("base fork\nchanges: "+committed+"\n", since("main")); d != "" {
		t.Errorf("branch (-want +got):\n%s", d)
	}
	s.Write("app/d.yaml", "kind: Job\n", "untracked.yaml", "1\n", ".gitignore", "ignored\n", "ignored", "1\n")
	s.Remove("new file.yaml")
	if d := cmp.Diff("base fork\nchanges: app/d.yaml exempt.yaml renamed.yaml<old.yaml shared.yaml .gitignore untracked.yaml\n", since("main")); d != "" {
		t.Errorf("uncommitted (-want +got):\n%s", d)
	}
	if got := since("mian"); !strings.Contains(got, "spelling") {
		t.Errorf("unknown revision: %s", got)
	}

	r = resolver(t, s.Checkout(s.feature, "1").Dir, s)
	if got := since("HEAD~1"); !strings.Contains(got, "fetch-depth: 2") {
		t.Errorf("shallow: %s", got)
	}
	r = resolver(t, s.Checkout(s.feature, "2").Dir, s)
	if d := cmp.Diff("base fork\nchanges: "+committed+"\n", since("HEAD~1")); d != "" {
		t.Errorf("depth 2 (-want +got):\n%s", d)
	}
}

// TestPartialClone brings the base's files into a clone that was made without
// them, where there is a remote.
func TestPartialClone(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.Git("config", "uploadpack.allowFilter", "true")
	s.Git("config", "uploadpack.allowAnySHA1InWant", "true")
	clone := &gittest.Repo{Dir: t.TempDir()}
	s.Git("clone", "--quiet", "--branch", "feature", "--filter=blob:none", s.URL(), clone.Dir)
	repo, err := git.Open(t.Context(), clone.Dir)
	if err != nil {
		t.Fatal(err)
	}
	defer repo.Close()
	for _, c := range []struct {
		remote scope.Fetcher
		want   bool
	}{{nil, false}, {noRemote{}, false}, {repo.Remote(s.URL(), ""), true}} {
		r := scope.Resolver{Repo: repo, Remote: c.remote}
		got, err := r.Since(t.Context(), s.fork)
		if err != nil {
			t.Fatal(err)
		}
		tree, err := repo.Tree(t.Context(), got.Base)
		if err != nil {
			t.Fatal(err)
		}
		_, err = tree.ReadFile("app/d.yaml")
		tree.Close()
		if (err == nil) != c.want {
			t.Errorf("with %T the base's file is read: %v, notes %q", c.remote, err, got.Notes)
		}
		if _, refuses := c.remote.(noRemote); refuses != (len(got.Notes) > 0) {
			t.Errorf("with %T: notes %q", c.remote, got.Notes)
		}
	}
}
