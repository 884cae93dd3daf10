package istio

import (
	"sort"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/org/probe-mtls-action/internal/kube"
	"github.com/org/probe-mtls-action/render"
)

// document is one source of settings: Helm values, a mesh config, or a part of
// an installation manifest in view.
type document struct {
	kube.Value
	text bool // the node was read from the text at the field, which is all the place there is
	// place finds the field of a setting given by the user; nil otherwise.
	place func(path []string) render.Field
}

// documents are sources in the order of precedence: the first that has a
// setting gives it.
type documents []document

// find returns the setting at path. A null value is no value.
func (d documents) find(path ...string) (kube.Value, bool) {
	for _, doc := range d {
		v := doc.Key(path...)
		if v.IsNull() {
			continue
		}
		switch {
		case doc.place != nil:
			v.At = doc.place(path)
		case doc.text:
			v.At = doc.At
		}
		return v, true
	}
	return kube.Value{}, false
}

func (d documents) boolean(path ...string) (value, ok bool, at render.Field) {
	s, found := d.find(path...)
	if !found {
		return false, false, render.Field{}
	}
	switch strings.ToLower(s.Text()) {
	case "true":
		return true, true, s.At
	case "false":
		return false, true, s.At
	}
	return false, false, render.Field{}
}

func (d documents) text(path ...string) (value string, ok bool, at render.Field) {
	s, found := d.find(path...)
	if !found || s.Node.Kind != yaml.ScalarNode {
		return "", false, render.Field{}
	}
	return s.Text(), true, s.At
}

// installation is what the objects in view and the options tell of the control
// planes: one entry per revision, "" for the default one.
type installation struct {
	values, meshConfig map[string]documents
	revisions          []Revision
	ambient            bool
}

// userDocument wraps settings that the user gave under name.
func userDocument(node *yaml.Node, name string, places map[string]render.Field) documents {
	if node == nil {
		return nil
	}
	if node.Kind == yaml.DocumentNode && len(node.Content) > 0 {
		node = node.Content[0]
	}
	return documents{{Value: kube.Value{Node: node}, place: func(path []string) render.Field {
		for i := len(path); i >= 0; i-- {
			if f, ok := places[strings.Join(append([]string{name}, path[:i]...), ".")]; ok {
				return f
			}
		}
		return render.Field{}
	}}}
}

// install gathers the settings of every revision: the revision's own first,
// then those of all, then what is in view.
func (m *model) install(objects []*render.Object) installation {
	in := installation{values: map[string]documents{}, meshConfig: map[string]documents{}}
	o := &m.opts
	in.revisions = o.Revisions
	common := userDocument(o.Values, "values", o.Places)
	commonMesh := userDocument(o.MeshConfig, "meshConfig", o.Places)
	viewValues, viewMesh := map[string]documents{}, map[string]documents{}
	seen := map[string]bool{}
	for _, obj := range objects {
		switch k := kindOf(obj.Ref); {
		case k == kindIstioOperator:
			spec := kube.ValueAt(obj, "spec")
			rev := spec.Key("revision").Text()
			seen[rev] = true
			viewValues[rev] = append(viewValues[rev], document{Value: spec.Key("values")})
			viewMesh[rev] = append(viewMesh[rev], document{Value: spec.Key("meshConfig")})
			in.ambient = in.ambient || spec.Key("profile").Text() == "ambient"
		case k == kindConfigMap && m.isSystem(obj.NamespaceOrDefault()):
			data := func(key string) documents { return m.embedded(obj, key) }
			if rev, ok := revisionOf(obj.Name, "istio-sidecar-injector"); ok {
				seen[rev] = true
				viewValues[rev] = append(viewValues[rev], data("values")...)
				viewValues[rev] = append(viewValues[rev], injectorConfig(data("config"))...)
			} else if rev, ok := revisionOf(obj.Name, "istio"); ok && kube.ValueAt(obj, "data", "mesh").Node != nil {
				seen[rev] = true
				viewMesh[rev] = append(viewMesh[rev], data("mesh")...)
			}
		}
	}
	switch {
	case len(in.revisions) > 0:
	case len(m.openshift) > 0:
		in.revisions = m.revisionsOfOpenShift()
		for _, cp := range m.openshift {
			viewValues[cp.key()] = documents{cp.values}
		}
	default:
		in.revisions = m.revisionsInView(common, seen)
	}
	for i, rev := range in.revisions {
		name := canonical(rev.Name)
		values := append(m.ownValues(i, rev), common...)
		values = append(values, viewValues[name]...)
		meshes := append(userDocument(rev.MeshConfig, "revisions["+strconv.Itoa(i)+"].meshConfig", o.Places), commonMesh...)
		for _, doc := range values { // istiod's values carry the mesh config too
			if sub := doc.below("meshConfig"); sub.Node != nil {
				meshes = append(meshes, sub)
			}
		}
		in.values[name] = values
		in.meshConfig[name] = append(meshes, viewMesh[name]...)
		for _, path := range [][]string{{"profile"}, {"global", "profile"}} {
			profile, _, _ := values.text(path...)
			in.ambient = in.ambient || profile == "ambient"
		}
		enabled, _, _ := values.text("pilot", "env", "PILOT_ENABLE_AMBIENT")
		in.ambient = in.ambient || enabled == "true"
	}
	in.ambient = in.ambient || o.Profile == "ambient"
	return in
}

