package kustomizetest

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"go.yaml.in/yaml/v3"
	"sigs.k8s.io/kustomize/api/resmap"

	"github.com/org/probe-mtls-action/render"
)

// Printed returns the objects as kustomize prints them. The error is that of
// kustomize, which cannot print everything that it renders.
func Printed(m resmap.ResMap) ([]*yaml.Node, error) {
	text, err := m.AsYaml()
	if err != nil {
		return nil, err
	}
	return Parse(text)
}

// Parse returns the objects in what kustomize printed.
func Parse(text []byte) ([]*yaml.Node, error) {
	var out []*yaml.Node
	for d := yaml.NewDecoder(bytes.NewReader(text)); ; {
		var n yaml.Node
		switch err := d.Decode(&n); {
		case errors.Is(err, io.EOF):
			return out, nil
		case err != nil:
			return nil, err
		case len(n.Content) > 0:
			out = append(out, n.Content[0])
		}
	}
}

// Diff says where the objects are not what kustomize printed, "" where they are.
// The order of keys and the quotes, which printing settles, do not matter.
func Diff(printed []*yaml.Node, objects []*render.Object) string {
	if len(printed) != len(objects) {
		return fmt.Sprintf("got %d objects, want %d", len(objects), len(printed))
	}
	for i, o := range objects {
		if d := diff(nil, printed[i], o.Node); d != "" {
			return o.String() + " " + d
		}
	}
	return ""
}

func diff(at render.Path, want, got *yaml.Node) string {
	if want.Kind != got.Kind || want.ShortTag() != got.ShortTag() || want.Value != got.Value {
		return fmt.Sprintf("%s: got %s %q, want %s %q", at, got.ShortTag(), got.Value, want.ShortTag(), want.Value)
	}
	if len(want.Content) != len(got.Content) {
		return fmt.Sprintf("%s: got %d parts, want %d", at, len(got.Content), len(want.Content))
	}
	o := render.Object{Node: got}
	for i, c := range want.Content {
		d := ""
		switch {
		case want.Kind == yaml.SequenceNode:
			d = diff(at.Item(i), c, got.Content[i])
		case i%2 == 1:
			key := want.Content[i-1].Value
			n := o.At(render.PathOf(key))
			if n == nil {
				return fmt.Sprintf("%s: no key %q", at, key)
			}
			d = diff(at.Key(key), c, n)
		}
		if d != "" {
			return d
		}
	}
	return ""
}
