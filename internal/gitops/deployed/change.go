package deployed

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/org/probe-mtls-action/internal/gitops"
	"github.com/org/probe-mtls-action/render"
)

// noVariables is the label or annotation that keeps Flux from putting variables
// into an object.
const noVariables = "kustomize.toolkit.fluxcd.io/substitute"

// vary puts variables into all texts of o. As in the text that Flux works on, a
// text that was not quoted may become a number.
func (t *tracer) vary(o *render.Object, opts *gitops.Options) {
	if !opts.Substitutes {
		return
	}
	meta := render.Field{Object: o}.Key("metadata")
	for _, m := range []string{"labels", "annotations"} {
		if gitops.Value(meta.Key(m, noVariables)) == "disabled" {
			return
		}
	}
	values := make(map[string]gitops.Variable, len(opts.Variables))
	for _, v := range opts.Variables {
		values[v.Name] = v
	}
	value := func(name string) (string, bool, bool) {
		v, ok := values[name]
		return v.Value, ok, len(opts.Unknown) == 0
	}
	var walk func(n *yaml.Node, p render.Path)
	walk = func(n *yaml.Node, p render.Path) {
		switch n.Kind {
		case yaml.MappingNode:
			for i := 0; i+1 < len(n.Content); i += 2 {
				if key := n.Content[i]; strings.Contains(key.Value, "${") {
					key.Value = substitute(key.Value, value)
				}
				walk(n.Content[i+1], p.Key(n.Content[i].Value))
			}
		case yaml.SequenceNode:
			for i, c := range n.Content {
				walk(c, p.Item(i))
			}
		case yaml.ScalarNode:
			s := substitute(n.Value, value)
			if s == n.Value {
				return
			}
			if v, ok := values[whole(n.Value)]; ok {
				t.note(p, v.From)
			}
			n.Value = s
			retag(n)
		}
	}
	walk(o.Node, nil)
}

// whole returns the name of the variable that s is a reference to, "" if s is
// anything else.
func whole(s string) string {
	m := reference.FindStringSubmatch(s)
	if m == nil || m[0] != s || m[1] != "" {
		return ""
	}
	return m[2]
}

// retag gives a text without quotes the type that it has as YAML: Flux writes
// objects as YAML before it puts variables in, and quotes are lost thereby.
func retag(n *yaml.Node) {
	if n.ShortTag() != "!!str" {
		return
	}
	var doc yaml.Node
	if strings.ContainsAny(n.Value, "\n#:") || yaml.Unmarshal([]byte(n.Value), &doc) != nil || len(doc.Content) != 1 {
		return
	}
	if c := doc.Content[0]; c.Kind == yaml.ScalarNode {
		n.Tag, n.Style, n.Value = c.ShortTag(), 0, c.Value
	}
}

// annotate sets labels, annotations and the namespace of what names none.
func (t *tracer) annotate(o *render.Object, opts *gitops.Options) {
	meta := render.PathOf("metadata")
	for key, all := range map[string][]gitops.Variable{"labels": opts.Labels, "annotations": opts.Annotations} {
		for _, v := range all {
			assign(o.Node, meta.Key(key, v.Name), v.Value)
			t.note(meta.Key(key, v.Name), v.From)
		}
	}
	ns := opts.DefaultNamespace
	if ns.Value == "" || clusterWide(o) || gitops.Value(render.Field{Object: o, Path: meta.Key("namespace")}) != "" {
		return
	}
	assign(o.Node, meta.Key("namespace"), ns.Value)
	t.note(meta.Key("namespace"), ns.From)
}

// clusterWide are the kinds without a namespace that repositories deploy; of
// others that have none nothing in the mesh depends on it.
var clusterKinds = []string{
	"Namespace", "Node", "PersistentVolume", "ClusterRole", "ClusterRoleBinding", "CustomResourceDefinition",
	"StorageClass", "PriorityClass", "IngressClass", "RuntimeClass", "CSIDriver", "APIService",
	"MutatingWebhookConfiguration", "ValidatingWebhookConfiguration", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding",
	"ClusterIssuer", "MeshPolicy", "ClusterRbacConfig", "GatewayClass", "ClusterPolicy",
}

func clusterWide(o *render.Object) bool { return slices.Contains(clusterKinds, o.Kind) }

// assign sets a text in a mapping, which it makes where there is none.
func assign(n *yaml.Node, p render.Path, value string) {
	for _, s := range p[:len(p)-1] {
		child := (&render.Object{Node: n}).At(render.PathOf(s.Key))
		if child == nil || child.Kind != yaml.MappingNode {
			fresh := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
			put(n, s.Key, fresh)
			child = fresh
		}
		n = child
	}
	put(n, p[len(p)-1].Key, text(value))
}

func put(n *yaml.Node, key string, value *yaml.Node) {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			n.Content[i+1] = value
			return
		}
	}
	n.Content = append(n.Content, text(key), value)
}
