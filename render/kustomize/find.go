package kustomize

import (
	"context"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/org/probe-mtls-action/render"
	"github.com/org/probe-mtls-action/render/source"
	"github.com/org/probe-mtls-action/render/trace"
)

// find traces a value that the render itself did not trace.
func (t *tracer) find(ctx context.Context, o *render.Object, path render.Path, n *yaml.Node) (render.Origin, error) {
	switch {
	case len(path) == 0:
		return t.whole(o), nil
	case n.Kind != yaml.ScalarNode || n.ShortTag() == "!!null":
		return t.structure(ctx, o, path, n)
	}
	if c := t.identity(o, path, n); c != nil {
		return t.origin(o, path, c), nil
	}
	t.ended = false
	c, err := t.experiment(ctx, o, path, n)
	switch {
	case err != nil:
		return render.Origin{}, err
	case c != nil:
		return t.origin(o, path, c), nil
	}
	return t.guess(ctx, o, path)
}

// whole returns the place of the object itself.
func (t *tracer) whole(o *render.Object) render.Origin {
	src := t.sources[o]
	if src == nil {
		return t.unknown(o, "the object is not written in a file of the repository")
	}
	d := src.document
	at := max(d.doc.Start(first(src.node)), 0)
	return render.Origin{
		Span: d.doc.Text.Span(at, at), Document: d.place(), Kind: d.kind, Via: t.via(o, d.file), Exact: true,
	}
}

// guess returns the nearest place known for a value that no experiment moved.
func (t *tracer) guess(ctx context.Context, o *render.Object, path render.Path) (render.Origin, error) {
	why := "no single source text decides the value; this is where the field is written"
	if t.ended {
		why = fmt.Sprintf("the search for the text that decides the value ended after %d renders; this is where the field is written", trace.MaxRenders)
	}
	if s := t.locate(t.sources[o], o, path); s != nil {
		at := t.placeOf(o, s)
		if c := candidateAt(s); c != nil {
			at.Span = c.span
		}
		at.Exact, at.Why = false, why
		return at, nil
	}
	if len(path) > 1 && (t.sources[o] != nil || len(path) > 2) {
		n := o.At(path[:len(path)-1])
		at, err := t.structure(ctx, o, path[:len(path)-1], n)
		if at.Exact {
			at.Exact, at.Why = false, "no source text of the value was found; this is the nearest field around it"
		}
		return at, err
	}
	return t.unknown(o, "no source text of the value was found"), nil
}

// unknown returns the entry that fetches from elsewhere, or the root's
// kustomization file.
func (t *tracer) unknown(o *render.Object, why string) render.Origin {
	v := t.build.view
	if c := t.generatorName(o); c != nil && t.sources[o] == nil {
		at := t.origin(o, render.PathOf("metadata", "name"), c)
		at.Exact, at.Why = false, "kustomize generates the object; this names it"
		return at
	}
	for _, f := range v.reads {
		if v.roles[f.name]&roleKustomization == 0 {
			continue
		}
		k := f.kustomization()
		for _, e := range k.entries {
			if isRemoteFile(e.name) || e.base && isRemote(e.name) {
				at := k.find(e)
				return render.Origin{
					Span: at, Document: source.Span{File: f.name}, Kind: render.FromResource, Via: t.via(o, f),
					Why: "the value comes from a remote; this is the entry that names it",
				}
			}
		}
	}
	at := source.Span{File: t.kustomizationFile()}
	return render.Origin{Span: at, Document: at, Kind: render.FromTransformer, Via: []string{at.File}, Why: why}
}

// identity finds the source of the fields that identify an object. They cannot
// be traced by experiment, because patches and references go by them.
func (t *tracer) identity(o *render.Object, path render.Path, n *yaml.Node) *candidate {
	src := t.sources[o]
	switch path.String() {
	case "apiVersion", "kind":
		if src != nil {
			return equal(candidateOf(src.child(path[0].Key)), n.Value)
		}
	case "metadata.name":
		if src == nil {
			return t.generatorName(o)
		}
		if c := candidateOf(src.child("metadata").child("name")); c != nil && strings.Contains(n.Value, c.value) {
			return c
		}
	case "metadata.namespace":
		return t.namespace(src, o, n.Value)
	default:
		item := len(path) > 1 && path[len(path)-2].Index >= 0
		if item && mergeKeys[path[len(path)-1].Key] && src != nil {
			return equal(candidateOf(t.locate(src, o, path)), n.Value)
		}
	}
	return nil
}

