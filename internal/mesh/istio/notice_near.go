package istio

import (
	"github.com/org/probe-mtls-action/internal/kube"
	"github.com/org/probe-mtls-action/internal/mesh"
	"github.com/org/probe-mtls-action/internal/near"
	"github.com/org/probe-mtls-action/render"
)

// meant is the label that a selector may have meant: that of a workload that has
// all others of the selector.
type meant struct {
	w       *workload
	was, is [2]string // key and value
}

// meant returns what a selector that matches nothing in a namespace may have
// meant, nil where no workload is near.
func (n *noticing) meant(namespace string, selector kube.Strings) *meant {
	for _, w := range n.in(namespace) {
		m := &meant{w: w}
		misses := 0
		for k, v := range selector.All {
			has, ok := w.pod.Labels.Get(k)
			if ok && has == v {
				continue
			}
			misses++
			m.was = [2]string{k, v}
			switch {
			case ok && near.Word(v, []string{has}) != "":
				m.is = [2]string{k, has}
			case !ok:
				if key := near.Word(k, keysWith(w.pod.Labels, v)); key != "" {
					m.is = [2]string{key, v}
				}
			}
		}
		if misses == 1 && m.is[0] != "" {
			return m
		}
	}
	return nil
}

// keysWith are the keys of labels that have a value.
func keysWith(labels kube.Strings, value string) []string {
	var out []string
	for k, v := range labels.All {
		if v == value {
			out = append(out, k)
		}
	}
	return out
}

// remedy selects what was meant.
func (m *meant) remedy(selector kube.Strings) mesh.Remedy {
	r := mesh.Remedy{
		Title: "Select " + m.is[0] + ": " + m.is[1] + ", which " + m.w.name + " has",
		YAML:  yamlText(m.is[0]) + ": " + yamlText(m.is[1]) + "\n",
		Field: selector.At(),
		Cost:  takesEffect,
	}
	if m.was[0] != m.is[0] {
		r.Edits = []mesh.Edit{{Op: mesh.Rename, Field: selector.Field(m.was[0]), Key: m.is[0]}}
	}
	return r
}

// misspelt offers the mode that the value at a place may have meant; nothing where
// the place is not a mode's or none is near.
func misspelt(at render.Field) []mesh.Remedy {
	if len(at.Path) == 0 || at.Path[len(at.Path)-1].Key != "mode" || at.Node() == nil {
		return nil
	}
	mode := near.Word(kube.Text(at.Node()), []string{string(mesh.ModeDisable), string(mesh.ModePermissive), string(mesh.ModeStrict)})
	if mode == "" {
		return nil
	}
	return []mesh.Remedy{{
		Title: "Write the mode as " + mode, YAML: "mode: " + mode + "\n",
		Field: render.Field{Object: at.Object, Path: at.Path[:len(at.Path)-1]}, Cost: takesEffect,
	}}
}
