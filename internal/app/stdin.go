package app

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/org/probe-mtls-action/internal/config"
	"github.com/org/probe-mtls-action/internal/git"
	"github.com/org/probe-mtls-action/internal/settings"
	"github.com/org/probe-mtls-action/render"
	"github.com/org/probe-mtls-action/render/kustomize/graph"
)

// stdinFile is how places in the standard input are named.
const stdinFile = "<stdin>"

// maxStdin bounds what is read of the standard input, in bytes.
const maxStdin = 16 << 20

// openStdin returns a repository of one file: the manifests of the standard
// input. Its configuration is the file that --config names, or none.
func openStdin(ctx context.Context, env *Env, s *settings.Values) (*repository, error) {
	switch {
	case len(s.Paths) > 1:
		return nil, usagef("- stands for the standard input and is the only path of a run: check the others in a run of their own")
	case s.Base != "":
		return nil, usagef("the standard input has no base to compare with: leave out --base, or check files")
	case env.Stdin == nil:
		return nil, usagef("there is no standard input to read")
	case len(s.Context) > 0:
		return nil, usagef("the standard input stands alone: put the context into it, too, instead of --context")
	}
	r := &repository{env: env, dir: env.Dir, paths: []string{stdinFile}}
	data, err := io.ReadAll(io.LimitReader(env.Stdin, maxStdin+1))
	switch {
	case err != nil:
		return nil, notChecked(fmt.Errorf("the standard input cannot be read: %w", reason(err)))
	case len(data) > maxStdin:
		return nil, notChecked(fmt.Errorf("the standard input has more than %d MiB: check it in parts", maxStdin>>20))
	}
	r.tree = &streamTree{data}
	r.graph = sync.OnceValues(func() (*graph.Graph, error) { return graph.Build(ctx, r.tree, graph.Named(r.paths)) })
	r.config = config.Default()
	if s.Config == "" {
		return r, nil
	}
	if r.config, err = configOf(ctx, r.abs(s.Config), s.Config); err != nil {
		return nil, usage(err)
	}
	return r, nil
}

// configOf reads a configuration file of the repository that holds it.
func configOf(ctx context.Context, abs, given string) (*config.Config, error) {
	repo, err := git.Open(ctx, filepath.Dir(abs))
	if err != nil {
		return nil, fmt.Errorf("--config %s: %w", given, reason(err))
	}
	defer repo.Close()
	tree, err := render.OpenTree(repo.Root())
	if err != nil {
		return nil, fmt.Errorf("--config %s: %w", given, err)
	}
	defer tree.Close()
	r := &repository{git: repo, tree: tree, dir: filepath.Dir(abs)}
	return r.loadConfig(abs)
}

// streamTree is a tree with the standard input as its only file.
type streamTree struct{ data []byte }

// streamInfo describes the file, or the top directory.
type streamInfo struct {
	name string
	size int64
	dir  bool
}

func (i streamInfo) Name() string               { return i.name }
func (i streamInfo) Size() int64                { return i.size }
func (i streamInfo) ModTime() time.Time         { return time.Time{} }
func (i streamInfo) IsDir() bool                { return i.dir }
func (i streamInfo) Sys() any                   { return nil }
func (i streamInfo) Type() fs.FileMode          { return i.Mode().Type() }
func (i streamInfo) Info() (fs.FileInfo, error) { return i, nil }

func (i streamInfo) Mode() fs.FileMode {
	if i.dir {
		return fs.ModeDir | 0o555
	}
	return 0o444
}

type streamFile struct {
	io.Reader
	info streamInfo
}

func (f streamFile) Stat() (fs.FileInfo, error) { return f.info, nil }
func (f streamFile) Close() error               { return nil }

// Open implements [fs.FS].
func (t streamTree) Open(name string) (fs.File, error) {
	info, err := t.Stat(name)
	if err != nil {
		return nil, err
	}
	return streamFile{bytes.NewReader(t.data), info.(streamInfo)}, nil
}

// ReadFile implements [fs.ReadFileFS].
func (t streamTree) ReadFile(name string) ([]byte, error) {
	if name != stdinFile {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return slices.Clone(t.data), nil
}

// ReadDir implements [fs.ReadDirFS].
func (t streamTree) ReadDir(name string) ([]fs.DirEntry, error) {
	if name != "." {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return []fs.DirEntry{streamInfo{name: stdinFile, size: int64(len(t.data))}}, nil
}

// Stat implements [fs.StatFS].
func (t streamTree) Stat(name string) (fs.FileInfo, error) {
	switch path.Clean(name) {
	case stdinFile:
		return streamInfo{name: stdinFile, size: int64(len(t.data))}, nil
	case ".":
		return streamInfo{name: ".", dir: true}, nil
	}
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

// Lstat implements [fs.ReadLinkFS].
func (t streamTree) Lstat(name string) (fs.FileInfo, error) { return t.Stat(name) }

// ReadLink implements [fs.ReadLinkFS]: there are no links.
func (t streamTree) ReadLink(name string) (string, error) {
	return "", &fs.PathError{Op: "readlink", Path: name, Err: fs.ErrInvalid}
}
