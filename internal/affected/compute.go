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
	c.moved()
	c.spread()
	c.promoted()
	c.added()
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
	if why := c.touches(c.Everywhere, name); why != "" {
		c.reachAll(c.all, Reason{File: name, Text: strings.ReplaceAll(why, "%", "every root")})
	}
	for _, g := range c.Groups {
		if why := c.touches(g, name); why != "" {
			c.reachAll(c.members(g), Reason{File: name, Text: strings.ReplaceAll(why, "%", "the environment "+g.Name)})
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

// touches says how a change of the file reaches all of g, with % for what g is;
// "" if it does not.
func (c *computation) touches(g Group, name string) string {
	for _, f := range g.Files {
		for _, side := range c.sides() {
			if slices.Contains(side.Names(f), name) {
				return "it configures %"
			}
		}
	}
	for _, p := range g.Context {
		for _, closure := range c.closures(p) {
			if closure.Has(name) {
				return "it is part of the context " + p + ", which counts for %"
			}
		}
	}
	return ""
}

func (c *computation) sides() []*graph.Graph {
	if c.Base == nil {
		return []*graph.Graph{c.Head}
	}
	return []*graph.Graph{c.Base, c.Head}
}

// closures returns what a context path stands for in both trees.
func (c *computation) closures(name string) []*graph.Closure {
	list, ok := c.contexts[name]
	if !ok {
		for _, side := range c.sides() {
			list = append(list, side.Below(name))
		}
		c.contexts[name] = list
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
		if why := c.cannotTell(c.Head.Closure(root.Dir)); why != "" {
			c.reach(root.Dir, func() Reason { return Reason{Text: why} })
			c.hit[root.Dir].CannotTell = true
		}
	}
	c.opaqueContext(c.Everywhere, c.all)
	for _, g := range c.Groups {
		c.opaqueContext(g, c.members(g))
	}
}

func (c *computation) opaqueContext(g Group, members map[string]bool) {
	for _, p := range g.Context {
		for _, closure := range c.closures(p) {
			if why := c.cannotTell(closure); why != "" {
				c.reachAll(members, Reason{Text: "of the context " + p + ", " + why})
				return
			}
		}
	}
}

// cannotTell says why it cannot be told what a closure reads, "" if it can or
// its render fails anyway.
func (c *computation) cannotTell(closure *graph.Closure) string {
	all := closure.Opaque
	if len(all) == 0 || slices.ContainsFunc(all, func(o graph.Opaque) bool { return slices.Contains(c.Refused, o.Kind) }) {
		return ""
	}
	return all[0].At.String() + ": what it reads cannot be told: " + all[0].Why
}

// moved takes the roots that join a group or leave it, and all others of it if
// they share.
func (c *computation) moved() {
	if c.Base == nil {
		return
	}
	for _, g := range c.Groups {
		for _, dir := range sortedKeys(c.members(g)) {
			before, after := slices.Contains(g.Before, dir), slices.Contains(g.After, dir)
			if before == after {
				continue
			}
			text := "it joins the environment " + g.Name
			if before {
				text = "it leaves the environment " + g.Name
			}
			if c.hit[dir] == nil {
				c.reach(dir, func() Reason { return Reason{Text: text} })
			}
			if c.Shares == nil || c.Shares(dir, nil) {
				c.spreadFrom(g, dir, Reason{Text: dir + ": " + text + ", and its policies, namespaces and Services with it"})
			}
		}
	}
}

// spread takes the other roots of a group with an affected root that shares.
func (c *computation) spread() {
	for _, g := range c.Groups {
		members := c.members(g)
		if len(members) < 2 {
			continue
		}
		changed, all := "", false
		for _, dir := range sortedKeys(members) {
			files := c.files[dir]
			switch {
			case len(files) == 0, g.Only && !slices.Contains(g.From, dir):
				continue
			case c.Shares != nil && !c.Shares(dir, files):
				changed = dir
				continue
			}
			c.spreadFrom(g, dir, Reason{File: files[0], Text: "it changes " + dir + ", whose policies, namespaces and Services count for the environment " + g.Name})
			all = true
			break // all members are in now
		}
		if changed != "" && !all && !g.Only && c.Calls != nil {
			c.called(g, changed)
		}
	}
}

// called takes the roots of the group whose clients may call what dir runs.
func (c *computation) called(g Group, dir string) {
	reason := Reason{File: c.files[dir][0], Text: "it changes " + dir + ", whose pods the clients of other roots of the environment " + g.Name + " may call"}
	for _, other := range sortedKeys(c.members(g)) {
		if (c.hit[other] == nil || c.hit[other].CannotTell) && c.Calls(other) {
			delete(c.hit, other)
			c.reach(other, func() Reason { return reason })
		}
	}
}

// spreadFrom takes all other roots of the group, for the reason.
func (c *computation) spreadFrom(g Group, dir string, reason Reason) {
	for other := range c.members(g) {
		if other != dir && (c.hit[other] == nil || c.hit[other].CannotTell) {
			delete(c.hit, other)
			c.reach(other, func() Reason { return reason })
		}
	}
}

// promoted takes the roots that were only a base of others and are no more.
func (c *computation) promoted() {
	if c.Base == nil || c.AllRoots {
		return
	}
	bases := c.bases()
	for _, dir := range c.Base.BaseOnly(c.inScope) {
		if c.hit[dir] == nil && c.Head.IsRoot(dir) && !bases[dir] {
			c.reach(dir, func() Reason { return Reason{Text: "no other root builds upon it any more"} })
		}
	}
}

// added takes the roots that the base does not have: also where none of their
// own files changed, but what read these files before.
func (c *computation) added() {
	if c.Base == nil {
		return
	}
	for _, root := range c.roots {
		if c.hit[root.Dir] == nil && !c.Base.IsRoot(root.Dir) {
			c.reach(root.Dir, func() Reason { return Reason{Text: "no other root reads these files any more"} })
		}
	}
}

// bases are the roots of the head that are left out.
func (c *computation) bases() map[string]bool {
	bases := map[string]bool{}
	if !c.AllRoots {
		for _, dir := range BaseOnly(c.Base, c.Head, c.inScope) {
			bases[dir] = !slices.Contains(c.Paths, dir)
		}
	}
	return bases
}

// BaseOnly returns the roots of head that only serve as a base of others that
// count, see [graph.Graph.BaseOnly]. A root that counted for itself at the base
// still does: a new overlay that nobody deploys must not hide it. base may be nil.
func BaseOnly(base, head *graph.Graph, counts func(dir string) bool) []string {
	dirs := head.BaseOnly(counts)
	if base == nil {
		return dirs
	}
	before := base.BaseOnly(counts)
	return slices.DeleteFunc(dirs, func(dir string) bool {
		return base.IsRoot(dir) && !slices.Contains(before, dir)
	})
}

func (c *computation) result() Result {
	var res Result
	bases := c.bases()
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
