package kustomize

import (
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/org/probe-mtls-action/render"
	"github.com/org/probe-mtls-action/render/source"
	"github.com/org/probe-mtls-action/render/source/yamldoc"
)

// document is one YAML document that takes part in renders: of a resource or
// patch file, the kustomization file itself, or a patch inside it.
type document struct {
	file *file
	doc  *yamldoc.Doc
	kind render.OriginKind
	// inText is true for a document that is a text value of another one.
	inText bool
	// lost is the place of the text where the places in it are not known; then
	// there are no roots.
	lost source.Span
	// roots are the values whose fields become fields of objects: the
	// document's own value, the items of a List, the values of JSON 6902
	// operations.
	roots []*site
}

// place returns where the document begins.
func (d *document) place() source.Span {
	if !d.lost.IsZero() {
		return d.lost
	}
	at := 0
	if d.doc.Root != nil {
		at = max(d.doc.Start(first(d.doc.Root)), 0)
	}
	return d.doc.Text.Span(at, at)
}

// first returns the first node with text of its own at or below n.
func first(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.MappingNode && len(n.Content) > 0 && n.Style&yaml.FlowStyle == 0 {
		return n.Content[0]
	}
	return n
}

// site is one value of a document.
type site struct {
	document *document
	parent   *site
	key      *yaml.Node // the key that holds the value; nil for roots and list items
	item     int        // index in the list that holds the value, or -1
	node     *yaml.Node
	// Of roots only: what stands in front of the value's own keys.
	prefix []string
	// pointer is the path of the JSON 6902 operation whose value this is.
	pointer *yaml.Node
	// test is true for the value of a JSON 6902 test, which only compares.
	test bool
}

// keys returns the keys that lead to s, list indexes left out.
func (s *site) keys() []string {
	n := 0
	for p := s; p != nil; p = p.parent {
		if p.key != nil {
			n++
		}
		n += len(p.prefix)
	}
	out := make([]string, n)
	for p := s; p != nil; p = p.parent {
		if p.key != nil {
			n--
			out[n] = p.keyName()
		}
		n -= len(p.prefix)
		copy(out[n:], p.prefix)
	}
	return out
}

// settingNames are the fields of kustomizations and plugins that matter here, by
// their lower-case names: kustomize takes them in any case.
var settingNames = func() map[string]string {
	names := map[string]string{}
	for _, name := range []string{
		"annotations", "commonAnnotations", "commonLabels", "configMapGenerator", "fields", "fieldSpecs", "generatorOptions",
		"generators", "imageTags", "images", "labels", "literals", "namePrefix", "nameSuffix", "namespace", "options", "patch",
		"patches", "patchesJson6902", "patchesStrategicMerge", "replacements", "replicas", "secretGenerator", "sourceValue",
		"transformers", "validators", "vars",
	} {
		names[strings.ToLower(name)] = name
	}
	return names
}()

// keyName returns the key that holds s, as kustomize spells it.
func (s *site) keyName() string {
	if s.document.kind == render.FromTransformer {
		if name := settingNames[strings.ToLower(s.key.Value)]; name != "" {
			return name
		}
	}
	return s.key.Value
}

// name returns the key that s is known by in the object: its own or the last
// of the operation's path.
func (s *site) name() string {
	if s.key != nil {
		return s.keyName()
	}
	if len(s.prefix) > 0 {
		return s.prefix[len(s.prefix)-1]
	}
	return ""
}

// anchored reports whether s lies in a value that aliases may stand for.
func (s *site) anchored() bool {
	for ; s != nil; s = s.parent {
		if s.node.Anchor != "" {
			return true
		}
	}
	return false
}

// root returns the root that s lies below.
func (s *site) root() *site {
	for s.parent != nil {
		s = s.parent
	}
	return s
}

// kind returns the origin of the values at s.
func (s *site) kind() render.OriginKind {
	if s.document.kind != render.FromTransformer {
		return s.document.kind
	}
	keys := s.keys()
	if len(keys) > 0 {
		switch keys[0] {
		case "configMapGenerator", "secretGenerator", "generatorOptions", "literals":
			return render.FromGenerator
		case "replacements", "vars":
			return render.FromReplacement
		}
	}
	return render.FromTransformer
}

// walk calls f for s and all values below it, where they stand: aliases are not
// followed.
func (s *site) walk(f func(*site)) {
	f(s)
	switch s.node.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(s.node.Content); i += 2 {
			c := &site{document: s.document, parent: s, key: s.node.Content[i], item: -1, node: s.node.Content[i+1]}
			c.walk(f)
		}
	case yaml.SequenceNode:
		for i, n := range s.node.Content {
			c := &site{document: s.document, parent: s, item: i, node: n}
			c.walk(f)
		}
	}
}

// child returns the site of key below s, nil where there is none.
func (s *site) child(key string) *site {
	if s == nil {
		return nil
	}
	n := deref(s.node)
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return &site{document: s.document, parent: s, key: n.Content[i], item: -1, node: n.Content[i+1]}
		}
	}
	return nil
}

