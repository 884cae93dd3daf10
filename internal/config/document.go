package config

import (
	"context"
	"errors"

	"go.yaml.in/yaml/v3"

	"github.com/org/probe-mtls-action/render"
	"github.com/org/probe-mtls-action/render/source"
	"github.com/org/probe-mtls-action/render/source/yamldoc"
)

// document is one YAML document that knows where its nodes stand. It is the
// tracer of the object that [document.object] makes of it.
type document struct {
	doc  *yamldoc.Doc
	root *yaml.Node // without aliases and merge keys
}

var _ render.Tracer = (*document)(nil)

// parse returns the non-empty documents of YAML text.
func parse(text yamldoc.Text) ([]*document, Errors) {
	parsed, err := yamldoc.ParseAll(text)
	if err != nil {
		var syntax *yamldoc.SyntaxError
		if errors.As(err, &syntax) {
			return nil, Errors{{At: syntax.At, Message: "no valid YAML: " + syntax.Message}}
		}
		return nil, Errors{{At: source.Span{File: text.File.Name}, Message: err.Error()}}
	}
	var docs []*document
	for _, doc := range parsed {
		if doc.Root == nil || isNull(doc.Root) {
			continue
		}
		d := &document{doc: doc}
		x := expander{doc: d}
		d.root = x.expand(doc.Root, 0)
		if len(x.errs) > 0 {
			return nil, x.errs
		}
		docs = append(docs, d)
	}
	return docs, nil
}

// embedded returns the YAML mapping that the scalar n holds, with the places
// that it has in the file.
func (d *document) embedded(n *yaml.Node) (*document, Errors) {
	text, ok := d.doc.Value(n)
	if !ok {
		return nil, Errors{{At: d.at(n), Message: "expected YAML in this text", Hint: "write it as a block with |"}}
	}
	docs, errs := parse(text)
	if errs == nil && (len(docs) != 1 || docs[0].root.Kind != yaml.MappingNode) {
		errs = Errors{{At: d.at(n), Message: "expected one YAML mapping in this text"}}
	}
	if errs != nil {
		return nil, errs
	}
	return docs[0], nil
}

// object returns the document as an object, so that fields can refer to it.
func (d *document) object(kind string) *render.Object {
	ref := render.Ref{Kind: kind, Name: d.doc.Text.File.Name}
	return &render.Object{Ref: ref, Authored: ref, Node: d.root, Tracer: d}
}

// Trace returns where the value at path stands, or the nearest one around it.
func (d *document) Trace(_ context.Context, _ *render.Object, path render.Path) (render.Origin, error) {
	var key *yaml.Node
	value := d.root
	o := render.Origin{Kind: render.FromResource, Document: d.at(d.root), Exact: true}
	for _, step := range path {
		k, v := child(value, step)
		if v == nil {
			o.Exact, o.Why = false, "the value is not written there"
			break
		}
		key, value = k, v
	}
	o.Span = d.at(value)
	if key != nil {
		o.Key = d.at(key)
		if value.Kind != yaml.ScalarNode || value.Value == "" && value.Style == 0 {
			o.Span = o.Key
		}
	}
	return o, nil
}

func child(n *yaml.Node, step render.Step) (key, value *yaml.Node) {
	switch {
	case step.Index < 0 && n.Kind == yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == step.Key {
				return n.Content[i], n.Content[i+1]
			}
		}
	case step.Index >= 0 && n.Kind == yaml.SequenceNode && step.Index < len(n.Content):
		return nil, n.Content[step.Index]
	}
	return nil, nil
}

// at is the text of a scalar; of a mapping or list, where it begins.
func (d *document) at(n *yaml.Node) source.Span {
	if s, ok := d.doc.Scalar(n); ok {
		return d.doc.Text.Span(s.Start, s.End)
	}
	if n.Kind == yaml.MappingNode && n.Style&yaml.FlowStyle == 0 && len(n.Content) > 0 {
		return d.at(n.Content[0])
	}
	start := max(d.doc.Start(n), 0)
	return d.doc.Text.Span(start, min(start+1, len(d.doc.Text.String)))
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.Tag == "!!null" }
