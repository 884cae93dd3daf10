package monorepo_test

import (
	"io/fs"
	"os"
	"strconv"
	"testing"

	"github.com/org/probe-mtls-action/internal/monorepo"
)

// TestWrite writes a monorepo of MONOREPO_OVERLAYS overlays to the directory
// MONOREPO, for scripts/bench-check.
func TestWrite(t *testing.T) {
	dir := os.Getenv("MONOREPO")
	if dir == "" {
		t.Skip("MONOREPO names no directory")
	}
	overlays, err := strconv.Atoi(os.Getenv("MONOREPO_OVERLAYS"))
	if err != nil {
		t.Fatal(err)
	}
	if err := monorepo.Generate(dir, overlays, 1); err != nil {
		t.Fatal(err)
	}
}

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