// documents returns the documents of f in the given role.
func (f *file) documents(r role) []*document {
	switch {
	case r&roleKustomization != 0:
		r = roleKustomization
	case r&rolePlugin != 0:
		r = rolePlugin
	case r&roleReplacement != 0:
		r = roleReplacement
	case r&rolePatch != 0:
		r = rolePatch
	case r&roleResource != 0:
		r = roleResource
	default:
		return nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if docs, ok := f.documentsOf[r]; ok {
		return docs
	}
	docs := f.newDocuments(r)
	if f.documentsOf == nil {
		f.documentsOf = map[role][]*document{}
	}
	f.documentsOf[r] = docs
	return docs
}

func (f *file) newDocuments(r role) []*document {
	var out []*document
	switch r {
	case roleResource:
		for _, d := range f.parse() {
			doc := &document{file: f, doc: d, kind: render.FromResource}
			doc.addObjects(d.Root)
			out = append(out, doc)
		}
	case rolePatch:
		for _, d := range f.parse() {
			out = append(out, f.patch(d))
		}
	case roleKustomization:
		if k := f.kustomization(); k.doc != nil && k.doc.Root != nil {
			out = f.configuration(k.doc, kustomizationTexts)
		}
	case rolePlugin:
		for _, d := range f.parse() {
			out = append(out, f.configuration(d, pluginTexts)...)
		}
	case roleReplacement:
		for _, d := range f.parse() {
			if d.Root != nil {
				doc := &document{file: f, doc: d, kind: render.FromTransformer}
				doc.roots = []*site{{document: doc, item: -1, node: d.Root, prefix: []string{"replacements"}}}
				out = append(out, doc)
			}
		}
	}
	return out
}

// addObjects makes roots of the object n or, where n is a list of objects, of
// its items.
func (d *document) addObjects(n *yaml.Node) {
	n = deref(n)
	if n == nil || n.Kind != yaml.MappingNode {
		return
	}
	if items := child(n, "items"); items != nil && items.Kind == yaml.SequenceNode && strings.HasSuffix(scalarAt(n, "kind"), "List") {
		for _, item := range items.Content {
			d.addObjects(item)
		}
		return
	}
	d.roots = append(d.roots, &site{document: d, item: -1, node: n})
}

// patch reads d as a strategic merge patch or a list of JSON 6902 operations.
func (f *file) patch(d *yamldoc.Doc) *document {
	doc := &document{file: f, doc: d, kind: render.FromPatch}
	if d.Root == nil || d.Root.Kind != yaml.SequenceNode {
		doc.addObjects(d.Root)
		return doc
	}
	for _, op := range d.Root.Content {
		pointer, value := child(op, "path"), child(op, "value")
		if pointer == nil || value == nil {
			continue
		}
		doc.roots = append(doc.roots, &site{
			document: doc, item: -1, node: value,
			prefix: pointerKeys(pointer.Value), pointer: pointer, test: scalarAt(op, "op") == "test",
		})
	}
	return doc
}

// pointerKeys splits a JSON pointer (RFC 6901).
func pointerKeys(p string) []string {
	keys := strings.Split(strings.TrimPrefix(p, "/"), "/")
	for i, k := range keys {
		keys[i] = strings.ReplaceAll(strings.ReplaceAll(k, "~1", "/"), "~0", "~")
	}
	return keys
}

// textKind says what the text in a field is.
type textKind uint8

const (
	patchText textKind = iota + 1
	pluginText
)

// kustomizationTexts and pluginTexts are the fields whose text is a document,
// by their path without indexes.
var (
	kustomizationTexts = map[string]textKind{
		"patches.patch": patchText, "patchesJson6902.patch": patchText, "patchesStrategicMerge": patchText,
		"generators": pluginText, "transformers": pluginText, "validators": pluginText,
	}
	pluginTexts = map[string]textKind{
		"patch": patchText, "patches": patchText, "paths": patchText, "jsonOp": patchText,
	}
)

// configuration returns the document of a kustomization or plugin file and
// those that stand as text inside it.
func (f *file) configuration(d *yamldoc.Doc, texts map[string]textKind) []*document {
	if d.Root == nil {
		return nil
	}
	own := &document{file: f, doc: d, kind: render.FromTransformer}
	own.roots = []*site{{document: own, item: -1, node: d.Root}}
	out := []*document{own}
	if _, err := d.CheckSize(0, f.store.limits.Nodes, f.store.limits.Depth); err != nil {
		return out
	}
	own.roots[0].walk(func(s *site) {
		if s.node.Kind != yaml.ScalarNode {
			return
		}
		kind := texts[strings.Join(s.keys(), ".")]
		if kind == 0 || !isInline(s.node.Value) {
			return
		}
		text, ok := d.Value(s.node)
		if !ok {
			text = yamldoc.Whole(source.NewFile(f.name, []byte(s.node.Value)))
		}
		inner, _ := yamldoc.ParseAll(trim(text))
		for _, doc := range inner {
			from := len(out)
			if kind == pluginText {
				out = append(out, f.configuration(doc, pluginTexts)...)
			} else {
				out = append(out, f.patch(doc))
			}
			for _, in := range out[from:] {
				if in.inText = true; !ok {
					in.lost, in.roots = nodeSpan(d, s.node), nil
				}
			}
		}
	})
	return out
}

// trim cuts the white space around t, as kustomize does with patches.
func trim(t yamldoc.Text) yamldoc.Text {
	left := len(t.String) - len(strings.TrimLeft(t.String, " \t\r\n"))
	right := len(strings.TrimRight(t.String, " \t\r\n"))
	return t.Slice(left, max(left, right))
}
