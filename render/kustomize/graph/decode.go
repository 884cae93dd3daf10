//lint:file-ignore SA1019 Kustomize still renders its deprecated fields, and repositories use them.

package graph

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
	"sigs.k8s.io/kustomize/api/types"
	sigsyaml "sigs.k8s.io/yaml"
)

// maxExpanded bounds what a kustomization file stands for with its aliases
// expanded, in values plus bytes of their text: the decoder expands them.
const maxExpanded = 32 << 20

// decode reads data as kustomize does: YAML to JSON, and JSON to its struct,
// whose fields Go matches without regard to case. What does not fit the struct
// is left out, and the rest is read. doc is data as a YAML document; without
// one, nil, the text may hold no aliases.
func decode(data []byte, doc *yaml.Node) (k *types.Kustomization, err error) {
	defer func() {
		if v := recover(); v != nil {
			k, err = nil, fmt.Errorf("the YAML cannot be decoded: %v", v)
		}
	}()
	switch {
	case doc != nil && expanded(doc, map[*yaml.Node]int{}) > maxExpanded:
		return nil, fmt.Errorf("with its aliases expanded the file has more than %d values and bytes", maxExpanded)
	case doc == nil && bytes.ContainsRune(data, '*'):
		return nil, fmt.Errorf("the YAML is not valid")
	}
	j, err := sigsyaml.YAMLToJSON(data)
	if err != nil {
		return nil, err
	}
	k = &types.Kustomization{}
	// A field of another type than kustomize wants makes the render fail; what
	// the other fields name still tells which changes may mend it.
	_ = json.Unmarshal(j, k)
	return k, nil
}

// expanded counts the values below n and the bytes of their text, aliases
// expanded, up to a little more than [maxExpanded]. known holds what is counted.
func expanded(n *yaml.Node, known map[*yaml.Node]int) int {
	if size, ok := known[n]; ok {
		return size
	}
	known[n] = maxExpanded + 1 // for a circle
	size := 1 + len(n.Value)
	if n.Kind == yaml.AliasNode && n.Alias != nil {
		size = expanded(n.Alias, known)
	}
	for _, c := range n.Content {
		if size += expanded(c, known); size > maxExpanded {
			break
		}
	}
	known[n] = size
	return size
}

// decoded adds to r what kustomize's own decoder finds in data and the walk
// along the YAML did not: names that are tagged or escaped, or stand below
// fields that are spelled otherwise.
func (r *reader) decoded(data []byte, doc *yaml.Node) {
	k, err := decode(data, doc)
	if err != nil {
		if r.broken == "" {
			r.broken = err.Error()
		}
		r.unread = true
		return
	}
	if k.Kind != "" {
		r.component = k.Kind == types.ComponentKind
	}
	if k.APIVersion != "" {
		r.foreign = isForeignVersion(k.APIVersion)
	}
	r.composes = r.composes || composes(k)
	known := map[ref]bool{}
	for _, rf := range r.refs {
		known[ref{kind: rf.kind, text: rf.text}] = true
	}
	for _, rf := range refsOf(k) {
		if id := (ref{kind: rf.kind, text: rf.text}); rf.text != "" && !known[id] {
			known[id] = true
			rf.line = r.lineOf(doc, rf)
			r.refs = append(r.refs, rf)
		}
	}
	if r.helm == 0 && (k.HelmGlobals != nil || len(k.HelmCharts)+len(k.HelmChartInflationGenerator) > 0) {
		r.helm = 1
	}
}

