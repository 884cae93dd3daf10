//lint:file-ignore SA1019 Kustomize still renders its deprecated fields, and repositories use them.

package graph

import (
	"bytes"
	"errors"
	"io"
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
	"sigs.k8s.io/kustomize/api/types"

	"github.com/org/probe-mtls-action/render"
	"github.com/org/probe-mtls-action/render/manifest/sniff"
)

// Outline is what can be told of a root's objects without rendering it.
type Outline struct {
	// Objects are those that its files hold or its generators make, patches
	// included, as they are written: a render may change any of their values
	// but, unless Unsure or Renamed say so, not their kinds and names.
	Objects []Sketch
	// Unsure tells why the kinds of its objects cannot be told, "" if they can.
	Unsure string
	// Renamed tells that objects may have other names than they are written with.
	Renamed bool
	// Copied tells that values may be copied from one object to another.
	Copied bool
	// Manifests has the files that are there, and tells which of them only give
	// objects: a change of such a file changes no object of another one, unless
	// values are copied.
	Manifests map[string]bool
}

// Sketch is an object as a file holds it.
type Sketch struct {
	File   string // "" for one that a generator makes
	Object *render.Object
}

// Outline returns what the files of the root in dir tell of its objects. tree
// is the one that g was built of. What it cannot read it calls unsure.
func (g *Graph) Outline(tree render.Tree, dir string) *Outline {
	o := &outliner{tree: tree, steps: maxSteps, seen: map[string]bool{}}
	o.Manifests = map[string]bool{}
	n := g.nodes[dir]
	if n == nil {
		return &o.Outline
	}
	for _, m := range n.closure() {
		o.node(m)
		if o.Unsure != "" {
			break
		}
	}
	return &o.Outline
}

// outliner makes an outline.
type outliner struct {
	Outline
	tree  render.Tree
	steps int // values that may still be looked at
	seen  map[string]bool
}

func (o *outliner) unsure(why string) {
	if o.Unsure == "" {
		o.Unsure = why
	}
}

func (o *outliner) node(n *node) {
	if len(n.opaque) > 0 {
		o.unsure(n.opaque[0].At.String() + ": " + n.opaque[0].Why)
		return
	}
	if n.manifests {
		for name := range n.own {
			if sniff.Names(name) {
				o.file(name, []Edge{{Field: "resources"}})
			}
		}
		return
	}
	for _, name := range kustomizationFiles(n.dir) {
		o.kustomization(name)
	}
	uses := map[string][]Edge{}
	for name, id := range n.own {
		if id < 0 {
			o.Manifests[name] = false
			continue
		}
		uses[name] = append(uses[name], n.edges[id])
	}
	for _, e := range n.edges {
		uses[e.To] = append(uses[e.To], e)
	}
	for _, name := range sortedUses(uses) {
		o.file(name, uses[name])
	}
}

func sortedUses(m map[string][]Edge) []string {
	names := make([]string, 0, len(m))
	for n := range m {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

// file looks at a file that is named by entries of a kustomization.
func (o *outliner) file(name string, uses []Edge) {
	plain, data := true, true
	for _, e := range uses {
		field := strings.ToLower(e.Field)
		plain = plain && (field == "resources" || field == "bases")
		data = data && (e.kind == dataRef || e.kind == envRef)
	}
	info, err := o.tree.Stat(name)
	if err != nil {
		return
	}
	if was, known := o.Manifests[name]; known {
		plain = plain && was
	}
	o.Manifests[name] = plain && !info.IsDir()
	if data || info.IsDir() || o.seen[name] || isKustomizationFile(path.Base(name)) {
		return
	}
	o.seen[name] = true
	text, err := readBounded(o.tree, name)
	if err != nil {
		o.unsure(name + ": " + err.Error())
		return
	}
	o.documents(name, text)
}

// documents looks at every document of a manifest or patch.
func (o *outliner) documents(file string, text []byte) {
	dec := yaml.NewDecoder(bytes.NewReader(text))
	for {
		var doc yaml.Node
		err := dec.Decode(&doc)
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			o.unsure(file + ": " + err.Error())
			return
		}
		root := o.flat(&doc)
		switch {
		case o.steps <= 0:
			o.unsure(file + ": too many values")
			return
		case root.Kind == yaml.MappingNode:
			o.object(file, root)
		case root.Kind == yaml.SequenceNode:
			o.operations(file, root)
		}
	}
}

// flat returns a copy of n without document, aliases and merge keys.
func (o *outliner) flat(n *yaml.Node) *yaml.Node {
	if o.steps--; o.steps <= 0 {
		return &yaml.Node{}
	}
	switch {
	case n.Kind == yaml.AliasNode:
		return o.flat(n.Alias)
	case n.Kind == yaml.DocumentNode && len(n.Content) == 1:
		return o.flat(n.Content[0])
	}
	out := &yaml.Node{Kind: n.Kind, Tag: n.Tag, Value: n.Value, Style: n.Style, Line: n.Line, Column: n.Column}
	if n.Kind != yaml.MappingNode {
		for _, c := range n.Content {
			out.Content = append(out.Content, o.flat(c))
		}
		return out
	}
	r := &reader{steps: o.steps}
	r.eachField(n, func(key, value *yaml.Node) {
		out.Content = append(out.Content, o.flat(key), o.flat(value))
	})
	o.steps = min(o.steps, r.steps)
	return out
}

// object adds the object, or the items of the list, that n is.
func (o *outliner) object(file string, n *yaml.Node) {
	var obj render.Object
	var version string
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		to := map[string]*string{"kind": &obj.Kind, "apiVersion": &version}[key.Value]
		switch {
		case key.Kind != yaml.ScalarNode || key.ShortTag() != "!!str":
			o.unsure(file + ": a key is not a plain string")
		case to == nil:
		case value.Kind != yaml.ScalarNode || value.ShortTag() != "!!str" || *to != "":
			o.unsure(file + ": " + key.Value + " is not one plain string")
		default:
			*to = value.Value
		}
	}
	obj.Node = n
	if items := obj.At(render.PathOf("items")); items != nil && strings.HasSuffix(obj.Kind, "List") {
		for _, item := range items.Content {
			if item.Kind == yaml.MappingNode {
				o.object(file, item)
			}
		}
		return
	}
	if obj.Kind == "" {
		return // kustomize refuses it, or it is the schema of a transformer
	}
	obj.Group, obj.Version = "", version
	if group, v, ok := strings.Cut(version, "/"); ok {
		obj.Group, obj.Version = group, v
	}
	obj.Name, obj.Namespace = scalarAt(&obj, "metadata", "name"), scalarAt(&obj, "metadata", "namespace")
	obj.Authored = obj.Ref
	o.Objects = append(o.Objects, Sketch{file, &obj})
}

