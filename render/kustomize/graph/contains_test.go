package graph_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/org/probe-mtls-action/render"
	"github.com/org/probe-mtls-action/render/kustomize"
	"github.com/org/probe-mtls-action/render/kustomize/graph"
)

// contained renders every root of a tree and checks that the static closure
// has all that the render read or looked for. It returns how many roots and
// names it compared.
func contained(t *testing.T, tree render.Tree) (roots, names int) {
	t.Helper()
	g, err := graph.Build(t.Context(), tree)
	if err != nil {
		t.Fatal(err)
	}
	r := kustomize.New(tree, kustomize.Options{})
	for _, root := range g.Roots() {
		res, err := r.Render(t.Context(), root)
		if err != nil || res == nil {
			continue
		}
		roots++
		c := g.Closure(root.Dir)
		for _, name := range res.Inputs {
			names++
			if !c.Has(name) {
				t.Errorf("%s reads %q, which its closure lacks", root, name)
			}
		}
	}
	return roots, names
}

// TestContainsFixtures compares with the renderer over all small trees of the
// repository.
func TestContainsFixtures(t *testing.T) {
	var archives []string
	err := filepath.WalkDir("../../..", func(name string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() && strings.HasSuffix(name, ".txtar") {
			archives = append(archives, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	roots, names := 0, 0
	for _, name := range archives {
		t.Run(strings.TrimPrefix(filepath.ToSlash(name), "../../../"), func(t *testing.T) {
			ar, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			tree, err := render.OpenTree(write(t, ar))
			if err != nil {
				t.Fatal(err)
			}
			defer tree.Close()
			r, n := contained(t, tree)
			roots, names = roots+r, names+n
		})
	}
	t.Run("fixtures", func(t *testing.T) {
		tree, err := render.OpenTree("../../../fixtures")
		if errors.Is(err, fs.ErrNotExist) {
			t.Skip("there are none")
		}
		if err != nil {
			t.Fatal(err)
		}
		defer tree.Close()
		r, n := contained(t, tree)
		roots, names = roots+r, names+n
	})
	if roots == 0 {
		t.Error("no root was compared")
	}
	t.Logf("%d names of %d roots compared", names, roots)
}

// write puts an archive on disk. Names that do not fit on one are left out.
func write(t *testing.T, ar *txtar.Archive) string {
	t.Helper()
	dir := t.TempDir()
	for _, f := range ar.Files {
		if !filepath.IsLocal(f.Name) {
			continue
		}
		name := filepath.Join(dir, f.Name)
		if f.Name == "links" {
			for line := range strings.Lines(string(f.Data)) {
				from, to, _ := strings.Cut(strings.TrimSpace(line), " -> ")
				link := filepath.Join(dir, from)
				if err := os.MkdirAll(filepath.Dir(link), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.Symlink(to, link); err != nil {
					t.Fatal(err)
				}
			}
			continue
		}
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, f.Data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestContainsCorpus compares over real repositories, the directories below
// $PROBE_MTLS_CORPUS.
func TestContainsCorpus(t *testing.T) {
	corpus := os.Getenv("PROBE_MTLS_CORPUS")
	if corpus == "" {
		t.Skip("PROBE_MTLS_CORPUS names no directory of repositories")
	}
	repositories, err := os.ReadDir(corpus)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range repositories {
		if !d.IsDir() {
			continue
		}
		t.Run(d.Name(), func(t *testing.T) {
			tree, err := render.OpenTree(filepath.Join(corpus, d.Name()))
			if err != nil {
				t.Fatal(err)
			}
			defer tree.Close()
			roots, names := contained(t, tree)
			t.Logf("%d names of %d roots compared", names, roots)
		})
	}
}
