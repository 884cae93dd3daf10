package kustomize

import (
	"context"
	"slices"
	"sort"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/org/probe-mtls-action/render"
)

// maxTries bounds the renders that change one candidate, for one value.
const maxTries = 20

// experiment finds the source text of the scalar n at path by rendering with
// changed sources; nil when no text moves it.
func (t *tracer) experiment(ctx context.Context, o *render.Object, path render.Path, n *yaml.Node) (*candidate, error) {
	if c := t.marks[n]; c != nil {
		return c, nil
	}
	if c := t.found[n]; c != nil {
		return c, nil
	}
	equal, parts := t.candidates(o, path, n.Value)
	for _, cs := range [][]*candidate{equal, parts} {
		c, left, err := t.together(ctx, n, cs)
		if c != nil || err != nil {
			return c, err
		}
		c, err = t.oneByOne(ctx, o, path, n, left)
		if c != nil || err != nil {
			return c, err
		}
	}
	return nil, nil
}

// candidates lists the texts that equal value, and those that share a part of
// it, the likeliest first.
func (t *tracer) candidates(o *render.Object, path render.Path, value string) (equal, parts []*candidate) {
	v := t.build.view
	want := decimal(value)
	isEqual := func(text string) bool { return text == value || isNumber(want) && decimal(text) == want }
	shares := func(text string) bool {
		return isEqual(text) || value != "" && strings.Contains(text, value) || text != "" && strings.Contains(value, text)
	}
	for _, f := range v.reads {
		for _, c := range f.matching(v.roles[f.name], shares) {
			switch {
			case !c.changes():
			case isEqual(c.value):
				equal = append(equal, c)
			case len(c.value) > 1 || c.isImage():
				parts = append(parts, c)
			}
		}
	}
	last := lastKey(path)
	src := t.sources[o]
	rank := func(c *candidate) int {
		r := 0
		if c.site != nil && c.site.name() == last {
			r -= 4
		}
		if src != nil && c.site != nil && c.site.root().node == src.node {
			r -= 2
		}
		if c.site == nil || c.site.document.kind != render.FromResource {
			r--
		}
		return r
	}
	for _, cs := range [][]*candidate{equal, parts} {
		sort.SliceStable(cs, func(i, j int) bool { return rank(cs[i]) < rank(cs[j]) })
	}
	return equal, parts
}

// isImage reports whether c is part of an image that a kustomization sets.
func (c *candidate) isImage() bool {
	if c.site == nil || c.site.document.kind != render.FromTransformer {
		return false
	}
	name := c.site.name()
	return name == "newTag" || name == "newName" || name == "digest"
}

// changes reports whether the candidate can be changed without changing what a
// kustomization refers to.
func (c *candidate) changes() bool {
	if c.site == nil || c.part {
		return true
	}
	if c.site.root().test {
		return false
	}
	if c.site.document.kind != render.FromTransformer {
		return true
	}
	keys := c.site.keys()
	if len(keys) == 0 {
		return false
	}
	switch keys[0] {
	case "labels", "commonLabels", "commonAnnotations", "annotations":
		return !slices.Contains(keys, "fieldSpecs") && !slices.Contains(keys, "fields")
	case "namespace", "namePrefix", "nameSuffix", "images", "imageTags", "replicas", "generatorOptions", "value",
		"namespaceSelector", "replica", "imageTag":
		return !slices.Contains(keys, "fieldSpecs") && keys[len(keys)-1] != "name"
	case "configMapGenerator", "secretGenerator":
		return slices.Contains(keys, "options") || keys[len(keys)-1] == "namespace" || keys[len(keys)-1] == "type"
	case "replacements":
		return keys[len(keys)-1] == "sourceValue"
	case "metadata":
		return keys[len(keys)-1] == "namespace"
	}
	return false
}

// selectsBy reports whether changing the candidate may change which objects or
// list items kustomize brings together.
func (v *view) selectsBy(c *candidate) bool {
	if c.site == nil {
		return false
	}
	name := c.site.name()
	if v.selectors[name] {
		return true
	}
	return mergeKeys[name] || name == "apiVersion" || name == "kind" || name == "namespace" || name == "image" ||
		strings.HasPrefix(name, "$") || c.site.document.kind == render.FromTransformer && name == "namePrefix"
}

