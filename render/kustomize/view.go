package kustomize

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"sort"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/filesys"

	"github.com/org/probe-mtls-action/render"
)

// virtualRoot is where a view shows the repository when no real directory is
// needed. It exists nowhere, so that a name that leaves it finds nothing.
const virtualRoot = "/.repository"

var errReadOnly = errors.New("the repository is read-only")

// view is the file system of one render: the repository below root and nothing
// else, read-only, with the bytes that the render's plan chooses. It notes what
// the render reads or looks for. A render uses one view on one goroutine.
type view struct {
	*store
	ctx    context.Context
	opts   Options
	root   string // absolute path that stands for the repository
	plan   plan
	inputs map[string]bool
	roles  map[string]role
	dirs   map[string][]string // kustomization or plugin file: the directories it is used in
	// configures lists, for a directory that is rendered to configure plugins,
	// the kustomizations that use the plugins.
	configures map[string][]string
	reads      []*file // files read, each once, in order of the first read
	// files has the files read, by name, for this render and those that are compared
	// with it: they are to see the same values.
	files     map[string]*file
	isRead    map[*file]bool
	fileCount int
	bytes     int64
	nodes     int // values of the YAML files read, with aliases expanded
	// alone is true when no other render runs, so that a kustomization may set
	// an OpenAPI schema.
	alone bool
	// selectors are the words of the selectors by which kustomizations select
	// objects: keys and values of labels and annotations.
	selectors map[string]bool
	// opaque is true when something in the files may look at an object as a
	// whole, so that a source key in it could be seen.
	opaque bool
	// denied is the first thing that ends the render whatever kustomize makes
	// of the error that it was given.
	denied *denial
}

// denial is a problem found by the view itself.
type denial struct {
	render.Problem
	err error
}

func (d *denial) Error() string { return d.Message }
func (d *denial) Unwrap() error { return d.err }

func newView(ctx context.Context, s *store, opts Options, p plan, files map[string]*file) *view {
	v := &view{
		store: s, ctx: ctx, opts: opts, root: virtualRoot, plan: p,
		inputs: map[string]bool{}, roles: map[string]role{}, dirs: map[string][]string{}, configures: map[string][]string{}, isRead: map[*file]bool{},
		selectors: map[string]bool{}, files: files,
	}
	if d, ok := s.tree.(interface{ Dir() string }); ok && (opts.AllowRemote || opts.EnableHelm) {
		v.root = d.Dir()
	}
	return v
}

// Inputs returns what the render read or looked for, sorted.
func (v *view) Inputs() []string {
	out := make([]string, 0, len(v.inputs))
	for p := range v.inputs {
		out = append(out, p)
	}
	sort.Strings(out)
	return out
}

// rel turns an absolute path of kustomize into a name in the repository.
func (v *view) rel(p string) (string, bool) {
	p = filepath.ToSlash(filepath.Clean(p))
	root := filepath.ToSlash(v.root)
	if p == root {
		return ".", true
	}
	if strings.HasPrefix(p, root+"/") {
		return p[len(root)+1:], true
	}
	if !path.IsAbs(p) {
		return path.Clean(p), true
	}
	return "", false
}

func (v *view) abs(rel string) string { return filepath.Join(v.root, filepath.FromSlash(rel)) }

// fetched reports whether p lies in a directory that kustomize made for a
// remote base; such files are read from disk.
func (v *view) fetched(p string) bool {
	if !v.opts.AllowRemote && !v.opts.EnableHelm {
		return false
	}
	tmp, err := filepath.EvalSymlinks(os.TempDir())
	if err != nil {
		return false
	}
	rest, ok := strings.CutPrefix(filepath.Clean(p), tmp+string(filepath.Separator))
	if !ok || !strings.HasPrefix(rest, "kustomize-") {
		return false
	}
	// The clone's own Git data is not content either.
	return !slices.ContainsFunc(strings.Split(filepath.ToSlash(rest), "/"), render.IsGitName)
}

// find looks p up and notes it as an input.
func (v *view) find(p string) (*name, error) {
	if err := v.ctx.Err(); err != nil {
		return nil, err
	}
	rel, ok := v.rel(p)
	if !ok {
		return nil, v.deny(p, &fs.PathError{Op: "open", Path: p, Err: render.ErrOutside})
	}
	v.inputs[rel] = true
	n := v.lookup(rel)
	if n.err != nil {
		if errors.Is(n.err, render.ErrOutside) || errors.Is(n.err, render.ErrGitData) {
			return nil, v.deny(rel, n.err)
		}
		return nil, n.err
	}
	v.inputs[n.real] = true
	if isKustomizationName(rel) && !n.isDir {
		v.roles[n.real] |= roleKustomization
		if dir := v.lookup(path.Dir(rel)).real; !slices.Contains(v.dirs[n.real], dir) {
			v.dirs[n.real] = append(v.dirs[n.real], dir)
		}
	}
	return n, nil
}