// refsOf lists the names of files and directories in a kustomization.
func refsOf(k *types.Kustomization) []ref {
	var refs []ref
	add := func(kind refKind, field string, names ...string) {
		for _, n := range names {
			refs = append(refs, ref{kind: kind, field: field, text: n})
		}
	}
	add(baseRef, "resources", k.Resources...)
	add(baseRef, "bases", k.Bases...)
	add(baseRef, "components", k.Components...)
	add(fileRef, "crds", k.Crds...)
	add(fileRef, "configurations", k.Configurations...)
	add(fileRef, "openapi.path", k.OpenAPI["path"])
	for _, p := range k.PatchesStrategicMerge {
		add(fileRef, "patchesStrategicMerge", string(p))
	}
	for _, p := range k.Patches {
		add(fileRef, "patches.path", p.Path)
	}
	for _, p := range k.PatchesJson6902 {
		add(fileRef, "patchesJson6902.path", p.Path)
	}
	for _, p := range k.Replacements {
		add(fileRef, "replacements.path", p.Path)
	}
	sources := func(field string, s types.KvPairSources) {
		add(dataRef, field+".files", s.FileSources...)
		add(envRef, field+".envs", s.EnvSources...)
		add(envRef, field+".env", s.EnvSource)
	}
	for _, g := range k.ConfigMapGenerator {
		sources("configMapGenerator", g.KvPairSources)
	}
	for _, g := range k.SecretGenerator {
		sources("secretGenerator", g.KvPairSources)
	}
	add(pluginRef, "generators", k.Generators...)
	add(pluginRef, "transformers", k.Transformers...)
	add(pluginRef, "validators", k.Validators...)
	if g := k.HelmGlobals; g != nil {
		add(chartRef, "helmGlobals.chartHome", g.ChartHome)
	}
	for _, c := range k.HelmCharts {
		add(fileRef, "helmCharts.valuesFile", append(c.AdditionalValuesFiles, c.ValuesFile)...)
	}
	for _, c := range k.HelmChartInflationGenerator {
		add(chartRef, "helmChartInflationGenerator.chartHome", c.ChartHome)
		add(fileRef, "helmChartInflationGenerator.values", c.Values)
	}
	return refs
}

// composing are the fields by which a kustomization makes values of parts of
// others, in lower case. In the configuration of a plugin these may be names
// that stand in no file.
var composing = map[string]bool{
	"nameprefix": true, "namesuffix": true, "vars": true, "images": true, "imagetags": true, "replicas": true,
	"replacements": true, "generators": true, "transformers": true, "configmapgenerator": true, "secretgenerator": true,
}

func composes(k *types.Kustomization) bool {
	return k.NamePrefix != "" || k.NameSuffix != "" || len(k.Vars)+len(k.Images)+len(k.ImageTags)+len(k.Replicas)+
		len(k.Replacements)+len(k.Generators)+len(k.Transformers)+len(k.ConfigMapGenerator)+len(k.SecretGenerator) > 0
}

// plain reports whether the walk along the YAML of data finds all that kustomize
// decodes: nothing is tagged or escaped, and no letter folds to one of ASCII.
func plain(data []byte) bool {
	return !bytes.ContainsFunc(data, func(c rune) bool { return c == '!' || c == '\\' || c >= 0x80 })
}

// lineOf finds the line of a name that the walk did not recognise: that of a
// scalar that stands for it, else that of its field's key, else 1.
func (r *reader) lineOf(doc *yaml.Node, rf ref) int {
	line := 1
	if doc == nil || len(doc.Content) == 0 {
		return line
	}
	field, _, _ := strings.Cut(rf.field, ".")
	r.eachField(doc.Content[0], func(key, v *yaml.Node) {
		if line > 1 || !strings.EqualFold(text(key), field) {
			return
		}
		line = key.Line
		eachScalar(v, &r.steps, func(n *yaml.Node) {
			if text(n) == rf.text {
				line = n.Line
			}
		})
	})
	return line
}

// text returns what a scalar stands for: a value tagged !!binary is base64.
func text(n *yaml.Node) string {
	if n.ShortTag() == "!!binary" {
		compact := strings.Join(strings.Fields(n.Value), "")
		if raw, err := base64.StdEncoding.DecodeString(compact); err == nil {
			return string(raw)
		}
	}
	return n.Value
}

// eachScalar calls f for the scalars below n, aliases not followed, as long as
// steps are left.
func eachScalar(n *yaml.Node, steps *int, f func(*yaml.Node)) {
	if *steps--; *steps <= 0 {
		return
	}
	if n.Kind == yaml.ScalarNode {
		f(n)
	}
	for _, c := range n.Content {
		eachScalar(c, steps, f)
	}
}
