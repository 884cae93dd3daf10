package config

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
	"go.yaml.in/yaml/v3"

	"github.com/org/probe-mtls-action/internal/mesh"
	"github.com/org/probe-mtls-action/internal/mesh/istio"
	"github.com/org/probe-mtls-action/internal/settings"
	"github.com/org/probe-mtls-action/internal/version"
	"github.com/org/probe-mtls-action/render"
)

// Bounds of what a hostile file could otherwise make dear.
const (
	maxMistakes     = 100
	maxEnvironments = 1000
	maxGlob         = 500 // bytes
	maxBraces       = 8   // alternatives of a glob; matching tries all combinations
)

// decoder turns a document into a Config and gathers every mistake.
type decoder struct {
	tree   render.Tree
	files  []string // that were read
	doc    *document
	errs   Errors
	object *render.Object // the document, for Places
}

// readers read the values of a section's keys, by key. The keys themselves are
// those of the table of settings.
type readers map[string]func(v *yaml.Node)

// full reports whether enough mistakes are known to stop looking for more.
func (d *decoder) full() bool { return len(d.errs) >= maxMistakes }

func (d *decoder) fail(n *yaml.Node, hint, format string, args ...any) {
	if d.full() {
		return
	}
	d.errs = append(d.errs, render.Problem{At: d.doc.at(n), Message: fmt.Sprintf(format, args...), Hint: hint})
}

// mapping reads the keys of a section, named as the table of settings does; n
// may be null, which is an empty one.
func (d *decoder) mapping(n *yaml.Node, what, section string, read readers) {
	if isNull(n) {
		return
	}
	if n.Kind != yaml.MappingNode {
		d.fail(n, "", "%s must be a mapping of keys, not %s", what, kindOf(n))
		return
	}
	for i := 0; i+1 < len(n.Content) && !d.full(); i += 2 {
		key := n.Content[i]
		if valid := keysOf(section); !slices.Contains(valid, key.Value) {
			d.unknown(key, section, valid)
			continue
		}
		read[key.Value](n.Content[i+1])
	}
}

// keysOf returns the keys of a section.
func keysOf(section string) []string {
	var keys []string
	for _, s := range settings.Section(section) {
		keys = append(keys, s.LastKey())
	}
	return keys
}

// into returns what reads the value of a key of the table as its form says.
// to is a *string, a *bool or the *[]string of paths or globs.
func (d *decoder) into(to any, key string) func(*yaml.Node) {
	s := settings.ByKey(key)
	name := s.LastKey()
	return func(v *yaml.Node) {
		switch to := to.(type) {
		case *bool:
			d.bool(to, v, name)
		case *[]string:
			switch s.Form.Name {
			case "globs":
				d.globs(to, v, name)
			case "paths":
				d.paths(to, v, name)
			default:
				d.texts(to, v, name)
			}
		case *string:
			switch {
			case s.Form.Choices != nil:
				d.choice(to, v, name, s.Form.Choices...)
			case s.Form.Name == "version":
				d.version(to, v, name)
			default:
				d.text(to, v, name)
			}
		}
	}
}

func (d *decoder) config(c *Config, root *yaml.Node) {
	d.object = d.doc.object("Configuration")
	var environments *yaml.Node
	d.mapping(root, "the file", "", readers{
		"mesh":            func(v *yaml.Node) { d.mesh(&c.Mesh, v, render.PathOf("mesh")) },
		"environments":    func(v *yaml.Node) { environments = v },
		"failOn":          d.into(&c.FailOn, "failOn"),
		"failOnUnchecked": d.into(&c.FailOnUnchecked, "failOnUnchecked"),
		"allRoots":        d.into(&c.AllRoots, "allRoots"),
		"paths":           d.into(&c.Paths, "paths"),
		"repository":      d.into(&c.Repository, "repository"),
		"exclude":         d.into(&c.Exclude, "exclude"),
		"context":         d.into(&c.Context, "context"),
	})
	if environments != nil { // after mesh, which they build upon
		d.environments(c, environments)
	}
	d.says(c, root, "")
}

// says lists the values below n, which stands at key.
func (d *decoder) says(c *Config, n *yaml.Node, key string) {
	switch n.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			below := n.Content[i].Value
			if key != "" {
				below = key + "." + below
			}
			d.says(c, n.Content[i+1], below)
		}
	case yaml.SequenceNode:
		for _, item := range n.Content {
			d.says(c, item, key+"[]")
		}
	default:
		c.Says = append(c.Says, Saying{Key: key, Value: n.Value, At: d.doc.at(n)})
	}
}

