package config_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/org/probe-mtls-action/internal/config"
	"github.com/org/probe-mtls-action/internal/mesh"
	"github.com/org/probe-mtls-action/internal/mesh/istio"
	"github.com/org/probe-mtls-action/render"
)

var update = flag.Bool("update", false, "rewrite the expected errors")

func tree(files map[string]string) fstest.MapFS {
	fsys := fstest.MapFS{}
	for name, text := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(text), Mode: 0o644}
	}
	return fsys
}

func load(t *testing.T, files map[string]string) *config.Config {
	t.Helper()
	cfg, err := config.Load(tree(files), config.DefaultFile)
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// TestErrors compares the whole error text of each testdata/errors/*.txtar with
// its file "want".
func TestErrors(t *testing.T) {
	t.Parallel()
	cases, err := filepath.Glob("testdata/errors/*.txtar")
	if err != nil || len(cases) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, name := range cases {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			t.Parallel()
			archive, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			files := map[string]string{}
			want := ""
			archive.Files = slices.DeleteFunc(archive.Files, func(f txtar.File) bool {
				if f.Name == "want" {
					want = string(f.Data)
					return true
				}
				files[f.Name] = string(f.Data)
				return false
			})
			_, err = config.Load(tree(files), config.DefaultFile)
			if err == nil {
				t.Fatal("no error")
			}
			got := err.Error() + "\n"
			if *update {
				archive.Files = append(archive.Files, txtar.File{Name: "want", Data: []byte(got)})
				if err := os.WriteFile(name, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("error differs (-want +got):\n%s", diff)
			}
		})
	}
}

const everything = `# every key
mesh:
  istioVersion: 1.10
  meshMTLS: strict
  rewriteAppHTTPProbe: false
  rootNamespace: istio-config
  revisions:
  - name: ""
  - name: 1-31
    tags: [default, stable]
    values: {global: {istioNamespace: istio-canary}}
  enableNamespacesByDefault: true
  injection: always
  profile: ambient
  kubeletVersion: v1.32.4
  nativeSidecars: auto
  sidecarTLSIngress: true
  admissionValidates: true
  values:
    global: {proxy: {autoInject: disabled}}
  meshConfig:
    rootNamespace: other
failOn: warning
paths: [./clusters/, apps]
exclude: ["**/test"]
context: [platform]
environments:
- name: prod
  roots: ["clusters/prod/**", apps/*/prod]
  context: [platform/prod]
  mesh:
    istioVersion: "1.24.1"
    rewriteAppHTTPProbe: auto
    sidecarTLSIngress: false
- name: staging
  roots: [apps/*/staging]
`

func TestLoad(t *testing.T) {
	t.Parallel()
	cfg := load(t, map[string]string{config.DefaultFile: everything})
	m := cfg.Mesh
	for _, c := range []struct {
		what      string
		got, want any
	}{
		{"istioVersion, the text and not the number", m.IstioVersion, "1.10"},
		{"meshMTLS", m.MeshMTLS, mesh.ModeStrict},
		{"rewriteAppHTTPProbe", *m.RewriteAppHTTPProbe, false},
		{"rootNamespace", m.RootNamespace, "istio-config"},
		{"revisions", len(m.Revisions), 2},
		{"revision without a name", m.Revisions[0], istio.Revision{}},
		{"name of a revision", m.Revisions[1].Name, "1-31"},
		{"tags of a revision", m.Revisions[1].Tags, []string{"default", "stable"}},
		{"values of a revision", m.Revisions[1].Values.Content[0].Value, "global"},
		{"enableNamespacesByDefault", *m.EnableNamespacesByDefault, true},
		{"injection", m.Injection, istio.InjectionAlways},
		{"profile", m.Profile, "ambient"},
		{"kubeletVersion", m.KubeletVersion, "v1.32.4"},
		{"nativeSidecars", m.NativeSidecars, "auto"},
		{"sidecarTLSIngress", m.SidecarTLSIngress, true},
		{"admissionValidates", m.AdmissionValidates, true},
		{"values", m.Values.Content[0].Value, "global"},
		{"meshConfig", m.MeshConfig.Content[0].Value, "rootNamespace"},
		{"failOn", cfg.FailOn, "warning"},
		{"paths", cfg.Paths, []string{"clusters", "apps"}},
		{"exclude", cfg.Exclude, []string{"**/test"}},
		{"context", cfg.Context, []string{"platform"}},
		{"environments", len(cfg.Environments), 2},
	} {
		if diff := cmp.Diff(c.want, c.got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.what, diff)
		}
	}

	prod, staging := cfg.Environments[0], cfg.Environments[1]
	if prod.Name != "prod" || !slices.Equal(prod.Context, []string{"platform/prod"}) || prod.At.String() != ".probe-mtls.yaml:28:9" {
		t.Errorf("environment %+v", prod)
	}
	if prod.Mesh.IstioVersion != "1.24.1" || prod.Mesh.RewriteAppHTTPProbe != nil || prod.Mesh.SidecarTLSIngress {
		t.Errorf("the environment's own settings do not hold: %+v", prod.Mesh)
	}
	if prod.Mesh.RootNamespace != "istio-config" || prod.Mesh.Values == nil {
		t.Errorf("settings of the top level are lost: %+v", prod.Mesh)
	}
	if staging.Mesh.IstioVersion != "1.10" || *staging.Mesh.RewriteAppHTTPProbe {
		t.Errorf("another environment's settings leak: %+v", staging.Mesh)
	}
}

