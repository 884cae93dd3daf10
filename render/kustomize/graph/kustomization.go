package graph

import (
	"strings"

	"go.yaml.in/yaml/v3"
)

// refKind says how kustomize uses an entry.
type refKind int

const (
	fileRef   refKind = iota // a file
	baseRef                  // a file, or a directory with a kustomization
	dataRef                  // [key=]file, of a generator
	envRef                   // a file of a generator with variables
	pluginRef                // plugin configuration: inline, a file or a directory
	chartRef                 // a directory of which every file counts
)

// ref is one entry of a kustomization file, before it is resolved.
type ref struct {
	kind  refKind
	field string
	text  string
	line  int
}

// record is what a kustomization file says, independent of its place.
type record struct {
	component bool
	foreign   bool // an object of another API group in a file of this name
	refs      []ref
	helm      int    // line of the first field that runs Helm, 0 for none
	composes  bool   // makes values of parts of others
	broken    string // why the file could not be parsed, "" if it could
	unread    bool   // the file could not even be read
	lost      bool   // there is no file to read: the name is a link to nowhere, say
}

// fields maps the fields that hold plain lists of names to how they are used.
// Names are lower case: kustomize matches them without regard to case.
var fields = map[string]refKind{
	"resources":             baseRef,
	"bases":                 baseRef,
	"components":            baseRef,
	"crds":                  fileRef,
	"configurations":        fileRef,
	"patchesstrategicmerge": fileRef,
	"generators":            pluginRef,
	"transformers":          pluginRef,
	"validators":            pluginRef,
}

// maxSteps bounds the fields and items looked at in one file: aliases can make
// a small file stand for a huge one.
const maxSteps = 200_000

// parse reads a kustomization file. What counts is what kustomize decodes; the
// walk along the YAML adds the lines, and what kustomize would refuse but a
// change may mend. An empty file, and one that is no YAML, is broken; one of
// which it cannot be told what it names is unread as well.
func parse(data []byte) *record {
	r := &reader{steps: maxSteps}
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		// kustomize uses another parser, which forgives a little more.
		r.broken = err.Error()
		if k, err := decode(data, nil); err != nil || k == nil {
			return &r.record
		}
		r.broken = ""
		r.decoded(data, nil)
		return &r.record
	}
	if doc.Kind != yaml.DocumentNode {
		r.broken = "the file is empty"
		return &r.record
	}
	r.walk(doc.Content[0])
	if r.steps <= 0 {
		r.broken, r.unread = "the file has too many entries to follow", true
		return &r.record
	}
	if !plain(data) {
		r.decoded(data, &doc)
	}
	return &r.record
}

// isForeignVersion reports whether an apiVersion is that of an object that only
// shares the kind Kustomization: Flux has one of its own.
func isForeignVersion(v string) bool { return strings.HasPrefix(v, "kustomize.toolkit.fluxcd.io/") }

// reader fills a record.
type reader struct {
	record
	steps int // that are left
}

func (r *reader) walk(root *yaml.Node) {
	r.eachField(root, func(key, v *yaml.Node) {
		name := strings.ToLower(text(key))
		r.composes = r.composes || composing[name]
		if kind, ok := fields[name]; ok {
			r.eachItem(v, func(n *yaml.Node) { r.add(kind, key.Value, n) })
			return
		}
		switch name {
		case "kind":
			r.component = v.Value == "Component"
		case "apiversion":
			r.foreign = isForeignVersion(v.Value)
		case "openapi":
			r.member(key, v, fileRef, "path")
		case "patches", "patchesjson6902", "replacements":
			r.eachItem(v, func(n *yaml.Node) {
				r.add(fileRef, key.Value, n) // old files list plain names
				r.member(key, n, fileRef, "path")
			})
		case "configmapgenerator", "secretgenerator":
			r.eachItem(v, func(n *yaml.Node) {
				r.member(key, n, dataRef, "files")
				r.member(key, n, envRef, "envs", "env")
			})
		case "helmglobals", "helmcharts", "helmchartinflationgenerator":
			r.charts(key, v)
		}
	})
}

// charts adds what Helm charts name: values files, and the home of the charts.
func (r *reader) charts(key, v *yaml.Node) {
	if r.helm == 0 {
		r.helm = key.Line
	}
	if name := strings.ToLower(key.Value); name != "helmglobals" {
		r.refs = append(r.refs, ref{chartRef, key.Value, "charts", key.Line})
	}
	each := func(n *yaml.Node) {
		r.member(key, n, chartRef, "chartHome")
		r.member(key, n, fileRef, "valuesFile", "values", "additionalValuesFiles")
	}
	each(v)
	r.eachItem(v, each)
}

// member adds the entries of the named fields of the mapping n.
func (r *reader) member(key, n *yaml.Node, kind refKind, names ...string) {
	r.eachField(n, func(k, v *yaml.Node) {
		for _, name := range names {
			if strings.EqualFold(k.Value, name) {
				field := key.Value + "." + k.Value
				r.add(kind, field, v)
				r.eachItem(v, func(n *yaml.Node) { r.add(kind, field, n) })
			}
		}
	})
}

func (r *reader) add(kind refKind, field string, n *yaml.Node) {
	if n.Kind == yaml.ScalarNode && n.Value != "" {
		r.refs = append(r.refs, ref{kind, field, text(n), n.Line})
	}
}

// eachField calls f for every field of the mapping n, merged ones included.
func (r *reader) eachField(n *yaml.Node, f func(key, value *yaml.Node)) {
	n = deref(n)
	if n == nil || n.Kind != yaml.MappingNode {
		return
	}
	for i := 0; i+1 < len(n.Content) && r.steps > 0; i += 2 {
		r.steps--
		k, v := n.Content[i], deref(n.Content[i+1])
		switch {
		case v == nil:
		case k.Value == "<<":
			r.eachField(v, f)
			r.eachItem(v, func(m *yaml.Node) { r.eachField(m, f) })
		default:
			f(k, v)
		}
	}
}

// eachItem calls f for every item of the sequence n.
func (r *reader) eachItem(n *yaml.Node, f func(*yaml.Node)) {
	n = deref(n)
	if n == nil || n.Kind != yaml.SequenceNode {
		return
	}
	for i := 0; i < len(n.Content) && r.steps > 0; i++ {
		r.steps--
		if c := deref(n.Content[i]); c != nil {
			f(c)
		}
	}
}

func deref(n *yaml.Node) *yaml.Node {
	for i := 0; n != nil && n.Kind == yaml.AliasNode && i < 8; i++ {
		n = n.Alias
	}
	return n
}
