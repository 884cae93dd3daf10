package graph

import (
	"context"
	"io/fs"
	"path"
	"sort"
	"strings"

	"github.com/org/probe-mtls-action/internal/parallel"
	"github.com/org/probe-mtls-action/render"
	"github.com/org/probe-mtls-action/render/source"
)

// maxFile is the size, in bytes, above which a kustomization file or a plugin
// configuration is not read.
const maxFile = 8 << 20

// Option changes how [Build] works.
type Option func(*builder)

// Reuse lets Build take over what g, the graph of a similar tree, knows of the
// kustomization files that have not changed. changed must report true for every
// file that differs between the two trees.
func Reuse(g *Graph, changed func(name string) bool) Option {
	return func(b *builder) { b.known, b.knownSheets, b.changed = g.records, g.sheets, changed }
}

// Named takes directories and files of manifests as roots wherever they stand:
// those of directories that are left out otherwise, such as testdata.
func Named(paths []string) Option {
	return func(b *builder) { b.named = paths }
}

// builder makes a graph of a tree.
type builder struct {
	*listing
	known   map[string]*record
	changed func(string) bool
	named   []string

	knownSheets, sheets map[string]*sheet
	skipped             []Unread
	nodes               map[string]*node
	plugins             []pluginDir
}

// pluginDir is a directory whose render is plugin configuration for user.
type pluginDir struct {
	user, config *node
	ref          ref
	file         string
}

// Build parses all kustomization files of the tree and looks at its other YAML
// and JSON files. It fails only when ctx ends or the tree's top directory cannot
// be read.
func Build(ctx context.Context, tree render.Tree, opts ...Option) (*Graph, error) {
	if _, err := tree.ReadDir("."); err != nil {
		return nil, err
	}
	l, err := list(ctx, tree, []string{"."})
	if err != nil {
		return nil, err
	}
	b := &builder{listing: l, nodes: map[string]*node{}}
	for _, o := range opts {
		o(b)
	}
	files := l.kfiles
	sort.Strings(files)
	records, err := b.read(ctx, files)
	if err != nil {
		return nil, err
	}
	for i, f := range files {
		if records[i] != nil {
			b.node(path.Dir(f))
		}
	}
	byName := make(map[string]*record, len(files))
	for i, f := range files {
		if r := records[i]; r != nil {
			byName[f] = r
			b.fill(f, r)
		}
	}
	b.fillPluginDirs()
	if err := b.manifests(ctx); err != nil {
		return nil, err
	}
	g := newGraph(b.nodes, byName, b.sheets, b.skipped)
	g.patches = b.patchFiles()
	g.links = b.allLinks()
	g.problems = b.problems
	for _, d := range g.dirs {
		if n := g.nodes[d]; n.foreign {
			g.problems = append(g.problems, foreign(n.file))
		}
	}
	return g, nil
}

// read parses the kustomization files; directories among the names give nil.
func (b *builder) read(ctx context.Context, files []string) ([]*record, error) {
	records := make([]*record, len(files))
	parallel.For(len(files), func(i int) {
		if ctx.Err() == nil {
			records[i] = b.record(files[i])
		}
	})
	return records, ctx.Err()
}

func (b *builder) record(name string) *record {
	real, links, ok := b.resolve(name)
	m, exists := b.mode(real)
	switch {
	case !ok:
		return &record{lost: true, broken: "the link leads out of the repository or in a circle"}
	case !exists:
		return &record{lost: true, broken: "the link leads to a file that does not exist"}
	case m.IsDir():
		return nil
	case !m.IsRegular():
		return &record{lost: true, broken: "it is not a regular file"}
	}
	if r := b.known[name]; r != nil && len(links) == 0 && !b.changed(name) {
		return r
	}
	data, err := readBounded(b.tree, real)
	if err != nil {
		return &record{broken: err.Error(), unread: true}
	}
	return parse(data)
}

// node returns the node of a directory, made on first use.
func (b *builder) node(dir string) *node {
	n := b.nodes[dir]
	if n == nil {
		n = &node{dir: dir, own: map[string]int{dir: -1}}
		for _, f := range kustomizationFiles(dir) {
			n.own[f] = -1
		}
		b.nodes[dir] = n
	}
	return n
}

