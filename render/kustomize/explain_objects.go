package kustomize

import (
	"fmt"
	"path"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/org/probe-mtls-action/render"
	"github.com/org/probe-mtls-action/render/source"
)

// resID matches kustomize's way to write the identity of an object, such as
// Deployment.v1.apps/web.[noNs].
var resID = regexp.MustCompile(`([A-Z][A-Za-z0-9]*)\.[A-Za-z0-9.\[\]-]*/([^\s"']+?)\.(?:\[noNs\]|[a-z0-9-]+)["'; ]`)

var noTarget = regexp.MustCompile(`no resource matches strategic merge patch|failed to find unique target for patch|no matches for Id|unable to find patch target`)

// target finds the patch that matches no object, or several.
func (x *explainer) target() (p render.Problem, ok bool) {
	at := noTarget.FindStringIndex(x.text)
	if at == nil {
		return p, false
	}
	m := resID.FindStringSubmatch(x.text[at[0]:] + " ")
	if m == nil {
		return p, false
	}
	p = render.Problem{
		At:      x.rootFile(),
		Message: fmt.Sprintf("the patch for %s %s matches no object", m[1], quote(m[2])),
		Hint:    "Give the patch the name that the object has in this kustomization's resources, or a target.",
	}
	x.documents(func(d *document) bool {
		for _, root := range d.roots {
			if d.kind == render.FromPatch && root.pointer == nil && scalarAt(root.node, "kind") == m[1] && scalarAt(root.node, "metadata", "name") == m[2] {
				if c := candidateOf(root.child("metadata").child("name")); c != nil {
					p.At = c.span
					return true
				}
			}
		}
		return false
	})
	return p, true
}

var patchSource = regexp.MustCompile(`(?:unable to parse SM or JSON patch from|illegally qualifies as both an SM and JSON patch:|must specify a target for JSON patch) \[(path|patch): "((?:[^"\\]|\\.)*)"?`)

// patch finds the patch that is none, or that needs a target.
func (x *explainer) patch() (p render.Problem, ok bool) {
	m := patchSource.FindStringSubmatch(x.text)
	if m == nil {
		return p, false
	}
	p = render.Problem{
		At:      x.rootFile(),
		Message: "the patch is neither a strategic merge patch nor a list of JSON 6902 operations",
		Hint:    "A strategic merge patch has apiVersion, kind and metadata.name; an operation has op and path.",
	}
	if strings.Contains(m[0], "must specify a target") {
		p.Message, p.Hint = "a JSON 6902 patch needs a target", "Add target: with the kind and name of the objects to patch."
	}
	x.kustomizations(func(_ string, k *kustomization) bool {
		field := "patches"
		if k.doc == nil || k.doc.Root == nil {
			return false
		}
		_, list := lookupFold(k.doc.Root, field)
		if list == nil {
			return false
		}
		for _, item := range list.Content {
			text := scalarAt(item, m[1])
			if text == "" || m[1] == "path" && text != m[2] || m[1] == "patch" && !strings.HasPrefix(fmt.Sprintf("%q", strings.TrimSpace(text)), `"`+m[2]) {
				continue
			}
			if n := child(item, m[1]); n != nil {
				p.At = nodeSpan(k.doc, n)
				return true
			}
		}
		return false
	})
	return p, true
}

var badOperation = regexp.MustCompile(`(\w+) operation does not apply: doc is missing (?:path|key): "?([^\s":]+)|testing (?:path|value) ([^\s":]+) (?:value )?failed|(add|remove|replace) operation does not apply: error in \w+ for path: '?"?([^\s"':]+)`)

