package kustomizetest

import (
	"fmt"
	"strings"
	"testing/fstest"
)

// Remote is a root, the directory ".", that names something on the network.
type Remote struct {
	Name  string
	Files fstest.MapFS
}

// field is a place of a kustomization file or of a plugin's configuration at
// which kustomize takes a name.
type field struct {
	before string // what stands in front of the key
	key    string
	indent int    // of the key
	list   bool   // the value is an item of a list
	prefix string // of the value
	rest   string // what stands behind the value
}

const (
	namedWeb = "target: {kind: Deployment, name: web}\n"
	webYAML  = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web, annotations: {from: x}}
spec: {template: {spec: {containers: [{name: web, image: example/web}]}}}
`
)

// kustomizationFields are all fields of a kustomization that name files,
// directories or repositories (kustomize api v0.21, types.Kustomization).
var kustomizationFields = []field{
	{key: "resources", list: true},
	{key: "bases", list: true},
	{key: "components", list: true},
	{key: "generators", list: true},
	{key: "transformers", list: true},
	{key: "validators", list: true},
	{key: "configurations", list: true},
	{key: "crds", list: true},
	{key: "patchesStrategicMerge", list: true},
	{before: "patches:\n- target: {kind: Deployment}\n", key: "path", indent: 2},
	{before: "patchesJson6902:\n- target: {version: v1, group: apps, kind: Deployment, name: web}\n", key: "path", indent: 2},
	{before: "replacements:\n-\n", key: "path", indent: 2},
	{before: "openapi:\n", key: "path", indent: 2},
	{before: "configMapGenerator:\n- name: cm\n", key: "files", list: true, indent: 2},
	{before: "configMapGenerator:\n- name: cm\n", key: "files", list: true, prefix: "x=", indent: 2},
	{before: "configMapGenerator:\n- name: cm\n", key: "envs", list: true, indent: 2},
	{before: "configMapGenerator:\n- name: cm\n", key: "env", indent: 2},
	{before: "secretGenerator:\n- name: s\n", key: "files", list: true, indent: 2},
	{before: "secretGenerator:\n- name: s\n", key: "envs", list: true, indent: 2},
	{before: "secretGenerator:\n- name: s\n", key: "env", indent: 2},
	{before: "helmCharts:\n- name: c\n", key: "valuesFile", indent: 2},
	{before: "helmCharts:\n- name: c\n", key: "repo", indent: 2},
	{before: "helmCharts:\n- name: c\n", key: "additionalValuesFiles", list: true, indent: 2},
}

// bases is how many of them take a repository.
const bases = 6

// pluginFields are the same of the builtin plugins (api v0.21, internal/builtins).
var pluginFields = map[string][]field{
	"generators": {
		{before: plugin("ConfigMapGenerator"), key: "files", list: true, prefix: "x="},
		{before: plugin("ConfigMapGenerator"), key: "files", list: true},
		{before: plugin("ConfigMapGenerator"), key: "envs", list: true},
		{before: plugin("ConfigMapGenerator"), key: "env"},
		{before: plugin("SecretGenerator"), key: "files", list: true},
		{before: plugin("SecretGenerator"), key: "envs", list: true},
		{before: plugin("HelmChartInflationGenerator"), key: "valuesFile"},
		{before: plugin("HelmChartInflationGenerator"), key: "repo"},
	},
	"transformers": {
		{before: plugin("PatchTransformer"), key: "path", rest: namedWeb},
		{before: plugin("PatchStrategicMergeTransformer"), key: "paths", list: true},
		{before: plugin("PatchJson6902Transformer"), key: "path", rest: namedWeb},
		{before: plugin("ReplacementTransformer") + "replacements:\n-\n", key: "path", indent: 2},
		{before: plugin("ValueAddTransformer"), key: "targetFilePath", rest: "value: x\ntargets: [{selector: {kind: Deployment}, fieldPath: metadata/name}]\n"},
	},
}

func plugin(kind string) string {
	return "apiVersion: builtin\nkind: " + kind + "\nmetadata: {name: p}\n"
}

// write writes the field with the value.
func (f field) write(key, value Spelling, v string) string {
	in := strings.Repeat(" ", f.indent)
	k := f.before + in + key.Write(f.key, f.indent)
	if f.list {
		return k + "\n" + in + "- " + value.Write(f.prefix+v, f.indent) + "\n" + f.rest
	}
	return k + " " + value.Write(f.prefix+v, f.indent) + "\n" + f.rest
}

// Remotes returns roots with the URL in every field that takes a name, in the
// kustomization file and in the configuration of plugins, in every spelling of
// the value and of the key, and roots that make the URL while they are rendered.
func Remotes(url string) []Remote {
	out := append(inKustomization(url, kustomizationFields), completed(url)...)
	for where, fields := range pluginFields {
		for _, f := range fields {
			f.each(url, func(n int, how, text string) {
				files := []string{"kustomization.yaml", "resources: [web.yaml]\n" + where + ": [plugin.yaml]\n", "plugin.yaml", text}
				if n%2 == 1 {
					files = []string{"kustomization.yaml", "resources: [web.yaml]\n" + where + ":\n- |-\n" + indented(text, 2)}
				}
				out = append(out, Remote{where + ", " + how, root(files...)})
			})
		}
	}
	return out
}

// Repositories returns roots with the URL of a repository in every field that
// takes one, in every spelling.
func Repositories(url string) []Remote {
	return inKustomization(url, kustomizationFields[:bases])
}

func inKustomization(url string, fields []field) []Remote {
	var out []Remote
	for _, f := range fields {
		f.each(url, func(_ int, how, text string) {
			if f.key != "resources" {
				text = "resources: [web.yaml]\n" + text
			}
			out = append(out, Remote{how, root("kustomization.yaml", text)})
		})
	}
	return out
}

// each calls use with every way to write the field.
func (f field) each(url string, use func(n int, how, text string)) {
	keys, values := KeySpellings(), ValueSpellings()
	for i, v := range values {
		use(i, f.key+", value "+v.Name, f.write(keys[0], v, url))
	}
	for i, k := range keys[1:] {
		use(i, f.key+", key "+k.Name, f.write(k, values[i%3], url))
	}
}

// completed are roots whose URL comes into being during the render.
func completed(url string) []Remote {
	scheme, rest, _ := strings.Cut(url, "://")
	scheme += "://"
	patch := func(path string) string { return plugin("PatchTransformer") + "path: " + path + "\n" + namedWeb }
	over := func(how, text string, files ...string) Remote {
		return Remote{how, root(append([]string{
			"kustomization.yaml", "resources: [web.yaml]\ntransformers: [over]\n",
			"over/kustomization.yaml", "resources: [plugin.yaml]\n" + text, "over/plugin.yaml", patch("'" + rest + "'"),
		}, files...)...)}
	}
	prefixed := "apiVersion: builtin\nkind: PrefixTransformer\nmetadata: {name: x}\nprefix: '" + scheme + "'\nfieldSpecs: [{path: path}]\n"
	return []Remote{
		over("name prefix by configuration", "namePrefix: '"+scheme+"'\nconfigurations: [c.yaml]\n", "over/c.yaml", "namePrefix: [{path: path}]\n"),
		over("prefix transformer in a file", "transformers: [t.yaml]\n", "over/t.yaml", prefixed),
		over("prefix transformer inline", "transformers:\n- |-\n"+indented(prefixed, 2)),
		over("patch", "patches: [{target: {kind: PatchTransformer}, patch: '[{op: replace, path: /path, value: \""+url+"\"}]'}]\n"),
		over("strategic merge", "patchesStrategicMerge:\n- |-\n"+indented(patch("'"+url+"'"), 2)),
		over("replacement", "replacements: [{source: {kind: PatchTransformer, fieldPath: metadata.annotations.u}, targets: [{select: {kind: PatchTransformer}, fieldPaths: [path]}]}]\n",
			"over/plugin.yaml", strings.Replace(patch("x"), "{name: p}", "{name: p, annotations: {u: '"+url+"'}}", 1)),
		over("annotations by configuration", "commonAnnotations: {path: '"+url+"'}\nconfigurations: [c.yaml]\n",
			"over/c.yaml", "commonAnnotations: [{path: /, create: true}]\n"),
		over("namespace by configuration", "namespace: '"+url+"'\nconfigurations: [c.yaml]\n", "over/c.yaml", "namespace: [{path: path, create: true}]\n"),
		over("image", "images: [{name: x, newName: '"+url+"', newTag: ''}]\nconfigurations: [c.yaml]\n",
			"over/c.yaml", "images: [{path: path}]\n", "over/plugin.yaml", patch("x")),
		over("variable", "vars: [{name: U, objref: {apiVersion: v1, kind: ConfigMap, name: m}, fieldref: {fieldpath: data.u}}]\nconfigurations: [c.yaml]\n",
			"over/kustomization.yaml", "resources: [plugin.yaml, m.yaml]\nvars: [{name: U, objref: {apiVersion: v1, kind: ConfigMap, name: m}, fieldref: {fieldpath: data.u}}]\nconfigurations: [c.yaml]\n",
			"over/c.yaml", "varReference: [{path: path}]\n", "over/plugin.yaml", patch("$(U)"),
			"over/m.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m, annotations: {config.kubernetes.io/local-config: 'true'}}\ndata: {u: '"+url+"'}\n"),
		over("component", "components: [../comp]\n", "comp/kustomization.yaml",
			"apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\ntransformers: [t.yaml]\n", "comp/t.yaml", prefixed),
		over("name prefix of the name", "namePrefix: '"+scheme+"'\nreplacements: [{source: {kind: PatchTransformer, fieldPath: metadata.name}, targets: [{select: {kind: PatchTransformer}, fieldPaths: [path]}]}]\n",
			"over/plugin.yaml", strings.Replace(patch("x"), "{name: p}", "{name: '"+rest+"'}", 1)),
		{"alias", root("kustomization.yaml", "resources: [web.yaml]\nconfigMapGenerator:\n- {name: &u '"+url+"', envs: [*u]}\n")},
		{"alias in a plugin", root("kustomization.yaml", "resources: [web.yaml]\ntransformers: [p.yaml]\n",
			"p.yaml", "x: &u '"+url+"'\n"+patch("*u"))},
		{"merge key in a plugin", root("kustomization.yaml", "resources: [web.yaml]\ntransformers: [p.yaml]\n",
			"p.yaml", "<<: {path: '"+url+"'}\n"+plugin("PatchTransformer")+namedWeb)},
		{"two documents", root("kustomization.yaml", "resources: [web.yaml]\ntransformers: [p.yaml]\n",
			"p.yaml", plugin("LabelTransformer")+"labels: {a: b}\n---\n"+strings.Replace(patch("'"+url+"'"), "name: p", "name: q", 1))},
		{"list of plugins", root("kustomization.yaml", "resources: [web.yaml]\ntransformers: [p.yaml]\n",
			"p.yaml", "apiVersion: v1\nkind: List\nitems:\n- "+strings.TrimLeft(indented(patch("'"+url+"'"), 2), " "))},
		{"JSON", root("kustomization.yaml", "resources: [web.yaml]\ntransformers: [p.yaml]\n",
			"p.yaml", fmt.Sprintf(`{"apiVersion":"builtin","kind":"PatchTransformer","metadata":{"name":"p"},"target":{"kind":"Deployment"},"pat\u0068":"\u0068%s"}`, url[1:]))},
	}
}

// root makes a tree of files, given as name and text in turn; the last text of a
// name counts.
func root(files ...string) fstest.MapFS {
	fsys := fstest.MapFS{"web.yaml": {Data: []byte(webYAML)}}
	for i := 0; i < len(files); i += 2 {
		fsys[files[i]] = &fstest.MapFile{Data: []byte(files[i+1])}
	}
	return fsys
}

func indented(text string, by int) string {
	in := strings.Repeat(" ", by)
	return in + strings.ReplaceAll(strings.TrimSuffix(text, "\n"), "\n", "\n"+in) + "\n"
}
