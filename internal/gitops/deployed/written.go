package deployed

import (
	"context"
	"encoding/json"
	"slices"
	"sort"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/org/probe-mtls-action/internal/gitops"
	"github.com/org/probe-mtls-action/render"
	"github.com/org/probe-mtls-action/render/source"
	"github.com/org/probe-mtls-action/render/source/yamldoc"
)

// written is a kustomization that is written for a deployer, and knows for each
// scalar in it the field of the deployer that it comes from.
type written struct {
	file  *source.File
	parts []part // by offset
}

// part is a scalar of the file, or a key.
type part struct {
	start, end int
	value      yamldoc.Text
	from       render.Field
	key        bool // the key of from, not its value
}

// writer writes block YAML, each scalar in double quotes on a line of its own.
type writer struct {
	b     strings.Builder
	parts []part
}

func (w *writer) indent(depth int) { w.b.WriteString(strings.Repeat("  ", depth)) }

// scalar writes a value; from is zero for what no field gave.
func (w *writer) scalar(n *yaml.Node, from render.Field, key bool) {
	start := w.b.Len()
	switch n.ShortTag() {
	case "!!int", "!!bool", "!!null", "!!float":
		w.b.WriteString(n.Value)
		if n.Value == "" {
			w.b.WriteString("null")
		}
	default:
		w.b.WriteString(quoted(n.Value))
	}
	if !from.IsZero() {
		w.parts = append(w.parts, part{start: start, end: w.b.Len(), from: from, key: key})
	}
}

// quoted writes s as a double-quoted scalar of YAML.
func quoted(s string) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(s)
	return strings.TrimSuffix(b.String(), "\n")
}

// value writes a value after its key or dash. from is where it comes from: for
// each value in it the counterpart, as far as there is one.
func (w *writer) value(n *yaml.Node, from render.Field, depth int) {
	switch {
	case n.Kind == yaml.AliasNode:
		w.value(n.Alias, from, depth)
	case n.Kind == yaml.MappingNode && len(n.Content) > 0:
		w.b.WriteString("\n")
		for i := 0; i+1 < len(n.Content); i += 2 {
			w.indent(depth)
			f := below(from, from.Key(n.Content[i].Value))
			w.scalar(text(n.Content[i].Value), f, f.Path != nil && !sameField(f, from))
			w.b.WriteString(": ")
			w.value(n.Content[i+1], f, depth+1)
		}
	case n.Kind == yaml.SequenceNode && len(n.Content) > 0:
		w.b.WriteString("\n")
		for i, c := range n.Content {
			w.indent(depth)
			w.b.WriteString("- ")
			w.value(c, below(from, from.Item(i)), depth+1)
		}
	case n.Kind == yaml.MappingNode:
		w.b.WriteString("{}\n")
	case n.Kind == yaml.SequenceNode:
		w.b.WriteString("[]\n")
	default:
		w.scalar(n, from, false)
		w.b.WriteString("\n")
	}
}

func text(s string) *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s} }

func sameField(a, b render.Field) bool { return a.Object == b.Object && len(a.Path) == len(b.Path) }

// below returns f where it has a value, else from.
func below(from, f render.Field) render.Field {
	if from.IsZero() || f.Node() == nil {
		return from
	}
	return f
}

// finish parses what was written.
func (w *writer) finish(name string) *written {
	out := &written{file: source.NewFile(name, []byte(w.b.String())), parts: w.parts}
	doc, err := yamldoc.Parse(yamldoc.Whole(out.file))
	if err != nil || doc.Root == nil {
		return out
	}
	var walk func(n *yaml.Node)
	walk = func(n *yaml.Node) {
		if s, ok := doc.Scalar(n); ok {
			if i := out.partAt(s.Start); i >= 0 {
				out.parts[i].value, _ = doc.Value(n)
			}
		}
		for _, c := range n.Content {
			walk(c)
		}
	}
	walk(doc.Root)
	return out
}

// partAt returns the index of the part that holds the offset, -1 for none.
func (k *written) partAt(offset int) int {
	i := sort.Search(len(k.parts), func(i int) bool { return k.parts[i].end > offset })
	if i < len(k.parts) && k.parts[i].start <= offset {
		return i
	}
	return -1
}

// place returns where the text at s, which stands in the written file, comes
// from. inner finds the text of a scalar in the sources, for what stands within
// one.
func (k *written) place(ctx context.Context, s source.Span, files *files) (source.Span, bool) {
	start, end := k.file.Offset(s.Start), k.file.Offset(s.End)
	i := k.partAt(start)
	if i < 0 {
		return source.Span{}, false
	}
	p := k.parts[i]
	origin, err := p.from.Object.Trace(ctx, p.from.Path)
	if err != nil {
		return source.Span{}, false
	}
	if p.key && !origin.Key.IsZero() {
		return origin.Key, origin.Exact
	}
	if start == p.start && end >= p.end-1 || p.value.File == nil {
		return origin.Span, origin.Exact
	}
	whole, ok := files.scalar(origin.Span)
	if !ok || whole.String != p.value.String {
		return origin.Span, false
	}
	from, to := indexOf(p.value, start), indexOf(p.value, end)
	return whole.Span(from, max(from, to)), origin.Exact
}