func scalarAt(obj *render.Object, keys ...string) string {
	if n := obj.At(render.PathOf(keys...)); n != nil && n.Kind == yaml.ScalarNode {
		return n.Value
	}
	return ""
}

// operations looks at a JSON 6902 patch.
func (o *outliner) operations(file string, list *yaml.Node) {
	for _, op := range list.Content {
		for i := 0; op.Kind == yaml.MappingNode && i+1 < len(op.Content); i += 2 {
			if !strings.EqualFold(text(op.Content[i]), "path") {
				continue
			}
			o.writes(file, strings.TrimPrefix(text(op.Content[i+1]), "/"))
		}
	}
}

// writes notes that something is written to the field at path, whose parts are
// separated by slashes or dots.
func (o *outliner) writes(file, path string) {
	switch low := strings.ReplaceAll(strings.ToLower(path), "/", "."); {
	case path == "" || strings.HasPrefix(low, "kind") || strings.HasPrefix(low, "apiversion") || strings.HasPrefix(low, "[") || strings.HasPrefix(low, "\\"):
		o.unsure(file + ": it may change the kind of objects")
	case low == "metadata" || low == "metadata.name":
		o.Renamed = true
	}
}

// kustomization notes what a kustomization file does to objects.
func (o *outliner) kustomization(name string) {
	info, err := o.tree.Stat(name)
	if err != nil || info.IsDir() {
		return
	}
	data, err := readBounded(o.tree, name)
	if err != nil {
		o.unsure(name + ": " + err.Error())
		return
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		o.unsure(name + ": " + err.Error())
		return
	}
	k, err := decode(data, &doc)
	if err != nil {
		o.unsure(name + ": " + err.Error())
		return
	}
	switch {
	case len(k.Generators)+len(k.Transformers) > 0:
		o.unsure(name + ": generators and transformers may make any object")
	case len(k.Configurations) > 0:
		o.unsure(name + ": configurations may let a transformer change any field")
	}
	o.Renamed = o.Renamed || k.NamePrefix != "" || k.NameSuffix != ""
	o.Copied = o.Copied || len(k.Replacements)+len(k.Vars) > 0
	o.patches(name, k)
	for _, r := range k.Replacements {
		if r.Path != "" {
			o.unsure(name + ": a file of replacements may change any field")
		}
		for _, t := range r.Targets {
			if t == nil {
				continue
			}
			for _, p := range t.FieldPaths {
				o.writes(name, p)
			}
		}
	}
	for _, g := range k.ConfigMapGenerator {
		o.generated("ConfigMap", g.GeneratorArgs)
	}
	for _, g := range k.SecretGenerator {
		o.generated("Secret", g.GeneratorArgs)
	}
}

func (o *outliner) patches(name string, k *types.Kustomization) {
	all := append(slices.Clone(k.Patches), k.PatchesJson6902...)
	for _, p := range all {
		if p.Options != nil && p.Options.AllowKindChange {
			o.unsure(name + ": a patch may change the kind of objects")
		}
		o.Renamed = o.Renamed || p.Options != nil && p.Options.AllowNameChange
		o.documents("", []byte(p.Patch))
	}
	for _, p := range k.PatchesStrategicMerge {
		if strings.ContainsAny(string(p), "\n{") {
			o.documents("", []byte(p))
		}
	}
}

// generated adds an object that a generator makes. The hash that its name may
// end in is not known.
func (o *outliner) generated(kind string, g types.GeneratorArgs) {
	ref := render.Ref{Version: "v1", Kind: kind, Namespace: g.Namespace, Name: g.Name}
	node := &yaml.Node{Kind: yaml.MappingNode}
	o.Objects = append(o.Objects, Sketch{Object: &render.Object{Ref: ref, Authored: ref, Node: node}})
}
