package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/org/probe-mtls-action/internal/config"
	"github.com/org/probe-mtls-action/internal/fix"
	"github.com/org/probe-mtls-action/internal/git"
	"github.com/org/probe-mtls-action/internal/settings"
	"github.com/org/probe-mtls-action/render"
	"github.com/org/probe-mtls-action/render/kustomize/graph"
	"github.com/org/probe-mtls-action/render/manifest"
	"github.com/org/probe-mtls-action/render/manifest/sniff"
)

// repository is the work tree that a run reads, and what its configuration says.
type repository struct {
	env    *Env
	git    *git.Repo
	tree   render.Tree
	config *config.Config
	paths  []string // where to look for roots, repository-relative
	extra  []string // context paths from flags, repository-relative
	dir    string   // working directory
	slug   string   // owner/name as GitHub says, "" elsewhere
	// graph returns the tree's graph, which is built when it is first asked for.
	graph func() (*graph.Graph, error)
	// deployed is what [repository.deployments] found.
	deployed *deployments
	// fixes proves fixes in tree, nil where none are asked for.
	fixes *fix.Session
}

func (r *repository) close() {
	if c, ok := r.tree.(io.Closer); ok {
		c.Close()
	}
	if r.git != nil {
		r.git.Close()
	}
}

// open finds the repository that holds the paths of s and reads its
// configuration. Its error is an *exitError.
func open(ctx context.Context, env *Env, s *settings.Values, opts ...git.Option) (_ *repository, err error) {
	if slices.Contains(s.Paths, "-") {
		return openStdin(ctx, env, s)
	}
	r := &repository{env: env, dir: env.Dir}
	limitKustomizeGit(s.AllowRemote)
	if r.dir == "" {
		if r.dir, err = os.Getwd(); err != nil {
			return nil, notChecked(err)
		}
	}
	// Whoever started the program chose this directory: links in its own name do
	// not come from the repository.
	if real, err := filepath.EvalSymlinks(r.dir); err == nil {
		r.dir = real
	}
	defer func() {
		if err != nil {
			r.close()
		}
	}()
	first := r.dir
	if len(s.Paths) > 0 {
		first = r.abs(s.Paths[0])
		if _, err := os.Stat(first); err != nil {
			return nil, r.noSuchPath(s.Paths[0], err)
		}
	}
	if r.git, err = git.Open(ctx, first, opts...); err != nil {
		if out := (*git.OutsideError)(nil); errors.As(err, &out) && len(s.Paths) > 0 {
			out.Path = s.Paths[0]
			return nil, usage(out)
		}
		if errors.Is(err, render.ErrGitData) {
			return nil, usage(err)
		}
		return nil, notChecked(err)
	}
	tree, err := r.workTree(ctx)
	if err != nil {
		return nil, notChecked(err)
	}
	r.tree = tree
	r.graph = sync.OnceValues(func() (*graph.Graph, error) { return graph.Build(ctx, r.tree, graph.Named(r.paths)) })
	if r.config, err = r.loadConfig(s.Config); err != nil {
		return nil, usage(err)
	}
	if err = r.resolve(s); err != nil {
		return nil, err
	}
	return r, nil
}

// limitKustomizeGit says which repositories the git commands that kustomize starts
// for remote bases may reach: none while remote bases are off, which is a second
// wall behind the renderer's; else those of the network, not those of this machine.
// The git commands of this program have an environment of their own.
func limitKustomizeGit(remote bool) {
	protocols := "none"
	if remote {
		protocols = "https:http:ssh"
	}
	_ = os.Setenv("GIT_ALLOW_PROTOCOL", protocols) // fails for bad names only
}

// workTree opens the work tree, with what a sparse checkout leaves out of it.
func (r *repository) workTree(ctx context.Context) (render.Tree, error) {
	dir, err := render.OpenTree(r.git.Root())
	if err != nil {
		return nil, err
	}
	tree, err := r.git.Complete(ctx, dir)
	if err != nil {
		dir.Close()
	}
	return tree, err
}

// buildGraph begins to build the graph, which is needed once Git has told what
// changed.
func (r *repository) buildGraph() {
	go func() {
		defer func() { _ = recover() }() // whoever asks for the graph gets the panic again
		_, _ = r.graph()
	}()
}

func (r *repository) abs(p string) string {
	if filepath.IsAbs(p) {
		return p
	}
	return filepath.Join(r.dir, p)
}

func (r *repository) noSuchPath(given string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return usagef("%s: no such file or directory", given)
	}
	return usagef("%s: %w", given, reason(err))
}

// loadConfig reads the file named by --config, or the default one if it is there.
func (r *repository) loadConfig(flag string) (*config.Config, error) {
	if flag == "" {
		cfg, err := config.Load(r.tree, config.DefaultFile)
		if errors.Is(err, fs.ErrNotExist) {
			return config.Default(), nil
		}
		return cfg, err
	}
	name, err := r.git.Rel(r.abs(flag))
	if err != nil {
		return nil, fmt.Errorf("--config: %w", err)
	}
	cfg, err := config.Load(r.tree, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("--config %s: no such file", flag)
	}
	return cfg, err
}

