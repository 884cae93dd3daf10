// Package git reads a Git repository through the git command line. It is the one
// door to Git, and promises, whatever a repository and its files hold:
//
//   - A repository is found by an entry that is named .git, which Git commits
//     for nobody, and by nothing else: a directory that only looks like a Git
//     directory is content. What a .git file of a submodule names counts only
//     for a path that the superproject's commit records as a submodule.
//   - No setting of a repository's configuration takes effect, but for a few that
//     say how its objects and refs are stored (see private.go): git works in a
//     directory of this package's own, which borrows objects and refs. So there
//     are no hooks, filters, external diffs, pagers, prompts, credential helpers,
//     proxies, other URLs, other work trees, file system monitors, excludes and
//     attributes but those in the tree, replaced or grafted commits. The user's
//     and the system's configuration is not read either.
//   - The repository is not written to, its index included; what is fetched goes
//     to that directory. Close removes it.
//   - There is no network but for [Repo.Fetch], which sends the token to the
//     address that it is given and follows no redirect.
//   - Files of the work tree count by content, also where the index says that
//     they are to be taken for unchanged.
//
// Names are taken byte for byte; output is bounded.
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

// Repo is the repository that holds a path, or a directory outside Git. Close
// it after use.
type Repo struct {
	root    string
	tracked bool
	sparse  bool   // the work tree may leave files out
	dir     string // this package's own Git directory for the repository
	remotes []string

	shallow func() (bool, error)
	index   func() error // makes the index ready for a look at the work tree
}

// Option changes how [Open] works.
type Option func(*Repo, *search)

// Within keeps Open inside the directory dir, the workspace of a job: a
// repository above it is not looked for, and a path that leads out of it through
// a symbolic link is refused.
func Within(dir string) Option { return func(_ *Repo, s *search) { s.top = dir } }

// OutsideError says that a path does not lead to where it seems to be.
type OutsideError struct {
	Path, Top string
	Link      bool // a symbolic link leads out
}

// Error says where the path leads out.
func (e *OutsideError) Error() string {
	if e.Link {
		return fmt.Sprintf("%s links out of the repository %s: name a directory of the repository itself", e.Path, e.Top)
	}
	return fmt.Sprintf("%s is outside the repository %s", e.Path, e.Top)
}

// Open finds the repository that holds path, a file or directory: the nearest
// directory from it upwards with an entry named .git. Outside Git the repository
// is the path itself (its directory for a file). A path that a symbolic link
// leads out of the repository that it stands in gives an [*OutsideError].
func Open(ctx context.Context, name string, opts ...Option) (_ *Repo, err error) {
	r, s := newRepo(ctx, ""), search{}
	for _, o := range opts {
		o(r, &s)
	}
	place, root, err := s.find(ctx, name)
	if err != nil {
		return nil, err
	}
	r.root = root
	if place == nil {
		return r, nil
	}
	if _, err := exec.LookPath("git"); err != nil {
		return nil, errors.New("git is not installed, but the checked path is in a Git repository: install git")
	}
	if err := r.attach(ctx, place); err != nil {
		return nil, err
	}
	return r, nil
}

func newRepo(ctx context.Context, root string) *Repo {
	r := &Repo{root: root}
	r.shallow = sync.OnceValues(func() (bool, error) {
		out, err := r.run(ctx, "rev-parse", "--is-shallow-repository")
		return strings.TrimSpace(string(out)) == "true", err
	})
	return r
}

// attach makes r read the repository at p. On an error, nothing is left behind.
func (r *Repo) attach(ctx context.Context, p *place) error {
	var err error
	if r.dir, err = p.private(ctx); err != nil {
		return fmt.Errorf("%s looks like a Git repository, but cannot be read: run `git fsck` there, or check it out anew: %w", p.root, err)
	}
	r.tracked, r.remotes = true, p.remotes
	_, err = os.Stat(filepath.Join(p.dir, "info", "sparse-checkout"))
	r.sparse = err == nil
	r.index = sync.OnceValue(func() error { return r.copyIndex(ctx, p) })
	if _, err = r.run(ctx, "rev-parse", "--git-dir"); err != nil {
		r.Close()
		return fmt.Errorf("%s looks like a Git repository, but git cannot read it: run `git fsck` there, or check it out anew: %w", p.root, err)
	}
	return nil
}

// Close removes what Open made.
func (r *Repo) Close() error {
	if r.dir == "" {
		return nil
	}
	return os.RemoveAll(filepath.Dir(r.dir))
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
	rel, ok := below(r.root, abs)
	if !ok {
		given, err := filepath.Abs(name)
		_, inside := below(r.root, given)
		return "", &OutsideError{Path: name, Top: r.root, Link: err == nil && inside}
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