// together changes all candidates at once, each to a value of its own, and
// notes where each comes out. If n does not follow any, it returns those that
// may still be its source.
func (t *tracer) together(ctx context.Context, n *yaml.Node, cs []*candidate) (c *candidate, left []*candidate, err error) {
	p, ids := edited{}, newSentinels()
	for _, c := range cs {
		if t.build.view.selectsBy(c) || c.tag == "!!bool" || !ids.assign(c) {
			left = append(left, c)
			continue
		}
		p[c.file] = append(p[c.file], c.edit(ids.within(c, n.Value)))
	}
	if len(p) == 0 {
		return nil, left, nil
	}
	b, err := t.try(ctx, p)
	if err != nil || b == nil {
		return nil, cs, err
	}
	for i, res := range b.resources.Resources() {
		t.harvest(ids, t.objects[i].Node, res.YNode())
	}
	return t.found[n], left, nil
}

// within returns the text that stands for c: its sentinel, or its value with the
// sentinel in the place of the part that was rendered.
func (s *sentinels) within(c *candidate, rendered string) string {
	text := s.of(c)
	if c.value != rendered && rendered != "" && strings.Contains(c.value, rendered) && c.tag == "!!str" {
		if isNumber(rendered) {
			text = s.number(c) // a part that becomes a number must stay one
		}
		return strings.ReplaceAll(c.value, rendered, text)
	}
	return text
}

// harvest notes which values of the changed object carry a sentinel. Both
// nodes have the same structure as far as it was not changed.
func (t *tracer) harvest(ids *sentinels, n, changed *yaml.Node) {
	changed = deref(changed)
	if changed == nil {
		return
	}
	switch {
	case n.Kind == yaml.MappingNode && changed.Kind == yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			if c := child(changed, n.Content[i].Value); c != nil {
				t.harvest(ids, n.Content[i+1], c)
			}
		}
	case n.Kind == yaml.SequenceNode && changed.Kind == yaml.SequenceNode && len(n.Content) == len(changed.Content):
		for i, c := range n.Content {
			t.harvest(ids, c, changed.Content[i])
		}
	case n.Kind == yaml.ScalarNode && changed.Kind == yaml.ScalarNode && n.Value != changed.Value:
		c, _ := ids.in(changed.Value, true)
		if c == nil || t.marks[n] != nil || t.found[n] != nil {
			return
		}
		if c.value == n.Value || decimal(c.value) == decimal(n.Value) || strings.Contains(c.value, n.Value) || strings.Contains(n.Value, c.value) {
			t.found[n] = c
		}
	}
}

// oneByOne changes one candidate after the other and returns the first that the
// value at path follows.
func (t *tracer) oneByOne(ctx context.Context, o *render.Object, path render.Path, n *yaml.Node, cs []*candidate) (*candidate, error) {
	for i, c := range cs {
		if i == maxTries {
			break
		}
		ids := newSentinels()
		ids.assign(c)
		text := ids.within(c, n.Value)
		if c.tag == "!!bool" {
			text = map[bool]string{true: "false", false: "true"}[strings.EqualFold(c.value, "true")]
		}
		p := edited{c.file: {c.edit(text)}}
		b, err := t.try(ctx, p)
		if err != nil {
			return nil, err
		}
		if b == nil { // a JSON 6902 test may compare with the value: change both
			if b, err = t.try(ctx, t.withTests(p, c, text)); err != nil {
				return nil, err
			}
		}
		if got := t.field(b, o, path); got != nil && follows(got.Value, n.Value, text, ids.of(c), ids.number(c)) {
			t.found[n] = c
			return c, nil
		}
	}
	return nil, nil
}

// follows reports whether the value that was before is now what the candidate
// was changed to.
func follows(now, before, text, sentinel, number string) bool {
	return now != before && (now == text || strings.Contains(now, sentinel) || strings.Contains(now, number))
}

// withTests adds to p the edits that change what JSON 6902 tests expect from
// the value of c to text.
func (t *tracer) withTests(p edited, c *candidate, text string) edited {
	v := t.build.view
	for _, f := range v.reads {
		for _, x := range f.matching(v.roles[f.name], func(value string) bool { return value == c.value }) {
			if x.site != nil && x.site.root().test {
				p[f] = append(p[f], x.edit(text))
			}
		}
	}
	return p
}

// try renders with the changes of p; nil when that fails or gives other
// objects.
func (t *tracer) try(ctx context.Context, p edited) (*build, error) {
	b := t.r.run(ctx, t.root.Dir, p)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if b.err != nil || b.resources.Size() != len(t.objects) {
		return nil, nil
	}
	return b, nil
}

// field returns the value at path of the object that is o in the build b.
func (t *tracer) field(b *build, o *render.Object, path render.Path) *yaml.Node {
	if b == nil {
		return nil
	}
	n := b.resources.Resources()[t.index[o]].YNode()
	if scalarAt(n, "kind") != o.Kind {
		return nil
	}
	return (&render.Object{Node: unalias(n)}).At(path)
}