func TestPlaces(t *testing.T) {
	t.Parallel()
	cfg := load(t, map[string]string{config.DefaultFile: everything})
	prod := cfg.Environments[0].Mesh.Places
	for _, c := range []struct {
		field render.Field
		want  string
	}{
		{cfg.Mesh.Places["istioVersion"], ".probe-mtls.yaml:3:17"},
		{cfg.Mesh.Places["rewriteAppHTTPProbe"], ".probe-mtls.yaml:5:24"},
		{cfg.Mesh.Places["revisions"], ".probe-mtls.yaml:7:3"},
		{cfg.Mesh.Places["revisions[1].values.global.istioNamespace"], ".probe-mtls.yaml:11:39"},
		{cfg.Mesh.Places["values.global.proxy.autoInject"], ".probe-mtls.yaml:20:34"},
		{cfg.Mesh.Places["values"].Key("global", "proxy").Key("autoInject"), ".probe-mtls.yaml:20:34"},
		{cfg.Mesh.Places["meshConfig"].Key("rootNamespace"), ".probe-mtls.yaml:22:20"},
		{prod["rewriteAppHTTPProbe"], ".probe-mtls.yaml:33:26"},
		{prod["rootNamespace"], ".probe-mtls.yaml:6:18"},
	} {
		if got := place(t, c.field); got != c.want {
			t.Errorf("%s stands at %s, want %s", c.field, got, c.want)
		}
	}
	if _, ok := cfg.Mesh.Places["context"]; ok {
		t.Error("a place for what is no setting of the mesh")
	}
}

func place(t *testing.T, f render.Field) string {
	t.Helper()
	if f.IsZero() {
		return "nowhere"
	}
	o, err := f.Object.Trace(context.Background(), f.Path)
	if err != nil {
		t.Fatal(err)
	}
	if !o.Exact {
		return o.Span.String() + " (" + o.Why + ")"
	}
	return o.Span.String()
}

func TestImports(t *testing.T) {
	t.Parallel()
	files := map[string]string{
		"mesh/values.yaml":   "global:\n  proxy:\n    autoInject: disabled\nmeshConfig:\n  rootNamespace: a\n",
		"mesh/operator.yaml": "# ours\napiVersion: v1\nkind: Namespace\n---\napiVersion: install.istio.io/v1alpha1\nkind: IstioOperator\nspec:\n  meshConfig: {rootNamespace: b}\n  values:\n    global: {proxy: {autoInject: enabled}}\n",
		"mesh/mesh.yaml":     "rootNamespace: c\n",
		"mesh/cm.yaml":       "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: istio}\ndata:\n  mesh: |-\n\n    # the root\n    rootNamespace: d\n",
		"mesh/quoted.yaml":   "apiVersion: v1\nkind: ConfigMap\ndata:\n  mesh: \"enableTracing: true\\nrootNamespace: e\"\n",
	}
	for _, c := range []struct{ values, meshConfig, autoInject, rootNamespace string }{
		{"mesh/values.yaml", "mesh/values.yaml", "mesh/values.yaml:3:17", "mesh/values.yaml:5:18"},
		{"./mesh/operator.yaml", "mesh/operator.yaml", "mesh/operator.yaml:10:34", "mesh/operator.yaml:8:31"},
		{"", "mesh/mesh.yaml", "nowhere", "mesh/mesh.yaml:1:16"},
		{"", "mesh/cm.yaml", "nowhere", "mesh/cm.yaml:8:20"},
		{"", "mesh/quoted.yaml", "nowhere", "mesh/quoted.yaml:4:46"},
	} {
		text := "mesh:\n"
		if c.values != "" {
			text += "  values: " + c.values + "\n"
		}
		files[config.DefaultFile] = text + "  meshConfig: " + c.meshConfig + "\n"
		cfg := load(t, files)
		want := []string{config.DefaultFile, filepath.ToSlash(filepath.Clean(c.meshConfig))}
		if !slices.Equal(cfg.Files, want) {
			t.Errorf("read from %v, want %v", cfg.Files, want)
		}
		if got := place(t, below(cfg.Mesh.Places["values"], "global", "proxy", "autoInject")); got != c.autoInject {
			t.Errorf("%s: autoInject stands at %s, want %s", c.values, got, c.autoInject)
		}
		if got := place(t, below(cfg.Mesh.Places["meshConfig"], "rootNamespace")); got != c.rootNamespace {
			t.Errorf("%s: rootNamespace stands at %s, want %s", c.meshConfig, got, c.rootNamespace)
		}
	}
}

