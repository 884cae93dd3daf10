package config

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/org/probe-mtls-action/internal/mesh/istio"
	"github.com/org/probe-mtls-action/render"
)

// imported is where values and meshConfig of a section go.
type imported struct {
	values, meshConfig *(*yaml.Node)
	places             map[string]render.Field
	prefix             string // of the keys in places
}

// imports reads values and meshConfig: inline, or from the user's own files.
func (d *decoder) imports(to imported, section *yaml.Node, at render.Path) {
	d.importOne(to.values, to, section, at, "values", valuesOf)
	d.importOne(to.meshConfig, to, section, at, "meshConfig", meshConfigOf)
}

func (d *decoder) importOne(node **yaml.Node, to imported, section *yaml.Node, at render.Path, key string, find finder) {
	_, n := child(section, render.Step{Key: key, Index: -1})
	if n == nil {
		return
	}
	*node = nil
	name := to.prefix + key
	maps.DeleteFunc(to.places, func(k string, _ render.Field) bool {
		return k == name || strings.HasPrefix(k, name+".")
	})
	own := render.Field{Object: d.object, Path: at.Key(key)}
	if f, ok := d.fileOrInline(n, own, key, find); ok {
		*node = f.Node()
		addPlaces(to.places, name, f, f.Node())
	}
}

// fromOperator takes from an IstioOperator that values names what else it says
// of the mesh, where the configuration itself says nothing of it.
func (d *decoder) fromOperator(o *istio.Options, section *yaml.Node) {
	if _, n := child(section, render.Step{Key: "values", Index: -1}); n == nil || o.Values == nil {
		return
	}
	root := render.Field{Object: o.Places["values"].Object}
	if kind := root.Key("kind").Node(); kind == nil || kind.Value != "IstioOperator" {
		return
	}
	spec := root.Key("spec")
	if n := spec.Key("meshConfig").Node(); o.MeshConfig == nil && n != nil && n.Kind == yaml.MappingNode {
		o.MeshConfig = n
		addPlaces(o.Places, "meshConfig", spec.Key("meshConfig"), n)
	}
	if n := spec.Key("profile").Node(); o.Profile == "" && n != nil && n.Value == "ambient" {
		o.Profile, o.Places["profile"] = n.Value, spec.Key("profile")
	}
	if n := spec.Key("revision").Node(); o.Revisions == nil && n != nil && n.Value != "" {
		o.Revisions, o.Places["revisions"] = []istio.Revision{{Name: n.Value}}, spec.Key("revision")
	}
}

// addPlaces notes where a mapping and everything in it stands, keyed by the
// dotted way to it.
func addPlaces(places map[string]render.Field, name string, f render.Field, n *yaml.Node) {
	places[name] = f
	if n.Kind != yaml.MappingNode {
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i].Value
		addPlaces(places, name+"."+key, f.Key(key), n.Content[i+1])
	}
}

// finder picks the part of a file that a setting wants. It returns the zero
// Field where the document has none.
type finder func(doc *document) (render.Field, Errors)

func (d *decoder) fileOrInline(n *yaml.Node, own render.Field, what string, find finder) (render.Field, bool) {
	switch {
	case isNull(n):
		return render.Field{}, false
	case n.Kind == yaml.MappingNode:
		return own, true
	case n.Kind != yaml.ScalarNode || n.Tag != "!!str" || n.Value == "":
		d.fail(n, "", "%s must be a mapping or the path of a file in the repository, not %s", what, kindOf(n))
		return render.Field{}, false
	}
	file, ok := d.inRepository(n, n.Value)
	if !ok {
		return render.Field{}, false
	}
	return d.importFile(n, file, what, find)
}

// importFile finds a setting in the one document of a file that has it.
func (d *decoder) importFile(n *yaml.Node, file, what string, find finder) (render.Field, bool) {
	d.files = append(d.files, file)
	text, err := read(d.tree, file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		d.fail(n, "paths are relative to the repository's root", "%s: there is no file %s", what, file)
		return render.Field{}, false
	case err != nil:
		d.fail(n, "", "%s: %s", what, strings.ReplaceAll(err.Error(), "\n", " "))
		return render.Field{}, false
	}
	docs, errs := parse(text)
	var found []render.Field
	for _, doc := range docs {
		f, ferrs := find(doc)
		errs = append(errs, ferrs...)
		if !f.IsZero() {
			found = append(found, f)
		}
	}
	d.errs = append(d.errs, errs...)
	switch {
	case len(errs) > 0:
		return render.Field{}, false
	case len(found) == 0:
		d.fail(n, "expected "+expected[what], "%s has no %s", file, what)
		return render.Field{}, false
	case len(found) > 1:
		d.fail(n, "keep the one that this mesh runs with in a file of its own", "%s has %d documents with %s", file, len(found), what)
		return render.Field{}, false
	}
	return found[0], true
}

var expected = map[string]string{
	"values":     "a values file of istiod's chart or an IstioOperator with spec.values",
	"meshConfig": "a MeshConfig, the mesh ConfigMap, an IstioOperator with spec.meshConfig, or a values file with meshConfig",
}

// valuesOf finds istiod's Helm values: the whole of a values file, or
// spec.values of an IstioOperator.
func valuesOf(doc *document) (render.Field, Errors) {
	root := render.Field{Object: doc.object("Values")}
	switch kind, ok := manifestKind(doc); {
	case !ok:
		return mapping(root), notMapping(doc)
	case kind == "IstioOperator" || kind == "Istio":
		return mapping(root.Key("spec", "values")), nil
	}
	return render.Field{}, nil
}

// meshConfigOf finds a MeshConfig: a file that is one, data.mesh of the mesh
// ConfigMap, spec.meshConfig of an IstioOperator, or meshConfig of Helm values.
func meshConfigOf(doc *document) (render.Field, Errors) {
	root := render.Field{Object: doc.object("MeshConfig")}
	switch kind, ok := manifestKind(doc); {
	case !ok:
		if f := mapping(root.Key("meshConfig")); !f.IsZero() {
			return f, nil
		}
		return mapping(root), notMapping(doc)
	case kind == "IstioOperator":
		return mapping(root.Key("spec", "meshConfig")), nil
	case kind == "Istio": // the Sail operator's
		return mapping(root.Key("spec", "values").Key("meshConfig")), nil
	case kind == "ConfigMap":
		text := root.Key("data", "mesh").Node()
		if text == nil || text.Kind != yaml.ScalarNode {
			return render.Field{}, nil
		}
		inner, errs := doc.embedded(text)
		if errs != nil {
			return render.Field{}, errs
		}
		return render.Field{Object: inner.object("MeshConfig")}, nil
	}
	return render.Field{}, nil
}

// manifestKind tells a Kubernetes manifest, by its apiVersion and kind, from
// other YAML.
func manifestKind(doc *document) (kind string, ok bool) {
	_, k := child(doc.root, render.Step{Key: "kind", Index: -1})
	_, v := child(doc.root, render.Step{Key: "apiVersion", Index: -1})
	if k == nil || v == nil {
		return "", false
	}
	return k.Value, true
}

// mapping returns f if a mapping stands there, else the zero Field.
func mapping(f render.Field) render.Field {
	if n := f.Node(); n != nil && n.Kind == yaml.MappingNode {
		return f
	}
	return render.Field{}
}

func notMapping(doc *document) Errors {
	if doc.root.Kind == yaml.MappingNode {
		return nil
	}
	return Errors{{At: doc.at(doc.root), Message: fmt.Sprintf("expected a mapping, not %s", kindOf(doc.root))}}
}
