package kustomize

import (
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/org/probe-mtls-action/render"
)

// restorer puts the original values back into the objects of a build and notes
// where each of them came from.
type restorer struct {
	build *build
	// inText is true when sentinels for integers may stand inside longer text.
	inText bool
	marks  map[*yaml.Node]*candidate
	// leaked is true when a sentinel came out where it changes more than the
	// value: in data that a name's hash may be made of, or in a key.
	leaked bool
}

// restore makes objects of the build's resources. It reports false when the
// build cannot stand for a plain one.
func (t *tracer) restore(b *build, sentinels bool) bool {
	rs := &restorer{build: b, marks: map[*yaml.Node]*candidate{}}
	t.build = b
	rs.inText = t.replaces()
	for _, f := range b.view.reads {
		if sentinels && b.view.collides(f) {
			return false
		}
	}
	for _, res := range b.resources.Resources() {
		n := unalias(res.YNode())
		o := &render.Object{Root: t.root, Node: n, Tracer: t}
		src := b.view.object(takeKey(n, sourceKey))
		stripInternal(n)
		if sentinels {
			secret := child(n, "kind") != nil && (scalarAt(n, "kind") == "ConfigMap" || scalarAt(n, "kind") == "Secret")
			rs.object(n, secret)
		}
		o.Ref = refOf(n)
		o.Authored = o.Ref
		if src != nil {
			o.Authored = refOf(src.node)
		} else {
			o.Authored = t.generated(b, o.Ref)
		}
		t.index[o] = len(t.objects)
		t.sources[o] = src
		t.objects = append(t.objects, o)
	}
	t.marks = rs.marks
	return !rs.leaked
}

// collides reports whether a number in f could be taken for the sentinel of a
// file of this build.
func (v *view) collides(f *file) bool {
	for _, n := range f.numbers() {
		if c := v.ids.get(n); c != nil && v.isRead[c.file] {
			return true
		}
	}
	return false
}

func (rs *restorer) object(n *yaml.Node, hasData bool) {
	for i := 0; i+1 < len(n.Content); i += 2 {
		before := len(rs.marks)
		rs.value(n.Content[i+1])
		switch n.Content[i].Value {
		case "data", "stringData", "binaryData":
			rs.leaked = rs.leaked || hasData && len(rs.marks) != before
		}
	}
}

func (rs *restorer) value(n *yaml.Node) {
	switch n.Kind {
	case yaml.ScalarNode:
		rs.scalar(n)
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			if strings.Contains(n.Content[i].Value, rs.build.view.ids.salt) {
				rs.leaked = true
			}
			rs.value(n.Content[i+1])
		}
	case yaml.SequenceNode:
		for _, c := range n.Content {
			rs.value(c)
		}
	}
}

func (rs *restorer) scalar(n *yaml.Node) {
	c, whole := rs.build.view.ids.in(n.Value, rs.inText)
	if c == nil || !rs.build.view.isRead[c.file] {
		return
	}
	rs.marks[n] = c
	if !whole {
		n.Value = rs.build.view.ids.restoreText(n.Value)
		return
	}
	n.Value = c.value
	if n.Tag == "!!str" && n.Style == 0 && needsQuotes(c.value) {
		n.Style = yaml.DoubleQuotedStyle
	}
	if c.tag == "!!int" && n.ShortTag() != "!!int" {
		n.Value = decimal(c.value)
	}
}

// needsQuotes reports whether the text would not be text to a reader of plain
// YAML 1.1 or 1.2.
func needsQuotes(text string) bool {
	plain := yaml.Node{Kind: yaml.ScalarNode, Value: text}
	return boolean.MatchString(text) || plain.ShortTag() != "!!str"
}