// fill adds to its directory's node what a kustomization file names.
func (b *builder) fill(file string, r *record) {
	n := b.nodes[path.Dir(file)]
	n.component = n.component || r.component
	n.foreign = n.foreign || r.foreign
	n.composes = n.composes || r.composes
	n.file = file
	if r.lost {
		n.lost = render.Problem{
			At:      source.Span{File: file},
			Message: "the kustomization file cannot be read: " + r.broken,
			Hint:    "Put a regular file there, or a link to one within the repository.",
		}
	}
	real, links, ok := b.resolve(file)
	for _, l := range links {
		n.own[l] = -1
	}
	if ok {
		n.own[real] = -1
	}
	at := func(line int) source.Span {
		return source.Span{File: file, Start: source.Position{Line: max(line, 1), Column: 1}}
	}
	if r.unread {
		n.opaque = append(n.opaque, Opaque{source.Span{File: file}, r.broken, Unreadable})
	}
	if r.helm > 0 {
		n.opaque = append(n.opaque, Opaque{at(r.helm), "Helm decides which files it reads", Helm})
	}
	for _, rf := range r.refs {
		b.follow(n, file, rf)
	}
}

// follow adds what one entry of a kustomization file leads to.
func (b *builder) follow(n *node, file string, rf ref) {
	if rf.kind == pluginRef && b.inlinePlugin(n, file, rf) {
		return
	}
	names := []string{rf.text}
	if _, value, found := strings.Cut(rf.text, "="); found && rf.kind == dataRef {
		names = append(names, value)
	}
	for _, name := range names {
		to, ok := target(n.dir, name)
		if !ok {
			continue
		}
		b.add(n, to, Edge{File: file, Line: rf.line, Field: rf.field, Ref: name, To: to, kind: rf.kind}, rf)
	}
}

// target returns the path that an entry of the kustomization in dir means, with
// links not followed; false when it leaves the repository.
func target(dir, name string) (string, bool) {
	if len(name) > maxName {
		return "", false
	}
	to := path.Join(dir, name)
	if path.IsAbs(name) {
		to = strings.TrimPrefix(path.Clean(name), "/")
	}
	return to, fs.ValidPath(to)
}

// add records that n names the path to.
func (b *builder) add(n *node, to string, e Edge, rf ref) {
	real, links, ok := b.resolve(to)
	if ok {
		e.To = real
	}
	n.edges = append(n.edges, e)
	id := len(n.edges) - 1
	n.name(to, id)
	for _, l := range links {
		n.name(l, id)
	}
	mode, exists := fs.FileMode(0), false
	if ok {
		n.name(real, id)
		mode, exists = b.mode(real)
	}
	switch {
	case rf.kind == chartRef:
		n.trees = append(n.trees, to)
		if ok && real != to {
			n.trees = append(n.trees, real)
		}
		return
	case rf.kind == fileRef || rf.kind == dataRef || rf.kind == envRef:
		if isURL(rf.text) {
			n.opaque = append(n.opaque, remoteAt(e))
		}
		return
	case exists && !mode.IsDir():
		if isURL(rf.text) {
			n.opaque = append(n.opaque, remoteAt(e))
		}
		if rf.kind == pluginRef {
			b.pluginFile(n, e.File, rf, real)
		}
		return
	case remote(rf.text):
		n.opaque = append(n.opaque, remoteAt(e))
	}
	// A base, or nothing yet: then it may become one.
	for _, f := range kustomizationFiles(to) {
		n.name(f, id)
	}
	if !ok {
		return
	}
	for _, f := range kustomizationFiles(real) {
		n.name(f, id)
	}
	child := b.nodes[real]
	if child == nil {
		return
	}
	if rf.kind == pluginRef {
		b.plugins = append(b.plugins, pluginDir{n, child, rf, e.File})
	}
	for _, c := range n.children {
		if c == child {
			return
		}
	}
	n.children = append(n.children, child)
}

// name records that the edge id names the path; the first edge counts.
func (n *node) name(p string, id int) bool {
	if _, ok := n.own[p]; ok {
		return false
	}
	n.own[p] = id
	return true
}

func remoteAt(e Edge) Opaque {
	return Opaque{
		At:   source.Span{File: e.File, Start: source.Position{Line: max(e.Line, 1), Column: 1}},
		Why:  "it is not in this repository",
		Kind: Remote,
	}
}