// operation finds the JSON 6902 operation that does not apply.
func (x *explainer) operation() (p render.Problem, ok bool) {
	m := badOperation.FindStringSubmatch(x.text)
	if m == nil {
		return p, false
	}
	where := m[2] + m[3] + m[5]
	p = render.Problem{
		At:      x.rootFile(),
		Message: fmt.Sprintf("the JSON 6902 operation on %s does not apply", quote(where)),
		Hint:    "The path must exist in the object, as it is at this point; op: add makes the last part of it.",
	}
	if m[3] != "" {
		p.Message, p.Hint = fmt.Sprintf("the JSON 6902 test of %s fails", quote(where)), "Correct the expected value, or drop the test."
	}
	x.documents(func(d *document) bool {
		if d.kind != render.FromPatch || d.doc.Root == nil || d.doc.Root.Kind != yaml.SequenceNode {
			return false
		}
		for _, op := range d.doc.Root.Content {
			if n := child(op, "path"); n != nil && n.Value == where && (m[3] == "") == (scalarAt(op, "op") != "test") {
				p.At = nodeSpan(d.doc, n)
				return true
			}
		}
		return false
	})
	return p, true
}

// duplicate finds the second object with the identity of an earlier one.
func (x *explainer) duplicate() (p render.Problem, ok bool) {
	i := strings.Index(x.text, "may not add resource with an already registered id")
	if i < 0 {
		return p, false
	}
	m := resID.FindStringSubmatch(x.text[i:] + " ")
	if m == nil {
		return p, false
	}
	p = render.Problem{
		At:      x.rootFile(),
		Message: fmt.Sprintf("two objects are %s %s", m[1], quote(m[2])),
		Hint:    "Remove one of them, or tell them apart with a namespace or a namePrefix.",
	}
	x.documents(func(d *document) bool {
		for _, root := range d.roots {
			if d.kind == render.FromResource && scalarAt(root.node, "kind") == m[1] && scalarAt(root.node, "metadata", "name") == m[2] {
				if c := candidateOf(root.child("metadata").child("name")); c != nil {
					p.At = c.span
					return true
				}
			}
		}
		return false
	})
	return p, true
}

var lacks = regexp.MustCompile(`missing (metadata\.name|kind|apiVersion|Resource metadata)`)

// nameless finds the object without a name or kind.
func (x *explainer) nameless() (p render.Problem, ok bool) {
	m := lacks.FindStringSubmatch(x.text)
	if m == nil {
		return p, false
	}
	x.documents(func(d *document) bool {
		for _, root := range d.roots {
			if root.pointer == nil && d.kind != render.FromTransformer && (scalarAt(root.node, "metadata", "name") == "" || scalarAt(root.node, "kind") == "") {
				ok = true
				p = render.Problem{
					At:      nodeSpan(d.doc, first(root.node)),
					Message: "the document is no Kubernetes object: it lacks " + strings.Replace(m[1], "Resource metadata", "kind or metadata", 1),
					Hint:    "Give it apiVersion, kind and metadata.name, or take the file off the list.",
				}
				return true
			}
		}
		return false
	})
	return p, ok
}

var wrongKind = regexp.MustCompile(`expected kind (!?=?) ?'Component' for path '([^']*)'`)

// component finds the entry that lists a component as a base, or a base as a
// component.
func (x *explainer) component() (p render.Problem, ok bool) {
	m := wrongKind.FindStringSubmatch(x.text)
	if m == nil {
		return p, false
	}
	to, _ := x.view.rel(m[2])
	p = render.Problem{At: x.rootFile(), Message: quote(to) + " is not a component", Hint: "List it under resources:."}
	if m[1] == "!=" {
		p.Message, p.Hint = quote(to)+" is a component", "List it under components:."
	}
	x.kustomizations(func(dir string, k *kustomization) bool {
		for _, e := range k.entries {
			if n := x.view.lookup(path.Join(dir, e.name)); n.err == nil && n.real == to {
				p.At = k.find(e)
				return true
			}
		}
		return false
	})
	return p, true
}

var noMerge = regexp.MustCompile(`Kind:"(\w+)"[^}]*\}, Name:"([^"]*)".*does not exist; cannot merge or replace`)