func TestOperator(t *testing.T) {
	t.Parallel()
	files := map[string]string{
		"operator.yaml": "apiVersion: install.istio.io/v1alpha1\nkind: IstioOperator\nspec:\n  profile: ambient\n  revision: canary\n  meshConfig: {rootNamespace: b}\n  values: {}\n",
	}
	files[config.DefaultFile] = "mesh: {values: operator.yaml}\n"
	m := load(t, files).Mesh
	if m.Profile != "ambient" || len(m.Revisions) != 1 || m.Revisions[0].Name != "canary" || m.MeshConfig == nil {
		t.Errorf("the operator's settings do not hold: %+v", m)
	}
	for key, want := range map[string]string{
		"profile": "operator.yaml:4:12", "revisions": "operator.yaml:5:13", "meshConfig.rootNamespace": "operator.yaml:6:31", "values": "operator.yaml:7:3",
	} {
		if got := place(t, m.Places[key]); got != want {
			t.Errorf("%s stands at %s, want %s", key, got, want)
		}
	}
	files[config.DefaultFile] = "mesh: {values: operator.yaml, profile: none, revisions: [{name: ''}], meshConfig: {rootNamespace: c}}\n"
	m = load(t, files).Mesh
	if m.Profile != "none" || m.Revisions[0].Name != "" || m.MeshConfig.Content[1].Value != "c" {
		t.Errorf("the operator beats the configuration: %+v", m)
	}
}

func below(f render.Field, keys ...string) render.Field {
	for _, k := range keys {
		if f.IsZero() {
			return f
		}
		f = f.Key(k)
	}
	return f
}

func TestEmptyFiles(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "\n", "# nothing yet\n", "---\n", "mesh:\nenvironments:\npaths:\n", "\ufeffmesh: {}\n", "{}"} {
		cfg := load(t, map[string]string{config.DefaultFile: text})
		if len(cfg.Environments) != 0 || cfg.Mesh.IstioVersion != "" || cfg.File != config.DefaultFile {
			t.Errorf("%q gives %+v", text, cfg)
		}
	}
}

func TestAnchorsAndMerges(t *testing.T) {
	t.Parallel()
	cfg := load(t, map[string]string{config.DefaultFile: `
environments:
- name: a
  roots: [a]
  mesh: &common
    istioVersion: &v "1.24"
    meshMTLS: strict
- name: b
  roots: [b]
  mesh:
    <<: *common
    meshMTLS: permissive
    kubeletVersion: *v
`})
	b := cfg.Environments[1].Mesh
	if b.IstioVersion != "1.24" || b.MeshMTLS != mesh.ModePermissive || b.KubeletVersion != "1.24" {
		t.Errorf("merged settings: %+v", b)
	}
	if got := place(t, b.Places["istioVersion"]); got != ".probe-mtls.yaml:6:22" {
		t.Errorf("istioVersion stands at %s, want where it is written", got)
	}
}

func TestMissingFile(t *testing.T) {
	t.Parallel()
	if _, err := config.Load(tree(nil), config.DefaultFile); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v, want one that says the file is not there", err)
	}
}

func TestBadFiles(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct {
		file *fstest.MapFile
		want string
	}{
		"directory": {&fstest.MapFile{Mode: fs.ModeDir | 0o755}, "is not a regular file"},
		"huge":      {&fstest.MapFile{Data: make([]byte, 1<<20+1)}, "at most 1048576"},
		"binary":    {&fstest.MapFile{Data: []byte("mesh: \xff\xfe")}, "is no UTF-8 text"},
	} {
		_, err := config.Load(fstest.MapFS{config.DefaultFile: c.file}, config.DefaultFile)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), config.DefaultFile) {
			t.Errorf("%s: error %v, want one that says %q", what, err, c.want)
		}
	}
}

