package graph

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"runtime"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/org/probe-mtls-action/render"
	"github.com/org/probe-mtls-action/render/source"
)

// maxLinks is how many symbolic links one name may go through, as in Linux.
const maxLinks = 40

// listing knows the type of every name below some directories of a tree.
type listing struct {
	tree     render.Tree
	mu       sync.Mutex
	modes    map[string]fs.FileMode // type bits only
	kfiles   []string               // names that a kustomization file may have
	linked   []string               // symbolic links that lead to directories
	problems []render.Problem
}

// list reads all directories at or below dirs. Directories that
// cannot be read become problems.
func list(ctx context.Context, tree render.Tree, dirs []string) (*listing, error) {
	l := &listing{tree: tree, modes: map[string]fs.FileMode{}}
	for _, d := range dirs {
		if _, seen := l.modes[d]; seen {
			continue // below another one
		}
		l.modes[d] = fs.ModeDir
		if err := l.walk(ctx, d); err != nil {
			return nil, err
		}
	}
	return l, nil
}

// walk reads the directory top and everything below it.
func (l *listing) walk(ctx context.Context, top string) error {
	work, ctx := errgroup.WithContext(ctx)
	// Reading directories is half waiting: more workers than cores pay off.
	work.SetLimit(4 * runtime.GOMAXPROCS(0))
	var visit func(dir string) error
	visit = func(dir string) error {
		for dir != "" {
			if err := ctx.Err(); err != nil {
				return err
			}
			entries, err := l.tree.ReadDir(dir)
			if err != nil {
				if !errors.Is(err, render.ErrGitData) {
					l.problem(dir, err)
				}
				return nil
			}
			subdirs := l.enter(dir, entries)
			dir = ""
			for _, d := range subdirs {
				if !work.TryGo(func() error { return visit(d) }) {
					if dir == "" {
						dir = d
						continue
					}
					if err := visit(d); err != nil {
						return err
					}
				}
			}
		}
		return nil
	}
	err := visit(top)
	return errors.Join(err, work.Wait())
}

// enter records the entries of dir and returns its subdirectories.
func (l *listing) enter(dir string, entries []fs.DirEntry) (subdirs []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range entries {
		if render.IsGitName(e.Name()) {
			continue
		}
		name := path.Join(dir, e.Name())
		mode := e.Type()
		l.modes[name] = mode
		switch {
		case mode.IsDir():
			subdirs = append(subdirs, name)
			continue
		case isKustomizationFile(e.Name()):
			l.kfiles = append(l.kfiles, name)
		}
		if mode&fs.ModeSymlink != 0 {
			l.linked = append(l.linked, name)
		}
	}
	return subdirs
}

func (l *listing) problem(dir string, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.problems = append(l.problems, render.Problem{
		At:      source.Span{File: dir},
		Message: fmt.Sprintf("the directory cannot be read: %v", err),
		Hint:    "Kustomizations below it are not checked.",
	})
}

// mode returns the type of a name without following a link.
func (l *listing) mode(name string) (fs.FileMode, bool) {
	if m, ok := l.modes[name]; ok {
		return m, true
	}
	if name == "." {
		return fs.ModeDir, true
	}
	return 0, false
}

// resolve follows the symbolic links in name. It returns the real name, which
// need not exist, and the links that were followed. It fails for names that
// leave the repository and for links in a circle.
func (l *listing) resolve(name string) (real string, links []string, ok bool) {
	return resolveLinks(name, l.mode, l.tree.ReadLink)
}

func resolveLinks(name string, mode func(string) (fs.FileMode, bool), readLink func(string) (string, error)) (real string, links []string, ok bool) {
	rest := path.Clean(name)
	done := "."
	for rest != "" {
		if !fs.ValidPath(rest) {
			return "", links, false
		}
		var head string
		head, rest = cut(rest)
		next := path.Join(done, head)
		m, exists := mode(next)
		if !exists {
			return path.Join(next, rest), links, true
		}
		if m&fs.ModeSymlink == 0 {
			done = next
			continue
		}
		links = append(links, next)
		target, err := readLink(next)
		if err != nil || len(links) > maxLinks || path.IsAbs(target) {
			return "", links, false
		}
		rest = path.Join(done, target, rest)
		done = "."
		if rest == "." {
			rest = ""
		}
	}
	return done, links, true
}

func cut(name string) (head, rest string) {
	for i := 0; i < len(name); i++ {
		if name[i] == '/' {
			return name[:i], name[i+1:]
		}
	}
	return name, ""
}

func isKustomizationFile(base string) bool {
	for _, n := range FileNames {
		if base == n {
			return true
		}
	}
	return false
}

func kustomizationFiles(dir string) []string {
	names := make([]string, len(FileNames))
	for i, n := range FileNames {
		names[i] = path.Join(dir, n)
	}
	return names
}