// resolve makes the paths of s relative to the repository.
func (r *repository) resolve(s *settings.Values) error {
	for _, p := range s.Paths {
		dir, err := r.directory(p)
		if err != nil {
			return err
		}
		r.paths = append(r.paths, dir)
	}
	if len(s.Paths) == 0 {
		r.paths = r.config.Paths
		for _, p := range r.paths {
			if _, err := r.tree.Stat(p); errors.Is(err, render.ErrOutside) || errors.Is(err, render.ErrGitData) {
				return usagef("the configuration's paths: %s %w", p, reason(err))
			}
		}
	}
	if len(r.paths) == 0 {
		var err error
		if r.paths, err = r.here(); err != nil {
			return usage(err)
		}
	}
	for _, p := range s.Context {
		name, err := r.git.Rel(r.abs(p))
		if err != nil {
			return usagef("--context: %w", err)
		}
		if _, err := os.Stat(r.abs(p)); err != nil {
			return r.noSuchPath("--context "+p, err)
		}
		if _, err := r.tree.Lstat(name); errors.Is(err, render.ErrGitData) {
			return usagef("--context %s: it %w", p, reason(err))
		}
		r.extra = append(r.extra, name)
	}
	return nil
}

// here is where to look for roots when nothing names a path.
func (r *repository) here() ([]string, error) {
	name, err := r.git.Rel(r.dir)
	return []string{name}, err
}

// directory returns the repository's name of a directory or a file of manifests
// to check. A kustomization file stands for its directory.
func (r *repository) directory(given string) (string, error) {
	info, err := os.Stat(r.abs(given))
	if err != nil {
		return "", r.noSuchPath(given, err)
	}
	abs := r.abs(given)
	switch base := filepath.Base(abs); {
	case info.IsDir():
	case isKustomization(base):
		abs = filepath.Dir(abs)
	case !sniff.Names(base):
		return "", usagef("%s is not a file of manifests: give one with the ending .yaml, .yml or .json, or a directory", given)
	}
	name, err := r.git.Rel(abs)
	if out := (*git.OutsideError)(nil); errors.As(err, &out) {
		out.Path = given
		if !out.Link {
			return "", usagef("%w; all paths of one run must be in the same repository", err)
		}
	}
	if err != nil {
		return "", usage(err)
	}
	return name, nil
}

// inScope reports whether a root is at or below the checked paths and not
// excluded.
func (r *repository) inScope(dir string) bool {
	return !r.config.Excluded(dir) && slices.ContainsFunc(r.paths, func(p string) bool { return within(dir, p) })
}

// within reports whether name is dir or lies below it.
func within(name, dir string) bool {
	return dir == "." || name == dir || strings.HasPrefix(name, dir+"/")
}

func isKustomization(base string) bool {
	for _, n := range graph.FileNames {
		if strings.EqualFold(n, base) {
			return true
		}
	}
	return false
}

// contextRoots turns context paths into roots of a tree: a directory with
// kustomization roots at or below it gives these, anything else is read as
// plain manifests. In the past, a path may not have been there yet.
func contextRoots(ctx context.Context, tree render.Tree, past bool, paths []string) ([]render.Root, error) {
	var roots []render.Root
	for _, p := range paths {
		info, err := tree.Stat(p)
		if past && errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil && info.IsDir() {
			found, _, err := graph.Discover(ctx, tree, []string{p})
			if err != nil {
				return nil, err
			}
			if len(found) > 0 {
				roots = append(roots, found...)
				continue
			}
			plain, err := manifestFiles(ctx, tree, p)
			if err != nil {
				return nil, err
			}
			roots = append(roots, plain...)
			continue
		}
		roots = append(roots, render.Root{Dir: p, Renderer: manifest.Name})
	}
	return roots, nil
}

// manifestFiles returns the YAML and JSON files below a directory, each as a
// root: the user named it, so a file that cannot be read is told.
func manifestFiles(ctx context.Context, tree render.Tree, dir string) ([]render.Root, error) {
	var roots []render.Root
	err := fs.WalkDir(tree, dir, func(p string, d fs.DirEntry, err error) error {
		switch {
		case err != nil || ctx.Err() != nil:
			return ctx.Err()
		case d.IsDir() && p != dir && strings.HasPrefix(d.Name(), "."):
			return fs.SkipDir
		case !d.IsDir() && sniff.Names(p):
			roots = append(roots, render.Root{Dir: p, Renderer: manifest.Name})
		}
		return nil
	})
	return roots, err
}

// reason strips the operation and path that the os package puts in front.
func reason(err error) error {
	if p := (*fs.PathError)(nil); errors.As(err, &p) {
		return p.Err
	}
	return err
}