// candidateOf is candidateAt for a site that may be nil or an alias.
func candidateOf(s *site) *candidate {
	if s == nil {
		return nil
	}
	if s.node.Kind == yaml.AliasNode {
		s = &site{document: s.document, parent: s.parent, key: s.key, item: s.item, node: deref(s.node)}
	}
	return candidateAt(s)
}

func equal(c *candidate, value string) *candidate {
	if c == nil || !trace.Same(c.value, value) {
		return nil
	}
	return c
}

// namespace finds the text that set an object's namespace: that of the
// outermost kustomization on the way to the object which has one, else the
// object's own.
func (t *tracer) namespace(src *site, o *render.Object, value string) *candidate {
	var files []string
	if src != nil {
		files = t.via(o, src.document.file)
	}
	for _, name := range files {
		f := t.r.read(name)
		if f.err != nil || f.kustomization().Namespace != value {
			continue
		}
		for _, d := range f.documents(roleKustomization) {
			for _, root := range d.roots {
				if c := candidateOf(root.child("namespace")); d.kind == render.FromTransformer && c != nil && c.value == value {
					return c
				}
			}
		}
	}
	if src != nil {
		return equal(candidateOf(src.child("metadata").child("namespace")), value)
	}
	return nil
}

// generatorName finds the name in the generator that made the object.
func (t *tracer) generatorName(o *render.Object) *candidate {
	v := t.build.view
	for _, f := range v.reads {
		if v.roles[f.name]&roleKustomization == 0 {
			continue
		}
		for _, c := range f.matching(roleKustomization, func(value string) bool { return value == o.Authored.Name }) {
			if keys := c.site.keys(); len(keys) == 2 && strings.HasSuffix(keys[0], "Generator") && keys[1] == "name" {
				return c
			}
		}
	}
	return nil
}

// mergeKeys are the fields by which kustomize tells the items of a list apart
// (kyaml v0.21.2, yaml.AssociativeSequenceKeys and the Kubernetes schema).
var mergeKeys = map[string]bool{
	"name": true, "containerPort": true, "port": true, "mountPath": true, "devicePath": true, "ip": true,
	"type": true, "topologyKey": true, "key": true, "protocol": true, "uid": true,
}

// itemKeys are mergeKeys in the order in which they identify an item.
var itemKeys = []string{"name", "containerPort", "port", "mountPath", "devicePath", "key", "topologyKey", "ip", "type"}

// locate finds the value at path of the object in its source document, list
// items by what identifies them; nil where it is not there.
func (t *tracer) locate(s *site, o *render.Object, path render.Path) *site {
	for i, step := range path {
		if s == nil {
			return nil
		}
		if step.Index < 0 {
			s = s.child(step.Key)
			continue
		}
		list := deref(s.node)
		if list.Kind != yaml.SequenceNode {
			return nil
		}
		at := itemIn(list, o.At(path[:i+1]), step.Index)
		if at < 0 {
			return nil
		}
		s = &site{document: s.document, parent: s, item: at, node: list.Content[at]}
	}
	return s
}

// itemIn returns the index of the item of list that is the same as item, which
// was rendered at index.
func itemIn(list, item *yaml.Node, index int) int {
	if item.Kind == yaml.MappingNode {
		for _, k := range itemKeys {
			v := child(item, k)
			if v == nil || v.Kind != yaml.ScalarNode {
				continue
			}
			for i, n := range list.Content {
				if c := child(n, k); c != nil && trace.Same(c.Value, v.Value) {
					return i
				}
			}
			return -1
		}
	}
	if item.Kind == yaml.ScalarNode {
		for i, n := range list.Content {
			if deref(n).Value == item.Value {
				return i
			}
		}
		return -1
	}
	if index < len(list.Content) {
		return index
	}
	return -1
}
