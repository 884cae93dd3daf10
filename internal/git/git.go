// Package git reads a Git repository through the git command line.
//
// Repositories are untrusted: git runs without hooks, pagers, prompts, filters,
// external diffs, file system monitors, lazy fetches and the user's own
// configuration, and without network but for [Repo.Fetch]. Names are taken
// byte for byte; output is bounded. The work tree and the index are not touched.
package git

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"sync"
)

// Repo is the repository that holds a path, or a directory outside Git.
type Repo struct {
	root    string
	tracked bool
	trust   bool
	refused error // why git does not read the repository, nil if it does

	shallow func() (bool, error)
}

// Option changes how [Open] works.
type Option func(*Repo)

// Trust makes git accept a repository that belongs to another user. A container
// that GitHub Actions starts needs it: the workspace belongs to the runner.
func Trust() Option { return func(r *Repo) { r.trust = true } }

// Open finds the repository that holds path, a file or directory. Outside Git
// the repository is the path itself (its directory for a file).
func Open(ctx context.Context, name string, opts ...Option) (*Repo, error) {
	r := &Repo{}
	for _, o := range opts {
		o(r)
	}
	abs, err := filepath.Abs(name)
	if err == nil {
		abs, err = filepath.EvalSymlinks(abs)
	}
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", name, cause(err))
	}
	if info, err := os.Stat(abs); err != nil {
		return nil, fmt.Errorf("open %s: %w", name, cause(err))
	} else if !info.IsDir() {
		abs = filepath.Dir(abs)
	}
	r.root = abs
	out, err := r.run(ctx, "rev-parse", "--show-toplevel")
	switch {
	case err == nil:
		r.tracked = true
		top := strings.TrimSuffix(string(out), "\n")
		if top, err = filepath.EvalSymlinks(top); err != nil {
			return nil, fmt.Errorf("open %s: %w", name, cause(err))
		}
		if rel, err := filepath.Rel(top, abs); err != nil || !filepath.IsLocal(rel) {
			return nil, fmt.Errorf("the repository's configuration (core.worktree) puts the work tree at %s, which does not hold %s", top, abs)
		}
		r.root = top
	case errors.Is(err, exec.ErrNotFound):
		if holdsGit(abs) {
			return nil, errors.New("git is not installed, but the checked path is in a Git repository: install git")
		}
	case saysAny(err, "not a git repository"):
		if holdsGit(abs) {
			return nil, fmt.Errorf("%s looks like a Git repository, but git cannot read it: run `git fsck` there, or check it out anew: %w", abs, err)
		}
	case saysAny(err, "dubious ownership", "unsafe repository"):
		// The files can be read all the same; only history cannot.
		r.root = topOf(abs)
		r.refused = fmt.Errorf("git refuses the repository because it belongs to another user; if you trust it, run `git config --global --add safe.directory %s`: %w", r.root, err)
	case saysAny(err, "must be run in a work tree"):
		return nil, fmt.Errorf("%s is inside a Git directory or a bare repository: give a path in a work tree", name)
	default:
		return nil, err
	}
	r.shallow = sync.OnceValues(func() (bool, error) {
		out, err := r.run(ctx, "rev-parse", "--is-shallow-repository")
		return strings.TrimSpace(string(out)) == "true", err
	})
	return r, nil
}

// holdsGit reports whether dir or a directory above has an entry .git.
func holdsGit(dir string) bool {
	_, err := os.Lstat(filepath.Join(topOf(dir), ".git"))
	return err == nil
}

// topOf returns the nearest directory from dir upwards that has an entry .git,
// dir itself if there is none.
func topOf(dir string) string {
	for at := dir; ; {
		if _, err := os.Lstat(filepath.Join(at, ".git")); err == nil {
			return at
		}
		up := filepath.Dir(at)
		if up == at {
			return dir
		}
		at = up
	}
}

// Root returns the absolute path of the work tree's top directory, or of the
// opened directory outside Git. It holds no symbolic links.
func (r *Repo) Root() string { return r.root }

// Tracked reports whether the directory is under Git.
func (r *Repo) Tracked() bool { return r.tracked }

// Rel returns the repository's name for a path of the operating system: with
// slashes, relative to the root, "." for the root itself. The path need not
// exist. It fails for paths outside the repository.
func (r *Repo) Rel(name string) (string, error) {
	abs, err := filepath.Abs(name)
	if err != nil {
		return "", fmt.Errorf("%s: %w", name, cause(err))
	}
	// The root has no links, so compare real paths, as far as they exist.
	dir, rest := abs, ""
	for {
		real, err := filepath.EvalSymlinks(dir)
		if err == nil {
			abs = filepath.Join(real, rest)
			break
		}
		up := filepath.Dir(dir)
		if up == dir {
			break
		}
		dir, rest = up, filepath.Join(filepath.Base(dir), rest)
	}
	rel, err := filepath.Rel(r.root, abs)
	if err != nil || !filepath.IsLocal(rel) {
		return "", fmt.Errorf("%s is outside the repository %s", name, r.root)
	}
	return path.Clean(filepath.ToSlash(rel)), nil
}

// Shallow reports whether parts of the history are missing on this machine.
func (r *Repo) Shallow() (bool, error) {
	if !r.tracked {
		return false, nil
	}
	return r.shallow()
}

func cause(err error) error {
	if p := (*os.PathError)(nil); errors.As(err, &p) {
		return p.Err
	}
	return err
}