// deny notes err as the render's end and returns it.
func (v *view) deny(p string, err error) error {
	if v.denied == nil {
		v.denied = &denial{Problem: readProblem(p, err), err: err}
	}
	return err
}

// CleanedAbs returns the directory and the file name of p without links.
func (v *view) CleanedAbs(p string) (filesys.ConfirmedDir, string, error) {
	if v.fetched(p) {
		return filesys.MakeFsOnDisk().CleanedAbs(p)
	}
	n, err := v.find(p)
	if err != nil {
		return "", "", err
	}
	if n.isDir {
		return filesys.ConfirmedDir(v.abs(n.real)), "", nil
	}
	return filesys.ConfirmedDir(v.abs(path.Dir(n.real))), path.Base(n.real), nil
}

// ReadFile returns the file's bytes as the render's plan has them.
func (v *view) ReadFile(p string) ([]byte, error) {
	if v.fetched(p) {
		return filesys.MakeFsOnDisk().ReadFile(p)
	}
	n, err := v.find(p)
	if err != nil {
		return nil, err
	}
	if n.isDir {
		return nil, &fs.PathError{Op: "read", Path: n.real, Err: errors.New("is a directory")}
	}
	f := v.files[n.real]
	if f == nil {
		f = v.read(n.real)
		v.files[n.real] = f
	}
	if f.err != nil {
		return nil, v.deny(n.real, f.err)
	}
	v.fileCount++
	v.bytes += int64(len(f.raw))
	if v.fileCount > v.limits.Files || v.bytes > v.limits.TotalSize {
		return nil, v.deny(n.real, fmt.Errorf("%w: %d files with %d bytes read", render.ErrTooMuch, v.fileCount, v.bytes))
	}
	if !v.isRead[f] {
		v.isRead[f] = true
		v.reads = append(v.reads, f)
	}
	if d := v.inspect(f, v.roles[n.real]); d != nil {
		if v.denied == nil {
			v.denied = d
		}
		return nil, d
	}
	if v.roles[n.real]&roleKustomization != 0 && f.kustomization().err != nil {
		// Only what was inspected may get to kustomize.
		return f.raw, nil
	}
	return v.plan.bytes(f, v.roles[n.real]), nil
}

// Open is ReadFile for callers that want a handle.
func (v *view) Open(p string) (filesys.File, error) {
	data, err := v.ReadFile(p)
	if err != nil {
		return nil, err
	}
	mem := filesys.MakeFsInMemory()
	if err := mem.WriteFile("/file", data); err != nil {
		return nil, err
	}
	return mem.Open("/file")
}

// IsDir reports whether p is a directory.
func (v *view) IsDir(p string) bool {
	if v.fetched(p) {
		return filesys.MakeFsOnDisk().IsDir(p)
	}
	n, err := v.find(p)
	return err == nil && n.isDir
}

// Exists reports whether p exists.
func (v *view) Exists(p string) bool {
	if v.fetched(p) {
		return filesys.MakeFsOnDisk().Exists(p)
	}
	_, err := v.find(p)
	return err == nil
}

// ReadDir lists a directory.
func (v *view) ReadDir(p string) ([]string, error) {
	if v.fetched(p) {
		return filesys.MakeFsOnDisk().ReadDir(p)
	}
	n, err := v.find(p)
	if err != nil {
		return nil, err
	}
	entries, err := v.tree.ReadDir(n.real)
	if err != nil {
		return nil, err
	}
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name()
	}
	return names, nil
}

// Glob lists the files of one directory that match the pattern's last element.
func (v *view) Glob(pattern string) ([]string, error) {
	dir, last := filepath.Split(pattern)
	names, err := v.ReadDir(dir)
	if err != nil {
		return nil, nil
	}
	var out []string
	for _, name := range names {
		if ok, err := filepath.Match(last, name); err != nil {
			return nil, err
		} else if ok {
			out = append(out, filepath.Join(dir, name))
		}
	}
	slices.Sort(out)
	return out, nil
}

// Walk is not needed by a build.
func (v *view) Walk(string, filepath.WalkFunc) error { return errReadOnly }

// Create, Mkdir, MkdirAll and WriteFile refuse: the repository is read-only.
func (v *view) Create(string) (filesys.File, error) { return nil, errReadOnly }
func (v *view) Mkdir(string) error                  { return errReadOnly }
func (v *view) MkdirAll(string) error               { return errReadOnly }
func (v *view) WriteFile(string, []byte) error      { return errReadOnly }

// RemoveAll removes what kustomize fetched and nothing else.
func (v *view) RemoveAll(p string) error {
	if v.fetched(p) {
		return filesys.MakeFsOnDisk().RemoveAll(p)
	}
	return errReadOnly
}
