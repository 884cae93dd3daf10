package rules

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/org/probe-mtls-action/internal/mesh"
	"github.com/org/probe-mtls-action/internal/probe"
	"github.com/org/probe-mtls-action/render"
)

// keys are the fields of a container that hold probes (core/v1 Container).
var keys = []string{string(probe.Liveness), string(probe.Readiness), string(probe.Startup), "lifecycle"}

// misplacement is one of these keys at a place that has no such field.
type misplacement struct {
	key       string // as Kubernetes knows it
	written   string // as the manifest writes it
	field     render.Field
	container string // the container it stands in, "" outside of any
	place     string // in words, where it stands
	// home is the one container that the key can be meant for, nil where there
	// are several or it is in one already.
	home     render.Path
	homeName string
}

func (m misplacement) noun() string {
	if m.key == "lifecycle" {
		return "handler"
	}
	return probe.Kind(m.key).Noun()
}

func (m misplacement) remedy() mesh.Remedy {
	const cost = "the pod never had this probe; from now on it decides"
	switch {
	case m.written != m.key && m.home == nil:
		return mesh.Remedy{
			Title: fmt.Sprintf("Write %s instead of %s", m.key, m.written), Field: m.field,
			Edits: []mesh.Edit{{Op: mesh.Rename, Field: m.field, Key: m.key}}, Cost: cost,
		}
	case m.written != m.key:
		return mesh.Remedy{Title: fmt.Sprintf("Write %s instead of %s", m.key, m.written), Field: m.field}
	case m.home != nil:
		return mesh.Remedy{
			Title: fmt.Sprintf("Move %s into container %s, beside its name and image", m.key, m.homeName), Field: m.field,
			Edits: m.move(), Cost: cost,
		}
	case m.container != "":
		return mesh.Remedy{Title: fmt.Sprintf("Move %s up to container %s itself, beside its name and image", m.key, m.container), Field: m.field}
	}
	return mesh.Remedy{Title: fmt.Sprintf("Move %s into the container that it is meant for, beside its name and image", m.key), Field: m.field}
}

// move returns the edits that put the key into its container.
func (m misplacement) move() []mesh.Edit {
	text, err := yaml.Marshal(map[string]*yaml.Node{m.key: m.field.Node()})
	if err != nil {
		return nil
	}
	return []mesh.Edit{
		{Op: mesh.Delete, Field: m.field},
		{Op: mesh.Merge, Field: render.Field{Object: m.field.Object, Path: m.home}, YAML: string(text)},
	}
}

// podTemplates tells where the kinds of Kubernetes and of the operators that
// copy its pod template have it. Their whole spec is known, so that a probe key
// anywhere else in it is a mistake.
var podTemplates = map[[2]string]render.Path{
	{"", "Pod"}:                        nil,
	{"", "ReplicationController"}:      render.PathOf("spec", "template"),
	{"apps", "Deployment"}:             render.PathOf("spec", "template"),
	{"extensions", "Deployment"}:       render.PathOf("spec", "template"),
	{"apps", "ReplicaSet"}:             render.PathOf("spec", "template"),
	{"extensions", "ReplicaSet"}:       render.PathOf("spec", "template"),
	{"apps", "StatefulSet"}:            render.PathOf("spec", "template"),
	{"apps", "DaemonSet"}:              render.PathOf("spec", "template"),
	{"extensions", "DaemonSet"}:        render.PathOf("spec", "template"),
	{"batch", "Job"}:                   render.PathOf("spec", "template"),
	{"batch", "CronJob"}:               render.PathOf("spec", "jobTemplate", "spec", "template"),
	{"argoproj.io", "Rollout"}:         render.PathOf("spec", "template"),
	{"serving.knative.dev", "Service"}: render.PathOf("spec", "template"),
}

// misplaced returns the misplaced keys of a workload, in the order in which
// they stand; of other objects it returns none.
func misplaced(o *render.Object) []misplacement {
	template, known := podTemplates[[2]string{o.Group, o.Kind}]
	var start render.Path
	if !known { // of a custom kind only the pod template is known
		template = render.PathOf("spec", "template")
		start = template
		if n := o.At(template.Join(render.PathOf("spec", "containers"))); n == nil || n.Kind != yaml.SequenceNode {
			return nil
		}
	}
	w := &walk{object: o, template: template, podSpec: template.Key("spec")}
	if n := o.At(start); n != nil {
		w.visit(n, slices.Clone(start))
	}
	return w.found
}

