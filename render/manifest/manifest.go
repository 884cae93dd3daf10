// Package manifest reads plain Kubernetes manifests, YAML or JSON, and traces
// their fields to where they stand.
package manifest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/org/probe-mtls-action/render"
	"github.com/org/probe-mtls-action/render/manifest/sniff"
	"github.com/org/probe-mtls-action/render/source"
	"github.com/org/probe-mtls-action/render/source/yamldoc"
)

// Name is the name of this renderer in [render.Root].
const Name = "manifest"

// Limits on what one root may hold.
const (
	maxFile  = 16 << 20  // bytes of a file
	maxFiles = 10_000    // files below a directory
	maxNodes = 1_000_000 // values of a file with its aliases expanded
	maxDepth = 500       // levels of values
)

// Renderer reads the manifests of a tree. A root is a file, or a directory with
// the manifests in it, not those of its sub-directories.
type Renderer struct {
	tree render.Tree
}

var _ render.Renderer = (*Renderer)(nil)

// New returns a Renderer of the manifests in tree.
func New(tree render.Tree) *Renderer { return &Renderer{tree} }

// Roots returns the directories at or below dirs that hold manifests, and those
// of dirs that are files. It fails for names that the tree does not have.
func (r *Renderer) Roots(ctx context.Context, dirs []string) ([]render.Root, error) {
	var roots []render.Root
	for _, dir := range dirs {
		dir = path.Clean(dir)
		info, err := r.tree.Stat(dir)
		if err != nil {
			return nil, err
		}
		if !info.IsDir() {
			roots = append(roots, render.Root{Dir: dir, Renderer: Name})
			continue
		}
		err = fs.WalkDir(r.tree, dir, func(p string, d fs.DirEntry, err error) error {
			switch {
			case err != nil || ctx.Err() != nil:
				return ctx.Err()
			case d.IsDir() && p != dir && strings.HasPrefix(d.Name(), "."):
				return fs.SkipDir
			case !d.IsDir() && Holds(r.tree, p):
				if root := (render.Root{Dir: path.Dir(p), Renderer: Name}); !slices.Contains(roots, root) {
					roots = append(roots, root)
				}
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return roots, nil
}

// Holds reports whether a file holds a Kubernetes object.
func Holds(tree render.Tree, name string) bool {
	if !sniff.Names(name) {
		return false
	}
	info, err := tree.Stat(name)
	if err != nil || !info.Mode().IsRegular() || info.Size() > maxFile {
		return false
	}
	data, err := tree.ReadFile(name)
	return err == nil && sniff.At(data).Objects > 0
}

// Render reads the manifests of a root: a file, or all files of a directory with
// the ending .yaml, .yml or .json that hold Kubernetes objects, in the order of
// their names. Documents without apiVersion and kind are left out. Lists are
// expanded. A file of a directory that cannot be read is a hole.
func (r *Renderer) Render(ctx context.Context, root render.Root) (*render.Result, error) {
	root.Dir = path.Clean(root.Dir)
	l := r.loader(root)
	files, err := l.files()
	if err != nil {
		return nil, err
	}
	return l.render(ctx, files)
}

// RenderFiles reads the given files as the manifests of a root, like
// [Renderer.Render].
func (r *Renderer) RenderFiles(ctx context.Context, root render.Root, files []string) (*render.Result, error) {
	var own []string
	for _, f := range files {
		if Holds(r.tree, f) {
			own = append(own, f)
		}
	}
	l := r.loader(root)
	l.holes = true
	return l.render(ctx, own)
}

func (r *Renderer) loader(root render.Root) *loader {
	return &loader{tree: r.tree, root: root, tracer: &tracer{places: map[*yaml.Node]place{}, objects: map[*render.Object]*yamldoc.Doc{}}}
}

func (l *loader) render(ctx context.Context, files []string) (*render.Result, error) {
	res := &render.Result{Root: l.root}
	for _, f := range files {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		before := len(l.objects)
		err := l.read(f)
		var failure *render.Error
		switch {
		case err == nil:
		case l.holes && errors.As(err, &failure):
			l.objects = l.objects[:before]
			res.Holes = append(res.Holes, failure.Problem)
		default:
			return nil, err
		}
	}
	slices.Sort(l.inputs)
	res.Objects, res.Inputs = l.objects, slices.Compact(l.inputs)
	return res, nil
}

// loader reads one root.
type loader struct {
	tree    render.Tree
	root    render.Root
	objects []*render.Object
	inputs  []string
	tracer  *tracer
	holes   bool // whether a file that cannot be read is a hole, not the end
}

func (l *loader) fail(at source.Span, hint, format string, args ...any) error {
	err := fmt.Errorf(format, args...)
	return &render.Error{Root: l.root, Problem: render.Problem{At: at, Message: err.Error(), Hint: hint}, Err: err}
}

func (l *loader) files() ([]string, error) {
	info, err := l.tree.Stat(l.root.Dir)
	if err != nil {
		return nil, l.fail(source.Span{File: l.root.Dir}, "", "%w", reason(err))
	}
	if !info.IsDir() {
		return []string{l.root.Dir}, nil
	}
	l.holes = true
	l.inputs = append(l.inputs, l.root.Dir)
	entries, err := l.tree.ReadDir(l.root.Dir)
	if err != nil {
		return nil, l.fail(source.Span{File: l.root.Dir}, "", "%w", reason(err))
	}
	var files []string
	for _, e := range entries {
		p := path.Join(l.root.Dir, e.Name())
		if e.IsDir() || !Holds(l.tree, p) {
			continue
		}
		if files = append(files, p); len(files) > maxFiles {
			return nil, l.fail(source.Span{File: l.root.Dir}, "Name the files that matter instead.", "more than %d manifests in the directory", maxFiles)
		}
	}
	return files, nil
}

// read adds the objects of a file.
func (l *loader) read(name string) error {
	l.inputs = append(l.inputs, name)
	at := source.Span{File: name}
	info, err := l.tree.Stat(name)
	if err != nil {
		return l.fail(at, "", "%w", reason(err))
	}
	if !info.Mode().IsRegular() {
		return l.fail(at, "", "not a regular file")
	}
	if info.Size() > maxFile {
		return l.fail(at, "Split the file, or leave it out.", "the file is too big: %d bytes, at most %d are read", info.Size(), maxFile)
	}
	data, err := l.tree.ReadFile(name)
	if err != nil {
		return l.fail(at, "", "%w", reason(err))
	}
	if !utf8.Valid(data) || strings.ContainsRune(string(data), 0) {
		return l.fail(at, "Leave the file out.", "the file is not UTF-8 text; expected YAML or JSON")
	}
	real, err := realName(l.tree, name)
	if err != nil {
		return l.fail(at, "", "%w", reason(err))
	}
	l.inputs = append(l.inputs, real)
	docs, err := yamldoc.ParseAll(yamldoc.Whole(source.NewFile(real, data)))
	if s := (*yamldoc.SyntaxError)(nil); errors.As(err, &s) {
		if s.Err != nil {
			return l.fail(s.At, "Write the value out.", "%w", s.Err)
		}
		return l.fail(s.At, "Fix the YAML.", "not valid YAML: %s", s.Message)
	}
	used := 0
	for _, d := range docs {
		if d.Root == nil {
			continue
		}
		nodes, err := d.CheckSize(used, maxNodes, maxDepth)
		used += nodes
		if err != nil {
			return l.fail(source.Span{File: real}, "Remove the excess, or leave the file out.", "%w", err)
		}
		l.add(d, l.tracer.copy(d, d.Root, place{doc: d}))
	}
	return nil
}

// add makes objects of n or of the items of the list n.
func (l *loader) add(d *yamldoc.Doc, n *yaml.Node) {
	if n.Kind != yaml.MappingNode {
		return
	}
	o := &render.Object{Root: l.root, Node: n, Tracer: l.tracer}
	kind := text(o, "kind")
	if items := o.At(render.PathOf("items")); items != nil && items.Kind == yaml.SequenceNode && strings.HasSuffix(kind, "List") {
		for _, item := range items.Content {
			l.add(d, item)
		}
		return
	}
	version := text(o, "apiVersion")
	if kind == "" || version == "" {
		return
	}
	if group, v, ok := strings.Cut(version, "/"); ok {
		o.Group, version = group, v
	}
	o.Version, o.Kind = version, kind
	o.Name, o.Namespace = text(o, "metadata", "name"), text(o, "metadata", "namespace")
	o.Authored = o.Ref
	l.tracer.objects[o] = d
	l.objects = append(l.objects, o)
}

func text(o *render.Object, keys ...string) string {
	if n := o.At(render.PathOf(keys...)); n != nil && n.Kind == yaml.ScalarNode {
		return n.Value
	}
	return ""
}

// realName follows symbolic links, so that places name the file itself.
func realName(tree render.Tree, name string) (string, error) {
	for range 40 {
		next, err := step(tree, name)
		if err != nil || next == name {
			return name, err
		}
		name = next
	}
	return "", errors.New("too many symbolic links")
}

// step replaces the first symbolic link in name by its target.
func step(tree render.Tree, name string) (string, error) {
	parts := strings.Split(name, "/")
	for i := range parts {
		p := strings.Join(parts[:i+1], "/")
		info, err := tree.Lstat(p)
		if err != nil {
			return "", err
		}
		if info.Mode()&fs.ModeSymlink == 0 {
			continue
		}
		target, err := tree.ReadLink(p)
		if err != nil {
			return "", err
		}
		return path.Join(append([]string{path.Dir(p), target}, parts[i+1:]...)...), nil
	}
	return name, nil
}

// reason returns err without the path in front.
func reason(err error) error {
	if p := (*fs.PathError)(nil); errors.As(err, &p) {
		return p.Err
	}
	return err
}
