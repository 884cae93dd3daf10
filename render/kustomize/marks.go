package kustomize

import (
	"bytes"
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
				cut := t.cut.fields(root)
				root.walk(func(s *site) {
					if s.node.Kind != yaml.ScalarNode || !s.isValue() || cut != nil && slices.Contains(cut, s.keys()[0]) {
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
	at := map[string]int{}
	for i := 0; i+1 < len(op.Content); i += 2 {
		at[op.Content[i].Value] = i
	}
	value := child(op, "value")
	path, ok := d.raw(op.Content[at["path"]+1])
	if !ok || value == nil || value.ShortTag() == "!!null" {
		return nil
	}
	edits := []trace.Edit{d.rewrite(op.Content[at["op"]+1], "test", "move")}
	if v := op.Content[at["value"]+1]; v.Kind == yaml.ScalarNode {
		if e, ok := d.raw(v); ok { // value: X becomes from: PATH
			e.Text = path.Text
			return append(edits, d.rewrite(op.Content[at["value"]], "value", "from"), e)
		}
	}
	// from: PATH goes in front of the path, and the value stays, unused.
	key, ok := d.raw(op.Content[at["path"]])
	if !ok {
		return nil
	}
	entry := strings.Replace(key.Text, "path", "from", 1) + ": " + path.Text
	if op.Style&yaml.FlowStyle != 0 {
		entry += ", "
	} else {
		line := bytes.LastIndexByte(d.file.text.Data[:key.Start], '\n') + 1
		lead := strings.Replace(string(d.file.text.Data[line:key.Start]), "-", " ", 1)
		if strings.Trim(lead, " ") != "" {
			return nil
		}
		entry += "\n" + lead
	}
	return append(edits, trace.Edit{File: key.File, Start: key.Start, End: key.Start, Text: entry})
}

// raw returns the scalar n as it is written, in the quotes that its surroundings
// ask for; false for text over several lines.
func (d *document) raw(n *yaml.Node) (trace.Edit, bool) {
	sc, ok := d.doc.Scalar(n)
	if !ok || sc.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
		return trace.Edit{}, false
	}
	e := trace.Edit{File: d.file.name, Start: d.doc.Text.Offset(sc.Start), End: d.doc.Text.End(sc.End)}
	e.Text = string(d.file.text.Data[e.Start:e.End])
	return e, !strings.ContainsAny(e.Text, "\r\n")
}

// rewrite returns the edit that makes the word old in the scalar n new.
func (d *document) rewrite(n *yaml.Node, old, new string) trace.Edit {
	e, _ := d.raw(n)
	e.Text = strings.Replace(e.Text, old, new, 1)
	return e
}
