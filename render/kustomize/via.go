package kustomize

import (
	"path"

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
		v := t.build.view
		for _, f := range v.reads {
			if v.roles[f.name]&roleKustomization == 0 {
				continue
			}
			k := f.kustomization()
			for _, dir := range v.dirs[f.name] {
				for _, e := range k.entries {
					if n := v.lookup(path.Join(dir, e.name)); n.err == nil {
						t.parents[n.real] = append(t.parents[n.real], use{f.name, dir, e})
					}
				}
			}
		}
	})
	return t.parents
}

// via returns the kustomization files that lead from the root to the file that
// holds a value.
func (t *tracer) via(_ *render.Object, f *file) []string {
	v := t.build.view
	if v.roles[f.name]&roleKustomization != 0 {
		for _, dir := range v.dirs[f.name] {
			if p := t.pathTo(dir, map[string]bool{}); p != nil {
				return append(p, f.name)
			}
		}
		return []string{f.name}
	}
	for _, u := range t.uses()[f.name] {
		if p := t.pathTo(u.dir, map[string]bool{}); p != nil {
			return append(p, u.file)
		}
	}
	return nil
}

// pathTo returns the kustomization files above dir, from the root's own on; an
// empty list for the root itself, nil when nothing leads there.
func (t *tracer) pathTo(dir string, seen map[string]bool) []string {
	if dir == t.build.view.lookup(t.root.Dir).real {
		return []string{}
	}
	if seen[dir] {
		return nil
	}
	seen[dir] = true
	for _, u := range t.uses()[dir] {
		if p := t.pathTo(u.dir, seen); p != nil {
			return append(p, u.file)
		}
	}
	return nil
}
