// Package gitops is the vocabulary of what GitOps controllers deploy from a
// repository: the object that deploys, the directory, and what it changes of it.
package gitops

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/org/probe-mtls-action/render"
)

// Text is a value with the field that it comes from. From is zero where no
// field gave it.
type Text struct {
	Value string
	From  render.Field
}

// TextOf returns the scalar that f refers to, "" if there is none.
func TextOf(f render.Field) Text { return Text{Value(f), f} }

// Value returns the text of the scalar that f refers to, "" if there is none.
func Value(f render.Field) string {
	n := f.Node()
	if n == nil || n.Kind != yaml.ScalarNode || n.ShortTag() == "!!null" {
		return ""
	}
	return n.Value
}

// Items returns the items of the list that f refers to.
func Items(f render.Field) []render.Field {
	n := f.Node()
	if n == nil || n.Kind != yaml.SequenceNode {
		return nil
	}
	items := make([]render.Field, len(n.Content))
	for i := range items {
		items[i] = f.Item(i)
	}
	return items
}

// Entry is one key of a mapping.
type Entry struct {
	Key   string
	Value render.Field
}

// Entries returns the keys of the mapping that f refers to, in their order.
func Entries(f render.Field) []Entry {
	n := f.Node()
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	entries := make([]Entry, 0, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		entries = append(entries, Entry{n.Content[i].Value, f.Key(n.Content[i].Value)})
	}
	return entries
}

// True reports whether f refers to the boolean true.
func True(f render.Field) bool {
	n := f.Node()
	return n != nil && n.Kind == yaml.ScalarNode && n.ShortTag() == "!!bool" && strings.EqualFold(n.Value, "true")
}

// Setting is one field of a kustomization that a deployer adds.
type Setting struct {
	Key   string     // namePrefix, say
	Value *yaml.Node // what the kustomization is to hold
	// From is where the value comes from. Where the nodes of Value have the
	// same shape as those of From, each of them comes from its counterpart.
	From render.Field
}

// Variable is a value that a deployer puts into the objects it deploys.
type Variable struct {
	Name string
	Text
}

// Directory is how a directory without a kustomization is read.
type Directory struct {
	// Generated is true for Flux, which writes a kustomization of all manifests
	// and kustomizations at or below the directory.
	Generated bool
	// Recurse, Include and Exclude are those of an Argo CD Application: globs
	// of file names relative to the directory.
	Recurse          bool
	Include, Exclude string
}

// Options are what a deployer changes of what it deploys.
type Options struct {
	Directory Directory
	// Settings are added to the kustomization.
	Settings []Setting
	// Components are directories, relative to the deployed one.
	Components []Text
	// Labels and Annotations are set on every object, and on nothing in it.
	Labels, Annotations []Variable
	// Variables replace ${NAME} in what was rendered. Substitutes tells that the
	// deployer does so at all; Unknown are the sources of variables that are
	// not in view: a name that is not among Variables may come from there.
	Variables   []Variable
	Substitutes bool
	Unknown     []string
	// DefaultNamespace is set on objects that name none.
	DefaultNamespace Text
}

// Namespace returns the namespace that the deployer puts objects into, "" if it
// leaves them where they are.
func (o *Options) Namespace() string {
	for _, s := range o.Settings {
		if s.Key == "namespace" {
			return s.Value.Value
		}
	}
	return o.DefaultNamespace.Value
}

// Key returns a text that is the same for options that change the same, ""
// where nothing is changed.
func (o *Options) Key() string {
	var b strings.Builder
	if d := o.Directory; d.Recurse || d.Include != "" || d.Exclude != "" {
		fmt.Fprintf(&b, "directory %v %q %q\n", d.Recurse, d.Include, d.Exclude)
	}
	for _, s := range o.Settings {
		fmt.Fprintf(&b, "setting %q %s\n", s.Key, shape(s.Value))
	}
	for _, c := range o.Components {
		fmt.Fprintf(&b, "component %q\n", c.Value)
	}
	for _, l := range []struct {
		kind string
		list []Variable
	}{{"label", o.Labels}, {"annotation", o.Annotations}, {"variable", o.Variables}} {
		for _, v := range l.list {
			fmt.Fprintf(&b, "%s %q %q\n", l.kind, v.Name, v.Value)
		}
	}
	if o.Substitutes {
		fmt.Fprintf(&b, "substitutes %q\n", slices.Sorted(slices.Values(o.Unknown)))
	}
	if ns := o.DefaultNamespace.Value; ns != "" {
		fmt.Fprintf(&b, "namespace %q\n", ns)
	}
	if b.Len() == 0 {
		return ""
	}
	sum := sha256.Sum256([]byte(b.String()))
	return hex.EncodeToString(sum[:8])
}

// shape writes a value so that different ones differ.
func shape(n *yaml.Node) string {
	if n.Kind == yaml.ScalarNode {
		return fmt.Sprintf("%s:%q", n.ShortTag(), n.Value)
	}
	parts := make([]string, len(n.Content))
	for i, c := range n.Content {
		parts[i] = shape(c)
	}
	return fmt.Sprintf("%d(%s)", n.Kind, strings.Join(parts, ","))
}

// Deployment is one directory that an object deploys.
type Deployment struct {
	// By is the object that deploys: for what an ApplicationSet generates, the
	// ApplicationSet.
	By *render.Object
	// Dir is the directory, relative to the repository.
	Dir     string
	Options Options
	// Cluster names the cluster, "" for the one that By is in.
	Cluster string
	// Generated is true for what an ApplicationSet generates: its clusters have
	// names of their own.
	Generated bool
	// Assumed says what was taken for granted to follow the object, "" for nothing.
	Assumed string
	// Missing are sources of values that are not in view.
	Missing []Unfollowed
}

// Unfollowed is an object, or a part of what one deploys, that was not looked at.
type Unfollowed struct {
	// Kind, Namespace and Name are those of what is not looked at; By is the
	// object that names it, or it itself.
	Kind, Namespace, Name string
	By                    render.Field
	Reason                string
}

// NotFollowed returns o as not looked at.
func NotFollowed(o *render.Object, format string, args ...any) Unfollowed {
	return Unfollowed{Kind: o.Kind, Namespace: o.Namespace, Name: o.Name, By: render.Field{Object: o}, Reason: fmt.Sprintf(format, args...)}
}

// Decoded is what an object deploys, and what of it could not be followed.
type Decoded struct {
	Deployments []Deployment
	Unfollowed  []Unfollowed
}

// Skip adds an entry for what o deploys and that is not looked at.
func (d *Decoded) Skip(o *render.Object, format string, args ...any) {
	d.Unfollowed = append(d.Unfollowed, NotFollowed(o, format, args...))
}
