package kustomize

import (
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/org/probe-mtls-action/render"
)

// alike lists the sites that may be the source of the value n at path: that in
// the object's source document, if it is of the same sort, and those in patches
// whose keys end alike. A mapping of the object itself stays its own when
// strategic merge patches add to it; only where one removes or replaces it, or
// in lists, which patches may replace as a whole, nobody knows.
func (t *tracer) alike(o *render.Object, path render.Path, n *yaml.Node) []*site {
	var own, patched, operations []*site
	if s := t.locate(t.sources[o], o, path); s != nil && sameSort(deref(s.node), n) {
		own = append(own, s)
	}
	keys := pathKeys(path)
	for s := range t.patches() {
		if s.name() != keys[len(keys)-1] || !sameSort(s.node, n) || !endsAlike(s, keys) {
			continue
		}
		patched = append(patched, s)
		if s.root().pointer != nil {
			operations = append(operations, s)
		}
	}
	inList := slices.ContainsFunc(path, func(s render.Step) bool { return s.Index >= 0 })
	if own != nil && n.Kind == yaml.MappingNode && !inList && !t.removed(keys) {
		patched = operations
	}
	return append(own, patched...)
}

// patches yields all values in the patches that were read.
func (t *tracer) patches() func(func(*site) bool) {
	return func(yield func(*site) bool) {
		more := true
		for d := range t.patchDocuments() {
			for _, root := range d.roots {
				root.walk(func(s *site) { more = more && yield(s) })
			}
		}
	}
}

func (t *tracer) patchDocuments() func(func(*document) bool) {
	v := t.build.view
	return func(yield func(*document) bool) {
		for _, f := range v.reads {
			for _, d := range f.documents(v.roles[f.name]) {
				if d.kind == render.FromPatch && !yield(d) {
					return
				}
			}
		}
	}
}

// removed reports whether a patch, be it for another object, removes what has
// the keys, or removes or replaces something around it.
func (t *tracer) removed(keys []string) bool {
	for d := range t.patchDocuments() {
		if d.doc.Root != nil && d.doc.Root.Kind == yaml.SequenceNode && slices.ContainsFunc(d.doc.Root.Content, func(op *yaml.Node) bool { return operationRemoves(op, keys) }) {
			return true
		}
	}
	for s := range t.patches() {
		if (s.node.ShortTag() == "!!null" || child(s.node, "$patch") != nil) && begins(keys, s.keys()) {
			return true
		}
	}
	return false
}

// operationRemoves is removed for one JSON 6902 operation.
func operationRemoves(op *yaml.Node, keys []string) bool {
	target := pointerKeys(scalarAt(op, "path"))
	switch scalarAt(op, "op") {
	case "test":
		return false
	case "remove":
		return begins(keys, target)
	case "move":
		return begins(keys, target) || begins(keys, pointerKeys(scalarAt(op, "from")))
	}
	return len(target) < len(keys) && begins(keys, target)
}

// begins reports whether keys begins with start.
func begins(keys, start []string) bool {
	return len(start) <= len(keys) && slices.Equal(start, keys[:len(start)])
}

// endsAlike reports whether s has the keys, numbers in JSON pointers aside.
func endsAlike(s *site, keys []string) bool {
	own := slices.DeleteFunc(s.keys(), func(k string) bool { return k == "-" || isNumber(k) && !slices.Contains(keys, k) })
	return slices.Equal(own, keys)
}

func isNumber(s string) bool {
	for _, r := range s {
		if r < '0' || r > '9' {
			return false
		}
	}
	return s != ""
}

func pathKeys(path render.Path) []string {
	keys := []string{""}
	for _, s := range path {
		if s.Index < 0 {
			keys = append(keys, s.Key)
		}
	}
	if len(keys) > 1 {
		return keys[1:]
	}
	return keys
}

// sameSort reports whether a source value can render as n.
func sameSort(s, n *yaml.Node) bool {
	if s.Kind == yaml.AliasNode {
		s = deref(s)
	}
	return s.Kind == n.Kind && s.ShortTag() == n.ShortTag() && (len(s.Content) == 0) == (len(n.Content) == 0)
}
