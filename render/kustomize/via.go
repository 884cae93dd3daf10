package kustomize

import (
	"path"
	"strings"

	"github.com/org/probe-mtls-action/render"
)

// use is one entry by which a kustomization file names a file or a directory.
type use struct {
	file string // the kustomization file
	dir  string // the directory it kustomizes
	e    entry
}

// uses lists, for every file and directory that the build's kustomizations
// name, who names it.
func (t *tracer) uses() map[string][]use {
	t.viaOnce.Do(func() {
		t.parents = map[string][]use{}
		t.build.view.eachUse(func(_ *kustomization, u use, to *name) {
			t.parents[to.real] = append(t.parents[to.real], u)
		})
	})
	return t.parents
}

// eachUse calls yield for each entry of the kustomization files read that names
// something.
func (v *view) eachUse(yield func(in *kustomization, u use, to *name)) {
	for _, f := range v.reads {
		if v.roles[f.name]&roleKustomization == 0 {
			continue
		}
		k := f.kustomization()
		for _, dir := range v.dirs[f.name] {
			for _, e := range k.entries {
				if n := v.lookup(path.Join(dir, e.name)); n.err == nil {
					yield(k, use{f.name, dir, e}, n)
				}
			}
		}
	}
}

// maxWays bounds the ways from a root to a file that are looked at.
const maxWays = 64

// via returns the kustomization files that lead from the root to the file that
// holds a value of o. Of several ways, that one is taken whose prefixes and
// suffixes give the object its name.
func (t *tracer) via(o *render.Object, f *file) []string {
	v := t.build.view
	var ways [][]string
	if v.roles[f.name]&roleKustomization != 0 {
		for _, dir := range v.dirs[f.name] {
			ways = t.ways(dir, []string{f.name}, ways, map[string]bool{})
		}
	} else {
		for _, u := range t.uses()[f.name] {
			ways = t.ways(u.dir, []string{u.file}, ways, map[string]bool{})
		}
	}
	for _, way := range ways {
		if t.names(o, way) {
			return way
		}
	}
	if len(ways) == 0 {
		return nil
	}
	return ways[0]
}

// ways adds to found the lists of kustomization files that lead from the root
// to dir, each followed by below.
func (t *tracer) ways(dir string, below []string, found [][]string, seen map[string]bool) [][]string {
	if len(found) >= maxWays || seen[dir] {
		return found
	}
	if dir == t.build.view.lookup(t.root.Dir).real {
		return append(found, below)
	}
	seen[dir] = true
	defer delete(seen, dir)
	for _, u := range t.uses()[dir] {
		found = t.ways(u.dir, append([]string{u.file}, below...), found, seen)
	}
	return found
}

// names reports whether the kustomizations along way, the outermost first, make
// the object's name out of its authored one, but for a hash at its end.
func (t *tracer) names(o *render.Object, way []string) bool {
	name := o.Authored.Name
	for i := len(way) - 1; i >= 0; i-- {
		k := t.r.read(way[i]).kustomization()
		name = k.NamePrefix + name + k.NameSuffix
	}
	return o.Name == name || strings.HasPrefix(o.Name, name+"-")
}
