package git

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/org/probe-mtls-action/render"
)

// search looks for the repository that holds a path.
type search struct {
	top string // the directory to stay in; "" is the whole file system
}

// place is a repository: a work tree, its Git directory, and the one that it
// shares with other work trees of the same repository (often the same).
type place struct {
	root, dir, common string
	remotes           []string // URLs, known once the configuration was read
}

// find returns the repository that holds the path, nil outside Git, and its
// root: the work tree's top, or outside Git the path's own directory. Both are
// free of symbolic links.
func (s search) find(ctx context.Context, name string) (*place, string, error) {
	fail := func(err error) (*place, string, error) {
		return nil, "", fmt.Errorf("open %s: %w", name, cause(err))
	}
	abs, err := filepath.Abs(name)
	if err != nil {
		return fail(err)
	}
	if s.top != "" {
		top, err := filepath.EvalSymlinks(s.top)
		if err != nil {
			return fail(err)
		}
		rel, ok := below(s.top, abs)
		if !ok {
			if rel, ok = below(top, abs); !ok {
				return nil, "", &OutsideError{Path: name, Top: s.top}
			}
		}
		s.top, abs = top, filepath.Join(top, rel)
	}
	real, err := filepath.EvalSymlinks(abs)
	if err != nil {
		return fail(err)
	}
	if info, err := os.Stat(real); err != nil {
		return fail(err)
	} else if !info.IsDir() {
		abs, real = filepath.Dir(abs), filepath.Dir(real)
		if real, err = filepath.EvalSymlinks(real); err != nil {
			return fail(err)
		}
	}
	if s.top != "" {
		if _, ok := below(s.top, real); !ok {
			return nil, "", &OutsideError{Path: name, Top: s.top, Link: true}
		}
	}
	for _, elem := range strings.Split(filepath.ToSlash(real), "/") {
		if render.IsGitName(elem) {
			return nil, "", insideError(name)
		}
	}
	// Where the path stands, by its own name, is the repository that was meant.
	// What its links lead to must be in the same one: whoever writes the
	// repository's files writes the links.
	stands, err := s.above(ctx, abs)
	if err != nil {
		return nil, "", err
	}
	leads, err := s.above(ctx, real)
	if err != nil {
		return nil, "", err
	}
	switch {
	case stands != nil && (leads == nil || leads.root != stands.root):
		return nil, "", &OutsideError{Path: name, Top: stands.root, Link: true}
	case leads == nil:
		return nil, real, nil
	}
	return leads, leads.root, nil
}

// insideError says that a path is inside a Git directory.
type insideError string

func (e insideError) Error() string {
	return string(e) + " is inside a Git directory: give a path in a work tree"
}
func (e insideError) Unwrap() error { return render.ErrGitData }

// above returns the repository of the nearest directory at or above dir that has
// one, nil if there is none. Directories that are symbolic links are passed over.
func (s search) above(ctx context.Context, dir string) (*place, error) {
	for at := dir; ; {
		info, err := os.Lstat(at)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("open %s: %w", at, cause(err))
		}
		if err == nil && info.IsDir() {
			if _, err := os.Lstat(filepath.Join(at, ".git")); err == nil {
				p, err := s.at(ctx, at)
				if p != nil || err != nil {
					return p, err
				}
			}
		}
		up := filepath.Dir(at)
		if up == at || at == s.top {
			return nil, nil
		}
		at = up
	}
}

