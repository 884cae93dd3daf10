package kustomize

import (
	"context"
	"slices"
	"sort"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/org/probe-mtls-action/render"
	"github.com/org/probe-mtls-action/render/trace"
)

// mark makes the tracer's experiments ready: the first is one render with all
// values marked.
func (t *tracer) mark(ctx context.Context) error {
	if t.trace != nil {
		return nil
	}
	v := t.build.view
	truth := make([]*yaml.Node, len(t.objects))
	for i, o := range t.objects {
		truth[i] = o.Node
	}
	var numbers []int
	t.untested = edits{}
	for _, f := range v.reads {
		numbers = append(numbers, f.numbers()...)
		if edits := f.untested(v.roles[f.name]); edits != nil {
			t.untested[f.name] = edits
		}
	}
	tr := trace.New[*candidate](truth, numbers, t.rebuild)
	if err := tr.Mark(ctx, t.markable()); err != nil {
		return err
	}
	t.trace = tr
	return nil
}

// numbers returns the numbers in f that could be taken for integer sentinels.
func (f *file) numbers() []int {
	f.numberOnce.Do(func() { f.naturals = trace.Numbers(f.text.Data) })
	return f.naturals
}

// rebuild is the [trace.Build] of the tracer's root.
func (t *tracer) rebuild(ctx context.Context, changes []trace.Edit) ([]*yaml.Node, error) {
	p := edited{byFile(changes), t.cut}
	for name, more := range t.untested {
		p.edits[name] = append(p.edits[name], more...)
	}
	b := t.r.run(ctx, t.root.Dir, p, t.build.view.files)
	if b.err != nil {
		return nil, ctx.Err()
	}
	out := make([]*yaml.Node, 0, b.resources.Size())
	for _, res := range b.resources.Resources() {
		n := res.YNode()
		write(n)
		out = append(out, n)
	}
	return out, nil
}

func byFile(all []trace.Edit) edits {
	out := edits{}
	for _, e := range all {
		out[e.File] = append(out[e.File], e)
	}
	return out
}

// experiment finds the source text of the scalar n at path; nil when no text
// moves it.
func (t *tracer) experiment(ctx context.Context, o *render.Object, path render.Path, n *yaml.Node) (*candidate, error) {
	if err := t.mark(ctx); err != nil {
		return nil, err
	}
	if c, ok := t.trace.Place(n); ok {
		return c, nil
	}
	if t.inPayload(o, path) {
		t.cut.keep(t.sources[o])
	}
	equal, parts := t.candidates(o, path, n.Value)
	for _, cs := range [][]*candidate{equal, parts} {
		c, found, search, err := t.trace.Find(ctx, t.index[o], path, cs)
		t.ended = t.ended || search.Ended
		if found || err != nil {
			return c, err
		}
	}
	return nil, nil
}

// candidates lists the texts that equal value, and those that share a part of
// it, the likeliest first.
func (t *tracer) candidates(o *render.Object, path render.Path, value string) (equal, parts []*candidate) {
	v := t.build.view
	shares := func(text string) bool {
		return trace.Same(text, value) || value != "" && strings.Contains(text, value) || text != "" && strings.Contains(value, text)
	}
	for _, f := range v.reads {
		for _, c := range f.matching(v.roles[f.name], shares) {
			c.binding = v.binds(c)
			switch {
			case !c.changes():
			case trace.Same(c.value, value):
				equal = append(equal, c)
			case c.block && len(c.occurrences(value)) > 0:
				equal = append(equal, c.occurrences(value)...)
			case len(c.value) > 1 || c.isImage():
				parts = append(parts, c)
			}
		}
	}
	last := lastKey(path)
	src := t.sources[o]
	same := t.locate(src, o, path) // the text at the same place of the source
	rank := func(c *candidate) int {
		r := 0
		if c.binding && same != nil && c.site != nil && c.site.node == same.node {
			r -= 8 // tried alone, so it had better be right
		}
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
