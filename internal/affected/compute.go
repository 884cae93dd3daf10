package affected

import (
	"slices"
	"sort"
	"strings"

	"github.com/org/probe-mtls-action/render"
	"github.com/org/probe-mtls-action/render/kustomize/graph"
)

// Roots returns the affected roots.
func Roots(in Input) Result {
	c := &computation{Input: in, hit: map[string]*Root{}, files: map[string][]string{}, contexts: map[string][]*graph.Closure{}}
	c.Paths = cleaned(in.Paths)
	c.roots = in.Head.Roots()
	c.all = roots(in.Base, in.Head)
	if why := in.Changes.Incomplete; why != "" {
		c.reachAll(c.all, Reason{Text: "everything counts as changed: " + why})
	}
	for _, name := range in.Changes.Paths() {
		c.change(name)
	}
	c.opaque()
	c.spread()
	c.promoted()
	return c.result()
}

type computation struct {
	Input
	roots []render.Root   // of the head
	all   map[string]bool // directories of roots of either side
	hit   map[string]*Root
	files map[string][]string // directory -> changed files that reach the root

	contexts map[string][]*graph.Closure // by context path
}

// reach records a reason for the root in dir.
func (c *computation) reach(dir string, reason func() Reason) {
	r := c.hit[dir]
	if r == nil {
		r = &Root{}
		c.hit[dir] = r
	}
	if len(r.Reasons) >= maxReasons {
		r.More++
		return
	}
	r.Reasons = append(r.Reasons, reason())
}

func (c *computation) reachAll(dirs map[string]bool, reason Reason) {
	for dir := range dirs {
		c.reach(dir, func() Reason { return reason })
	}
}

// change finds the roots that one changed file reaches.
func (c *computation) change(name string) {
	found := map[string]*graph.Graph{}
	for _, g := range []*graph.Graph{c.Base, c.Head} { // the head's reasons win
		if g == nil {
			continue
		}
		for _, dir := range g.Reached(name) {
			found[dir] = g
		}
	}
	for _, dir := range sortedKeys(found) {
		c.files[dir] = append(c.files[dir], name)
		c.reach(dir, func() Reason { return Reason{File: name, Edges: found[dir].Why(dir, name)} })
	}
	if slices.Contains(c.Everywhere.Files, name) {
		c.reachAll(c.all, Reason{File: name, Text: "it configures every root"})
	} else if p := c.context(c.Everywhere, name); p != "" {
		c.reachAll(c.all, Reason{File: name, Text: "it is part of the context " + p + ", which counts for every root"})
	}
	for _, g := range c.Groups {
		if slices.Contains(g.Files, name) {
			c.reachAll(c.members(g), Reason{File: name, Text: "it configures the environment " + g.Name})
		} else if p := c.context(g, name); p != "" {
			c.reachAll(c.members(g), Reason{File: name, Text: "it is part of the context " + p + " of the environment " + g.Name})
		}
	}
}

// members returns the group's roots that exist on either side.
func (c *computation) members(g Group) map[string]bool {
	m := map[string]bool{}
	for _, dir := range g.Roots {
		if c.all[dir] {
			m[dir] = true
		}
	}
	return m
}

// context returns the context path of g that a change of the file reaches, ""
// if none.
func (c *computation) context(g Group, name string) string {
	for _, p := range g.Context {
		if within(name, p) || within(p, name) {
			return p
		}
		for _, closure := range c.closures(p) {
			if closure.Has(name) {
				return p
			}
		}
	}
	return ""
}

// closures returns the closures of a context path in both trees.
func (c *computation) closures(dir string) []*graph.Closure {
	list, ok := c.contexts[dir]
	if !ok {
		for _, side := range []*graph.Graph{c.Base, c.Head} {
			if side != nil {
				list = append(list, side.Closure(dir))
			}
		}
		c.contexts[dir] = list
	}
	return list
}

// opaque adds the roots of which it cannot be told what they read.
func (c *computation) opaque() {
	if len(c.Changes.Files) == 0 {
		return
	}
	for _, root := range c.roots {
		if c.hit[root.Dir] != nil {
			continue
		}
		all := c.Head.Closure(root.Dir).Opaque
		if slices.ContainsFunc(all, func(o graph.Opaque) bool { return slices.Contains(c.Refused, o.Kind) }) || len(all) == 0 {
			continue
		}
		c.reach(root.Dir, func() Reason {
			return Reason{Text: all[0].At.String() + ": what it reads cannot be told: " + all[0].Why}
		})
		c.hit[root.Dir].CannotTell = true
	}
}

// spread takes the other roots of a group with an affected root that shares.
func (c *computation) spread() {
	for _, g := range c.Groups {
		members := c.members(g)
		if len(members) < 2 {
			continue
		}
		for _, dir := range sortedKeys(members) {
			files := c.files[dir]
			if len(files) == 0 || c.Shares != nil && !c.Shares(dir, files) {
				continue
			}
			reason := Reason{File: files[0], Text: "it changes " + dir + ", whose policies, namespaces and Services count for the environment " + g.Name}
			for other := range members {
				if other != dir && (c.hit[other] == nil || c.hit[other].CannotTell) {
					delete(c.hit, other)
					c.reach(other, func() Reason { return reason })
				}
			}
			break // all members are in now
		}
	}
}

// promoted takes the roots that were only a base of others and are no more.
func (c *computation) promoted() {
	if c.Base == nil || c.AllRoots {
		return
	}
	now := c.Head.BaseOnly()
	for _, dir := range c.Base.BaseOnly() {
		if c.hit[dir] == nil && c.Head.IsRoot(dir) && !slices.Contains(now, dir) {
			c.reach(dir, func() Reason { return Reason{Text: "no other root builds upon it any more"} })
		}
	}
}

func (c *computation) result() Result {
	var res Result
	bases := map[string]bool{}
	if !c.AllRoots {
		for _, dir := range c.Head.BaseOnly() {
			bases[dir] = !slices.Contains(c.Paths, dir)
		}
	}
	for _, root := range c.roots {
		r := c.hit[root.Dir]
		switch {
		case !c.inScope(root.Dir):
		case bases[root.Dir]:
			res.Unused = append(res.Unused, root.Dir)
		case r == nil:
			res.Unaffected++
		default:
			r.Root = root
			r.New = c.Base != nil && !c.Base.IsRoot(root.Dir)
			r.Cost = len(c.Head.Closure(root.Dir).Paths)
			res.Roots = append(res.Roots, *r)
		}
	}
	if c.Base != nil {
		for _, root := range c.Base.Roots() {
			if c.inScope(root.Dir) && !c.Head.IsRoot(root.Dir) {
				res.Removed = append(res.Removed, root)
			}
		}
	}
	return res
}

func (c *computation) inScope(dir string) bool {
	if c.Excluded != nil && c.Excluded(dir) {
		return false
	}
	if len(c.Paths) == 0 {
		return true
	}
	return slices.ContainsFunc(c.Paths, func(p string) bool { return within(dir, p) })
}

// roots returns the directories of the roots of both graphs.
func roots(graphs ...*graph.Graph) map[string]bool {
	dirs := map[string]bool{}
	for _, g := range graphs {
		if g == nil {
			continue
		}
		for _, r := range g.Roots() {
			dirs[r.Dir] = true
		}
	}
	return dirs
}

// within reports whether name is dir or lies below it.
func within(name, dir string) bool {
	return dir == "." || name == dir || strings.HasPrefix(name, dir+"/")
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
