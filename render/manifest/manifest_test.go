package manifest_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/org/probe-mtls-action/render"
	"github.com/org/probe-mtls-action/render/manifest"
)

// open writes files, given as name and text in turn, and opens them.
func open(t *testing.T, files ...string) *render.DirTree {
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
	tree, err := render.OpenTree(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tree.Close() })
	return tree
}

const policy = `# mesh
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: default, namespace: istio-system}
spec:
  mtls: &m
    mode: STRICT
  portLevelMtls:
    8080: {<<: *m, x: 1}
    "9090": *m
`

func render1(t *testing.T, tree render.Tree, dir string) *render.Result {
	t.Helper()
	res, err := manifest.New(tree).Render(context.Background(), render.Root{Dir: dir, Renderer: manifest.Name})
	if err != nil {
		t.Fatal(err)
	}
	return res
}

func TestTrace(t *testing.T) {
	tree := open(t, "p.yaml", policy)
	o := render1(t, tree, "p.yaml").Objects[0]
	if got, want := o.String(), "istio-system/PeerAuthentication/default"; got != want || o.APIVersion() != "security.istio.io/v1" {
		t.Errorf("got %s, want %s", got, want)
	}
	for _, c := range []struct {
		path      render.Path
		span, key string
		exact     bool
	}{
		{render.PathOf("spec", "mtls", "mode"), "p.yaml:7:11", "p.yaml:7:5", true},
		{render.PathOf("spec", "mtls"), "p.yaml:6:3", "p.yaml:6:3", true},
		{render.PathOf("spec", "portLevelMtls", "8080", "mode"), "p.yaml:7:11", "p.yaml:7:5", true},
		{render.PathOf("spec", "portLevelMtls", "8080", "x"), "p.yaml:9:23", "p.yaml:9:20", true},
		{render.PathOf("spec", "portLevelMtls", "8080"), "p.yaml:9:5", "p.yaml:9:5", true},
		{render.PathOf("spec", "portLevelMtls", "9090", "mode"), "p.yaml:7:11", "p.yaml:7:5", true},
		{render.PathOf("spec", "portLevelMtls", "9090"), "p.yaml:10:5", "p.yaml:10:5", true},
		{render.PathOf("spec", "selector", "matchLabels"), "p.yaml:5:1", "p.yaml:5:1", false},
		{nil, "p.yaml:2:1", "", true},
	} {
		at, err := o.Trace(context.Background(), c.path)
		if err != nil {
			t.Fatal(err)
		}
		if at.Span.String() != c.span || at.Key.String() != c.key || at.Exact != c.exact || at.Document.String() != "p.yaml:2:1" {
			t.Errorf("%s: got %+v, want %s, key %s, exact %v", c.path, at, c.span, c.key, c.exact)
		}
		if !at.Exact && at.Why == "" {
			t.Errorf("%s: inexact without a reason", c.path)
		}
	}
}

func TestDirectory(t *testing.T) {
	tree := open(t, "ctx/a.yaml", policy+"---\nnot: an object\n---\n", "ctx/b.json", `{"apiVersion": "v1", "kind": "List", "items": [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "n"}}]}`,
		"ctx/c.txt", "text", "ctx/values.yaml", "a: [", "ctx/sub/d.yaml", policy, "ctx/.hidden/d.yaml", policy, "other/e.yaml", policy)
	res := render1(t, tree, "ctx")
	var got []string
	for _, o := range res.Objects {
		got = append(got, o.String())
	}
	if want := "istio-system/PeerAuthentication/default default/Namespace/n"; strings.Join(got, " ") != want {
		t.Errorf("got %v, want %s", got, want)
	}
	if got, want := strings.Join(res.Inputs, " "), "ctx ctx/a.yaml ctx/b.json"; got != want {
		t.Errorf("inputs are %s, want %s", got, want)
	}
	at, err := res.Objects[1].Trace(context.Background(), render.PathOf("metadata", "name"))
	if err != nil || at.Span.String() != "ctx/b.json:1:111" {
		t.Errorf("got %v %v", at, err)
	}
	roots, err := manifest.New(tree).Roots(context.Background(), []string{"ctx"})
	if want := []render.Root{{Dir: "ctx", Renderer: "manifest"}, {Dir: "ctx/sub", Renderer: "manifest"}}; err != nil || !slices.Equal(roots, want) {
		t.Errorf("roots are %v %v, want %v", roots, err, want)
	}
}