// at returns the repository whose entry named .git stands in dir; nil for a .git
// file that does not count: one that points into the work tree or the Git
// directory of a repository around it, which neither shares its objects with it as
// a work tree nor records dir as a submodule.
func (s search) at(ctx context.Context, dir string) (*place, error) {
	p, file, err := readPlace(dir)
	if err != nil {
		return nil, fmt.Errorf("%s looks like a Git repository, but cannot be read: run `git fsck` there, or check it out anew: %w", dir, err)
	}
	if !file || dir == s.top || filepath.Dir(dir) == dir {
		return p, nil
	}
	outer, err := s.above(ctx, filepath.Dir(dir))
	if err != nil || outer == nil {
		return p, err
	}
	if _, ok := below(outer.root, p.dir); !ok {
		if _, ok := below(outer.common, p.dir); !ok {
			return p, nil
		}
	}
	if p.common == outer.common && p.common != p.dir {
		return p, nil
	}
	recorded, err := outer.records(ctx, p.root)
	if err != nil || !recorded {
		return nil, err
	}
	return p, nil
}

// readPlace reads the entry .git of the directory root. File is true where it is
// a file that names the Git directory.
func readPlace(root string) (p *place, file bool, err error) {
	real, err := filepath.EvalSymlinks(root)
	if err != nil {
		return nil, false, cause(err)
	}
	p = &place{root: real}
	if p.dir, err = filepath.EvalSymlinks(filepath.Join(real, ".git")); err != nil {
		return nil, false, cause(err)
	}
	info, err := os.Stat(p.dir)
	if err != nil {
		return nil, false, cause(err)
	}
	if !info.IsDir() {
		file = true
		text, err := readSmall(p.dir)
		if err != nil {
			return nil, file, err
		}
		target, ok := strings.CutPrefix(text, "gitdir:")
		if !ok {
			return nil, file, errors.New("the file .git does not begin with \"gitdir:\"")
		}
		if p.dir, err = follow(filepath.Dir(p.dir), target); err != nil {
			return nil, file, err
		}
	}
	p.common = p.dir
	if text, err := readSmall(filepath.Join(p.dir, "commondir")); err == nil {
		if p.common, err = follow(p.dir, text); err != nil {
			return nil, file, err
		}
	}
	head, err := readSmall(filepath.Join(p.dir, "HEAD"))
	if err != nil {
		return nil, file, fmt.Errorf("HEAD: %w", err)
	}
	if head = strings.TrimSpace(head); !strings.HasPrefix(head, "ref:") && !IsID(head) {
		return nil, file, errors.New("HEAD names neither a branch nor a commit")
	}
	if info, err := os.Stat(filepath.Join(p.common, "objects")); err != nil || !info.IsDir() {
		return nil, file, errors.New("there is no directory objects")
	}
	return p, file, nil
}

// follow returns the directory that a file of Git in dir names, without links.
func follow(dir, target string) (string, error) {
	target = strings.Trim(target, " \r\n")
	if !filepath.IsAbs(target) {
		target = filepath.Join(dir, target)
	}
	real, err := filepath.EvalSymlinks(target)
	return real, cause(err)
}

// readSmall reads a file of a line or two.
func readSmall(name string) (string, error) {
	info, err := os.Stat(name)
	if err != nil {
		return "", cause(err)
	}
	if !info.Mode().IsRegular() || info.Size() > 64<<10 {
		return "", errors.New("not a small regular file")
	}
	data, err := os.ReadFile(name)
	return string(data), cause(err)
}

// records reports whether the commit checked out at p has a submodule at dir.
func (p *place) records(ctx context.Context, dir string) (bool, error) {
	rel, ok := below(p.root, dir)
	if !ok {
		return false, nil
	}
	r := &Repo{root: p.root}
	if err := r.attach(ctx, p); err != nil {
		return false, err
	}
	defer r.Close()
	out, err := r.run(ctx, "ls-tree", "-z", "--full-tree", "HEAD", "--", filepath.ToSlash(rel))
	if err != nil {
		return false, nil // there is no commit yet
	}
	return strings.HasPrefix(string(out), "160000 "), nil
}

// below returns the name of a path relative to dir, if it is dir or below it.
func below(dir, name string) (string, bool) {
	rel, err := filepath.Rel(dir, name)
	return rel, err == nil && filepath.IsLocal(rel)
}
