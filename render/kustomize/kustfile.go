//lint:file-ignore SA1019 Kustomize still renders its deprecated fields, and repositories use them.

package kustomize

import (
	"iter"
	"path"
	"strings"

	"go.yaml.in/yaml/v3"
	"sigs.k8s.io/kustomize/api/types"

	"github.com/org/probe-mtls-action/render/source"
	"github.com/org/probe-mtls-action/render/source/yamldoc"
)

// kustomization is a parsed kustomization file.
type kustomization struct {
	types.Kustomization
	err     error // why kustomize cannot read it
	doc     *yamldoc.Doc
	entries []entry
}

// entry is a name of a file, directory or remote in a kustomization file or
// in the configuration of a plugin.
type entry struct {
	field string // the top-level field of the kustomization file
	name  string
	role  role
	base  bool // may name a directory or a repository
}

// readKustomization parses f as kustomize does.
func readKustomization(f *source.File) *kustomization {
	k := &kustomization{}
	k.doc, _ = yamldoc.Parse(yamldoc.Whole(f))
	if k.err = unmarshal(f.Data, &k.Kustomization); k.err != nil {
		return k
	}
	k.FixKustomization()
	k.entries = entriesOf(&k.Kustomization)
	return k
}

// unmarshal is Kustomization.Unmarshal with its panics caught.
func unmarshal(data []byte, k *types.Kustomization) (err error) {
	defer catch(&err)
	return k.Unmarshal(data)
}

// entriesOf lists what the kustomization names. Entries that may also be inline
// documents are among them: only kustomize can tell for sure.
func entriesOf(k *types.Kustomization) []entry {
	var out []entry
	add := func(field string, r role, base bool, names ...string) {
		for _, n := range names {
			if n != "" {
				out = append(out, entry{field, n, r, base})
			}
		}
	}
	add("resources", roleResource, true, k.Resources...)
	add("components", 0, true, k.Components...)
	for _, p := range k.Patches {
		add("patches", rolePatch, false, p.Path)
	}
	for _, p := range k.PatchesJson6902 {
		add("patchesJson6902", rolePatch, false, p.Path)
	}
	for _, p := range k.PatchesStrategicMerge {
		add("patchesStrategicMerge", rolePatch, false, string(p))
	}
	for _, plugins := range []struct {
		field string
		names []string
	}{{"generators", k.Generators}, {"transformers", k.Transformers}, {"validators", k.Validators}} {
		add(plugins.field, rolePlugin, true, plugins.names...)
	}
	for _, g := range k.ConfigMapGenerator {
		addSources(add, "configMapGenerator", g.KvPairSources)
	}
	for _, g := range k.SecretGenerator {
		addSources(add, "secretGenerator", g.KvPairSources)
	}
	for _, r := range k.Replacements {
		add("replacements", roleReplacement, false, r.Path)
	}
	add("crds", roleData, false, k.Crds...)
	add("configurations", roleData, false, k.Configurations...)
	add("openapi", roleData, false, k.OpenAPI["path"])
	for _, h := range k.HelmCharts {
		add("helmCharts", roleData, false, h.ValuesFile)
		add("helmCharts", roleData, false, h.AdditionalValuesFiles...)
	}
	return out
}

func addSources(add func(string, role, bool, ...string), field string, s types.KvPairSources) {
	for _, f := range s.FileSources {
		if _, name, ok := strings.Cut(f, "="); ok {
			f = name
		}
		add(field, roleData, false, f)
	}
	add(field, roleEnv|roleData, false, s.EnvSources...)
}

// isInline reports whether an entry that may be a file name or a document looks
// like a document.
func isInline(s string) bool { return strings.ContainsAny(s, "\n{") || strings.Contains(s, ": ") }

// isEmpty reports whether the file says nothing but that it is a kustomization.
func (k *kustomization) isEmpty() bool {
	if k.doc.Root == nil || k.doc.Root.Kind != yaml.MappingNode {
		return k.doc.Root == nil || k.doc.Root.ShortTag() == "!!null"
	}
	for i := 0; i+1 < len(k.doc.Root.Content); i += 2 {
		value := deref(k.doc.Root.Content[i+1])
		switch strings.ToLower(k.doc.Root.Content[i].Value) {
		case "apiversion", "kind", "metadata":
		default:
			if value.ShortTag() != "!!null" && (value.Kind == yaml.ScalarNode || len(value.Content) > 0) {
				return false
			}
		}
	}
	return true
}

