package kustomize

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/org/probe-mtls-action/render"
	"github.com/org/probe-mtls-action/render/trace"
)

// markable lists the candidates that the marked render changes all at once:
// those that decide about nothing but values.
func (t *tracer) markable() []*candidate {
	var out []*candidate
	v := t.build.view
	for _, f := range v.reads {
		r := v.roles[f.name]
		if r&roleData != 0 {
			continue // the bytes themselves are data
		}
		for _, d := range f.documents(r) {
			for _, root := range d.roots {
				if root.test || scalarAt(root.node, "kind") == "CustomResourceDefinition" {
					continue
				}
				root.walk(func(s *site) {
					if s.node.Kind != yaml.ScalarNode || !s.isValue() {
						return
					}
					if c := candidateAt(s); c != nil && c.markable() && !v.binds(c) {
						out = append(out, c)
					}
				})
			}
		}
	}
	return out
}

// isValue reports whether the scalar at s is a value of objects and not an
// instruction to kustomize or something that a name's hash may be made of.
func (s *site) isValue() bool {
	keys := s.keys()
	n := len(keys)
	if n == 0 || strings.Contains(keys[n-1], "config.kubernetes.io/") || strings.Contains(keys[n-1], "config.k8s.io/") {
		return false
	}
	if s.document.kind != render.FromTransformer {
		return keys[0] != "data" && keys[0] != "stringData" && keys[0] != "binaryData" && keys[0] != "type"
	}
	switch keys[0] {
	case "replacements":
		return keys[n-1] == "sourceValue"
	case "images":
		return keys[n-1] == "newTag" || keys[n-1] == "digest"
	case "labels", "commonLabels", "commonAnnotations", "annotations", "generatorOptions", "configMapGenerator", "secretGenerator":
		return n > 1 && !slices.Contains(keys, "fieldSpecs") && slices.Contains([]string{"labels", "annotations", "commonLabels", "commonAnnotations", "pairs"}, keys[n-2])
	}
	return false
}

// markable reports whether a sentinel can stand for c among many others.
func (c *candidate) markable() bool {
	if c.block || c.part || strings.Contains(c.value, "$(") {
		return false
	}
	switch c.tag {
	case "!!int", "!!float":
		return true
	case "!!str":
		return c.site.node.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle|yaml.TaggedStyle) != 0 || !boolean.MatchString(c.value)
	}
	return false
}

// binds reports whether changing the candidate may change which objects or
// list items kustomize brings together.
func (v *view) binds(c *candidate) bool {
	if c.site == nil {
		return false
	}
	switch name := c.site.name(); name {
	case "apiVersion", "kind", "name", "namespace", "image":
		return true
	case "namePrefix", "nameSuffix":
		return c.site.document.kind == render.FromTransformer
	default:
		return v.selectors[name] || strings.HasPrefix(name, "$") || mergeKeys[name] && c.site.inItem()
	}
}

// inItem reports whether s is a field of a list item.
func (s *site) inItem() bool {
	if s.parent != nil {
		return s.parent.item >= 0 || s.parent.parent == nil && s.parent.isItem(len(s.parent.prefix))
	}
	return s.isItem(len(s.prefix) - 1)
}

// isItem reports whether the first n keys of a JSON pointer lead to a list item.
func (s *site) isItem(n int) bool {
	return s.pointer != nil && n > 0 && (s.prefix[n-1] == "-" || isNumber(s.prefix[n-1]))
}

// untested returns the edits by which the JSON 6902 test operations of f compare
// nothing any more, so that experiments may change what they look at: each
// moves a value to where it is. A test that passed changes nothing by that.
func (f *file) untested(r role) []trace.Edit {
	var out []trace.Edit
	for _, d := range f.documents(r) {
		if d.kind != render.FromPatch || d.doc.Root == nil || d.doc.Root.Kind != yaml.SequenceNode {
			continue
		}
		for _, op := range d.doc.Root.Content {
			if scalarAt(op, "op") == "test" {
				out = append(out, d.move(deref(op))...)
			}
		}
	}
	return out
}

// move returns the edits that turn the test operation op into a move of the
// value to itself; none where that is not written in a way that allows it.
func (d *document) move(op *yaml.Node) []trace.Edit {
	var out []trace.Edit
	put := func(n *yaml.Node, change func(string) string) {
		sc, ok := d.doc.Scalar(n)
		if !ok {
			return
		}
		e := trace.Edit{File: d.file.name, Start: d.doc.Text.Offset(sc.Start), End: d.doc.Text.End(sc.End)}
		e.Text = change(string(d.file.text.Data[e.Start:e.End]))
		out = append(out, e)
	}
	// The path as it is written, in the quotes that its surroundings ask for.
	path := ""
	for i := 0; i+1 < len(op.Content); i += 2 {
		if op.Content[i].Value == "path" {
			if sc, ok := d.doc.Scalar(op.Content[i+1]); ok && sc.Style&(yaml.LiteralStyle|yaml.FoldedStyle) == 0 {
				path = string(d.file.text.Data[d.doc.Text.Offset(sc.Start):d.doc.Text.End(sc.End)])
			}
		}
	}
	if path == "" || strings.ContainsAny(path, "\r\n") {
		return nil
	}
	for i := 0; i+1 < len(op.Content); i += 2 {
		key, value := op.Content[i], op.Content[i+1]
		switch key.Value {
		case "op":
			put(value, func(text string) string { return strings.Replace(text, "test", "move", 1) })
		case "value":
			if value.Kind != yaml.ScalarNode || value.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 || value.ShortTag() == "!!null" {
				return nil
			}
			put(key, func(text string) string { return strings.Replace(text, "value", "from", 1) })
			put(value, func(string) string { return path })
		}
	}
	if len(out) != 3 {
		return nil
	}
	return out
}
