package kustomize_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"go.yaml.in/yaml/v3"
	"golang.org/x/tools/txtar"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"

	"github.com/org/probe-mtls-action/internal/monorepo"
	"github.com/org/probe-mtls-action/render"
	"github.com/org/probe-mtls-action/render/kustomize"
)

const deployment = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
      - name: app
        livenessProbe:
          httpGet:
            port: 8080
`

// tree writes files, given as name and text in turn, and opens them.
func tree(t testing.TB, files ...string) *render.DirTree {
	t.Helper()
	dir := t.TempDir()
	for i := 0; i < len(files); i += 2 {
		file := filepath.Join(dir, filepath.FromSlash(files[i]))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(files[i+1]), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	tr, err := render.OpenTree(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tr.Close() })
	return tr
}

func renderRoot(t testing.TB, tr render.Tree, opts kustomize.Options, dir string) *render.Result {
	t.Helper()
	res, err := kustomize.New(tr, opts).Render(context.Background(), render.Root{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// failure renders a root that must fail and returns why.
func failure(t testing.TB, tr render.Tree, opts kustomize.Options, dir string) *render.Error {
	t.Helper()
	res, err := kustomize.New(tr, opts).Render(context.Background(), render.Root{Dir: dir})
	e := refusal(res, err)
	if e == nil {
		t.Fatalf("got %v, want a *render.Error or a hole", err)
	}
	return e
}

// refusal returns why a root, or the first part of it, was not rendered; nil where
// it was.
func refusal(res *render.Result, err error) *render.Error {
	e := (*render.Error)(nil)
	if !errors.As(err, &e) && res != nil && len(res.Holes) > 0 {
		return &render.Error{Root: res.Root, Problem: res.Holes[0]}
	}
	return e
}

func TestLimits(t *testing.T) {
	tr := tree(t, "kustomization.yaml", "resources:\n- d.yaml\n- e.yaml\n", "d.yaml", deployment,
		"e.yaml", strings.Replace(deployment, "web", "other", 1))
	for want, limits := range map[string]kustomize.Limits{
		"file is too big":           {FileSize: 100},
		"the render takes too much": {TotalSize: 300},
		"3 files":                   {Files: 2},
		"2 objects":                 {Objects: 1},
		"holds too many values":     {Nodes: 5},
		"values with aliases":       {TotalNodes: 50},
		"nested too deeply":         {Depth: 3},
	} {
		e := failure(t, tr, kustomize.Options{Limits: limits}, ".")
		if !strings.Contains(e.Message, want) {
			t.Errorf("%+v: got %q, want %q", limits, e.Message, want)
		}
		if e.At.IsZero() {
			t.Errorf("%+v: no place for %q", limits, e.Message)
		}
	}
}

// TestAliasBomb has a few lines that aliases make to ten billion values, in
// each place where kustomize would expand them.
func TestAliasBomb(t *testing.T) {
	bomb := "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
	for c := 'b'; c <= 'j'; c++ {
		bomb += fmt.Sprintf("%c: &%c [%s*%c]\n", c, c, strings.Repeat(fmt.Sprintf("*%c, ", c-1), 9), c-1)
	}
	indent := func(text string) string { return "    " + strings.ReplaceAll(text, "\n", "\n    ") + "\n" }
	plugin := "apiVersion: builtin\nkind: PatchTransformer\nmetadata: {name: t}\npatch: |-\n"
	for name, files := range map[string][]string{
		"resource":           {"resources: [d.yaml, e.yaml]\n", deployment + bomb},
		"patch file":         {"resources: [d.yaml]\npatches: [{path: e.yaml}]\n", deployment + bomb},
		"patch":              {"resources: [d.yaml]\npatches:\n- patch: |-\n" + indent(deployment+bomb), ""},
		"broken patch":       {"resources: [d.yaml]\npatches:\n- patch: |-\n" + indent(deployment+bomb+"---\n}\n"), ""},
		"strategic merge":    {"resources: [d.yaml]\npatchesStrategicMerge:\n- |-\n" + indent(deployment+bomb), ""},
		"plugin file":        {"resources: [d.yaml]\ntransformers: [e.yaml]\n", plugin + indent(deployment+bomb)},
		"plugin":             {"resources: [d.yaml]\ntransformers:\n- |-\n" + indent(plugin+indent(deployment+bomb)), ""},
		"in many documents":  {"resources: [d.yaml, e.yaml]\n", strings.Repeat(strings.ReplaceAll(bomb[:strings.Index(bomb, "g:")], "\n", "\n")+"---\n", 100)},
		"replacement":        {"resources: [d.yaml]\nreplacements: [{path: e.yaml}]\n", bomb},
		"configuration file": {"resources: [d.yaml]\nconfigurations: [e.yaml]\n", bomb},
	} {
		t.Run(name, func(t *testing.T) {
			tr := tree(t, "kustomization.yaml", files[0], "d.yaml", deployment, "e.yaml", files[1])
			e := failure(t, tr, kustomize.Options{}, ".")
			if !strings.Contains(e.Message, "too many values") && !strings.Contains(e.Message, "excessive aliasing") || e.At.IsZero() {
				t.Errorf("%s %q", e.At, e.Message)
			}
		})
	}
}

// TestCopyBomb has a JSON 6902 patch that doubles an object sixty times.
func TestCopyBomb(t *testing.T) {
	patch := ""
	for i := range 60 {
		patch += fmt.Sprintf("- {op: copy, from: /metadata, path: /metadata/x%d}\n", i)
	}
	tr := tree(t, "kustomization.yaml", "resources: [d.yaml]\npatches: [{path: p.yaml, target: {kind: Deployment}}]\n", "d.yaml", deployment, "p.yaml", patch)
	if e := failure(t, tr, kustomize.Options{}, "."); !strings.Contains(e.Message, "copy") {
		t.Errorf("%q", e.Message)
	}
}

func TestHugeFile(t *testing.T) {
	tr := tree(t, "kustomization.yaml", "resources:\n- d.yaml\n")
	big, err := os.Create(filepath.Join(tr.Dir(), "d.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	defer big.Close()
	if err := big.Truncate(100 << 20); err != nil {
		t.Fatal(err)
	}
	e := failure(t, tr, kustomize.Options{}, ".")
	if got, want := e.At.String(), "kustomization.yaml:2:3"; got != want || !strings.Contains(e.Message, "too big") || e.Hint == "" {
		t.Errorf("got %s %q %q, want %s", got, e.Message, e.Hint, want)
	}
}

func TestUnreadableFile(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("root reads everything")
	}
	tr := tree(t, "kustomization.yaml", "resources:\n- d.yaml\n", "d.yaml", deployment)
	if err := os.Chmod(filepath.Join(tr.Dir(), "d.yaml"), 0); err != nil {
		t.Fatal(err)
	}
	if e := failure(t, tr, kustomize.Options{}, "."); !strings.Contains(e.Message, "permission denied") {
		t.Errorf("got %q", e.Message)
	}
}

// TestExponentialBases has 2^30 ways through its bases.
func TestExponentialBases(t *testing.T) {
	files := []string{"b0/kustomization.yaml", "resources: [d.yaml]\n", "b0/d.yaml", deployment}
	for i := 1; i <= 30; i++ {
		files = append(files,
			fmt.Sprintf("b%d/kustomization.yaml", i), fmt.Sprintf("resources: [../x%d, ../y%d]\n", i, i),
			fmt.Sprintf("x%d/kustomization.yaml", i), fmt.Sprintf("namePrefix: x-\nresources: [../b%d]\n", i-1),
			fmt.Sprintf("y%d/kustomization.yaml", i), fmt.Sprintf("namePrefix: y-\nresources: [../b%d]\n", i-1))
	}
	e := failure(t, tree(t, files...), kustomize.Options{Limits: kustomize.Limits{Files: 200}}, "b30")
	if !strings.Contains(e.Message, "takes too much") {
		t.Errorf("got %q", e.Message)
	}
}

func TestContextEnds(t *testing.T) {
	tr := tree(t, "kustomization.yaml", "resources: [d.yaml]\n", "d.yaml", deployment)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := kustomize.New(tr, kustomize.Options{}).Render(ctx, render.Root{Dir: "."}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
}

func TestInputs(t *testing.T) {
	tr := tree(t, "base/kustomization.yaml", "resources: [d.yaml]\n", "base/d.yaml", deployment, "base/unused.yaml", "x: y\n",
		"over/kustomization.yml", "resources: [../base]\nconfigMapGenerator:\n- name: c\n  files: [f.txt]\n", "over/f.txt", "text\n")
	got := strings.Join(renderRoot(t, tr, kustomize.Options{}, "over").Inputs, " ")
	want := "base base/Kustomization base/d.yaml base/kustomization.yaml base/kustomization.yml " +
		"over over/Kustomization over/f.txt over/kustomization.yaml over/kustomization.yml"
	if got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

func TestAuthored(t *testing.T) {
	tr := tree(t, "base/kustomization.yaml", "resources: [d.yaml]\nconfigMapGenerator:\n- name: settings\n  literals: [a=b]\n",
		"base/d.yaml", strings.Replace(deployment, "  name: web\n", "  name: web\n  namespace: authored\n", 1),
		"over/kustomization.yaml", "resources: [../base]\nnamePrefix: x-\nnamespace: prod\n")
	for _, o := range renderRoot(t, tr, kustomize.Options{}, "over").Objects {
		want := map[string]string{"Deployment": "authored/Deployment/web", "ConfigMap": "default/ConfigMap/settings"}[o.Kind]
		if got := o.Authored.String(); got != want {
			t.Errorf("%s: authored as %s, want %s", o, got, want)
		}
		if o.Namespace != "prod" || !strings.HasPrefix(o.Name, "x-") {
			t.Errorf("rendered as %s", o)
		}
	}
}

// TestNoTraces makes sure that what the renderer writes into the sources is
// nowhere in the result, also where it does not come out as a plain scalar.
func TestNoTraces(t *testing.T) {
	tr := tree(t, "kustomization.yaml", `resources: [d.yaml]
