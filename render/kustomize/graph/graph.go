// Package graph finds the roots of a tree, kustomizations and directories of
// plain manifests, and tells, without rendering, which files the render of each
// root can read.
//
// It parses kustomization files only and follows every field that names a file
// or a directory. The answer errs on the large side: it holds names that do not
// exist yet, both names of symbolic links, and where it cannot tell (Helm,
// plugins, remote bases) it says so in [Closure.Opaque].
package graph

import (
	"slices"
	"sort"
	"strings"
	"sync"

	"github.com/org/probe-mtls-action/render"
	"github.com/org/probe-mtls-action/render/source"
)

// Renderer is the Renderer name of the roots that this package finds.
const Renderer = "kustomize"

// Manifests is the Renderer name of roots that are plain manifests.
const Manifests = "manifest"

// FileNames are the names that kustomize accepts for a kustomization file
// (konfig.RecognizedKustomizationFileNames of kustomize api v0.21).
var FileNames = []string{"kustomization.yaml", "kustomization.yml", "Kustomization"}

// Edge is one entry of a kustomization file that names a file or a directory.
type Edge struct {
	File  string // the kustomization file
	Line  int    // 1-based line of the entry
	Field string // such as resources or configMapGenerator.files
	Ref   string // the entry as it is written
	To    string // the path it leads to, relative to the repository
	kind  refKind
}

// String returns file:line: field ref.
func (e Edge) String() string {
	at := source.Span{File: e.File, Start: source.Position{Line: e.Line, Column: 1}}
	s := strings.TrimSuffix(at.String(), ":1")
	return s + ": " + e.Field + " " + e.Ref
}

// Opaque is a reason why the files that a render reads cannot be told.
type Opaque struct {
	At   source.Span
	Why  string // "runs Helm", say
	Kind OpaqueKind
}

// OpaqueKind sorts the reasons.
type OpaqueKind string

// The kinds.
const (
	Helm       OpaqueKind = "helm"       // a chart may read any file below its home
	Plugin     OpaqueKind = "plugin"     // a program of its own decides what it reads
	Remote     OpaqueKind = "remote"     // the base is not in this repository
	Composed   OpaqueKind = "composed"   // the render makes names of parts of others
	Unreadable OpaqueKind = "unreadable" // the kustomization file is too large, say
)

// Closure is everything that the render of a root can read.
type Closure struct {
	// Paths are files and directories, by exact name and sorted, whether they
	// exist or not.
	Paths []string
	// Trees are directories below which every file counts, sorted.
	Trees []string
	// Opaque lists what cannot be told; any change may then matter.
	Opaque []Opaque
}

// Has reports whether a change of the file name can reach the render: name is
// one of c's paths, lies below one of its trees, or is a file where one of its
// paths expects a directory (a submodule, a link).
func (c *Closure) Has(name string) bool {
	i, found := slices.BinarySearch(c.Paths, name)
	if found {
		return true
	}
	// Names between name and name+"/" (such as name+"-x") sort in between.
	if j, _ := slices.BinarySearch(c.Paths, name+"/"); j < len(c.Paths) && j >= i && strings.HasPrefix(c.Paths[j], name+"/") {
		return true
	}
	for _, t := range c.Trees {
		if within(name, t) || within(t, name) {
			return true
		}
	}
	return false
}

// Graph holds the kustomizations of a tree and what each of them names.
type Graph struct {
	nodes   map[string]*node // by real directory
	dirs    []string         // keys of nodes, sorted
	records map[string]*record
	sheets  map[string]*sheet // by name: files that are not kustomizations
	skipped []Unread
	patches map[string]bool
	reverse func() *index

	links    map[string]link // the symbolic links of the tree
	problems []render.Problem
}

// node is one directory with a kustomization file, or one with manifests that no
// kustomization reads.
type node struct {
	dir       string
	manifests bool
	component bool
	foreign   bool
	composes  bool
	file      string         // a kustomization file
	lost      render.Problem // why no kustomization file can be read, if so
	own       map[string]int // path -> index in edges, -1 for its own files
	trees     []string
	edges     []Edge
	children  []*node
	opaque    []Opaque
}

// Problems are directories that could not be read, and files that only share
// their name with kustomizations: see [Discover].
func (g *Graph) Problems() []render.Problem { return g.problems }

// Unreadable returns the configurations of plugins and the kustomization files
// that could not be read, and why, sorted by place.
func (g *Graph) Unreadable() []render.Problem {
	var out []render.Problem
	for _, d := range g.dirs {
		for _, o := range g.nodes[d].opaque {
			if o.Kind == Unreadable {
				out = append(out, render.Problem{At: o.At, Message: o.Why})
			}
		}
	}
	slices.SortFunc(out, func(a, b render.Problem) int { return strings.Compare(a.At.String(), b.At.String()) })
	return slices.Compact(out)
}

