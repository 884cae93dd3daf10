package kube

import (
	"go.yaml.in/yaml/v3"

	"github.com/org/probe-mtls-action/render"
)

// Strings is a map of strings, such as labels, whose values know their place.
// The zero Strings is empty.
type Strings struct {
	At   render.Field // the mapping itself, even where it does not exist
	node *yaml.Node
}

// StringsAt returns the map of strings in node, which stands at f.
func StringsAt(f render.Field, node *yaml.Node) Strings {
	if node != nil && node.Kind != yaml.MappingNode {
		node = nil
	}
	return Strings{At: f, node: node}
}

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
func (s Strings) Field(key string) render.Field { return s.At.Key(key) }

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

// Malformed returns the keys whose values are no strings, such as an unquoted
// false. The API server refuses an object with such labels or annotations.
func (s Strings) Malformed() []string {
	var bad []string
	if s.node == nil {
		return nil
	}
	for i := 0; i+1 < len(s.node.Content); i += 2 {
		v := s.node.Content[i+1]
		if v.Kind != yaml.ScalarNode || v.ShortTag() != "!!str" && !IsNull(v) {
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
func Labels(o *render.Object) Strings { return metaStrings(o, "labels") }

// Annotations returns the annotations of o itself.
func Annotations(o *render.Object) Strings { return metaStrings(o, "annotations") }

func metaStrings(o *render.Object, key string) Strings {
	return StringsAt(render.Field{Object: o, Path: render.PathOf("metadata", key)}, Get(o.Node, "metadata", key))
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