configMapGenerator:
- name: c
  literals: [PORT=1, TEXT=2]
replacements:
- source: {kind: Deployment, name: web, fieldPath: "spec.template.spec.containers.0.livenessProbe.httpGet.port"}
  targets:
  - select: {kind: ConfigMap}
    fieldPaths: [data.PORT]
- source: {kind: Deployment, name: web, fieldPath: "metadata.annotations.[x.istio.io/y]"}
  targets:
  - select: {kind: ConfigMap}
    fieldPaths: [data.TEXT]
`, "d.yaml", "# head\n"+strings.Replace(deployment, "  name: web\n", "  name: web\n  annotations: {x.istio.io/y: z}\n", 1))
	res := renderRoot(t, tr, kustomize.Options{}, ".")
	plain, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), tr.Dir())
	if err != nil {
		t.Fatal(err)
	}
	for i, o := range res.Objects {
		if got, want := o.Name, plain.Resources()[i].GetName(); got != want {
			t.Errorf("got the name %s, want %s, which has the hash of the real data", got, want)
		}
		text, err := yaml.Marshal(o.Node)
		if err != nil {
			t.Fatal(err)
		}
		if o.Kind == "ConfigMap" {
			if !strings.Contains(string(text), `PORT: "8080"`) || !strings.Contains(string(text), `TEXT: "z"`) {
				t.Errorf("got\n%s", text)
			}
		}
		for _, bad := range []string{"x-source", "zq", "70000"} {
			if bytes.Contains(text, []byte(bad)) {
				t.Errorf("%q left in\n%s", bad, text)
			}
		}
	}
	port := render.PathOf("data", "PORT")
	for _, o := range res.Objects {
		if o.Kind != "ConfigMap" {
			continue
		}
		at, err := o.Trace(context.Background(), port)
		if err != nil || at.Span.String() != "d.yaml:14:19" || at.Kind != render.FromReplacement {
			t.Errorf("got %+v %v", at, err)
		}
	}
}

// TestHostileNumbers has numbers in the sources that look like sentinels.
func TestHostileNumbers(t *testing.T) {
	text := deployment
	for i := 700_000; i < 700_040; i++ {
		text += fmt.Sprintf("        # %d\n", i)
	}
	text += "        env: [{name: N, value: \"700000\"}, {name: M, value: \"x 700001 y\"}]\n"
	res := renderRoot(t, tree(t, "kustomization.yaml", "resources: [d.yaml]\n", "d.yaml", text), kustomize.Options{}, ".")
	o := res.Objects[0]
	container := render.PathOf("spec", "template", "spec", "containers").Item(0)
	for path, want := range map[string]string{
		container.Key("env").Item(0).Key("value").String():                         "700000",
		container.Key("env").Item(1).Key("value").String():                         "x 700001 y",
		container.Join(render.PathOf("livenessProbe", "httpGet", "port")).String(): "8080",
	} {
		if got := o.At(parsePath(path)); got == nil || got.Value != want {
			t.Errorf("%s: got %v, want %s", path, got, want)
		}
	}
	at, err := o.Trace(context.Background(), container.Join(render.PathOf("livenessProbe", "httpGet", "port")))
	if err != nil || at.Span.String() != "d.yaml:12:19" || !at.Exact {
		t.Errorf("got %+v %v", at, err)
	}
}

func TestParallel(t *testing.T) {
	dir := t.TempDir()
	if err := monorepo.Generate(dir, 24, 3); err != nil {
		t.Fatal(err)
	}
	own := txtar.Parse([]byte("-- own/kustomization.yaml --\nresources: [../bases/service-000]\nopenapi: {path: s.json}\n-- own/s.json --\n{\"definitions\": {}}\n"))
	for _, f := range own.Files {
		name := filepath.Join(dir, f.Name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, f.Data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	tr, err := render.OpenTree(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Close()
	ctx := context.Background()
	shared := kustomize.New(tr, kustomize.Options{})
	roots, err := shared.Roots(ctx, []string{"."})
	if err != nil {
		t.Fatal(err)
	}
	want := make([]string, len(roots))
	for i, root := range roots {
		want[i] = printed(t, kustomize.New(tr, kustomize.Options{}), root)
	}
	var wg sync.WaitGroup
	for range 4 {
		for i, root := range roots {
			wg.Go(func() {
				if got := printed(t, shared, root); got != want[i] {
					t.Errorf("%s renders differently in parallel", root)
				}
			})
		}
	}
	wg.Wait()
}

// printed renders a root and prints its objects and the origins of all ports.
func printed(t *testing.T, r *kustomize.Renderer, root render.Root) string {
	ctx := context.Background()
	res, err := r.Render(ctx, root)
	if err != nil {
		t.Error(err)
		return ""
	}
	var b strings.Builder
	for _, o := range res.Objects {
		text, err := yaml.Marshal(o.Node)
		if err != nil {
			t.Error(err)
		}
		b.Write(text)
		for _, p := range []string{"spec.template.spec.containers[0].livenessProbe.httpGet.port", "spec.ports[0].targetPort", "spec.mtls.mode", "metadata.name"} {
			if at, err := o.Trace(ctx, parsePath(p)); err != nil {
				t.Error(err)
			} else {
				fmt.Fprintf(&b, "%s %+v\n", p, at)
			}
		}
	}
	return b.String()
}

// TestNothingIsFetched serves remotes that nobody may ask for.
func TestNothingIsFetched(t *testing.T) {
	var asked sync.Map
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { asked.Store(r.URL.Path, true) }))
	defer server.Close()
	url := server.URL
	plug := "apiVersion: builtin\nkind: PatchTransformer\nmetadata: {name: t}\npath: "
	cases := [][]string{
		{"resources: [URL/a.yaml]\n"},
		{"Resources: [URL/a.yaml]\n"},
		{"bases: [URL/org/repo//x]\n"},
		{"components: ['git::URL/org/repo']\n"},
		{"resources: [d.yaml]\npatches: [{path: URL/p}]\n"},
		{"resources: [d.yaml]\npatchesStrategicMerge: [URL/p]\n"},
		{"resources: [d.yaml]\npatchesJson6902: [{path: URL/p, target: {kind: Deployment, version: v1, name: web}}]\n"},
		{"resources: [d.yaml]\ncrds: [URL/p]\n"},
		{"resources: [d.yaml]\nconfigurations: [URL/p]\n"},
		{"resources: [d.yaml]\nopenapi: {path: URL/p}\n"},
		{"resources: [d.yaml]\nreplacements: [{path: URL/p}]\n"},
		{"configMapGenerator: [{name: c, files: [URL/p]}]\n"},
		{"configMapGenerator: [{name: c, files: ['k=URL/p']}]\n"},
		{"secretGenerator: [{name: c, envs: [URL/p]}]\n"},
		{"secretGenerator: [{name: c, env: URL/p}]\n"},
		{"resources: [d.yaml]\ntransformers: [URL/p]\n"},
		{"resources: [d.yaml]\ntransformers: ['URL/{p']\n"},
		{"resources: [d.yaml]\nvalidators: ['URL/p: q']\n"},
		{"resources: [d.yaml]\ngenerators: ['URL/p']\n"},
		{"resources: [d.yaml]\ntransformers:\n- |-\n  " + strings.ReplaceAll(plug, "\n", "\n  ") + "URL/p\n"},
		{"resources: [d.yaml]\ntransformers: [t.yaml]\n", "t.yaml", plug + "URL/p\n"},
		{"resources: [d.yaml]\ntransformers: [t.yaml]\n", "t.yaml", strings.Replace(plug, "path", "PATH", 1) + "URL/p\n"},
		{"resources: [d.yaml]\ntransformers: [plug]\n", "plug/kustomization.yaml", "resources: [t.yaml]\n", "plug/t.yaml", plug + "URL/p\n"},
		{"resources: [d.yaml]\ntransformers: [plug]\n", "plug/kustomization.yaml", "resources: [deep]\n", "plug/deep/kustomization.yaml", "resources: [t.yaml]\n", "plug/deep/t.yaml", plug + "URL/p\n"},
		{"resources: [d.yaml]\ntransformers: [plug]\n", "plug/kustomization.yaml", "resources: [t.yaml]\npatches: [{target: {kind: PatchTransformer}, patch: '[{\"op\": \"replace\", \"path\": \"/path\", \"value\": \"URL/p\"}]'}]\n", "plug/t.yaml", plug + "p.yaml\n"},
		{"resources: [d.yaml]\ngenerators: [t.yaml]\n", "t.yaml", "apiVersion: builtin\nkind: ConfigMapGenerator\nmetadata: {name: t}\nfiles: ['k=URL/p']\n"},
		{"resources: [d.yaml]\ntransformers: [t.yaml]\n", "t.yaml", "apiVersion: builtin\nkind: ReplacementTransformer\nmetadata: {name: t}\nreplacements: [{path: URL/p}]\n"},
	}
	for i, c := range cases {
		files := []string{"kustomization.yaml", c[0], "d.yaml", deployment}
		files = append(files, c[1:]...)
		for j := 1; j < len(files); j += 2 {
			files[j] = strings.ReplaceAll(files[j], "URL", url)
		}
		e := failure(t, tree(t, files...), kustomize.Options{Confined: true}, ".")
		asked.Range(func(path, _ any) bool {
			t.Errorf("case %d fetched %v", i, path)
			return true
		})
		if !strings.Contains(e.Message, "remote") && !strings.Contains(e.Message, "plugins") {
			t.Errorf("case %d: %s", i, e)
		}
	}
}

func TestAllowRemote(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("no git")
	}
	remote := tree(t, "deploy/kustomization.yaml", "resources: [d.yaml]\n", "deploy/d.yaml", deployment)
	for _, args := range [][]string{{"init", "-q"}, {"add", "."}, {"-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "-q", "-m", "x"}} {
		cmd := exec.Command("git", args...)
		cmd.Dir = remote.Dir()
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
	}
	url := "file://" + remote.Dir() + "//deploy"
	tr := tree(t, "kustomization.yaml", "resources:\n- "+url+"\n")
	if e := failure(t, tr, kustomize.Options{}, "."); !strings.Contains(e.Message, "remote") {
		t.Errorf("got %s", e)
	}
	res := renderRoot(t, tr, kustomize.Options{AllowRemote: true}, ".")
	if len(res.Objects) != 1 {
		t.Fatalf("got %v", res.Objects)
	}
	at, err := res.Objects[0].Trace(context.Background(), parsePath("spec.template.spec.containers[0].livenessProbe.httpGet.port"))
	if err != nil || at.Exact || at.Why == "" || at.Span.String() != "kustomization.yaml:2:3" {
		t.Errorf("got %+v %v, want the entry that names the remote", at, err)
	}
}