// Lost tells why the kustomization file of a root cannot be read, whatever is in
// it: its name is a link that cannot be followed, say.
func (g *Graph) Lost(dir string) (why render.Problem, lost bool) {
	if n := g.nodes[dir]; n != nil && n.lost.Message != "" {
		return n.lost, true
	}
	return render.Problem{}, false
}

// Roots returns all roots of the tree, sorted by directory.
func (g *Graph) Roots() []render.Root {
	var roots []render.Root
	for _, d := range g.dirs {
		if g.nodes[d].isRoot() {
			roots = append(roots, render.Root{Dir: d, Renderer: g.nodes[d].renderer()})
		}
	}
	return roots
}

func (n *node) renderer() string {
	if n.manifests {
		return Manifests
	}
	return Renderer
}

// IsRoot reports whether dir is the directory of a root.
func (g *Graph) IsRoot(dir string) bool {
	n := g.nodes[dir]
	return n != nil && n.isRoot()
}

// IsManifests reports whether dir is a root of plain manifests.
func (g *Graph) IsManifests(dir string) bool {
	n := g.nodes[dir]
	return n != nil && n.manifests
}

func (n *node) isRoot() bool { return !n.component && !n.foreign }

// Closure returns what the render of the kustomization in dir can read. The
// closure of a directory without a kustomization holds the three file names.
func (g *Graph) Closure(dir string) *Closure {
	paths, trees := map[string]bool{}, map[string]bool{}
	c := &Closure{}
	n := g.nodes[dir]
	if n == nil {
		c.Paths = kustomizationFiles(dir)
		sort.Strings(c.Paths)
		return c
	}
	for _, m := range n.closure() {
		for p := range m.own {
			paths[p] = true
		}
		for _, t := range m.trees {
			trees[t] = true
		}
		c.Opaque = append(c.Opaque, m.opaque...)
	}
	c.Paths, c.Trees = sortedKeys(paths), sortedKeys(trees)
	sort.Slice(c.Opaque, func(i, j int) bool {
		a, b := c.Opaque[i], c.Opaque[j]
		if a.At.File != b.At.File {
			return a.At.File < b.At.File
		}
		return a.At.Start.Before(b.At.Start)
	})
	return c
}

// closure returns n and every node below it, each once, in breadth-first order.
func (n *node) closure() []*node {
	seen := map[*node]bool{n: true}
	list := []*node{n}
	for i := 0; i < len(list); i++ {
		for _, c := range list[i].children {
			if !seen[c] {
				seen[c] = true
				list = append(list, c)
			}
		}
	}
	return list
}

// Above returns the roots that build on the kustomization in dir, directly or
// not, sorted.
func (g *Graph) Above(dir string) []string {
	var dirs []string
	g.climb(g.nodes[dir], func(n *node) bool {
		if n.isRoot() {
			dirs = append(dirs, n.dir)
		}
		return true
	})
	sort.Strings(dirs)
	return dirs
}

// climb calls visit for the nodes that build on n, directly or not, each once,
// until it returns false.
func (g *Graph) climb(n *node, visit func(*node) bool) {
	parents := g.reverse().parents
	seen := map[*node]bool{n: true}
	todo := []*node{n}
	for i := 0; i < len(todo); i++ {
		for _, p := range parents[todo[i]] {
			if seen[p] {
				continue
			}
			if !visit(p) {
				return
			}
			seen[p] = true
			todo = append(todo, p)
		}
	}
}

// BaseOnly returns the roots that other roots build upon and that therefore are
// not deployed on their own, sorted. counts tells which roots count as such
// others, nil stands for all. Of roots that name each other in a circle none is
// base-only unless a root outside the circle builds on it.
func (g *Graph) BaseOnly(counts func(dir string) bool) []string {
	counted := func(n *node) bool { return n.isRoot() && (counts == nil || counts(n.dir)) }
	used := map[*node]bool{}
	for _, d := range g.dirs {
		if n := g.nodes[d]; counted(n) && !g.hasUser(n, counted) {
			for _, m := range n.closure()[1:] {
				used[m] = true
			}
		}
	}
	var dirs []string
	for _, d := range g.dirs {
		if n := g.nodes[d]; n.isRoot() && used[n] {
			dirs = append(dirs, d)
		}
	}
	return dirs
}

// hasUser reports whether another node that counts builds on n, directly or not.
func (g *Graph) hasUser(n *node, counts func(*node) bool) bool {
	found := false
	g.climb(n, func(p *node) bool { found = counts(p); return !found })
	return found
}

func newGraph(nodes map[string]*node, records map[string]*record, sheets map[string]*sheet, skipped []Unread) *Graph {
	g := &Graph{nodes: nodes, records: records, sheets: sheets, skipped: skipped}
	for d := range nodes {
		g.dirs = append(g.dirs, d)
	}
	sort.Strings(g.dirs)
	g.reverse = sync.OnceValue(g.makeIndex)
	return g
}

// within reports whether name is dir or lies below it.
func within(name, dir string) bool {
	return dir == "." || name == dir || strings.HasPrefix(name, dir+"/")
}

func sortedKeys(m map[string]bool) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
