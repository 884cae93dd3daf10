package git

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/org/probe-mtls-action/internal/diff"
)

// submodule opens the repository of the submodule that is checked out at name,
// which the caller read from a tree or the index: nothing else makes a .git file
// count. Close it after use.
func (r *Repo) submodule(ctx context.Context, name string) (*Repo, error) {
	p, _, err := readPlace(filepath.Join(r.root, filepath.FromSlash(name)))
	if err != nil {
		return nil, errors.New("it is not checked out")
	}
	if _, inside := below(r.root, p.root); !inside {
		return nil, errors.New("a symbolic link leads out of the repository")
	}
	sub := newRepo(ctx, p.root)
	return sub, sub.attach(ctx, p)
}

// LostError says that a submodule cannot be read at a commit.
type LostError struct {
	Name, Commit string
	Err          error
}

func (e *LostError) Error() string {
	return fmt.Sprintf("the submodule %s cannot be read at its commit %.12s (%v): check submodules out with their history, with `submodules: true` and `fetch-depth: 0` for actions/checkout, or run `git submodule update --init`", e.Name, e.Commit, e.Err)
}

func (e *LostError) Unwrap() error { return e.Err }

// graft puts the trees of submodules into t, where their repositories are
// checked out and have the commits.
func (t *Tree) graft(ctx context.Context, r *Repo, links map[string]string) error {
	for name, id := range links {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := t.graftOne(ctx, r, name, id); err != nil {
			if t.lost == nil {
				t.lost = map[string]*LostError{}
			}
			t.lost[name] = &LostError{name, id, err}
		}
	}
	return nil
}

func (t *Tree) graftOne(ctx context.Context, r *Repo, name, id string) error {
	sub, err := r.submodule(ctx, name)
	if err != nil {
		return err
	}
	t.closers = append(t.closers, sub.Close)
	tree, err := sub.Tree(ctx, id)
	if err != nil {
		return err
	}
	t.closers = append([]func() error{tree.Close}, t.closers...)
	for n, e := range tree.entries {
		moved := *e
		moved.name = path.Join(name, n)
		t.entries[moved.name] = &moved
	}
	for n, lost := range tree.lost {
		if t.lost == nil {
			t.lost = map[string]*LostError{}
		}
		t.lost[path.Join(name, n)] = &LostError{path.Join(name, n), lost.Commit, lost.Err}
	}
	return nil
}

// Lost are the submodules that cannot be read, sorted by name.
func (t *Tree) Lost() []*LostError {
	var all []*LostError
	for _, name := range sortedKeys(t.lost) {
		all = append(all, t.lost[name])
	}
	return all
}

// Submodules returns the names of the submodules of the index.
func (r *Repo) Submodules(ctx context.Context) ([]string, error) {
	if _, err := os.Lstat(filepath.Join(r.root, ".gitmodules")); err != nil || !r.tracked {
		return nil, nil
	}
	if err := r.index(); err != nil {
		return nil, err
	}
	out, err := r.run(ctx, "ls-files", "--stage", "-z")
	if err != nil {
		return nil, damaged(err)
	}
	var names []string
	for line := range strings.SplitSeq(string(out), "\x00") {
		if info, name, ok := strings.Cut(line, "\t"); ok && strings.HasPrefix(info, "160000 ") && !namesGitData(name) {
			names = append(names, name)
		}
	}
	return names, nil
}

// submoduleChanges lists what changed inside the submodules that are checked
// out, from their commits in the tree of base to the work tree. Where that commit
// is not at hand, the submodule counts as changed.
func (r *Repo) submoduleChanges(ctx context.Context, base string) ([]diff.File, error) {
	names, err := r.Submodules(ctx)
	if err != nil {
		return nil, err
	}
	var files []diff.File
	for _, name := range names {
		out, err := r.run(ctx, "ls-tree", "-z", "--full-tree", base, "--", ":(literal)"+name)
		if err != nil {
			return nil, damaged(err)
		}
		info := strings.Fields(string(out))
		if len(info) < 3 || info[0] != "160000" {
			continue // the change adds it: listed as such
		}
		inside, err := r.insideChanges(ctx, name, info[2])
		if err != nil {
			inside = []diff.File{{OldName: name, NewName: name, OldMode: "160000", NewMode: "160000", Status: diff.Modified}}
		}
		files = append(files, inside...)
	}
	return files, nil
}

func (r *Repo) insideChanges(ctx context.Context, name, id string) ([]diff.File, error) {
	sub, err := r.submodule(ctx, name)
	if err != nil {
		return nil, err
	}
	defer sub.Close()
	c, err := sub.Changes(ctx, id, WorkTree, false)
	for i := range c.Files {
		for _, n := range []*string{&c.Files[i].OldName, &c.Files[i].NewName} {
			if *n != "" {
				*n = path.Join(name, *n)
			}
		}
	}
	return c.Files, err
}
