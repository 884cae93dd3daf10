package affected

import (
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/org/probe-mtls-action/render"
	"github.com/org/probe-mtls-action/render/kustomize/graph"
)

// Decides tells whether an object can change the verdicts on workloads of other
// roots; it has no name where none is known. The mesh knows.
type Decides func(ref render.Ref) bool

// Side is one of the two trees that a change lies between.
type Side struct {
	Tree  render.Tree
	Graph *graph.Graph
}

// Shares returns an [Input.Shares] that looks at the objects in the files that a
// root reads, in all sides, without rendering. What cannot be told counts as
// shared. A changed file that only holds objects of its own shares nothing where
// those of them that decide are the same in all sides.
func Shares(decides Decides, sides ...Side) func(root string, files []string) bool {
	return func(root string, files []string) bool {
		var all []*holding
		some := false
		for _, s := range sides {
			h := hold(decides, s.Graph.Outline(s.Tree, root))
			if h == nil {
				return true
			}
			some = some || h.some
			all = append(all, h)
		}
		return some && (files == nil || slices.ContainsFunc(files, func(name string) bool { return touches(name, all) }))
	}
}

// touches reports whether a change of the file may change what decides: any may
// but one that only holds objects of its own, of which none decides or those
// that do are the same in both trees.
func touches(file string, sides []*holding) bool {
	known := false
	for _, h := range sides {
		plain, there := h.manifests[file]
		if h.tied || there && !plain || h.decide[file] != sides[0].decide[file] {
			return true
		}
		known = known || there
	}
	return !known
}

// holding is what a root holds of objects that decide, in one tree.
type holding struct {
	some      bool              // it holds any
	tied      bool              // what decides may change with any file
	decide    map[string]string // the deciding objects of each file, as text
	manifests map[string]bool   // see [graph.Outline]
}

// hold returns nil for a root of which it cannot be told what it holds.
func hold(decides Decides, o *graph.Outline) *holding {
	if o.Unsure != "" {
		return nil
	}
	h := &holding{tied: o.Copied, decide: map[string]string{}, manifests: o.Manifests}
	for _, s := range o.Objects {
		if !mayDecide(decides, s, o.Renamed) {
			continue
		}
		text, err := yaml.Marshal(s.Object.Node)
		if err != nil {
			return nil
		}
		h.some = true
		h.decide[s.File] += string(text) + "---\n"
	}
	return h
}

// mayDecide asks decides for the names that the object may have in the end: any
// where it may be renamed, one with a hash for a generated one.
func mayDecide(decides Decides, s graph.Sketch, renamed bool) bool {
	ref := s.Object.Ref
	if decides(ref) {
		return true
	}
	if renamed {
		ref.Name = ""
	} else if s.File == "" {
		ref.Name += "-0123456789"
	}
	return decides(ref)
}
