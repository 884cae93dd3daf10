package kustomize_test

import (
	"context"
	"strings"
	"testing"

	"github.com/org/probe-mtls-action/render"
	"github.com/org/probe-mtls-action/render/kustomize"
)

// payloads has an object of each kind with a payload, written in the ways that
// matter: with comments around, empty values, folded text, a field after it.
const payloads = `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: apps.example.com
  labels: {app: web}
spec:
  group: example.com
  names: {kind: App, plural: apps}
  scope: Namespaced
  versions:
  # the first
  - name: v1
    schema: # of v1
      openAPIV3Schema:
        description: >-
          carried as it
          is written
        type: object
        properties:
          port: {type: integer, maximum: 9223372036854775807, default: 8080}
          containers: {type: array}
          words:
            description: |
              # not a comment

            pattern: '^[a-z]$'
    # about what follows
    served: true
    storage: true
  - name: v2
    served: false
    storage: false
    schema:
      openAPIV3Schema: {type: object, nullable: true}
  conversion:
    strategy: Webhook
    webhook:
      conversionReviewVersions: [v1]
      clientConfig: {service: {name: hook, namespace: system, path: /convert}}
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: empties.example.com}
spec:
  versions:
  - name: v1
    schema:
      openAPIV3Schema:
        default: null
        properties: {}
  validation:
  - 1.50
  - 0x10
  - ~
  - 2020-01-01
---
apiVersion: v1
kind: ConfigMap
data:
  key: value $(VALUE)
  words: |
    text
metadata:
  name: settings
---
apiVersion: v1
kind: Secret
metadata: {name: hidden}
stringData:
  word: secret
data:
  key: dmFsdWU=
---
apiVersion: v1
kind: ConfigMap
metadata: {name: odd}
data:
  containers:
  - image: reg/web
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: reader}
rules:
- apiGroups: [""]
  resources: [pods]
  verbs: [get]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: named}
rules:
- resources: [secrets]
  resourceNames: [hidden]
  verbs: [get]
---
apiVersion: v1
kind: Service
metadata: {name: hook, annotations: {value: "7"}}
spec: {ports: [{port: 443}]}
`

