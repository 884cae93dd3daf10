package kube

import (
	"go.yaml.in/yaml/v3"

	"github.com/org/probe-mtls-action/render"
)

// Strings is a map of strings, such as labels, whose values know their place.
// The zero Strings is empty.
type Strings struct {
	place place
	node  *yaml.Node
}

// place is a field whose path is put together only when it is asked for.
type place struct {
	object *render.Object
	base   render.Path
	keys   []string
}

// below returns the field that steps lead to from p.
func (p place) below(steps ...render.Step) render.Field {
	path := make(render.Path, 0, len(p.base)+len(p.keys)+len(steps))
	path = append(path, p.base...)
	for _, k := range p.keys {
		path = append(path, render.Step{Key: k, Index: -1})
	}
	return render.Field{Object: p.object, Path: append(path, steps...)}
}

func key(name string) render.Step { return render.Step{Key: name, Index: -1} }

func item(i int) render.Step { return render.Step{Index: i} }

func stringsAt(p place, node *yaml.Node) Strings {
	if node != nil && node.Kind != yaml.MappingNode {
		node = nil
	}
	return Strings{place: p, node: node}
}

// At returns the place of the mapping itself, even where it does not exist.
func (s Strings) At() render.Field { return s.place.below() }

// Get returns the value of key. A null value is an empty string, as it is for
// the API server.
func (s Strings) Get(key string) (string, bool) {
	n := Get(s.node, key)
	if n == nil {
		return "", false
	}
	return Text(n), true
}

// Field returns the place of key's value.
func (s Strings) Field(name string) render.Field { return s.place.below(key(name)) }

// Len returns the number of entries.
func (s Strings) Len() int {
	if s.node == nil {
		return 0
	}
	return len(s.node.Content) / 2
}

// All calls yield for each entry in the order of the manifest.
func (s Strings) All(yield func(key, value string) bool) {
	if s.node == nil {
		return
	}
	for i := 0; i+1 < len(s.node.Content); i += 2 {
		if !yield(s.node.Content[i].Value, Text(s.node.Content[i+1])) {
			return
		}
	}
}

// With returns s and those of the entries whose keys s has not: pairs of a key
// and a value. The entries added have no place of their own.
func (s Strings) With(entries ...[2]string) Strings {
	node := &yaml.Node{Kind: yaml.MappingNode}
	if s.node != nil {
		node.Content = append(node.Content, s.node.Content...)
	}
	for _, e := range entries {
		if Get(s.node, e[0]) == nil {
			node.Content = append(node.Content,
				&yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: e[0]},
				&yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: e[1]})
		}
	}
	return Strings{place: s.place, node: node}
}

// Malformed returns the keys whose values are no strings, such as an unquoted
// false. The API server refuses an object with such labels or annotations.
func (s Strings) Malformed() []string {
	var bad []string
	if s.node == nil {
		return nil
	}
	for i := 0; i+1 < len(s.node.Content); i += 2 {
		v := s.node.Content[i+1]
		if v.Kind != yaml.ScalarNode || tag(v) != "!!str" && !IsNull(v) {
			bad = append(bad, s.node.Content[i].Value)
		}
	}
	return bad
}

// Contains reports whether every entry of sub is in s.
func (s Strings) Contains(sub Strings) bool {
	for k, want := range sub.All {
		if got, ok := s.Get(k); !ok || got != want {
			return false
		}
	}
	return true
}

// Labels returns the labels of o itself.
func Labels(o *render.Object) Strings { return metaStrings(o, ownLabels) }

// Annotations returns the annotations of o itself.
func Annotations(o *render.Object) Strings { return metaStrings(o, ownAnnotations) }

// Keys that places share.
var (
	ownLabels      = []string{"metadata", "labels"}
	ownAnnotations = []string{"metadata", "annotations"}
	ownSelector    = []string{"spec", "selector"}
	ownPorts       = []string{"spec", "ports"}
)

func metaStrings(o *render.Object, keys []string) Strings {
	return stringsAt(place{object: o, keys: keys}, Get(o.Node, keys...))
}

// Created returns the creationTimestamp of o as the API server writes it
// (2024-06-01T00:00:00Z, whose text order is its order in time), false if o has
// none of that form.
func Created(o *render.Object) (string, bool) {
	const form = "0000-00-00T00:00:00Z"
	t := Text(Get(o.Node, "metadata", "creationTimestamp"))
	if len(t) != len(form) {
		return "", false
	}
	for i := range form {
		if form[i] == '0' && (t[i] < '0' || t[i] > '9') || form[i] != '0' && t[i] != form[i] {
			return "", false
		}
	}
	return t, true
}
