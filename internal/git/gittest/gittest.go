// Package gittest builds Git repositories in temporary directories for tests.
package gittest

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Repo is a repository in a temporary directory.
type Repo struct {
	t   testing.TB
	Dir string
}

// New makes an empty repository with the branch main. The test is skipped
// where git is not installed.
func New(t testing.TB) *Repo {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed")
	}
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	r := &Repo{t, dir}
	r.Git("init", "--quiet", "--initial-branch=main")
	// Commits of other repositories may be fetched by their ID, as on GitHub.
	r.Git("config", "uploadpack.allowAnySHA1InWant", "true")
	r.Git("config", "uploadpack.allowFilter", "true")
	return r
}

// Env is the environment that makes git independent of the machine.
func Env() []string {
	var env []string
	for _, kv := range os.Environ() {
		if !strings.HasPrefix(kv, "GIT_") {
			env = append(env, kv)
		}
	}
	return append(env,
		"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL="+os.DevNull, "LC_ALL=C",
		"GIT_AUTHOR_NAME=author", "GIT_AUTHOR_EMAIL=author@example.com", "GIT_AUTHOR_DATE=2026-01-01T00:00:00Z",
		"GIT_COMMITTER_NAME=author", "GIT_COMMITTER_EMAIL=author@example.com", "GIT_COMMITTER_DATE=2026-01-01T00:00:00Z",
	)
}

// Git runs git in the repository and returns its output without the last line
// end.
func (r *Repo) Git(args ...string) string {
	r.t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir, cmd.Env = r.Dir, Env()
	out, err := cmd.CombinedOutput()
	if err != nil {
		r.t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSuffix(string(out), "\n")
}

// Write writes files: names and contents in turn.
func (r *Repo) Write(files ...string) {
	r.t.Helper()
	for i := 0; i+1 < len(files); i += 2 {
		name := filepath.Join(r.Dir, files[i])
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			r.t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(files[i+1]), 0o644); err != nil {
			r.t.Fatal(err)
		}
	}
}

// Remove removes files and directories.
func (r *Repo) Remove(names ...string) {
	r.t.Helper()
	for _, n := range names {
		if err := os.RemoveAll(filepath.Join(r.Dir, n)); err != nil {
			r.t.Fatal(err)
		}
	}
}

// Link makes a symbolic link.
func (r *Repo) Link(name, target string) {
	r.t.Helper()
	if err := os.MkdirAll(filepath.Dir(filepath.Join(r.Dir, name)), 0o755); err != nil {
		r.t.Fatal(err)
	}
	if err := os.Symlink(target, filepath.Join(r.Dir, name)); err != nil {
		r.t.Fatal(err)
	}
}

// Commit commits everything and returns the commit's ID.
func (r *Repo) Commit(message string) string {
	r.t.Helper()
	r.Git("add", "--all")
	r.Git("commit", "--quiet", "--allow-empty", "--message", message)
	return r.Head()
}

// Head returns the ID of the checked-out commit.
func (r *Repo) Head() string {
	r.t.Helper()
	return r.Git("rev-parse", "HEAD")
}

// URL returns the repository's file URL.
func (r *Repo) URL() string { return "file://" + r.Dir }

// Checkout leaves in a new directory what actions/checkout would: the given
// commit of r as a detached HEAD, with the given depth, 0 for all history.
func (r *Repo) Checkout(commit string, depth string) *Repo {
	r.t.Helper()
	c := New(r.t)
	args := []string{"fetch", "--quiet", "--no-tags"}
	if depth != "0" {
		args = append(args, "--depth="+depth, r.URL(), commit)
	} else {
		args = append(args, r.URL(), "+refs/heads/*:refs/remotes/origin/*", commit)
	}
	c.Git(args...)
	c.Git("checkout", "--quiet", "--detach", commit)
	return c
}