// find returns the place of the entry in the kustomization file.
func (k *kustomization) find(e entry) source.Span {
	if k.doc == nil || k.doc.Root == nil {
		return source.Span{}
	}
	fields := []string{e.field}
	switch e.field {
	case "resources":
		fields = append(fields, "bases")
	case "helmCharts":
		fields = append(fields, "helmChartInflationGenerator")
	}
	for _, field := range fields {
		for key, value := range fieldsFold(k.doc.Root, field) {
			if n := scalarWith(value, e.name); n != nil {
				return nodeSpan(k.doc, n)
			}
			if e.name == "" {
				return nodeSpan(k.doc, key)
			}
		}
	}
	// Merge keys bring fields from elsewhere.
	if n := scalarWith(k.doc.Root, e.name); n != nil && e.name != "" {
		return nodeSpan(k.doc, n)
	}
	return source.Span{File: k.doc.Text.File.Name}
}

// fieldsFold returns the keys and values of a field, whatever the case of its
// letters, as kustomize reads kustomization files.
func fieldsFold(m *yaml.Node, field string) iter.Seq2[*yaml.Node, *yaml.Node] {
	return func(yield func(key, value *yaml.Node) bool) {
		if m == nil || m.Kind != yaml.MappingNode {
			return
		}
		for i := 0; i+1 < len(m.Content); i += 2 {
			if strings.EqualFold(decoded(m.Content[i]), field) && !yield(m.Content[i], m.Content[i+1]) {
				return
			}
		}
	}
}

// lookupFold returns the first key and value of a field.
func lookupFold(m *yaml.Node, field string) (key, value *yaml.Node) {
	for key, value := range fieldsFold(m, field) {
		return key, value
	}
	return nil, nil
}

// scalarWith returns the first scalar below n that is name or ends in =name.
func scalarWith(n *yaml.Node, name string) *yaml.Node {
	if n.Kind == yaml.ScalarNode {
		if text := decoded(n); text == name || strings.HasSuffix(text, "="+name) {
			return n
		}
		return nil
	}
	for _, c := range n.Content {
		if found := scalarWith(c, name); found != nil {
			return found
		}
	}
	return nil
}

// nodeSpan returns the place of a scalar, or of the first character of any
// other node.
func nodeSpan(d *yamldoc.Doc, n *yaml.Node) source.Span {
	if sc, ok := d.Scalar(n); ok {
		return d.Text.Span(sc.Start, sc.End)
	}
	if at := d.Start(n); at >= 0 {
		return d.Text.Span(at, at)
	}
	return source.Span{File: d.Text.File.Name}
}

// isRemoteFile reports whether kustomize reads name over HTTP (api v0.21.2,
// internal/loader/fileloader.go).
func isRemoteFile(name string) bool {
	l := strings.ToLower(name)
	return strings.HasPrefix(l, "http:") || strings.HasPrefix(l, "https:")
}

// isRemote reports whether kustomize may take name for a repository to clone
// (api v0.21.2, internal/git/repospec.go) or reads it over HTTP.
func isRemote(name string) bool {
	if isRemoteFile(name) {
		return true
	}
	if path.IsAbs(name) {
		return false
	}
	l := strings.ToLower(name)
	l = strings.TrimPrefix(l, "git::")
	for _, p := range []string{"ssh://", "https://", "http://", "file://", "github.com/", "github.com:"} {
		if strings.HasPrefix(l, p) {
			return true
		}
	}
	user, rest, ok := strings.Cut(l, "@")
	if !ok || user == "" || strings.Trim(user, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
		return false
	}
	// user@host:path and user@host/path, where the path has a marker or two parts.
	_, rest, ok = strings.Cut(strings.Replace(rest, ":", "/", 1), "/")
	return ok && (strings.Contains(rest, "/") || strings.Contains(rest, ".git") || strings.Contains(rest, "_git/"))
}
