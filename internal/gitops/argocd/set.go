package argocd

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/org/probe-mtls-action/internal/gitops"
	"github.com/org/probe-mtls-action/render"
)

// applicationSet decodes what an ApplicationSet generates.
func applicationSet(ctx context.Context, w *gitops.World, o *render.Object, d *gitops.Decoded) {
	spec := render.Field{Object: o}.Key("spec")
	g := &generator{w: w, o: o, goTmpl: gitops.True(spec.Key("goTemplate"))}
	for _, option := range gitops.Items(spec.Key("goTemplateOptions")) {
		g.strict = g.strict || gitops.Value(option) == "missingkey=error"
	}
	reasons := make(map[string]bool)
	skip := func(reason string) {
		if !reasons[reason] {
			reasons[reason] = true
			d.Skip(o, "%s", reason)
		}
	}
	count, open := 0, false
	for _, f := range gitops.Items(spec.Key("generators")) {
		sets, err := g.sets(f, nil, 0)
		if err != nil {
			skip(err.Error())
			continue
		}
		for i := range sets {
			if count++; count > maxSets {
				skip(fmt.Sprintf("it generates more than %d Applications", maxSets))
				return
			}
			open = open || sets[i].open
			app, err := g.application(spec, &sets[i])
			if err != nil {
				skip(err.Error())
				continue
			}
			var one gitops.Decoded
			a := application{w: w, by: o, spec: render.Field{Object: app}.Key("spec"), cluster: clusterOf(sets[i].params), set: true}
			a.decode(ctx, &one)
			d.Deployments = append(d.Deployments, one.Deployments...)
			for _, u := range one.Unfollowed {
				skip(u.Reason)
			}
		}
	}
	for _, reason := range g.unseen {
		skip(reason)
	}
	if open {
		skip("its clusters generator takes the clusters that Argo CD knows, which are not in view")
	}
	if count == 0 && len(reasons) == 0 {
		skip("its generators give nothing")
	}
}

// clusterOf returns what a set of parameters calls the cluster.
func clusterOf(params map[string]any) string {
	for _, k := range []string{"cluster", "cluster.name", "clusterName"} {
		if s, ok := lookup(params, k).(string); ok && s != "" {
			return s
		}
	}
	return ""
}

// application makes the Application of a set of parameters.
func (g *generator) application(spec render.Field, s *set) (*render.Object, error) {
	template := spec.Key("template")
	t := &generated{bases: []render.Field{template}}
	n := template.Node()
	if own := s.template; !own.IsZero() {
		t.bases = []render.Field{own, template}
		n = over(n, own.Node())
	}
	e := &expander{g: g, set: s}
	out := e.node(n, 0)
	if e.err != nil {
		return nil, e.err
	}
	if patch := spec.Key("templatePatch"); gitops.Value(patch) != "" {
		text, err := g.text(gitops.Value(patch), s)
		if err != nil {
			return nil, err
		}
		var doc yaml.Node
		if err := yaml.Unmarshal([]byte(text), &doc); err != nil {
			return nil, errors.New("its templatePatch is not YAML once its template is evaluated")
		}
		if len(doc.Content) == 1 {
			out = over(out, doc.Content[0])
			t.bases = append([]render.Field{}, t.bases...)
			t.patch = patch
		}
	}
	o := &render.Object{Root: g.o.Root, Node: out, Tracer: t}
	o.Ref = render.Ref{Group: group, Version: g.o.Version, Kind: "Application"}
	o.Name = gitops.Value(render.Field{Object: o}.Key("metadata", "name"))
	o.Authored = o.Ref
	return o, nil
}

// over returns the mapping a with the values of b that are set over it.
func over(a, b *yaml.Node) *yaml.Node {
	if a == nil || b == nil || a.Kind != yaml.MappingNode || b.Kind != yaml.MappingNode {
		if b == nil || b.Kind == yaml.ScalarNode && b.Value == "" {
			return a
		}
		return b
	}
	out := *a
	out.Content = append([]*yaml.Node(nil), a.Content...)
next:
	for i := 0; i+1 < len(b.Content); i += 2 {
		for j := 0; j+1 < len(out.Content); j += 2 {
			if out.Content[j].Value == b.Content[i].Value {
				out.Content[j+1] = over(out.Content[j+1], b.Content[i+1])
				continue next
			}
		}
		out.Content = append(out.Content, b.Content[i], b.Content[i+1])
	}
	return &out
}

// expander evaluates the templates in all texts of a value.
type expander struct {
	g   *generator
	set *set
	err error
}

func (e *expander) node(n *yaml.Node, depth int) *yaml.Node {
	if n == nil || e.err != nil || depth > maxDepth {
		return n
	}
	out := *n
	out.Content = nil
	for i, c := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 0 && !strings.Contains(c.Value, "{{") {
			out.Content = append(out.Content, c)
			continue
		}
		out.Content = append(out.Content, e.node(c, depth+1))
	}
	if n.Kind == yaml.ScalarNode && n.ShortTag() == "!!str" {
		s, err := e.g.text(n.Value, e.set)
		if err != nil {
			e.err = err
		}
		out.Value, out.Tag = s, "!!str"
	}
	return &out
}

// generated traces the fields of a generated Application to the templates that
// they come from.
type generated struct {
	bases []render.Field // the first that has a field counts
	patch render.Field   // the templatePatch, zero for none
}

// Trace implements [render.Tracer].
func (t *generated) Trace(ctx context.Context, _ *render.Object, p render.Path) (render.Origin, error) {
	for _, b := range t.bases {
		f := render.Field{Object: b.Object, Path: b.Path.Join(p)}
		if f.Node() != nil {
			return f.Object.Trace(ctx, f.Path)
		}
	}
	at := t.bases[len(t.bases)-1]
	if !t.patch.IsZero() {
		at = t.patch
	}
	origin, err := at.Object.Trace(ctx, at.Path)
	origin.Exact, origin.Why = false, "the Application is generated"
	return origin, err
}