// in returns the candidate whose sentinel stands in text, and whether the text
// is nothing but the sentinel.
func (s *sentinels) in(text string, numbersToo bool) (c *candidate, whole bool) {
	if len(text) == 6 {
		if id, err := strconv.Atoi(text); err == nil && id >= firstID {
			return s.get(id), true
		}
	}
	if strings.Contains(text, s.salt) {
		m := s.text.FindStringSubmatch(text)
		if m != nil {
			id, _ := strconv.Atoi(m[1])
			return s.get(id), len(m[0]) == len(text)
		}
	}
	if numbersToo {
		if m := number.FindString(text); m != "" {
			id, _ := strconv.Atoi(m)
			return s.get(id), false
		}
	}
	return nil, false
}

// restoreText puts the original values back into a longer text.
func (s *sentinels) restoreText(text string) string {
	put := func(id string, original string) string {
		n, _ := strconv.Atoi(id)
		if c := s.get(n); c != nil {
			return decimal(c.value)
		}
		return original
	}
	text = s.text.ReplaceAllStringFunc(text, func(m string) string { return put(m[len(s.salt):len(m)-1], m) })
	return number.ReplaceAllStringFunc(text, func(m string) string { return put(m, m) })
}

// decimal returns the integer text in decimal, as kustomize prints it where it
// becomes part of a text.
func decimal(v string) string {
	var i int64
	if n := (yaml.Node{Kind: yaml.ScalarNode, Value: v}); n.ShortTag() == "!!int" && n.Decode(&i) == nil {
		return strconv.FormatInt(i, 10)
	}
	return v
}

// takeKey removes the entry of key from the mapping n and returns its value. A
// comment above it goes to the entry that follows, where it was before.
func takeKey(n *yaml.Node, key string) string {
	for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			v := n.Content[i+1].Value
			if head := n.Content[i].HeadComment; head != "" && i+2 < len(n.Content) {
				n.Content[i+2].HeadComment = head
			}
			n.Content = append(n.Content[:i], n.Content[i+2:]...)
			return v
		}
	}
	return ""
}

// stripInternal removes annotations by which kustomize keeps its own books.
func stripInternal(n *yaml.Node) {
	a := child(child(n, "metadata"), "annotations")
	if a == nil || a.Kind != yaml.MappingNode {
		return
	}
	kept := a.Content[:0]
	for i := 0; i+1 < len(a.Content); i += 2 {
		if !strings.HasPrefix(a.Content[i].Value, "internal.config.kubernetes.io/") {
			kept = append(kept, a.Content[i], a.Content[i+1])
		}
	}
	a.Content = kept
}

// unalias replaces aliases below n by copies of what they stand for, and drops
// anchors.
func unalias(n *yaml.Node) *yaml.Node {
	if n == nil {
		return nil
	}
	if n.Kind == yaml.AliasNode {
		return clone(n.Alias)
	}
	n.Anchor = ""
	for i, c := range n.Content {
		n.Content[i] = unalias(c)
	}
	return n
}

func clone(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return clone(n.Alias)
	}
	c := *n
	c.Anchor, c.Content = "", make([]*yaml.Node, len(n.Content))
	for i, ch := range n.Content {
		c.Content[i] = clone(ch)
	}
	return &c
}

// generated returns the identity that a generator gives to the object ref, or
// ref itself.
func (t *tracer) generated(b *build, ref render.Ref) render.Ref {
	best := ref
	found := ""
	for _, f := range b.view.reads {
		if b.view.roles[f.name]&roleKustomization == 0 {
			continue
		}
		k := f.kustomization()
		add := func(kind, name, namespace string) {
			if ref.Kind == kind && name != "" && strings.Contains(ref.Name, name) && len(name) > len(found) {
				found = name
				best = render.Ref{Version: "v1", Kind: kind, Name: name, Namespace: namespace}
			}
		}
		for _, g := range k.ConfigMapGenerator {
			add("ConfigMap", g.Name, g.Namespace)
		}
		for _, g := range k.SecretGenerator {
			add("Secret", g.Name, g.Namespace)
		}
	}
	return best
}
