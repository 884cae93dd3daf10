// Package kube gives typed views of Kubernetes objects whose values still know
// which field they came from.
package kube

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/org/probe-mtls-action/render"
)

// Get returns the value of key in mapping n, nil if n is no mapping or has no
// such key.
func Get(n *yaml.Node, keys ...string) *yaml.Node {
	for _, key := range keys {
		if n == nil || n.Kind != yaml.MappingNode {
			return nil
		}
		var found *yaml.Node
		for i := 0; i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == key {
				found = n.Content[i+1]
				break
			}
		}
		n = found
	}
	return n
}

// Pick sets values to those that keys have in mapping n, as [Get] returns them,
// but walks n only once.
func Pick(n *yaml.Node, values []*yaml.Node, keys ...string) {
	clear(values)
	if n == nil || n.Kind != yaml.MappingNode {
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if k := slices.Index(keys, n.Content[i].Value); k >= 0 && values[k] == nil {
			values[k] = n.Content[i+1]
		}
	}
}

// Items returns the items of list n, nil if n is no list.
func Items(n *yaml.Node) []*yaml.Node {
	if n == nil || n.Kind != yaml.SequenceNode {
		return nil
	}
	return n.Content
}

// Text returns a scalar's text; "" for null, lists and mappings.
func Text(n *yaml.Node) string {
	if n == nil || n.Kind != yaml.ScalarNode || IsNull(n) {
		return ""
	}
	return n.Value
}

// IsNull reports whether n is absent or null.
func IsNull(n *yaml.Node) bool {
	return n == nil || n.Kind == 0 || n.Kind == yaml.ScalarNode && tag(n) == "!!null"
}

// tag is n's short tag. Nearly all scalars are strings, and ShortTag is costly.
func tag(n *yaml.Node) string {
	if n.Tag == "!!str" {
		return n.Tag
	}
	return n.ShortTag()
}

// Int returns the number that n writes unquoted.
func Int(n *yaml.Node) (int, bool) {
	if n == nil || n.Kind != yaml.ScalarNode || tag(n) != "!!int" {
		return 0, false
	}
	v, err := strconv.ParseInt(strings.ReplaceAll(n.Value, "_", ""), 0, 64)
	if err != nil || int64(int(v)) != v {
		return 0, false
	}
	return int(v), true
}

// Bool returns the boolean that n writes unquoted.
func Bool(n *yaml.Node) (value, ok bool) {
	if n == nil || n.Kind != yaml.ScalarNode || tag(n) != "!!bool" {
		return false, false
	}
	v, err := strconv.ParseBool(strings.ToLower(n.Value))
	return v, err == nil
}

// Expand replaces List objects by their items. An item's fields are traced
// through the list that holds it.
func Expand(objects []*render.Object) []*render.Object {
	out := make([]*render.Object, 0, len(objects))
	for _, o := range objects {
		items := listItems(o)
		if items == nil {
			out = append(out, o)
			continue
		}
		for i, n := range items {
			if n.Kind != yaml.MappingNode {
				continue
			}
			ref := refOf(n)
			out = append(out, Expand([]*render.Object{{
				Ref: ref, Authored: ref, Root: o.Root, Node: n,
				Tracer: itemTracer{list: o, at: render.PathOf("items").Item(i)},
			}})...)
		}
	}
	return out
}

// IsList reports whether o is a List object.
func IsList(o *render.Object) bool { return listItems(o) != nil }

func listItems(o *render.Object) []*yaml.Node {
	if o == nil || !strings.HasSuffix(o.Kind, "List") {
		return nil
	}
	return Items(Get(o.Node, "items"))
}

func refOf(n *yaml.Node) render.Ref {
	ref := render.Ref{
		Version: Text(Get(n, "apiVersion")), Kind: Text(Get(n, "kind")),
		Namespace: Text(Get(n, "metadata", "namespace")), Name: Text(Get(n, "metadata", "name")),
	}
	if group, version, ok := strings.Cut(ref.Version, "/"); ok {
		ref.Group, ref.Version = group, version
	}
	return ref
}

// itemTracer traces an item of a list as a part of that list.
type itemTracer struct {
	list *render.Object
	at   render.Path
}

func (t itemTracer) Trace(ctx context.Context, _ *render.Object, path render.Path) (render.Origin, error) {
	return t.list.Trace(ctx, t.at.Join(path))
}
