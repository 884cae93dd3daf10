// Package render is the vocabulary of rendering: a root directory becomes
// Kubernetes objects, and every rendered field can be traced to the place in a
// source file that gave it its value.
//
// It is a library with the packages below it: open a directory with [OpenTree],
// make a renderer of it (package kustomize), render a [Root], walk the fields of
// its objects ([Object.Walk]) and ask where they come from ([Field.Trace]).
//
// What is exported here and in the packages kustomize, manifest and source stays
// compatible within a major version: names are not removed or changed in meaning,
// structs may gain fields, and new reasons may be wrapped by errors. Texts of
// messages and hints may change, and so may how exact a place is, for the better.
// The packages trace and yamldoc may still change.
package render

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/org/probe-mtls-action/render/source"
)

// Tree is a repository's files: a work tree or the tree of a commit. Names are
// slash-separated and relative to the repository's root. A Tree never follows
// a symbolic link out of the repository: such a name gives an error.
type Tree interface {
	fs.ReadFileFS
	fs.ReadDirFS
	fs.StatFS
	fs.ReadLinkFS
}

// Root is a directory that is rendered on its own, such as overlays/prod.
type Root struct {
	Dir      string // relative to the repository; "." is the repository itself
	Renderer string // name of the renderer that found it
	// As tells apart the ways in which deployers change what the directory
	// renders to; "" is the directory as it stands.
	As string
}

// String returns the directory.
func (r Root) String() string { return r.Dir }

// Ref identifies a Kubernetes object.
type Ref struct {
	Group, Version, Kind, Namespace, Name string
}

// APIVersion returns group/version, or only the version for the core group.
func (r Ref) APIVersion() string {
	if r.Group == "" {
		return r.Version
	}
	return r.Group + "/" + r.Version
}

// NamespaceOrDefault returns the namespace, "default" where none is set.
func (r Ref) NamespaceOrDefault() string {
	if r.Namespace == "" {
		return "default"
	}
	return r.Namespace
}

// ClusterScoped reports whether the object is of a kind that has no namespace:
// those of the API server's own configuration that call Services.
func (r Ref) ClusterScoped() bool {
	switch r.Kind {
	case "ValidatingWebhookConfiguration", "MutatingWebhookConfiguration":
		return r.Group == "admissionregistration.k8s.io"
	case "CustomResourceDefinition":
		return r.Group == "apiextensions.k8s.io"
	case "APIService":
		return r.Group == "apiregistration.k8s.io"
	}
	return false
}

// String returns <namespace>/<Kind>/<name>; the namespace of a kind that is
// [Ref.ClusterScoped] is empty.
func (r Ref) String() string {
	if r.ClusterScoped() {
		return "/" + r.Kind + "/" + r.Name
	}
	return r.NamespaceOrDefault() + "/" + r.Kind + "/" + r.Name
}

// Object is one rendered Kubernetes object.
type Object struct {
	Ref
	// Authored is the object as its source document names it, before name
	// prefixes, namespace transformers and the like.
	Authored Ref
	Root     Root
	// Node is the object's mapping node, without anchors and aliases. It is
	// read-only. Its line numbers mean nothing; ask Trace.
	Node   *yaml.Node
	Tracer Tracer
}

// Trace returns the source place of the value at path, see [Tracer].
func (o *Object) Trace(ctx context.Context, path Path) (Origin, error) {
	return o.Tracer.Trace(ctx, o, path)
}

// At returns the node at path, nil if there is none.
func (o *Object) At(path Path) *yaml.Node {
	n := o.Node
	for _, s := range path {
		if n = s.of(n); n == nil {
			return nil
		}
	}
	return n
}

// Field refers to one value of a rendered object. The zero Field refers to
// nothing: a default or a command-line flag, say.
type Field struct {
	Object *Object
	Path   Path
}

// IsZero reports whether f refers to nothing.
func (f Field) IsZero() bool { return f.Object == nil }

// Node returns the value f refers to, nil if there is none.
func (f Field) Node() *yaml.Node {
	if f.Object == nil {
		return nil
	}
	return f.Object.At(f.Path)
}

// Key returns the field that keys lead to below f.
func (f Field) Key(keys ...string) Field { return Field{f.Object, f.Path.Key(keys...)} }

// Item returns the i-th list item below f.
func (f Field) Item(i int) Field { return Field{f.Object, f.Path.Item(i)} }

// String returns <namespace>/<Kind>/<name> and the path.
func (f Field) String() string {
	if f.Object == nil {
		return ""
	}
	if len(f.Path) == 0 {
		return f.Object.String()
	}
	return f.Object.String() + " " + f.Path.String()
}

// Step goes one level down: to the value of a key, or to a list item.
type Step struct {
	Key   string // the key, when Index is -1
	Index int    // the 0-based list index, or -1
}