func (d *decoder) environments(c *Config, list *yaml.Node) {
	items := d.items(list, "environments")
	if len(items) > maxEnvironments {
		d.fail(list, "", "%d environments; at most %d are read", len(items), maxEnvironments)
		return
	}
	names := map[string]int{}
	for i, n := range items {
		e := Environment{Mesh: c.Mesh, At: d.doc.at(n)}
		e.Mesh.Places = maps.Clone(c.Mesh.Places)
		known := len(d.errs)
		d.mapping(n, "an environment", "environments[]", readers{
			"name": func(v *yaml.Node) {
				e.At = d.doc.at(v)
				d.text(&e.Name, v, "name")
				if first := names[e.Name]; first > 0 && e.Name != "" {
					d.fail(v, "", "a second environment named %q; the first is on line %d", e.Name, first)
				}
				names[e.Name] = d.doc.at(v).Start.Line
			},
			"roots":   d.into(&e.Roots, "environments[].roots"),
			"context": d.into(&e.Context, "environments[].context"),
			"mesh":    func(v *yaml.Node) { d.mesh(&e.Mesh, v, render.PathOf("environments").Item(i).Key("mesh")) },
		})
		if len(d.errs) == known {
			switch {
			case e.Name == "":
				d.fail(n, "add name: to it", "the environment has no name")
			case len(e.Roots) == 0:
				d.fail(n, `name the directories of its roots, as in roots: ["clusters/prod/**"]`, "environment %q has no roots", e.Name)
			}
		}
		c.Environments = append(c.Environments, e)
	}
}

// mesh reads a section mesh over what o already holds.
func (d *decoder) mesh(o *istio.Options, section *yaml.Node, at render.Path) {
	if o.Places == nil {
		o.Places = map[string]render.Field{}
	}
	read := d.meshReaders(o)
	for key, inner := range read {
		read[key] = func(v *yaml.Node) {
			o.Places[key] = render.Field{Object: d.object, Path: at.Key(key)}
			inner(v)
		}
	}
	d.mapping(section, "mesh", "mesh", read)
	d.imports(imported{&o.Values, &o.MeshConfig, o.Places, ""}, section, at)
	d.fromOperator(o, section)
}

func (d *decoder) meshReaders(o *istio.Options) readers {
	later := func(*yaml.Node) {} // read by imports, after all other keys
	return readers{
		"istioVersion":        d.into(&o.IstioVersion, "mesh.istioVersion"),
		"meshMTLS":            func(v *yaml.Node) { d.mode(&o.MeshMTLS, v) },
		"rewriteAppHTTPProbe": func(v *yaml.Node) { d.boolOrAuto(&o.RewriteAppHTTPProbe, v, "rewriteAppHTTPProbe") },
		"rootNamespace":       d.into(&o.RootNamespace, "mesh.rootNamespace"),
		"revisions":           func(v *yaml.Node) { d.revisions(o, v) },
		"enableNamespacesByDefault": func(v *yaml.Node) {
			o.EnableNamespacesByDefault = new(bool)
			d.bool(o.EnableNamespacesByDefault, v, "enableNamespacesByDefault")
		},
		"injection": func(v *yaml.Node) {
			var s string
			d.into(&s, "mesh.injection")(v)
			o.Injection = istio.Injection(s)
		},
		"profile":            d.into(&o.Profile, "mesh.profile"),
		"kubeletVersion":     d.into(&o.KubeletVersion, "mesh.kubeletVersion"),
		"nativeSidecars":     d.into(&o.NativeSidecars, "mesh.nativeSidecars"),
		"sidecarTLSIngress":  d.into(&o.SidecarTLSIngress, "mesh.sidecarTLSIngress"),
		"admissionValidates": d.into(&o.AdmissionValidates, "mesh.admissionValidates"),
		"values":             later,
		"meshConfig":         later,
	}
}

// mode takes the words of --mesh-mtls, and the same in capitals, as a
// PeerAuthentication writes them.
func (d *decoder) mode(to *mesh.Mode, n *yaml.Node) {
	word := *n
	if word.Value == strings.ToUpper(word.Value) {
		word.Value = strings.ToLower(word.Value)
	}
	var s string
	d.into(&s, "mesh.meshMTLS")(&word)
	*to = mesh.Mode(strings.ToUpper(s))
}

func (d *decoder) revisions(o *istio.Options, list *yaml.Node) {
	at := o.Places["revisions"].Path
	o.Revisions = nil
	maps.DeleteFunc(o.Places, func(k string, _ render.Field) bool { return strings.HasPrefix(k, "revisions[") })
	for i, n := range d.items(list, "revisions") {
		var r istio.Revision
		d.mapping(n, "a revision", "mesh.revisions[]", readers{
			"name":       func(v *yaml.Node) { d.textOrEmpty(&r.Name, v, "name") },
			"tags":       d.into(&r.Tags, "mesh.revisions[].tags"),
			"values":     func(*yaml.Node) {},
			"meshConfig": func(*yaml.Node) {},
		})
		prefix := fmt.Sprintf("revisions[%d].", i)
		d.imports(imported{&r.Values, &r.MeshConfig, o.Places, prefix}, n, at.Item(i))
		o.Revisions = append(o.Revisions, r)
	}
}