// ownValues are the values that the i-th revision has for itself.
func (m *model) ownValues(i int, rev Revision) documents {
	return userDocument(rev.Values, "revisions["+strconv.Itoa(i)+"].values", m.opts.Places)
}

// revisionsInView returns the revisions that values or installation manifests
// name; the unnamed one where nothing does.
func (m *model) revisionsInView(common documents, seen map[string]bool) []Revision {
	tags := func(d documents) []string {
		var out []string
		s, _ := d.find("revisionTags")
		for _, v := range s.Items() {
			out = append(out, v.Text())
		}
		return out
	}
	if name, ok, _ := common.text("revision"); ok {
		return []Revision{{Name: name, Tags: tags(common)}}
	}
	var out []Revision
	for name := range seen {
		out = append(out, Revision{Name: name})
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Name < out[j].Name })
	if out == nil {
		out = []Revision{{Tags: tags(common)}}
	}
	return out
}

// below returns the part of doc at key as a document.
func (doc document) below(key string) document {
	sub := document{Value: doc.Key(key), text: doc.text}
	switch {
	case doc.place != nil:
		sub.place = func(path []string) render.Field { return doc.place(append([]string{key}, path...)) }
	case doc.text:
		sub.At = doc.At
	}
	return sub
}

// canonical is the name under which a revision is kept: the unnamed one is "".
func canonical(revision string) string {
	if revision == "default" {
		return ""
	}
	return revision
}

// revisionOf returns the revision in a control plane object's name: "" for
// istio, "canary" for istio-canary.
func revisionOf(name, base string) (string, bool) {
	if name == base {
		return "", true
	}
	return strings.CutPrefix(name, base+"-")
}

// embedded reads the YAML text under data.key of a ConfigMap.
func (m *model) embedded(o *render.Object, key string) documents {
	v := kube.ValueAt(o, "data", key)
	if v.IsNull() {
		return nil
	}
	node := parseYAML(v.Text())
	if node == nil {
		m.warn(v.At, "data."+key+" of ConfigMap "+o.NamespaceOrDefault()+"/"+o.Name+" is not a YAML mapping and is not read")
		return nil
	}
	return documents{{Value: kube.Value{Node: node, At: v.At}, text: true}}
}

// injectorConfig maps the injector's own configuration to the Helm values that
// it is made from.
func injectorConfig(d documents) documents {
	for i := range d {
		out := &yaml.Node{Kind: yaml.MappingNode}
		hook := &yaml.Node{Kind: yaml.MappingNode}
		proxy := &yaml.Node{Kind: yaml.MappingNode}
		for _, move := range []struct {
			from, to string
			in       *yaml.Node
		}{
			{"rewriteAppHTTPProbe", "rewriteAppHTTPProbe", hook},
			{"neverInjectSelector", "neverInjectSelector", hook},
			{"alwaysInjectSelector", "alwaysInjectSelector", hook},
			{"defaultTemplates", "defaultTemplates", hook},
			{"policy", "autoInject", proxy},
		} {
			if n := kube.Get(d[i].Node, move.from); n != nil {
				move.in.Content = append(move.in.Content, scalar(move.to), n)
			}
		}
		global := &yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{scalar("proxy"), proxy}}
		out.Content = []*yaml.Node{scalar("sidecarInjectorWebhook"), hook, scalar("global"), global}
		d[i].Node = out
	}
	return d
}

func scalar(s string) *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s} }

// parseYAML returns the mapping in text, nil if there is none. Texts beyond a
// mebibyte, the limit of a ConfigMap, are not read.
func parseYAML(text string) *yaml.Node {
	var doc yaml.Node
	if len(text) > 1<<20 || yaml.Unmarshal([]byte(text), &doc) != nil || len(doc.Content) == 0 {
		return nil
	}
	if n := doc.Content[0]; n.Kind == yaml.MappingNode {
		return n
	}
	return nil
}

// isSystem reports whether ns is where the control plane's own objects live.
func (m *model) isSystem(ns string) bool {
	if ns == "istio-system" || ns == m.opts.RootNamespace {
		return true
	}
	own := kube.Text(kube.Get(m.opts.Values, "global", "istioNamespace"))
	return own != "" && ns == own
}