// merge finds the generator that is to change an object that is not there.
func (x *explainer) merge() (p render.Problem, ok bool) {
	m := noMerge.FindStringSubmatch(strings.ReplaceAll(x.text, `\`, ""))
	if m == nil {
		return p, false
	}
	p = render.Problem{
		At:      x.rootFile(),
		Message: fmt.Sprintf("the generator is to merge into or replace %s %s, which does not exist", m[1], quote(m[2])),
		Hint:    "Add the object to the resources, or drop behavior:.",
	}
	x.find(func(keys []string, n *yaml.Node) bool {
		return n.Value == m[2] && len(keys) == 2 && strings.HasSuffix(keys[0], "Generator") && keys[1] == "name"
	}, &p.At)
	return p, true
}

var badReplacement = regexp.MustCompile(`unable to find field \\*"([^"\\]+)\\*" in replacement target|fieldPath \\*` + "`" + `([^` + "`" + `]+)` + "`" + ` is missing|nothing selected by ([^"\s]+)|multiple matches for selector ([^"\s]+)`)

// replacement finds the field path of a replacement that leads nowhere.
func (x *explainer) replacement() (p render.Problem, ok bool) {
	m := badReplacement.FindStringSubmatch(x.text)
	if m == nil {
		return p, false
	}
	p = render.Problem{At: x.rootFile(), Message: "the replacement cannot be made: " + x.clean(x.text), Hint: "Correct its source, its select or its field path."}
	if field := m[1] + m[2]; field != "" {
		x.find(func(keys []string, n *yaml.Node) bool { return n.Value == field }, &p.At)
		return p, true
	}
	x.find(func(keys []string, n *yaml.Node) bool {
		return len(keys) > 1 && keys[0] == "replacements" && keys[1] == "source" && strings.Contains(m[3]+m[4], n.Value) && keys[len(keys)-1] == "name"
	}, &p.At)
	return p, true
}

var badPlugin = regexp.MustCompile(`(?:unable to load external plugin|external plugins disabled; unable to load external plugin) '?"?(\w+)`)

// plugin finds the configuration of a plugin that is not built in.
func (x *explainer) plugin() (p render.Problem, ok bool) {
	m := badPlugin.FindStringSubmatch(x.text)
	if m == nil {
		return p, false
	}
	p = render.Problem{
		At:      x.rootFile(),
		Message: fmt.Sprintf("the plugin %s is a program of its own, and such plugins and functions are never run", quote(m[1])),
		Hint:    "Use what is built into kustomize, or commit the rendered objects.",
	}
	x.find(func(keys []string, n *yaml.Node) bool { return len(keys) == 1 && keys[0] == "kind" && n.Value == m[1] }, &p.At)
	return p, true
}

// keys finds a mapping key that is no text, on which JSON 6902 patches and
// Lists fail.
func (x *explainer) keys() (p render.Problem, ok bool) {
	if !strings.Contains(x.text, "map[interface {}]interface {}") {
		return p, false
	}
	x.documents(func(d *document) bool {
		for _, root := range d.roots {
			root.walk(func(s *site) {
				if !ok && s.key != nil && s.key.Kind == yaml.ScalarNode && s.key.ShortTag() != "!!str" && s.key.ShortTag() != "!!merge" {
					ok = true
					p = render.Problem{
						At:      nodeSpan(d.doc, s.key),
						Message: fmt.Sprintf("kustomize cannot handle the key %s: keys must be text, and this one is %s", s.key.Value, kindOf(s.key)),
						Hint:    fmt.Sprintf("Write it in quotes: %q.", s.key.Value),
					}
				}
			})
		}
		return ok
	})
	return p, ok
}

// find puts the place of the first configuration value that match accepts into
// at.
func (x *explainer) find(match func(keys []string, n *yaml.Node) bool, at *source.Span) {
	x.documents(func(d *document) bool {
		if d.kind != render.FromTransformer {
			return false
		}
		found := false
		for _, root := range d.roots {
			root.walk(func(s *site) {
				if !found && s.node.Kind == yaml.ScalarNode && match(s.keys(), s.node) {
					found = true
					*at = nodeSpan(d.doc, s.node)
				}
			})
		}
		return found
	})
}

// keyNode returns the first key below n that is called name.
func keyNode(n *yaml.Node, name string) *yaml.Node {
	for i, c := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 0 && c.Value == name {
			return c
		}
		if found := keyNode(c, name); found != nil {
			return found
		}
	}
	return nil
}
