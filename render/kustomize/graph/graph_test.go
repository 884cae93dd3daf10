package graph_test

import (
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/org/probe-mtls-action/render/kustomize/graph"
)

var update = flag.Bool("update", false, "rewrite the want sections of testdata")

// load makes a tree of an archive. A file named links holds symbolic links,
// one "name -> target" a line; want is what the graph says of the tree.
func load(t *testing.T, name string) (ar *txtar.Archive, tree fstest.MapFS, want *txtar.File) {
	t.Helper()
	ar, err := txtar.ParseFile(name)
	if err != nil {
		t.Fatal(err)
	}
	tree = fstest.MapFS{}
	for i, f := range ar.Files {
		switch f.Name {
		case "want":
			want = &ar.Files[i]
		case "links":
			for line := range strings.Lines(string(f.Data)) {
				from, to, _ := strings.Cut(strings.TrimSpace(line), " -> ")
				tree[from] = &fstest.MapFile{Data: []byte(to), Mode: fs.ModeSymlink | 0o777}
			}
		default:
			tree[f.Name] = &fstest.MapFile{Data: f.Data, Mode: 0o644}
		}
	}
	if want == nil {
		ar.Files = append(ar.Files, txtar.File{Name: "want"})
		want = &ar.Files[len(ar.Files)-1]
	}
	return ar, tree, want
}

// describe prints roots, closures and uses of a graph.
func describe(g *graph.Graph) string {
	var b strings.Builder
	for _, r := range g.Roots() {
		fmt.Fprintf(&b, "root %s\n", r)
		c := g.Closure(r.Dir)
		for _, p := range c.Paths {
			// The three names of each kustomization file say nothing new.
			if base := filepath.Base(p); base == "kustomization.yml" || base == "Kustomization" {
				continue
			}
			fmt.Fprintf(&b, "  %s", p)
			for _, e := range g.Why(r.Dir, p) {
				fmt.Fprintf(&b, " <- %s", e)
			}
			b.WriteByte('\n')
		}
		for _, p := range c.Trees {
			fmt.Fprintf(&b, "  %s/**\n", p)
		}
		for _, o := range c.Opaque {
			fmt.Fprintf(&b, "  opaque (%s) %s: %s\n", o.Kind, o.At, o.Why)
		}
	}
	fmt.Fprintf(&b, "base only: %s\n", strings.Join(g.BaseOnly(nil), " "))
	return b.String()
}

func TestGraph(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no archives in testdata: %v", err)
	}
	for _, name := range files {
		t.Run(filepath.Base(name), func(t *testing.T) {
			ar, tree, want := load(t, name)
			g, err := graph.Build(t.Context(), tree)
			if err != nil {
				t.Fatal(err)
			}
			got := describe(g)
			if *update {
				want.Data = []byte(got)
				if err := os.WriteFile(name, txtar.Format(ar), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if d := cmp.Diff(string(want.Data), got); d != "" {
				t.Errorf("graph differs (-want +got):\n%s", d)
			}
			roots, _, err := graph.Discover(t.Context(), tree, []string{"."})
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(g.Roots(), roots); d != "" {
				t.Errorf("Discover and Roots differ (-Roots +Discover):\n%s", d)
			}
			for _, r := range g.Roots() {
				c := g.Closure(r.Dir)
				for _, p := range c.Paths {
					if reached := g.Reached(p); !contains(reached, r.Dir) {
						t.Errorf("Reached(%q) = %v lacks %s, whose closure has it", p, reached, r)
					}
				}
			}
		})
	}
}

func contains(list []string, s string) bool {
	for _, l := range list {
		if l == s {
			return true
		}
	}
	return false
}
