package kustomize_test

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"testing"
	"testing/fstest"

	"go.yaml.in/yaml/v3"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/kustomize/kyaml/openapi"

	"github.com/org/probe-mtls-action/internal/parallel"
	"github.com/org/probe-mtls-action/render"
	"github.com/org/probe-mtls-action/render/kustomize"
	"github.com/org/probe-mtls-action/render/kustomize/kustomizetest"
)

const workload = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  labels: {app: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata:
      labels: {app: web, sidecar.istio.io/inject: "true"}
      annotations:
        traffic.sidecar.istio.io/excludeInboundPorts: "9102,8080"
        sidecar.istio.io/rewriteAppHTTPProbers: "false"
    spec:
      hostNetwork: false
      containers:
      - name: app
        image: reg/web:1.0
        command: [run]
        ports:
        - {name: http, containerPort: 8080}
        livenessProbe:
          httpGet: {path: /live, port: 8080, scheme: HTTP, host: web.shop}
        readinessProbe:
          tcpSocket: {port: http}
        startupProbe:
          grpc: {port: 0x1F90}
        envFrom:
        - configMapRef: {name: settings}
`

const others = `apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  selector: {app: web}
  ports:
  - {name: http, port: 80, targetPort: http}
---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: default}
spec:
  selector: {matchLabels: {app: web}}
  mtls: {mode: STRICT}
  portLevelMtls:
    "8080": {mode: DISABLE}
---
apiVersion: v1
kind: Namespace
metadata:
  name: shop
  labels: {istio-injection: enabled}
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: values
  annotations: {list: "9102,8080,7", one: "8080", word: other}