func (s Step) of(n *yaml.Node) *yaml.Node {
	switch {
	case s.Index < 0 && n.Kind == yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == s.Key {
				return n.Content[i+1]
			}
		}
	case s.Index >= 0 && n.Kind == yaml.SequenceNode && s.Index < len(n.Content):
		return n.Content[s.Index]
	}
	return nil
}

// Path leads from an object to one of its values. Paths are immutable: Key and
// Item return new ones.
type Path []Step

// PathOf returns the path of the given keys.
func PathOf(keys ...string) Path { return Path{}.Key(keys...) }

// Key returns p extended by keys.
func (p Path) Key(keys ...string) Path {
	q := make(Path, len(p), len(p)+len(keys))
	copy(q, p)
	for _, k := range keys {
		q = append(q, Step{Key: k, Index: -1})
	}
	return q
}

// Item returns p extended by a list index.
func (p Path) Item(i int) Path { return append(p[:len(p):len(p)], Step{Index: i}) }

// Join returns p extended by q.
func (p Path) Join(q Path) Path { return append(p[:len(p):len(p)], q...) }

// String returns the path as kubectl explain writes it, with list indexes:
// spec.containers[0].livenessProbe. Keys with dots are quoted in brackets.
func (p Path) String() string {
	var b strings.Builder
	for _, s := range p {
		switch {
		case s.Index >= 0:
			fmt.Fprintf(&b, "[%d]", s.Index)
		case s.Key == "" || strings.ContainsAny(s.Key, ".[]\"/ "):
			fmt.Fprintf(&b, "[%q]", s.Key)
		case b.Len() > 0:
			b.WriteString("." + s.Key)
		default:
			b.WriteString(s.Key)
		}
	}
	return b.String()
}

// OriginKind says what sort of source text gave a value.
type OriginKind string

// The kinds of origin.
const (
	FromResource    OriginKind = "resource"    // a document listed under resources
	FromPatch       OriginKind = "patch"       // a patch, in a file or inline
	FromReplacement OriginKind = "replacement" // the source of a replacement or var
	FromTransformer OriginKind = "transformer" // labels, namespace, images… of a kustomization
	FromGenerator   OriginKind = "generator"   // a ConfigMap or Secret generator
)

// Origin is the source place that gave a rendered value its effective content.
type Origin struct {
	// Span is the value's own text; for a value without text of its own (an
	// empty value, a block mapping) the text of its key.
	Span source.Span
	// Key is the text of the key that holds the value; zero for list items.
	Key  source.Span
	Kind OriginKind
	// Document is where the source document that holds the value begins.
	Document source.Span
	// Via lists the kustomization files through which the value came, from the
	// root's own to the one that names the file.
	Via []string
	// Exact is false when the place is the nearest known one; Why tells why.
	Exact bool
	Why   string
}

// Tracer finds source places. Trace returns the place of the value at path, or
// of the nearest enclosing value where path itself has none (a default, say);
// then Exact is false. It may render again and is safe for concurrent use.
type Tracer interface {
	Trace(ctx context.Context, o *Object, path Path) (Origin, error)
}

// Problem is something to tell the user about a place in the sources.
type Problem struct {
	At      source.Span // zero when no place is known
	Message string      // what is wrong and what was expected
	Hint    string      // what to do, "" when there is nothing to say
}

// Error is why a root could not be rendered.
type Error struct {
	Root Root
	Problem
	Err error // the renderer's own error
}

func (e *Error) Error() string {
	if e.At.IsZero() {
		return e.Root.Dir + ": " + e.Message
	}
	return e.At.String() + ": " + e.Message
}

func (e *Error) Unwrap() error { return e.Err }

// Result is what a root renders to.
type Result struct {
	Root    Root
	Objects []*Object
	// Inputs are the files and directories that the render read or looked for,
	// relative to the repository and sorted. They include those not found.
	Inputs []string
	// Holes are parts of the root that could not be rendered: the objects are
	// those of the rest.
	Holes []Problem
	// Refusals are reasons for which the renderer's own command line refuses the
	// root, although it has objects to look at.
	Refusals []Problem
	// Remarks are things to tell about a root that the renderer's own command
	// line does not refuse, or only in its default settings.
	Remarks []Problem
}

// ErrAbove is wrapped by the error of a root that may take more time or memory
// than a process can give it which has others to render: render it in a process
// of its own, with limits.
var ErrAbove = errors.New("above the first bound")

// Renderer turns roots into objects. It is safe for concurrent use.
type Renderer interface {
	// Render renders one root. Its error is an [*Error] unless ctx ended.
	Render(ctx context.Context, root Root) (*Result, error)
}
