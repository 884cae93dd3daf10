package config

import (
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
	"go.yaml.in/yaml/v3"

	"github.com/org/probe-mtls-action/internal/mesh"
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

// entry is one key that a section may have.
type entry struct {
	key  string
	read func(v *yaml.Node)
}

// full reports whether enough mistakes are known to stop looking for more.
func (d *decoder) full() bool { return len(d.errs) >= maxMistakes }

func (d *decoder) fail(n *yaml.Node, hint, format string, args ...any) {
	if d.full() {
		return
	}
	d.errs = append(d.errs, render.Problem{At: d.doc.at(n), Message: fmt.Sprintf(format, args...), Hint: hint})
}

// mapping reads the keys of a section; n may be null, which is an empty one.
func (d *decoder) mapping(n *yaml.Node, what string, entries []entry) {
	if isNull(n) {
		return
	}
	if n.Kind != yaml.MappingNode {
		d.fail(n, "", "%s must be a mapping of keys, not %s", what, kindOf(n))
		return
	}
	for i := 0; i+1 < len(n.Content) && !d.full(); i += 2 {
		key := n.Content[i]
		at := slices.IndexFunc(entries, func(e entry) bool { return e.key == key.Value })
		if at < 0 {
			d.unknown(key, what, entries)
			continue
		}
		entries[at].read(n.Content[i+1])
	}
}

func (d *decoder) config(c *Config, root *yaml.Node) {
	d.object = d.doc.object("Configuration")
	var environments *yaml.Node
	d.mapping(root, "the file", []entry{
		{"mesh", func(v *yaml.Node) { d.mesh(&c.Mesh, v, render.PathOf("mesh")) }},
		{"environments", func(v *yaml.Node) { environments = v }},
		{"failOn", func(v *yaml.Node) { d.choice(&c.FailOn, v, "failOn", "error", "warning", "note", "never") }},
		{"paths", func(v *yaml.Node) { d.paths(&c.Paths, v, "paths") }},
		{"exclude", func(v *yaml.Node) { d.globs(&c.Exclude, v, "exclude") }},
		{"context", func(v *yaml.Node) { d.paths(&c.Context, v, "context") }},
	})
	if environments != nil { // after mesh, which they build upon
		d.environments(c, environments)
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
		d.mapping(n, "an environment", []entry{
			{"name", func(v *yaml.Node) {
				e.At = d.doc.at(v)
				d.text(&e.Name, v, "name")
				if first := names[e.Name]; first > 0 && e.Name != "" {
					d.fail(v, "", "a second environment named %q; the first is on line %d", e.Name, first)
				}
				names[e.Name] = d.doc.at(v).Start.Line
			}},
			{"roots", func(v *yaml.Node) { d.globs(&e.Roots, v, "roots") }},
			{"context", func(v *yaml.Node) { d.paths(&e.Context, v, "context") }},
			{"mesh", func(v *yaml.Node) { d.mesh(&e.Mesh, v, render.PathOf("environments").Item(i).Key("mesh")) }},
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

var version = regexp.MustCompile(`^v?\d+\.\d+(\.\d+)?([-+].*)?$`)

// mesh reads a section mesh over what o already holds.
func (d *decoder) mesh(o *mesh.Options, section *yaml.Node, at render.Path) {
	if o.Places == nil {
		o.Places = map[string]render.Field{}
	}
	entries := d.meshEntries(o)
	for i, e := range entries {
		entries[i].read = func(v *yaml.Node) {
			o.Places[e.key] = render.Field{Object: d.object, Path: at.Key(e.key)}
			e.read(v)
		}
	}
	d.mapping(section, "mesh", entries)
	d.imports(imported{&o.Values, &o.MeshConfig, o.Places, ""}, section, at)
	d.fromOperator(o, section)
}

func (d *decoder) meshEntries(o *mesh.Options) []entry {
	return []entry{
		{"istioVersion", func(v *yaml.Node) { d.version(&o.IstioVersion, v, "istioVersion", `"1.24"`) }},
		{"meshMTLS", func(v *yaml.Node) { d.mode(&o.MeshMTLS, v) }},
		{"rewriteAppHTTPProbe", func(v *yaml.Node) { d.boolOrAuto(&o.RewriteAppHTTPProbe, v, "rewriteAppHTTPProbe") }},
		{"rootNamespace", func(v *yaml.Node) { d.text(&o.RootNamespace, v, "rootNamespace") }},
		{"revisions", func(v *yaml.Node) { d.revisions(o, v) }},
		{"enableNamespacesByDefault", func(v *yaml.Node) {
			o.EnableNamespacesByDefault = new(bool)
			d.bool(o.EnableNamespacesByDefault, v, "enableNamespacesByDefault")
		}},
		{"injection", func(v *yaml.Node) {
			var s string
			d.choice(&s, v, "injection", "auto", "always", "never")
			o.Injection = mesh.Injection(s)
		}},
		{"profile", func(v *yaml.Node) { d.text(&o.Profile, v, "profile") }},
		{"kubeletVersion", func(v *yaml.Node) { d.version(&o.KubeletVersion, v, "kubeletVersion", `"1.33"`) }},
		{"nativeSidecars", func(v *yaml.Node) { d.choice(&o.NativeSidecars, v, "nativeSidecars", "true", "false", "auto") }},
		{"sidecarTLSIngress", func(v *yaml.Node) { d.bool(&o.SidecarTLSIngress, v, "sidecarTLSIngress") }},
		{"admissionValidates", func(v *yaml.Node) { d.bool(&o.AdmissionValidates, v, "admissionValidates") }},
		// Read by imports, after all other keys.
		{"values", func(*yaml.Node) {}},
		{"meshConfig", func(*yaml.Node) {}},
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
	d.choice(&s, &word, "meshMTLS", "strict", "permissive", "disable")
	*to = mesh.Mode(strings.ToUpper(s))
}

func (d *decoder) revisions(o *mesh.Options, list *yaml.Node) {
	at := o.Places["revisions"].Path
	o.Revisions = nil
	maps.DeleteFunc(o.Places, func(k string, _ render.Field) bool { return strings.HasPrefix(k, "revisions[") })
	for i, n := range d.items(list, "revisions") {
		var r mesh.Revision
		d.mapping(n, "a revision", []entry{
			{"name", func(v *yaml.Node) { d.textOrEmpty(&r.Name, v, "name") }},
			{"tags", func(v *yaml.Node) { d.texts(&r.Tags, v, "tags") }},
			{"values", func(*yaml.Node) {}},
			{"meshConfig", func(*yaml.Node) {}},
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
			d.fail(n, "* matches within a directory, ** over directories, {a,b} either", "%q is no valid glob", s)
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

func (d *decoder) version(to *string, n *yaml.Node, what, example string) {
	var s string
	if d.text(&s, n, what); s == "" {
		return
	}
	if !version.MatchString(s) {
		d.fail(n, "write it as "+example, "%s must be a version, not %q", what, s)
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
