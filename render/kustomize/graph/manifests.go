package graph

import (
	"context"

	"path"
	"slices"
	"sort"
	"strings"
	"sync"

	"github.com/org/probe-mtls-action/internal/parallel"
	"github.com/org/probe-mtls-action/render"
	"github.com/org/probe-mtls-action/render/manifest/sniff"
)

// maxSheet is the size, in bytes, above which a file is not looked at.
const maxSheet = 16 << 20

// sheet is a YAML or JSON file that is no kustomization.
type sheet struct {
	sniff.Content
}

// Unread is something of the tree that no root reads.
type Unread struct {
	Kind UnreadKind
	File string // or the chart's directory
}

// UnreadKind sorts what no root reads.
type UnreadKind string

// The kinds.
const (
	Chart    UnreadKind = "Helm chart"
	Manifest UnreadKind = "manifest" // with workloads
	Template UnreadKind = "template"
	Link     UnreadKind = "link" // out of the repository
)

// leftOut are directories whose manifests are examples or another project's.
var leftOut = []string{"testdata", "vendor", "node_modules", "third_party"}

// manifests finds the directories of plain manifests that no kustomization reads.
func (b *builder) manifests(ctx context.Context) error {
	var names []string
	charts := map[string]bool{}
	for name, mode := range b.modes {
		switch base := path.Base(name); {
		case base == "Chart.yaml" && !mode.IsDir():
			charts[path.Dir(name)] = true
		case mode.IsRegular() && sniff.Names(base) && !isKustomizationFile(base):
			names = append(names, name)
		}
	}
	sort.Strings(names)
	sheets := make([]*sheet, len(names))
	parallel.For(len(names), func(i int) {
		if ctx.Err() == nil {
			sheets[i] = b.sheet(names[i])
		}
	})
	if err := ctx.Err(); err != nil {
		return err
	}
	read, trees := b.reads()
	reads := func(name string) bool {
		return read[name] || slices.ContainsFunc(trees, func(t string) bool { return within(name, t) })
	}
	b.sheets = make(map[string]*sheet, len(names))
	byDir := map[string][]string{}
	for i, name := range names {
		b.sheets[name] = sheets[i]
		if s := sheets[i]; s.Objects > 0 || s.Template {
			byDir[path.Dir(name)] = append(byDir[path.Dir(name)], name)
		}
	}
	for _, dir := range sortedKeys(charts) {
		if up, _ := inside(path.Dir(dir), charts); !up && !hidden(dir) {
			b.skipped = append(b.skipped, Unread{Chart, dir})
		}
	}
	for _, name := range b.linked {
		if reads(name) || left(name) || hidden(path.Dir(name)) || path.Ext(name) != "" && !sniff.Names(path.Base(name)) {
			continue
		}
		if _, _, ok := b.resolve(name); !ok && !isKustomizationFile(path.Base(name)) {
			b.skipped = append(b.skipped, Unread{Link, name})
		}
	}
	dirs := make([]string, 0, len(byDir))
	for d := range byDir {
		dirs = append(dirs, d)
	}
	sort.Strings(dirs)
	for _, dir := range dirs {
		chart, _ := inside(dir, charts)
		b.directory(dir, byDir[dir], reads, chart)
	}
	for _, p := range b.named {
		if mode, ok := b.modes[p]; ok && mode.IsRegular() && !isKustomizationFile(path.Base(p)) {
			b.nodes[p] = &node{dir: p, manifests: true, own: map[string]int{p: -1}}
		}
	}
	return nil
}

// directory makes a root of the manifests in dir, or notes why they are none.
func (b *builder) directory(dir string, files []string, reads func(string) bool, chart bool) {
	named := slices.ContainsFunc(b.named, func(p string) bool { return p != "." && within(dir, p) && (left(dir) || hidden(dir)) })
	objects := 0
	taken := false
	for _, f := range files {
		if reads(f) {
			taken = true
		} else {
			objects += b.sheets[f].Objects
		}
	}
	switch {
	case chart:
		return
	case b.nodes[dir] != nil, taken, (left(dir) || hidden(dir)) && !named, objects == 0:
		for _, f := range files {
			switch s := b.sheets[f]; {
			case reads(f):
			case s.Template && !hidden(dir):
				b.skipped = append(b.skipped, Unread{Template, f})
			case s.Workloads > 0:
				b.skipped = append(b.skipped, Unread{Manifest, f})
			}
		}
		return
	}
	n := &node{dir: dir, manifests: true, own: map[string]int{dir: -1}}
	for _, f := range files {
		if b.sheets[f].Objects > 0 {
			n.own[f] = -1
		} else if b.sheets[f].Template {
			b.skipped = append(b.skipped, Unread{Template, f})
		}
	}
	b.nodes[dir] = n
}