// indexOf returns the index in t of the byte that stands at the offset.
func indexOf(t yamldoc.Text, offset int) int {
	return sort.Search(len(t.String), func(i int) bool { return t.Offset(i) >= offset })
}

// files are the source files in which scalars are looked for.
type files struct {
	tree render.Tree
	docs map[string][]*yamldoc.Doc
}

// scalar returns the text of the scalar that stands at s.
func (f *files) scalar(s source.Span) (yamldoc.Text, bool) {
	docs, ok := f.docs[s.File]
	if !ok {
		if data, err := f.tree.ReadFile(s.File); err == nil {
			docs, _ = yamldoc.ParseAll(yamldoc.Whole(source.NewFile(s.File, data)))
		}
		if f.docs == nil {
			f.docs = make(map[string][]*yamldoc.Doc)
		}
		f.docs[s.File] = docs
	}
	for _, d := range docs {
		if d.Root == nil {
			continue
		}
		if n := scalarAt(d, d.Root, s); n != nil {
			return d.Value(n)
		}
	}
	return yamldoc.Text{}, false
}

func scalarAt(d *yamldoc.Doc, n *yaml.Node, at source.Span) *yaml.Node {
	if s, ok := d.Scalar(n); ok && d.Text.Span(s.Start, s.End).Start == at.Start {
		return n
	}
	for _, c := range n.Content {
		if found := scalarAt(d, c, at); found != nil {
			return found
		}
	}
	return nil
}

// write writes the kustomization at name: it takes resources and adds what the
// deployer's options say. components are relative to the file.
func write(name string, resources []string, components []gitops.Text, o *gitops.Options) *written {
	w := &writer{}
	w.b.WriteString("apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:")
	w.value(list(resources), render.Field{}, 0)
	if len(components) > 0 {
		w.b.WriteString("components:\n")
		for _, c := range components {
			w.b.WriteString("- ")
			w.scalar(text(c.Value), c.From, false)
			w.b.WriteString("\n")
		}
	}
	var keys []string
	for _, s := range o.Settings {
		if !slices.Contains(keys, s.Key) {
			keys = append(keys, s.Key)
		}
	}
	for _, key := range keys {
		w.setting(key, o.Settings)
	}
	return w.finish(name)
}

func list(all []string) *yaml.Node {
	n := &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq"}
	for _, s := range all {
		n.Content = append(n.Content, text(s))
	}
	return n
}

// setting writes the settings of a key: one value, or the items of all lists.
func (w *writer) setting(key string, all []gitops.Setting) {
	first := true
	for _, s := range all {
		if s.Key != key {
			continue
		}
		value := s.Value
		switch key {
		case "patchesStrategicMerge":
			value = inline(value, func(c *yaml.Node) *yaml.Node { return c })
		case "patchesJson6902":
			value = inlinePatches(value)
		}
		if first {
			w.scalar(text(key), s.From, true)
			w.b.WriteString(": ")
		}
		if value.Kind == yaml.SequenceNode && !first && len(value.Content) > 0 {
			for i, c := range value.Content {
				w.b.WriteString("  - ")
				w.value(c, below(s.From, s.From.Item(i)), 2)
			}
			continue
		}
		if first {
			w.value(value, s.From, 1)
		}
		first = false
	}
}

// inline makes texts of objects, as kustomize wants patches.
func inline(n *yaml.Node, pick func(*yaml.Node) *yaml.Node) *yaml.Node {
	out := *n
	out.Content = nil
	for _, c := range n.Content {
		c = pick(c)
		if c.Kind != yaml.ScalarNode {
			c = text(encoded(c))
		}
		out.Content = append(out.Content, c)
	}
	return &out
}

// inlinePatches makes texts of the operations of JSON 6902 patches.
func inlinePatches(n *yaml.Node) *yaml.Node {
	out := *n
	out.Content = nil
	for _, c := range n.Content {
		e := *c
		e.Content = slices.Clone(c.Content)
		for i := 0; i+1 < len(e.Content); i += 2 {
			if e.Content[i].Value == "patch" && e.Content[i+1].Kind == yaml.SequenceNode {
				e.Content[i+1] = text(encoded(e.Content[i+1]))
			}
		}
		out.Content = append(out.Content, &e)
	}
	return &out
}

func encoded(n *yaml.Node) string {
	b, err := yaml.Marshal(n)
	if err != nil {
		return strconv.Quote(n.Value)
	}
	return string(b)
}