data: {list: "9102,8080,7", mode: STRICT}
`

// field is a field that decides about probes, and how to change it.
type field struct {
	kind, name string
	path       string // as render.Path prints it
	value      string // another value for it
}

var fields = []field{
	{"Deployment", "web", "spec.template.spec.containers[0].livenessProbe.httpGet.port", "9090"},
	{"Deployment", "web", "spec.template.spec.containers[0].livenessProbe.httpGet.scheme", "HTTPS"},
	{"Deployment", "web", "spec.template.spec.containers[0].livenessProbe.httpGet.host", "other"},
	{"Deployment", "web", "spec.template.spec.containers[0].readinessProbe.tcpSocket.port", "9090"},
	{"Deployment", "web", "spec.template.spec.containers[0].startupProbe.grpc.port", "8.08e3"},
	{"Deployment", "web", "spec.template.spec.containers[0].ports[0].containerPort", "9090"},
	{"Deployment", "web", "spec.template.spec.containers[0].ports[0].name", "other"},
	{"Deployment", "web", "spec.template.spec.containers[0].image", "reg/other:2"},
	{"Deployment", "web", "spec.template.spec.hostNetwork", "true"},
	{"Deployment", "web", `spec.template.metadata.annotations["traffic.sidecar.istio.io/excludeInboundPorts"]`, `"9102"`},
	{"Deployment", "web", `spec.template.metadata.annotations["sidecar.istio.io/rewriteAppHTTPProbers"]`, `"true"`},
	{"Deployment", "web", `spec.template.metadata.labels["sidecar.istio.io/inject"]`, `"false"`},
	{"Deployment", "web", "spec.template.metadata.labels.app", "other"},
	{"Service", "web", "spec.ports[0].targetPort", "8080"},
	{"Service", "web", "spec.ports[0].port", "8080"},
	{"PeerAuthentication", "default", "spec.mtls.mode", "PERMISSIVE"},
	{"PeerAuthentication", "default", `spec.portLevelMtls.8080.mode`, "STRICT"},
	{"Namespace", "shop", "metadata.labels.istio-injection", "disabled"},
}

// group returns the API group and version of the field's object.
func (f field) apiVersion() string {
	return map[string]string{"Deployment": "apps/v1", "PeerAuthentication": "security.istio.io/v1"}[f.kind] + map[bool]string{true: "v1"}[f.kind == "Service" || f.kind == "Namespace"]
}

// pointer is the field's path in a JSON 6902 patch.
func (f field) pointer() string {
	out := ""
	for _, s := range parsePath(f.path) {
		if s.Index >= 0 {
			out += fmt.Sprintf("/%d", s.Index)
		} else {
			out += "/" + strings.ReplaceAll(s.Key, "/", "~1")
		}
	}
	return out
}

// fieldPath is the field's path in a replacement.
func (f field) fieldPath() string {
	var out []string
	for _, s := range parsePath(f.path) {
		switch {
		case s.Index >= 0:
			out = append(out, fmt.Sprint(s.Index))
		case strings.Contains(s.Key, "."):
			out = append(out, "["+s.Key+"]")
		default:
			out = append(out, s.Key)
		}
	}
	return strings.Join(out, ".")
}

// patch is a strategic merge patch that sets the field; more is put in front of
// its value.
func (f field) patch(more string) string {
	value := more + f.value
	path := parsePath(f.path)
	for i := len(path) - 1; i >= 0; i-- {
		if s := path[i]; s.Index < 0 {
			value = fmt.Sprintf("{%q: %s}", s.Key, value)
			continue
		}
		item := map[string]string{"containers": "{name: app, ", "ports": "{containerPort: 8080, "}[path[i-1].Key]
		if f.kind == "Service" {
			item = "{port: 80, "
		}
		if last := path[len(path)-1].Key; i == len(path)-2 && strings.Contains(item, last+":") {
			item = "{"
		}
		value = "[" + item + value[1:] + "]"
	}
	return fmt.Sprintf("{apiVersion: %s, kind: %s, metadata: {name: %s}, %s", f.apiVersion(), f.kind, f.name, strings.TrimPrefix(value, "{"))
}

// merged is patch with metadata merged, where the field is in there.
func (f field) merged(more string) string {
	if f.path == "metadata.labels.istio-injection" {
		return fmt.Sprintf("{apiVersion: v1, kind: Namespace, metadata: {name: shop, labels: {istio-injection: %s}}}", more+f.value)
	}
	return f.patch(more)
}

func (f field) target() string { return fmt.Sprintf("{kind: %s, name: %s}", f.kind, f.name) }

// feature makes the kustomization, and more files, that use a feature on a field.
type feature struct {
	name string
	// make returns the text of over/kustomization.yaml without its resources,
	// followed by names and texts of other files.
	make func(f field) []string
	// exotic features are tried on the first field only: they do not look at values.
	exotic bool
	// Where a test looks at the value, changing the value alone proves nothing.
	unproven bool
}

func text(s string) func(field) []string { return func(field) []string { return []string{s} } }

func operation(op string) func(field) []string {
	return func(f field) []string {
		r := strings.NewReplacer("PATH", f.pointer(), "VALUE", f.value, "TARGET", f.target())
		return []string{r.Replace("patches:\n- target: TARGET\n  patch: |-\n" + op)}
	}
}

func replacement(source, options string) func(field) []string {
	return func(f field) []string {
		return []string{fmt.Sprintf("replacements:\n- source: %s\n  targets:\n  - select: %s\n    fieldPaths: [\"%s\"]\n%s", source, f.target(), f.fieldPath(), options)}
	}
}

const list = `{kind: ConfigMap, name: values, fieldPath: metadata.annotations.list, options: {delimiter: ",", index: %d}}`

var features = []feature{
	{name: "base", make: text("")},
	{name: "patch file", make: func(f field) []string {
		return []string{"patches: [{path: p.yaml}]\n", "over/p.yaml", f.merged("") + "\n"}
	}},
	{name: "patch inline", make: func(f field) []string { return []string{"patches:\n- patch: |-\n    " + f.merged("") + "\n"} }},
	{name: "patch with target", make: func(f field) []string {
		return []string{"patches:\n- target: {kind: " + f.kind + "}\n  options: {allowNameChange: true, allowKindChange: true}\n  patch: |-\n    " + f.merged("") + "\n"}
	}},
	{name: "patch by label", make: func(f field) []string {
		return []string{"patches:\n- target: {labelSelector: app=web}\n  patch: |-\n    [{\"op\": \"replace\", \"path\": \"/spec/template/spec/containers/0/livenessProbe/httpGet/port\", \"value\": 9090}]\n"}
	}},
	{name: "patchesStrategicMerge", make: func(f field) []string {
		return []string{"patchesStrategicMerge: [p.yaml]\n", "over/p.yaml", f.merged("") + "\n"}
	}},
	{name: "patch removes", make: func(f field) []string {
		g := f
		g.value = "null"
		return []string{"patches: [{path: p.yaml}]\n", "over/p.yaml", g.merged("")}
	}},
	{name: "patch deletes", make: func(f field) []string {
		return []string{"patches: [{path: p.yaml}]\n", "over/p.yaml", fmt.Sprintf("{apiVersion: %s, kind: %s, metadata: {name: %s}, $patch: delete}", f.apiVersion(), f.kind, f.name)}
	}},
	{name: "json6902 replace", make: operation("    - {op: replace, path: \"PATH\", value: VALUE}\n")},
	{name: "json6902 add", make: operation("    - op: add\n      path: PATH\n      value: VALUE\n")},
	{name: "json6902 remove", make: operation("    - {op: remove, path: \"PATH\"}\n")},
	{name: "json6902 copy", make: operation("    - {op: copy, from: \"PATH\", path: /metadata/copied}\n    - {op: replace, path: \"PATH\", value: VALUE}\n")},
	{name: "json6902 move", make: operation("    - {op: move, from: \"PATH\", path: /metadata/moved}\n    - {op: move, from: /metadata/moved, path: \"PATH\"}\n")},
	{name: "json6902 test", unproven: true, make: operation("    - op: replace\n      path: PATH\n      value: VALUE\n    - op: test\n      path: PATH\n      value: VALUE\n")},
	{name: "json6902 failing test", make: operation("    - {op: test, path: \"PATH\", value: something}\n")},
	{name: "json6902 file", make: func(f field) []string {
		return []string{"patchesJson6902:\n- {path: p.json, target: {version: v1, kind: " + f.kind + ", name: " + f.name + "}}\n",
			"over/p.json", fmt.Sprintf(`[{"op": "test", "path": "/metadata/name", "value": %q}, {"op": "add", "path": %q, "value": %s}]`, f.name, f.pointer(), asJSON(f.value))}
	}},
	{name: "replacement", make: replacement("{kind: ConfigMap, name: values, fieldPath: metadata.annotations.one}", "")},
	{name: "replacement of a word", make: replacement("{kind: ConfigMap, name: values, fieldPath: metadata.annotations.word}", "")},
	{name: "replacement of a number", make: replacement(`{kind: Deployment, name: web, fieldPath: "spec.template.spec.containers.[name=app].ports.[name=http].containerPort"}`, "")},
	{name: "replacement source 0", make: replacement(fmt.Sprintf(list, 0), "")},
	{name: "replacement source 2", make: replacement(fmt.Sprintf(list, 2), "")},
	{name: "replacement source out of bounds", make: replacement(fmt.Sprintf(list, 5), "")},
	{name: "replacement target 0", make: replacement("{kind: ConfigMap, name: values, fieldPath: metadata.annotations.one}", "    options: {delimiter: \",\", index: 0}\n")},
	{name: "replacement target 1", make: replacement("{kind: ConfigMap, name: values, fieldPath: metadata.annotations.one}", "    options: {delimiter: \",\", index: 1}\n")},
	{name: "replacement prefix", make: replacement("{kind: ConfigMap, name: values, fieldPath: metadata.annotations.one}", "    options: {delimiter: \",\", index: -1}\n")},
	{name: "replacement in a part", make: replacement("{kind: ConfigMap, name: values, fieldPath: metadata.annotations.word}", "    options: {delimiter: \"/\", index: 1}\n")},
	{name: "replacement creates", make: replacement("{kind: ConfigMap, name: values, fieldPath: metadata.annotations.one}", "    options: {create: true}\n")},
	{name: "replacement rejects", make: replacement("{kind: ConfigMap, name: values, fieldPath: metadata.annotations.one}", "    reject: [{kind: Deployment}]\n")},
	{name: "replacement of several", make: func(f field) []string {
		return []string{fmt.Sprintf("replacements:\n- source: %s\n  targets:\n  - select: {kind: ConfigMap}\n    fieldPaths: [data.list]\n  - select: {kind: Deployment}\n    fieldPaths: [metadata.labels.app, \"%s\"]\n    options: {create: true}\n",
			fmt.Sprintf("{kind: %s, name: %s, fieldPath: \"%s\"}", f.kind, f.name, f.fieldPath()), "metadata.annotations.got")}
	}},
	{name: "replacement file", make: func(f field) []string {
		return []string{"replacements: [{path: r.yaml}]\n", "over/r.yaml", fmt.Sprintf("- sourceValue: %s\n  targets:\n  - select: %s\n    fieldPaths: [\"%s\"]\n", f.value, f.target(), f.fieldPath())}
	}},
	{name: "vars", make: func(f field) []string {
		return []string{fmt.Sprintf("vars: [{name: V, objref: {apiVersion: v1, kind: ConfigMap, name: values}, fieldref: {fieldpath: metadata.annotations.one}}]\npatches:\n- target: %s\n  patch: |-\n    - {op: add, path: \"%s\", value: $(V)}\n", f.target(), f.pointer())}
	}},
	{name: "component", make: func(f field) []string {
		return []string{"components: [../comp]\n", "comp/kustomization.yaml", "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\npatches: [{path: p.yaml}]\n", "comp/p.yaml", f.merged("")}
	}},
	{name: "transformer file", make: func(f field) []string {
		return []string{"transformers: [t.yaml]\n", "over/t.yaml", "apiVersion: builtin\nkind: PatchTransformer\nmetadata: {name: t}\ntarget: " + f.target() + "\npatch: |-\n  - {op: add, path: \"" + f.pointer() + "\", value: " + f.value + "}\n"}
	}},
	{name: "anchors", make: func(f field) []string {
		return []string{"patches: [{path: p.yaml}]\n", "over/p.yaml", f.merged("&v ")}
	}},
	{name: "merge keys", make: func(f field) []string {
		return []string{"resources: [m.yaml]\n", "over/m.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: merged, annotations: &a {one: \"8080\", <<: {two: " + f.value + "}}}\ndata: {<<: *a}\n"}
	}},
	{name: "images", exotic: true, make: text("images:\n- {name: reg/web, newName: reg/x, newTag: v2}\n- {name: reg/x, digest: sha256:abc}\n")},
	{name: "replicas", exotic: true, make: text("replicas: [{name: web, count: 3}]\n")},
	{name: "labels", exotic: true, make: text("labels:\n- pairs: {sidecar.istio.io/inject: \"false\"}\n  includeTemplates: true\n- pairs: {tier: web}\n  includeSelectors: true\n- pairs: {x: y}\n  fields: [{path: spec/z, create: true}]\n")},
	{name: "commonLabels", exotic: true, make: text("commonLabels: {app: other}\ncommonAnnotations: {sidecar.istio.io/inject: \"false\"}\n")},
	{name: "names", exotic: true, make: text("namePrefix: a-\nnameSuffix: -z\nnamespace: prod\n")},
	{name: "generators", exotic: true, make: func(field) []string {
		return []string{"configMapGenerator:\n- {name: settings, literals: [A=1], envs: [e.env], files: [k=f.txt], options: {labels: {l: m}, annotations: {n: o}}}\n- {name: values, behavior: merge, literals: [list=7]}\n" +
			"secretGenerator: [{name: s, literals: [p=q], type: Opaque}]\ngeneratorOptions: {labels: {g: h}}\n", "over/e.env", "B=2\n", "over/f.txt", "8080\n"}
	}},
	{name: "generator replaces", exotic: true, make: text("configMapGenerator:\n- {name: values, behavior: replace, literals: [list=7]}\n")},
	{name: "generator file", exotic: true, make: func(field) []string {
		return []string{"generators: [g.yaml]\n", "over/g.yaml", "apiVersion: builtin\nkind: ConfigMapGenerator\nmetadata: {name: settings}\nliterals: [PORT=8080]\n"}
	}},
	{name: "openapi", exotic: true, make: func(field) []string {
		return []string{"openapi: {path: s.json}\n", "over/s.json", `{"definitions": {}}`}
	}},
	{name: "crds", exotic: true, make: func(field) []string {
		return []string{"crds: [c.json]\nconfigurations: [conf.yaml]\n", "over/c.json", "{}", "over/conf.yaml", "images: [{path: spec/image, kind: Other}]\n"}
	}},
	{name: "buildMetadata", exotic: true, make: text("buildMetadata: [originAnnotations, transformerAnnotations, managedByLabel]\nnamePrefix: a-\n")},
	{name: "sortOptions", exotic: true, make: text("sortOptions: {order: legacy}\n")},
	{name: "notations", exotic: true, make: func(field) []string {
		return []string{"resources: [n.yaml]\n", "over/n.yaml", "apiVersion: v1\nkind: Other\nmetadata: {name: n}\nspec: [0x1F90, 0o17, 017, 8.08e3, 8080.0, 1e30, 1_000, .5, True, yes, ~, 2001-12-14, !!binary aGk=, !!str 80, \"yes\", 'it''s', -0, +1, 18446744073709551615, 1e6, 1000000.5]\n"}
	}},
	{name: "infinity", exotic: true, make: func(field) []string {
		return []string{"resources: [n.yaml]\n", "over/n.yaml", "apiVersion: v1\nkind: Other\nmetadata: {name: n}\nspec: .inf\n"}
	}},
	{name: "keys", exotic: true, make: func(field) []string {
		return []string{"resources: [n.yaml]\n", "over/n.yaml", "apiVersion: v1\nkind: Other\nmetadata: {name: n}\nspec: {8080: a}\n"}
	}},
	{name: "repeated key", exotic: true, make: func(field) []string {
		return []string{"resources: [n.yaml]\n", "over/n.yaml", "apiVersion: v1\nkind: Other\nmetadata: {name: n}\nspec: {port: 1, port: 2}\n"}
	}},
}

func asJSON(value string) string {
	if strings.Trim(value, "0123456789.e") == "" || value == "true" || value[0] == '"' {
		return value
	}
	return fmt.Sprintf("%q", value)
}

// files returns the repository of a feature on a field.
func (ft feature) files(f field) map[string]string {
	made := ft.make(f)
	kust := made[0]
	if strings.HasPrefix(kust, "resources: [") {
		kust = strings.Replace(kust, "[", "[../base, ", 1)
	} else {
		kust = "resources: [../base]\n" + kust
	}
	base := "resources: [w.yaml, o.yaml]\n"
	if !strings.Contains(kust, "name: settings") && !strings.Contains(strings.Join(made, ""), "{name: settings}") {
		base += "configMapGenerator: [{name: settings, literals: [a=b]}]\n"
	}
	out := map[string]string{"base/kustomization.yaml": base, "base/w.yaml": workload, "base/o.yaml": others, "over/kustomization.yaml": kust}
	for i := 1; i+1 < len(made); i += 2 {
		out[made[i]] = made[i+1]
	}
	return out
}

// TestEveryFeatureOnEveryField renders each feature on each field as kustomize
// does, before and after the field is traced.
func TestEveryFeatureOnEveryField(t *testing.T) {
	type combination struct {
		feature
		field
	}
	var all []combination
	for _, ft := range features {
		for i, f := range fields {
			if !ft.exotic || i == 0 {
				all = append(all, combination{ft, f})
			}
		}
	}
	parallel.For(len(all), func(i int) {
		if c := all[i]; c.feature.name != "openapi" { // changes the schema of the process
			featureOnField(t, c.feature, c.field, i%6 == 0 && !c.unproven)
		}
	})
	for _, ft := range features {
		if ft.name == "openapi" {
			featureOnField(t, ft, fields[0], false)
		}
	}
}

// featureOnField renders and traces a combination; with prove it also changes
// the place that is found, to see the field follow.
func featureOnField(t *testing.T, ft feature, f field, prove bool) {
	files := ft.files(f)
	tree := fstest.MapFS{}
	for name, data := range files {
		tree[name] = &fstest.MapFile{Data: []byte(data)}
	}
	name := ft.name + " on " + f.path
	res, err := kustomize.New(tree, kustomize.Options{Confined: true}).Render(context.Background(), render.Root{Dir: "over"})
	want, krustyErr := printedByKustomize(files, ft.name == "openapi")
	switch {
	case err != nil && krustyErr == nil:
		t.Errorf("%s: kustomize renders it, we do not: %v", name, err)
		return
	case err != nil:
		return
	case krustyErr != nil:
		if len(res.Refusals) == 0 {
			t.Errorf("%s: kustomize fails: %v", name, krustyErr)
		}
		return
	case len(res.Refusals) > 0:
		t.Errorf("%s: kustomize does not refuse: %v", name, res.Refusals)
		return
	}
	if diff := kustomizetest.Diff(want, res.Objects); diff != "" {
		t.Errorf("%s: %s", name, diff)
		return
	}
	for _, o := range res.Objects {
		if o.Kind != f.kind {
			continue
		}
		p := parsePath(f.path)
		at, err := o.Trace(context.Background(), p)
		if err != nil || at.Span.IsZero() || !at.Exact && at.Why == "" {
			t.Errorf("%s: %+v %v", name, at, err)
		}
		if n := o.At(p); n != nil && prove && at.Exact && provable(p) && at.Span.Start.Line > 0 {
			fs := fstest.MapFS(maps.Clone(tree))
			oracle, err := kustomizetest.New(fs, "over")
			if err == nil {
				_, err = oracle.Check(o, p, at.Span)
			}
			if err != nil {
				t.Errorf("%s: %s is not the place: %v", name, at.Span, err)
			}
		}
	}
	if diff := kustomizetest.Diff(want, res.Objects); diff != "" {
		t.Errorf("%s, traced: %s", name, diff)
	}
}

// printedByKustomize returns the objects as kustomize prints them.
func printedByKustomize(files map[string]string, ownSchema bool) ([]*yaml.Node, error) {
	if ownSchema {
		openapi.ResetOpenAPI()
		defer openapi.ResetOpenAPI()
	}
	mem := filesys.MakeFsInMemory()
	for name, data := range files {
		if err := mem.WriteFile("/"+name, []byte(data)); err != nil {
			return nil, err
		}
	}
	options := krusty.MakeDefaultOptions()
	options.LoadRestrictions = types.LoadRestrictionsNone
	m, err := krusty.MakeKustomizer(options).Run(mem, "/over")
	if err != nil {
		return nil, err
	}
	return kustomizetest.Printed(m)
}