// TestPayloadsAreCut says for which kustomizations payloads are kept from
// kustomize, and holds what is rendered against kustomize for each.
func TestPayloadsAreCut(t *testing.T) {
	const schema, data, rules = "openAPIV3Schema: {type: object, nullable: true}", "value $(VALUE)", "[pods]"
	smp := func(body string) string {
		return "patches:\n- patch: |-\n    apiVersion: apiextensions.k8s.io/v1\n    kind: CustomResourceDefinition\n    metadata: {name: apps.example.com, labels: {x: \"y\"}}\n" + body
	}
	for _, c := range []struct {
		name, kustomization string
		seen                []string // of the payloads above
		files               map[string]string
	}{
		{name: "nothing"},
		{name: "names", kustomization: "namePrefix: a-\nnameSuffix: -b\nnamespace: shop\n"},
		{name: "labels", kustomization: "commonLabels: {a: b}\ncommonAnnotations: {c: d}\nlabels: [{pairs: {e: f}, includeSelectors: true}]\n"},
		{name: "images", kustomization: "images: [{name: reg/web, newTag: new}]\n"},
		{name: "order", kustomization: "sortOptions: {order: legacy}\n"},
		{name: "label fields", kustomization: "labels: [{pairs: {e: f}, fields: [{path: spec/versions/schema/x, create: true, kind: CustomResourceDefinition}]}]\n", seen: []string{schema}},
		{name: "merge beside it", kustomization: smp("    spec: {scope: Cluster}\n")},
		{name: "merge into it", kustomization: smp("    spec: {validation: {x: y}}\n"), seen: nil},
		{name: "merge into a version", kustomization: smp("    spec: {versions: [{name: v1, schema: {x: y}}]}\n"), seen: []string{schema}},
		{name: "merge of empty values", kustomization: strings.ReplaceAll(smp(""), "apps.example.com", "empties.example.com")},
		{name: "deletion", kustomization: smp("    $patch: delete\n")},
		{name: "deletion in it", kustomization: smp("    spec: {versions: [{$patch: delete, name: v1}]}\n"), seen: []string{schema}},
		{name: "operation beside it", kustomization: "patches:\n- patch: |-\n    - {op: replace, path: /spec/conversion/webhook/clientConfig/service/name, value: other}\n  target: {name: apps.example.com}\n"},
		{name: "operation on all", kustomization: "patches:\n- patch: |-\n    - {op: add, path: /metadata/labels, value: {a: b}}\n  target: {}\n"},
		{name: "operation in it", kustomization: "patches:\n- patch: |-\n    - {op: add, path: /spec/versions/1/schema/openAPIV3Schema/x, value: y}\n  target: {name: apps.*}\n", seen: []string{schema}},
		{name: "test of it", kustomization: "patches:\n- patch: |-\n    - {op: test, path: /spec/versions/1/schema/openAPIV3Schema/type, value: object}\n  target: {name: apps.*}\n", seen: []string{schema}},
		{name: "copy of it", kustomization: "patches:\n- patch: |-\n    - {op: copy, from: /spec/versions/1/schema, path: /metadata/annotations}\n  target: {name: apps.example.com}\n", seen: []string{schema}},
		{name: "move around it", kustomization: "patches:\n- patch: |-\n    - {op: move, from: /spec/versions/1, path: /spec/versions/0}\n  target: {name: apps.example.com}\n", seen: []string{schema}},
		{name: "test of data", kustomization: "patches:\n- patch: |-\n    - {op: test, path: /data/words, value: \"text\\n\"}\n  target: {name: settings}\n", seen: []string{data}},
		{name: "patch of a new name", kustomization: "resources: [base]\npatches:\n- patch: |-\n    - {op: add, path: /data/x, value: y}\n  target: {name: a-settings}\n", seen: []string{data},
			files: map[string]string{"base/kustomization.yaml": "namePrefix: a-\nresources: [o.yaml]\n", "base/o.yaml": payloads}},
		{name: "replacement from data", kustomization: "replacements:\n- source: {kind: ConfigMap, name: settings, fieldPath: data.words}\n  targets:\n  - {select: {kind: Service}, fieldPaths: [metadata.annotations.value]}\n", seen: []string{data}},
		{name: "replacement from elsewhere", kustomization: "replacements:\n- source: {kind: Service, name: hook, fieldPath: metadata.annotations.value}\n  targets:\n  - {select: {name: apps.example.com}, fieldPaths: [spec.group]}\n"},
		{name: "replacement into it", kustomization: "replacements:\n- source: {kind: Service, name: hook, fieldPath: metadata.annotations.value}\n  targets:\n  - {select: {name: settings}, fieldPaths: [data.key]}\n", seen: []string{data}},
		{name: "replacement of all", kustomization: "replacements:\n- source: {kind: ConfigMap, name: settings, fieldPath: data}\n  targets:\n  - {select: {kind: Service}, fieldPaths: [metadata.annotations]}\n", seen: []string{data}},
		{name: "replacement in a file", kustomization: "replacements: [{path: r.yaml}]\n", seen: []string{data},
			files: map[string]string{"r.yaml": "source: {kind: ConfigMap, name: settings, fieldPath: data.words}\ntargets:\n- {select: {kind: Service}, fieldPaths: [metadata.annotations.value]}\n"}},
		{name: "variable", kustomization: "vars: [{name: VALUE, objref: {apiVersion: v1, kind: Service, name: hook}, fieldref: {fieldpath: metadata.annotations.value}}]\nconfigurations: [c.yaml]\n", seen: []string{data},
			files: map[string]string{"c.yaml": "varReference: [{path: data/key, kind: ConfigMap}]\n"}},
		{name: "configuration of all kinds", kustomization: "configurations: [c.yaml]\nnamePrefix: a-\n", seen: []string{rules, schema},
			files: map[string]string{"c.yaml": "nameReference: [{kind: Service, version: v1, fieldSpecs: [{path: rules/verbs}, {path: spec/versions}]}]\n"}},
		{name: "configuration beside it", kustomization: "configurations: [c.yaml]\nnamePrefix: a-\n",
			files: map[string]string{"c.yaml": "nameReference: [{kind: Service, version: v1, fieldSpecs: [{path: spec/conversion/webhook/clientConfig/service/name, kind: CustomResourceDefinition}]}]\n"}},
		{name: "component", kustomization: "components: [c]\n", seen: []string{data},
			files: map[string]string{"c/kustomization.yaml": "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\npatches: [{path: p.yaml}]\n", "c/p.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {more: text}\n"}},
		{name: "generator that merges", kustomization: "configMapGenerator: [{name: settings, behavior: merge, literals: [a=b]}]\n", seen: []string{data}},
		{name: "plugin", kustomization: "transformers:\n- |-\n  apiVersion: builtin\n  kind: LabelTransformer\n  metadata: {name: l}\n  labels: {a: b}\n  fieldSpecs: [{path: data, create: true, kind: ConfigMap}]\n", seen: []string{schema, data, rules}},
	} {
		t.Run(strings.ReplaceAll(c.name, " ", "-"), func(t *testing.T) {
			kustomization := c.kustomization
			if !strings.Contains(kustomization, "resources:") {
				kustomization += "resources: [o.yaml]\n"
			}
			pairs := []string{"kustomization.yaml", kustomization, "o.yaml", payloads}
			for name, text := range c.files {
				pairs = append(pairs, name, text)
			}
			tr := tree(t, pairs...)
			defer tr.Close()
			r := kustomize.New(tr, kustomize.Options{Confined: true})
			res, err := r.Render(context.Background(), render.Root{Dir: "."})
			if err != nil {
				t.Fatal(err)
			}
			equalsKustomize(t, c.name, tr.Dir(), res)
			given := r.Given(".")
			for _, text := range []string{schema, data, rules} {
				want := false
				for _, s := range c.seen {
					want = want || s == text
				}
				if got := strings.Contains(given, text); got != want {
					t.Errorf("kustomize sees %q: %v, want %v", text, got, want)
				}
			}
			if !strings.Contains(given, "image: reg/web") || !strings.Contains(given, "resourceNames") {
				t.Error("kustomize does not see what it looks into")
			}
		})
	}
}

// TestPayloadsAreTraced asks where values in payloads come from.
func TestPayloadsAreTraced(t *testing.T) {
	tr := tree(t, "kustomization.yaml", "resources: [o.yaml]\n", "o.yaml", payloads)
	defer tr.Close()
	res := renderRoot(t, tr, kustomize.Options{}, ".")
	for path, line := range map[string]int{
		"spec.versions[1].schema.openAPIV3Schema.type":                     34,
		"spec.versions[0].schema.openAPIV3Schema.properties.words.pattern": 26,
		"data.key": 60, "rules[0].resources[0]": 86,
	} {
		found := false
		for _, o := range res.Objects {
			if o.At(parsePath(path)) == nil || found {
				continue
			}
			found = true
			if at, err := o.Trace(context.Background(), parsePath(path)); err != nil || !at.Exact || at.Span.Start.Line != line {
				t.Errorf("%s: %+v %v, want line %d", path, at, err, line)
			}
		}
		if !found {
			t.Errorf("%s: not rendered", path)
		}
	}
}
