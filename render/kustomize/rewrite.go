package kustomize

import (
	"go.yaml.in/yaml/v3"
	kyaml "sigs.k8s.io/kustomize/kyaml/yaml"
	"sigs.k8s.io/kustomize/kyaml/yaml/merge2"

	"github.com/org/probe-mtls-action/render"
)

// rewrite is a way in which kustomize writes a whole object anew when it changes a
// part of it.
type rewrite uint8

const (
	none         rewrite = iota
	byMerge              // a strategic merge patch drops empty values, and sorts some lists
	byOperations         // JSON 6902 operations turn the object to JSON and back
	rewrites
)

// survives reports whether the payload comes out of the rewrite as it went in.
func (p *payload) survives(by rewrite) bool { return p.stable[by]() }

// rewritten tries that on an object that holds nothing else.
func (p *payload) rewritten(by rewrite) (same bool) {
	var err error
	defer catch(&err)
	root := p.object.node
	if anchored(root) {
		return false
	}
	n := clone(root)
	object := kyaml.NewRNode(n)
	switch by {
	case byMerge:
		// The patch goes down as far as one may without touching the payload.
		patch := mapping("apiVersion", scalarAt(root, "apiVersion"), "kind", p.kind)
		patch.Content = append(patch.Content, text("metadata"), mapping("name", p.name))
		if len(p.path) > 1 {
			patch.Content = append(patch.Content, text(p.path[0]), mapping(p.word, p.word))
		}
		if object, err = merge2.Merge(kyaml.NewRNode(patch), object, kyaml.MergeOptions{ListIncreaseDirection: kyaml.MergeOptionsListPrepend}); err != nil || object == nil {
			return false
		}
	case byOperations:
		data, err := object.MarshalJSON()
		if err != nil || object.UnmarshalJSON(data) != nil {
			return false
		}
	}
	after := object.YNode()
	if write(after) != nil {
		return false
	}
	value := (&render.Object{Node: after}).At(p.at)
	return value != nil && equalNodes(value, p.value)
}

func anchored(n *yaml.Node) bool {
	if n.Kind == yaml.AliasNode || n.Anchor != "" {
		return true
	}
	for _, c := range n.Content {
		if anchored(c) {
			return true
		}
	}
	return false
}

func text(s string) *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s} }

func mapping(entries ...string) *yaml.Node {
	n := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	for _, e := range entries {
		n.Content = append(n.Content, text(e))
	}
	return n
}

// equalNodes reports whether two values are equal; the order of keys does not
// matter.
func equalNodes(a, b *yaml.Node) bool {
	if a.Kind != b.Kind || a.Value != b.Value || len(a.Content) != len(b.Content) || a.ShortTag() != b.ShortTag() {
		return false
	}
	if a.Kind != yaml.MappingNode {
		for i := range a.Content {
			if !equalNodes(a.Content[i], b.Content[i]) {
				return false
			}
		}
		return true
	}
	values := make(map[string]*yaml.Node, len(b.Content)/2)
	for i := 0; i+1 < len(b.Content); i += 2 {
		values[b.Content[i].Value] = b.Content[i+1]
	}
	for i := 0; i+1 < len(a.Content); i += 2 {
		if other := values[a.Content[i].Value]; other == nil || !equalNodes(a.Content[i+1], other) {
			return false
		}
	}
	return true
}