// items returns the items of a list; null is an empty one.
func (d *decoder) items(n *yaml.Node, what string) []*yaml.Node {
	switch {
	case isNull(n):
		return nil
	case n.Kind != yaml.SequenceNode:
		d.fail(n, fmt.Sprintf("write it as %s: [...]", what), "%s must be a list, not %s", what, kindOf(n))
		return nil
	}
	return n.Content
}

func (d *decoder) texts(to *[]string, list *yaml.Node, what string) {
	for _, n := range d.items(list, what) {
		var s string
		if d.text(&s, n, "an entry of "+what); s != "" {
			*to = append(*to, s)
		}
	}
}

func (d *decoder) paths(to *[]string, list *yaml.Node, what string) {
	for _, n := range d.items(list, what) {
		var s string
		if d.text(&s, n, "an entry of "+what); s != "" {
			if p, ok := d.inRepository(n, s); ok {
				*to = append(*to, p)
			}
		}
	}
}

func (d *decoder) globs(to *[]string, list *yaml.Node, what string) {
	for _, n := range d.items(list, what) {
		var s string
		if d.text(&s, n, "an entry of "+what); s == "" {
			continue
		}
		if len(s) > maxGlob || strings.Count(s, "{") > maxBraces {
			d.fail(n, "write several globs", "a glob of %d bytes and %d braces; at most %d and %d", len(s), strings.Count(s, "{"), maxGlob, maxBraces)
		} else if !doublestar.ValidatePattern(s) {
			d.fail(n, "* matches within a directory, ** over directories, {a,b} either", "%q is not a valid glob", s)
		} else if p, ok := d.inRepository(n, s); ok {
			*to = append(*to, p)
		}
	}
}

// inRepository returns a path or glob in its clean form.
func (d *decoder) inRepository(n *yaml.Node, s string) (string, bool) {
	p := path.Clean(s)
	if path.IsAbs(p) || p == ".." || strings.HasPrefix(p, "../") || strings.ContainsRune(s, '\x00') {
		d.fail(n, "paths are relative to the repository's root", "%q leads out of the repository", s)
		return "", false
	}
	return p, true
}

func (d *decoder) textOrEmpty(to *string, n *yaml.Node, what string) {
	if n.Kind != yaml.ScalarNode || isNull(n) || n.Tag == "!!bool" {
		d.fail(n, "", "%s must be a text, not %s", what, kindOf(n))
		return
	}
	*to = n.Value
}

func (d *decoder) text(to *string, n *yaml.Node, what string) {
	*to = ""
	if d.textOrEmpty(to, n, what); *to == "" && n.Kind == yaml.ScalarNode && n.Tag == "!!str" {
		d.fail(n, "", "%s must not be empty", what)
	}
}

func (d *decoder) version(to *string, n *yaml.Node, what string) {
	var s string
	if d.text(&s, n, what); s == "" {
		return
	}
	if !version.Valid(s) {
		d.fail(n, `write it as "1.24" or "1.24.3"`, "%s must be a version, not %q", what, s)
		return
	}
	*to = s
}

func (d *decoder) choice(to *string, n *yaml.Node, what string, valid ...string) {
	if n.Kind == yaml.ScalarNode && slices.Contains(valid, n.Value) {
		*to = n.Value
		return
	}
	d.fail(n, suggest(n.Value, valid), "%s must be one of %s, not %s", what, strings.Join(valid, ", "), kindOf(n))
}

func (d *decoder) bool(to *bool, n *yaml.Node, what string) {
	switch {
	case n.Kind == yaml.ScalarNode && n.Tag == "!!bool" && strings.EqualFold(n.Value, "true"):
		*to = true
	case n.Kind == yaml.ScalarNode && n.Tag == "!!bool" && strings.EqualFold(n.Value, "false"):
		*to = false
	default:
		d.fail(n, "", "%s must be true or false, not %s", what, kindOf(n))
	}
}

func (d *decoder) boolOrAuto(to **bool, n *yaml.Node, what string) {
	if n.Kind == yaml.ScalarNode && n.Value == "auto" {
		*to = nil
		return
	}
	*to = new(bool)
	d.bool(*to, n, what)
}

// kindOf describes a value in the words of the file's author.
func kindOf(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	}
	if isNull(n) {
		return "nothing"
	}
	value := n.Value
	if r := []rune(value); len(r) > 40 {
		value = string(r[:40]) + "…"
	}
	if n.Tag == "!!str" {
		return fmt.Sprintf("%q", value)
	}
	return value
}
