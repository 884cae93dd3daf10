package graph

import (
	"slices"
	"sort"
	"strings"
)

// index answers "who names this path".
type index struct {
	byPath  map[string][]*node // exact names
	byTree  map[string][]*node
	sorted  []string // keys of byPath
	parents map[*node][]*node
}

// Reached returns the roots whose closure has the file name (see
// [Closure.Has]), sorted.
func (g *Graph) Reached(name string) []string {
	ix := g.reverse()
	var todo []*node
	seen := map[*node]bool{}
	visit := func(nodes []*node) {
		for _, n := range nodes {
			if !seen[n] {
				seen[n] = true
				todo = append(todo, n)
			}
		}
	}
	visit(ix.byPath[name])
	for i := sort.SearchStrings(ix.sorted, name+"/"); i < len(ix.sorted) && strings.HasPrefix(ix.sorted[i], name+"/"); i++ {
		visit(ix.byPath[ix.sorted[i]])
	}
	for t, nodes := range ix.byTree {
		if within(name, t) || within(t, name) {
			visit(nodes)
		}
	}
	for i := 0; i < len(todo); i++ {
		visit(ix.parents[todo[i]])
	}
	var dirs []string
	for n := range seen {
		if n.isRoot() {
			dirs = append(dirs, n.dir)
		}
	}
	sort.Strings(dirs)
	return dirs
}

// Why returns the entries that lead from the root in dir to the file name, the
// root's own first; empty when name is one of the root's own kustomization
// files, or is not reached.
func (g *Graph) Why(dir, name string) []Edge {
	start := g.nodes[dir]
	if start == nil {
		return nil
	}
	from := map[*node]*node{start: nil}
	todo := []*node{start}
	for i := 0; i < len(todo); i++ {
		n := todo[i]
		if e, ok := n.names(name); ok {
			var chain []Edge
			if e >= 0 {
				chain = append(chain, n.edges[e])
			}
			for m := n; from[m] != nil; m = from[m] {
				chain = append(chain, from[m].edgeTo(m))
			}
			slices.Reverse(chain)
			// A base's kustomization file is named both by itself and by the
			// entry that leads to the base: one entry is enough.
			return slices.CompactFunc(chain, func(a, b Edge) bool { return a == b })
		}
		for _, c := range n.children {
			if _, seen := from[c]; !seen {
				from[c] = n
				todo = append(todo, c)
			}
		}
	}
	return nil
}

// names reports whether n itself names the file, and by which edge: -1 for its
// own kustomization files.
func (n *node) names(name string) (int, bool) {
	if e, ok := n.own[name]; ok {
		return e, true
	}
	best, found := 0, false
	for p, e := range n.own {
		if strings.HasPrefix(p, name+"/") && (!found || e < best) {
			best, found = e, true
		}
	}
	if found {
		return best, true
	}
	for _, t := range n.trees {
		if within(name, t) || within(t, name) {
			return n.own[t], true
		}
	}
	return 0, false
}

// edgeTo returns the first entry of n that leads to c.
func (n *node) edgeTo(c *node) Edge {
	for _, e := range n.edges {
		if e.To == c.dir {
			return e
		}
	}
	return Edge{}
}

func (g *Graph) makeIndex() *index {
	ix := &index{byPath: map[string][]*node{}, byTree: map[string][]*node{}, parents: map[*node][]*node{}}
	for _, d := range g.dirs {
		n := g.nodes[d]
		for p := range n.own {
			ix.byPath[p] = append(ix.byPath[p], n)
		}
		for _, t := range n.trees {
			ix.byTree[t] = append(ix.byTree[t], n)
		}
		for _, c := range n.children {
			ix.parents[c] = append(ix.parents[c], n)
		}
	}
	ix.sorted = make([]string, 0, len(ix.byPath))
	for p := range ix.byPath {
		ix.sorted = append(ix.sorted, p)
	}
	sort.Strings(ix.sorted)
	return ix
}