// TestHostile loads files that are made to be dear: each must end in a few
// mistakes, soon.
func TestHostile(t *testing.T) {
	t.Parallel()
	for what, text := range map[string]string{
		"unknown keys":      strings.Repeat("z", 60) + ": 1\n" + manyKeys(40_000),
		"duplicate keys":    strings.Repeat("mesh: {}\n", 50_000),
		"environments":      "environments: [" + strings.Repeat("{name: a},", 80_000) + "]\n",
		"nesting":           "mesh: " + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + "\n",
		"braces":            "exclude: ['" + strings.Repeat("{a,a}", 90) + "']\n",
		"empty path":        "paths: [" + strings.Repeat("'',", 100_000) + "]\n",
		"too long a glob":   "exclude: ['" + strings.Repeat("a", 600) + "']\n",
		"revisions no list": "mesh: {revisions: [" + strings.Repeat("7,", 100_000) + "]}\n",
	} {
		_, err := config.Load(tree(map[string]string{config.DefaultFile: text}), config.DefaultFile)
		var errs config.Errors
		if !errors.As(err, &errs) || len(errs) > 101 {
			t.Errorf("%s: %d mistakes of type %T", what, len(errs), err)
		}
	}
}

func manyKeys(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "istioVersio%d: 1\n", i)
	}
	return b.String()
}

func TestEnvironmentOf(t *testing.T) {
	t.Parallel()
	cfg := load(t, map[string]string{config.DefaultFile: `
environments:
- {name: prod, roots: ["clusters/prod/**", "apps/*/prod"]}
- {name: staging, roots: ["apps/*/{staging,test}", "clusters/p*/shared"]}
`})
	for root, want := range map[string]string{
		"clusters/prod":     "prod",
		"clusters/prod/a/b": "prod",
		"apps/web/prod":     "prod",
		"apps/web/test":     "staging",
		"apps/web":          "",
		"apps/web/prod/x":   "",
		".":                 "",
	} {
		e, err := cfg.EnvironmentOf(root)
		if err != nil {
			t.Errorf("%s: %v", root, err)
			continue
		}
		if got := name(e); got != want {
			t.Errorf("%s is in environment %q, want %q", root, got, want)
		}
	}
	_, err := cfg.EnvironmentOf("clusters/prod/shared")
	want := ".probe-mtls.yaml:4:10: the root clusters/prod/shared belongs to several environments: prod (line 3), staging (line 4); narrow the globs under roots: so that each root is in one environment"
	if err == nil || err.Error() != want {
		t.Errorf("error %v\nwant  %s", err, want)
	}
}

func name(e *config.Environment) string {
	if e == nil {
		return ""
	}
	return e.Name
}

func TestExcluded(t *testing.T) {
	t.Parallel()
	cfg := load(t, map[string]string{config.DefaultFile: "exclude: [./legacy/**, '**/test']\n"})
	for root, want := range map[string]bool{"legacy": true, "legacy/a": true, "a/b/test": true, "test": true, "a": false} {
		if cfg.Excluded(root) != want {
			t.Errorf("%s excluded: %v, want %v", root, !want, want)
		}
	}
	if config.Default().Excluded(".") {
		t.Error("the default excludes something")
	}
}

func FuzzLoad(f *testing.F) {
	f.Add(everything)
	f.Add("mesh: &a\n  values: {a: *a}\n")
	f.Add("mesh:\n  values: v.yaml\n  <<: [{}, 1]\n? [a]\n: b\n")
	f.Add("a: !!binary x\nb: !t &c 'd\n  e'\n")
	f.Fuzz(func(t *testing.T, text string) {
		fsys := tree(map[string]string{config.DefaultFile: text, "v.yaml": text})
		cfg, err := config.Load(fsys, config.DefaultFile)
		if err != nil {
			if err.Error() == "" {
				t.Error("an error without words")
			}
			return
		}
		for _, f := range cfg.Mesh.Places {
			if _, err := f.Object.Trace(context.Background(), f.Path); err != nil {
				t.Error(err)
			}
		}
		if _, err := cfg.EnvironmentOf("a/b"); err != nil {
			t.Log(err)
		}
	})
}
