package kube

import (
	"go.yaml.in/yaml/v3"

	"github.com/org/probe-mtls-action/render"
)

// Value is a node of an object together with the field at which it stands. What
// is not there has no node, but a field: where it would stand.
type Value struct {
	Node *yaml.Node
	At   render.Field
}

// ValueAt returns the value that keys lead to in o.
func ValueAt(o *render.Object, keys ...string) Value {
	return Value{o.Node, render.Field{Object: o}}.Key(keys...)
}

// Key returns the value that keys lead to below v, as [Get] does.
func (v Value) Key(keys ...string) Value { return Value{Get(v.Node, keys...), v.At.Key(keys...)} }

// Items returns the items of a list, nil if v is not a list.
func (v Value) Items() []Value {
	nodes := Items(v.Node)
	if nodes == nil {
		return nil
	}
	out := make([]Value, len(nodes))
	for i, n := range nodes {
		out[i] = Value{n, v.At.Item(i)}
	}
	return out
}

// Entries calls yield for each entry of a mapping, in the order of the manifest;
// for none if v is not a mapping.
func (v Value) Entries(yield func(key string, value Value) bool) {
	if !v.IsMapping() {
		return
	}
	for i := 0; i+1 < len(v.Node.Content); i += 2 {
		if key := v.Node.Content[i].Value; !yield(key, Value{v.Node.Content[i+1], v.At.Key(key)}) {
			return
		}
	}
}

// IsNull reports whether v is absent or null.
func (v Value) IsNull() bool { return IsNull(v.Node) }

// IsMapping reports whether v is a mapping.
func (v Value) IsMapping() bool { return v.Node != nil && v.Node.Kind == yaml.MappingNode }

// IsList reports whether v is a list.
func (v Value) IsList() bool { return v.Node != nil && v.Node.Kind == yaml.SequenceNode }

// Text is [Text] of the node.
func (v Value) Text() string { return Text(v.Node) }

// Int is [Int] of the node.
func (v Value) Int() (int, bool) { return Int(v.Node) }

// Bool is [Bool] of the node.
func (v Value) Bool() (value, ok bool) { return Bool(v.Node) }

// Strings returns v as a map of strings.
func (v Value) Strings() Strings {
	return stringsAt(place{object: v.At.Object, base: v.At.Path}, v.Node)
}

// Selector returns v as a label selector with matchLabels and matchExpressions.
func (v Value) Selector() Selector {
	s := Selector{Labels: v.Key("matchLabels").Strings()}
	for _, n := range Items(Get(v.Node, "matchExpressions")) {
		e := expression{key: Text(Get(n, "key")), operator: Text(Get(n, "operator"))}
		for _, value := range Items(Get(n, "values")) {
			e.values = append(e.values, Text(value))
		}
		switch e.operator {
		case "In", "NotIn", "Exists", "DoesNotExist":
		default:
			s.malformed = true
		}
		s.expressions = append(s.expressions, e)
	}
	return s
}
