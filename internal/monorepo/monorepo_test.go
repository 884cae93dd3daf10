package monorepo_test

import (
	"io/fs"
	"os"
	"testing"

	"github.com/org/probe-mtls-action/internal/monorepo"
)

func TestGenerateIsReproducible(t *testing.T) {
	var texts [2]string
	for i := range texts {
		dir := t.TempDir()
		if err := monorepo.Generate(dir, 30, 7); err != nil {
			t.Fatal(err)
		}
		tree := os.DirFS(dir)
		roots := 0
		err := fs.WalkDir(tree, ".", func(p string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			if d.Name() == "patch.yaml" {
				roots++
			}
			data, err := fs.ReadFile(tree, p)
			texts[i] += p + "\n" + string(data)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if roots != 30 {
			t.Errorf("%d overlays, want 30", roots)
		}
	}
	if texts[0] != texts[1] {
		t.Error("two runs with one seed differ")
	}
}