// left reports whether one of the directories that lead to dir is left out.
func left(dir string) bool {
	return slices.ContainsFunc(strings.Split(dir, "/"), func(s string) bool { return slices.Contains(leftOut, s) })
}

// hidden reports whether one of the directories that lead to dir is hidden.
func hidden(dir string) bool {
	return slices.ContainsFunc(strings.Split(dir, "/"), func(s string) bool { return len(s) > 1 && s[0] == '.' })
}

// inside returns the one of dirs that dir is or lies in.
func inside(dir string, dirs map[string]bool) (bool, string) {
	for d := dir; ; d = path.Dir(d) {
		if dirs[d] {
			return true, d
		}
		if d == "." || d == "/" {
			return false, ""
		}
	}
}

// reads returns what kustomizations name.
func (b *builder) reads() (names map[string]bool, trees []string) {
	names = map[string]bool{}
	for _, n := range b.nodes {
		if n.foreign {
			continue
		}
		for p := range n.own {
			names[p] = true
		}
		trees = append(trees, n.trees...)
	}
	return names, trees
}

func (b *builder) sheet(name string) *sheet {
	if s := b.knownSheets[name]; s != nil && !b.changed(name) {
		return s
	}
	info, err := b.tree.Stat(name)
	if err != nil || info.Size() > maxSheet {
		return &sheet{}
	}
	data, err := b.tree.ReadFile(name)
	if err != nil {
		return &sheet{}
	}
	return &sheet{sniff.At(data)}
}

// Deploy notes that controllers deploy a directory: with all that is below it
// where whole is true, and as the given files say. A root that stands below such
// a directory is part of it.
func (g *Graph) Deploy(dir string, whole bool, files []string) {
	n := g.nodes[dir]
	if n == nil {
		n = &node{dir: dir, manifests: true, own: map[string]int{dir: -1}}
		g.nodes[dir] = n
		i, _ := slices.BinarySearch(g.dirs, dir)
		g.dirs = slices.Insert(g.dirs, i, dir)
	}
	for _, f := range files {
		n.own[f] = -1
	}
	if whole && !slices.Contains(n.trees, dir) {
		n.trees, n.own[dir] = append(n.trees, dir), -1
		for name, s := range g.sheets {
			if within(name, dir) && s.Objects > 0 {
				n.own[name] = -1
			}
		}
		for _, d := range g.dirs {
			if d != dir && within(d, dir) && g.nodes[d].isRoot() {
				n.children = append(n.children, g.nodes[d])
			}
		}
	}
	g.reverse = sync.OnceValue(g.makeIndex)
}

// IsPatch reports whether kustomizations read a file as a patch, and none takes
// its objects.
func (g *Graph) IsPatch(name string) bool { return g.patches[name] }

// patchFiles finds the files that are only patches.
func (b *builder) patchFiles() map[string]bool {
	patches, resources := map[string]bool{}, map[string]bool{}
	for _, n := range b.nodes {
		for _, e := range n.edges {
			if strings.HasPrefix(strings.ToLower(e.Field), "patches") {
				patches[e.To] = true
			} else {
				resources[e.To] = true
			}
		}
	}
	for name := range resources {
		delete(patches, name)
	}
	return patches
}

// Sheets returns the YAML and JSON files that are no kustomizations, sorted.
func (g *Graph) Sheets() []string {
	names := make([]string, 0, len(g.sheets))
	for n := range g.sheets {
		names = append(names, n)
	}
	sort.Strings(names)
	return names
}

// Sheet returns what a YAML or JSON file holds.
func (g *Graph) Sheet(name string) sniff.Content {
	if s := g.sheets[name]; s != nil {
		return s.Content
	}
	return sniff.Content{}
}

// Unread returns the charts, templates and files with workloads that no root
// reads, sorted by kind and name.
func (g *Graph) Unread() []Unread {
	out := slices.Clone(g.skipped)
	slices.SortFunc(out, func(a, b Unread) int {
		return strings.Compare(string(a.Kind)+"\x00"+a.File, string(b.Kind)+"\x00"+b.File)
	})
	return slices.Compact(out)
}

// Kind is what [KindOf] tells of a directory.
type Kind int

// The kinds.
const (
	IsPlain     Kind = iota // without a kustomization
	IsRoot                  // a kustomization
	IsComponent             // a component
)

// KindOf tells what kustomization a directory holds.
func KindOf(tree render.Tree, dir string) Kind {
	for _, f := range kustomizationFiles(dir) {
		info, err := tree.Stat(f)
		if err != nil || !info.Mode().IsRegular() {
			continue
		}
		data, err := readBounded(tree, f)
		if err != nil {
			return IsRoot
		}
		switch r := parse(data); {
		case r.component:
			return IsComponent
		case r.foreign:
			return IsPlain
		}
		return IsRoot
	}
	return IsPlain
}
