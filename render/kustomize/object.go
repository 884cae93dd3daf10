package kustomize

import (
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/org/probe-mtls-action/render"
)

// refOf reads the identity of the object that the mapping n describes.
func refOf(n *yaml.Node) render.Ref {
	var r render.Ref
	apiVersion := scalarAt(n, "apiVersion")
	if group, version, ok := strings.Cut(apiVersion, "/"); ok {
		r.Group, r.Version = group, version
	} else {
		r.Version = apiVersion
	}
	r.Kind = scalarAt(n, "kind")
	r.Name = scalarAt(n, "metadata", "name")
	r.Namespace = scalarAt(n, "metadata", "namespace")
	return r
}

func scalarAt(n *yaml.Node, keys ...string) string {
	for _, k := range keys {
		n = child(n, k)
	}
	if n == nil || n.Kind != yaml.ScalarNode {
		return ""
	}
	return n.Value
}

// child returns the value of key in the mapping n, with aliases followed.
func child(n *yaml.Node, key string) *yaml.Node {
	n = deref(n)
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return deref(n.Content[i+1])
		}
	}
	return nil
}

func deref(n *yaml.Node) *yaml.Node {
	for i := 0; n != nil && n.Kind == yaml.AliasNode && i < 100; i++ {
		n = n.Alias
	}
	return n
}