type walk struct {
	object            *render.Object
	template, podSpec render.Path
	found             []misplacement
}

// freeForm are fields whose keys are the user's own.
var freeForm = []string{"annotations", "labels", "matchLabels", "nodeSelector", "limits", "requests"}

// visit walks n, which stands at the path at. Paths share their memory until
// one is kept: hardly any is.
func (w *walk) visit(n *yaml.Node, at render.Path) {
	switch n.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			written, value := n.Content[i].Value, n.Content[i+1]
			if slices.Contains(freeForm, written) {
				continue
			}
			path := append(at, render.Step{Key: written, Index: -1})
			if key := probeKey(written); key != "" && (key != written || !w.isContainer(at)) {
				w.add(key, written, slices.Clone(path))
			}
			if value.Kind != yaml.ScalarNode {
				w.visit(value, path)
			}
		}
	case yaml.SequenceNode:
		for i, item := range n.Content {
			w.visit(item, append(at, render.Step{Index: i}))
		}
	}
}

func (w *walk) add(key, written string, path render.Path) {
	parent := path[:len(path)-1]
	w.found = append(w.found, misplacement{
		key: key, written: written,
		field:     render.Field{Object: w.object, Path: path},
		container: w.containerOf(parent),
		place:     w.describe(parent),
	})
	m := &w.found[len(w.found)-1]
	m.home, m.homeName = w.home(parent, key)
}

// home returns the container that a key which stands at parent is meant for: the
// one that holds it further in, else the pod's only one. It is nil where a
// container has such a key already, and where the key stands in a container.
func (w *walk) home(parent render.Path, key string) (render.Path, string) {
	if w.isContainer(parent) {
		return nil, ""
	}
	containers := w.podSpec.Key("containers")
	home := containers.Item(0)
	if name := w.containerOf(parent); name != "" {
		home = parent[:len(w.podSpec)+2]
	} else if n := w.object.At(containers); n == nil || len(n.Content) != 1 {
		return nil, ""
	}
	if w.object.At(home.Key(key)) != nil {
		return nil, ""
	}
	name := w.object.At(home.Key("name"))
	if name == nil {
		return nil, ""
	}
	return home, name.Value
}

// probeKey returns the field that a key is or, but for its case, would be.
func probeKey(written string) string {
	if i := slices.IndexFunc(keys, func(k string) bool { return strings.EqualFold(k, written) }); i >= 0 {
		return keys[i]
	}
	return ""
}

// isContainer reports whether path is an item of the pod spec's containers,
// initContainers or ephemeralContainers.
func (w *walk) isContainer(path render.Path) bool {
	n := len(w.podSpec)
	if len(path) != n+2 || !slices.Equal(path[:n], w.podSpec) || path[n+1].Index < 0 {
		return false
	}
	switch path[n].Key {
	case "containers", "initContainers", "ephemeralContainers":
		return true
	}
	return false
}

// containerOf names the container that path is in, by its index if it has no name.
func (w *walk) containerOf(path render.Path) string {
	n := len(w.podSpec) + 2
	if len(path) < n || !w.isContainer(path[:n]) {
		return ""
	}
	if name := w.object.At(path[:n].Key("name")); name != nil && name.Value != "" {
		return name.Value
	}
	return path[n-2 : n].String()
}

// describe says in words what the field at parent is.
func (w *walk) describe(parent render.Path) string {
	switch {
	case slices.Equal(parent, w.podSpec):
		return "beside containers: instead of within a container"
	case slices.Equal(parent, w.template):
		return "in the pod template instead of within a container"
	case len(parent) == 0:
		return "at the top of the object instead of within a container"
	case len(parent) == 1:
		return "in the workload's own spec instead of within a container"
	case w.containerOf(parent) != "":
		return fmt.Sprintf("within %s of container %s", parent[len(w.podSpec)+2:], w.containerOf(parent))
	}
	return "instead of within a container"
}
