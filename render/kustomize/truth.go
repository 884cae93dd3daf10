package kustomize

import (
	"context"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/org/probe-mtls-action/render"
)

// truth builds the root from its files as they are, but for the objects' source
// keys, and makes objects of what comes out.
func (r *Renderer) truth(ctx context.Context, root render.Root) (*tracer, *build) {
	cut := r.cutting(root.Dir)
	t, b := r.truthWith(ctx, root, cut)
	if t == nil && b.err == nil {
		t, b = r.truthWith(ctx, root, nil)
	}
	return t, b
}

// truthWith is truth with payloads cut. It returns neither a tracer nor an error
// where they must not be.
func (r *Renderer) truthWith(ctx context.Context, root render.Root, cut *cutting) (*tracer, *build) {
	files := map[string]*file{}
	marked := r.run(ctx, root.Dir, identified{cut}, files)
	b := marked
	if b.view.denied == nil && ctx.Err() == nil && (b.err != nil || b.view.opaque) {
		// The keys may be seen, or shift the lines that an error names.
		b = r.run(ctx, root.Dir, plain{}, files)
	}
	if b.err != nil {
		return nil, b
	}
	if cut != nil && len(cut.made) > 0 && (marked.err != nil || !cut.proven(b.view)) {
		return nil, b
	}
	if b != marked {
		cut = nil // something looks at whole objects
	}
	t := &tracer{
		r: r, root: root, build: b, index: map[*render.Object]int{}, sources: map[*render.Object]*site{},
		memo: map[*yaml.Node]render.Origin{}, flaws: map[*render.Object][]flaw{}, cut: cut,
	}
	for i, res := range b.resources.Resources() {
		n := unalias(res.YNode())
		var src *site
		switch {
		case b == marked:
			src = r.sites.object(takeKey(n, r.key))
		case marked.err == nil && marked.resources.Size() == b.resources.Size():
			src = r.sites.object(takeKey(marked.resources.Resources()[i].YNode(), r.key))
		}
		stripInternal(n)
		flaws := write(n)
		if !cut.restore(n, src) {
			return nil, b
		}
		o := &render.Object{Ref: refOf(n), Root: root, Node: n, Tracer: t}
		if flaws != nil {
			t.flaws[o] = flaws
		}
		if src != nil {
			o.Authored = refOf(src.node)
		} else {
			o.Authored = t.generated(b, o.Ref)
		}
		t.index[o] = i
		t.sources[o] = src
		t.objects = append(t.objects, o)
	}
	return t, b
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
