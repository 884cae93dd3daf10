package graph

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"sort"

	"github.com/org/probe-mtls-action/internal/parallel"
	"github.com/org/probe-mtls-action/render"
	"github.com/org/probe-mtls-action/render/source"
)

// Discover finds the kustomization roots at or below dirs, sorted and each
// once. Components are no roots. A kustomization file that cannot be parsed is
// a root, and so is a link that cannot be followed: its render then tells what
// is wrong. Links to directories of the
// repository are followed; a root is named by its real directory.
//
// The problems are directories that cannot be read and files that only share
// their name with kustomizations. The error is for a dir that is no directory
// of the repository, and for the end of ctx.
func Discover(ctx context.Context, tree render.Tree, dirs []string) ([]render.Root, []render.Problem, error) {
	var start []string
	for _, d := range dirs {
		real, err := realDir(tree, d)
		if err != nil {
			return nil, nil, err
		}
		start = append(start, real)
	}
	sort.Strings(start)
	found := map[string]bool{}
	seen := map[string]bool{}
	var problems []render.Problem
	for len(start) > 0 {
		l, err := list(ctx, tree, start)
		if err != nil {
			return nil, nil, err
		}
		problems = append(problems, l.problems...)
		b := &builder{listing: l}
		files := l.kfiles
		sort.Strings(files)
		for name, mode := range l.modes {
			if mode.IsDir() {
				seen[name] = true
			}
		}
		kinds, err := b.kinds(ctx, files)
		if err != nil {
			return nil, nil, err
		}
		for i, f := range files {
			switch kinds[i] {
			case isRoot:
				found[path.Dir(f)] = true
			case isForeign:
				problems = append(problems, foreign(f))
			}
		}
		start = nil
		for _, name := range l.linked {
			if real, err := realDir(tree, name); err == nil && !seen[real] {
				seen[real] = true
				start = append(start, real)
			}
		}
		sort.Strings(start)
	}
	roots := make([]render.Root, 0, len(found))
	for _, d := range sortedKeys(found) {
		roots = append(roots, render.Root{Dir: d, Renderer: Renderer})
	}
	sort.Slice(problems, func(i, j int) bool { return problems[i].At.File < problems[j].At.File })
	return roots, problems, nil
}

// fileKind says what a file with a kustomization's name is.
type fileKind int

const (
	isNothing fileKind = iota // a directory, a component
	isRoot
	isForeign
)

// kinds looks at the kustomization files, in order.
func (b *builder) kinds(ctx context.Context, files []string) ([]fileKind, error) {
	kinds := make([]fileKind, len(files))
	parallel.For(len(files), func(i int) {
		if ctx.Err() == nil {
			kinds[i] = fileKindOf(b.tree, files[i])
		}
	})
	return kinds, ctx.Err()
}

func fileKindOf(tree render.Tree, name string) fileKind {
	info, err := tree.Stat(name)
	switch {
	case err != nil || info.Mode()&^fs.ModePerm != 0 && !info.IsDir():
		return isRoot
	case info.IsDir():
		return isNothing
	}
	data, err := readBounded(tree, name)
	if err != nil {
		return isRoot
	}
	// Most files need no parsing to be told apart.
	if plain(data) && !bytes.Contains(data, []byte("Component")) && !bytes.Contains(data, []byte("kustomize.toolkit")) {
		return isRoot
	}
	switch r := parse(data); {
	case r.component:
		return isNothing
	case r.foreign:
		return isForeign
	}
	return isRoot
}

func foreign(name string) render.Problem {
	return render.Problem{
		At:      source.Span{File: name, Start: source.Position{Line: 1, Column: 1}},
		Message: "this is a Kustomization object of Flux, not a kustomization file, so the directory is not a root",
		Hint:    "Give the file another name, so that kustomize does not take it for its own.",
	}
}

// realDir returns the real name of a directory.
func realDir(tree render.Tree, name string) (string, error) {
	name = path.Clean(name)
	if !fs.ValidPath(name) {
		return "", fmt.Errorf("%s: the directory is outside the repository", name)
	}
	mode := func(n string) (fs.FileMode, bool) {
		info, err := tree.Lstat(n)
		if err != nil {
			return 0, false
		}
		return info.Mode().Type(), true
	}
	real, _, ok := resolveLinks(name, mode, tree.ReadLink)
	if !ok {
		return "", fmt.Errorf("%s: the link leads out of the repository or in a circle", name)
	}
	info, err := tree.Stat(real)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", fmt.Errorf("%s: there is no such directory in the repository: %w", name, fs.ErrNotExist)
	case err != nil:
		return "", fmt.Errorf("%s: %w", name, err)
	case !info.IsDir():
		return "", fmt.Errorf("%s: this is a file; give the directory of a kustomization", name)
	}
	return real, nil
}

// readBounded reads a file of at most maxFile bytes.
func readBounded(tree render.Tree, name string) ([]byte, error) {
	info, err := tree.Stat(name)
	if err != nil {
		return nil, err
	}
	if info.Size() > maxFile {
		return nil, fmt.Errorf("the file has %d bytes; at most %d are read", info.Size(), maxFile)
	}
	return tree.ReadFile(name)
}