func TestBrokenFileIsAHole(t *testing.T) {
	tree := open(t, "dir/a.yaml", policy, "dir/b.yaml", policy+"spec: [\n")
	res := render1(t, tree, "dir")
	if len(res.Objects) != 1 || len(res.Holes) != 1 || res.Holes[0].At.File != "dir/b.yaml" {
		t.Errorf("got %d objects and the holes %v", len(res.Objects), res.Holes)
	}
}

func TestLinks(t *testing.T) {
	tree := open(t, "real/p.yaml", policy)
	for link, target := range map[string]string{"link.yaml": "real/p.yaml", "dir": "real", "out.yaml": "../../x.yaml", "loop.yaml": "loop.yaml"} {
		if err := os.Symlink(target, filepath.Join(tree.Dir(), link)); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"link.yaml", "dir/p.yaml"} {
		at, err := render1(t, tree, name).Objects[0].Trace(context.Background(), render.PathOf("kind"))
		if err != nil || at.Span.String() != "real/p.yaml:3:7" {
			t.Errorf("%s: got %v %v", name, at, err)
		}
	}
	for _, name := range []string{"out.yaml", "loop.yaml"} {
		if _, err := manifest.New(tree).Render(context.Background(), render.Root{Dir: name}); err == nil {
			t.Errorf("%s is read", name)
		}
	}
}

func TestErrors(t *testing.T) {
	bomb := "apiVersion: v1\nkind: X\na0: &a0 [x,x,x,x,x,x,x,x,x,x]\n"
	for _, c := range strings.Split("12345678", "") {
		prev := string(rune(c[0] - 1))
		bomb += "a" + c + ": &a" + c + " [" + strings.TrimSuffix(strings.Repeat("*a"+prev+",", 10), ",") + "]\n"
	}
	tree := open(t, "broken.yaml", "a: 1\n---\nb: [\n", "binary.yaml", "a\x00b", "bomb.yaml", bomb, "self.yaml", "a: &a [*a]\n",
		"merge.yaml", "a: &a\n  <<: *a\n", "deep.yaml", strings.Repeat("[", 2000)+strings.Repeat("]", 2000))
	for name, want := range map[string]string{
		"gone.yaml":   "gone.yaml: no such file or directory",
		"broken.yaml": "broken.yaml:3:1: not valid YAML",
		"binary.yaml": "binary.yaml: the file is not UTF-8 text",
		"bomb.yaml":   "bomb.yaml: the YAML holds too many values",
		"self.yaml":   "self.yaml:1:8: an alias stands inside its own anchor",
		"merge.yaml":  "merge.yaml:2:7: an alias stands inside its own anchor",
		"deep.yaml":   "deep.yaml: the YAML is nested too deeply",
	} {
		_, err := manifest.New(tree).Render(context.Background(), render.Root{Dir: name})
		e := (*render.Error)(nil)
		if !errors.As(err, &e) || !strings.HasPrefix(e.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestRoots(t *testing.T) {
	tree := open(t, "a/p.yaml", policy)
	roots, err := manifest.New(tree).Roots(context.Background(), []string{"a/", "a/p.yaml"})
	if err != nil || len(roots) != 2 || roots[0] != (render.Root{Dir: "a", Renderer: "manifest"}) {
		t.Errorf("got %v %v", roots, err)
	}
	if _, err := manifest.New(tree).Roots(context.Background(), []string{"gone"}); err == nil {
		t.Error("a name that does not exist is a root")
	}
}
