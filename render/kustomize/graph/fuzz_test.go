package graph_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/org/probe-mtls-action/render/kustomize/graph"
)

func FuzzBuild(f *testing.F) {
	f.Add([]byte("resources: [a.yaml, ../b]\npatches: [{path: p.yaml}]\n"), []byte("apiVersion: builtin\npath: x\n"))
	f.Add([]byte("transformers: [t.yaml, ../a]\n<<: &x {bases: [.]}\n"), []byte("---\n- *x\n"))
	f.Add([]byte("generators:\n- |-\n  kind: X\n"), []byte{0xef, 0xbb, 0xbf, '{'})
	f.Fuzz(func(t *testing.T, kustomization, config []byte) {
		tree := fstest.MapFS{
			"a/kustomization.yaml": {Data: kustomization},
			"b/Kustomization":      {Data: kustomization},
			"a/t.yaml":             {Data: config},
		}
		g, err := graph.Build(t.Context(), tree)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range g.Roots() {
			for _, p := range g.Closure(r.Dir).Paths {
				if strings.HasPrefix(p, "../") || strings.HasPrefix(p, "/") {
					t.Errorf("%s reads %q, outside the repository", r, p)
				}
			}
		}
	})
}

// TestAliasBombs checks that small files that stand for huge ones end soon.
func TestAliasBombs(t *testing.T) {
	var merges, lists strings.Builder
	merges.WriteString("x0: &m0 {resources: [a.yaml]}\n")
	lists.WriteString("x0: &l0 {path: p.yaml}\n")
	for i := 1; i < 40; i++ {
		ref := fmt.Sprintf("*m%d", i-1)
		fmt.Fprintf(&merges, "x%d: &m%d {<<: [%s]}\n", i, i, strings.Join([]string{ref, ref, ref, ref, ref, ref}, ", "))
	}
	merges.WriteString("<<: *m39\n")
	fmt.Fprintf(&lists, "y: &y {%s}\npatches: [%s]\n", strings.Repeat("a: b, ", 1000), strings.Repeat("*y, ", 1000))
	for name, text := range map[string]string{"merges": merges.String(), "lists": lists.String(), "circle": "a: &x {b: 1, <<: *x}\n<<: *x\n"} {
		g, err := graph.Build(t.Context(), fstest.MapFS{"kustomization.yaml": {Data: []byte(text)}})
		if err != nil {
			t.Fatal(err)
		}
		if c := g.Closure("."); len(c.Opaque) == 0 {
			t.Errorf("%s: the closure of a file that was not read to its end counts as known", name)
		}
	}
}
