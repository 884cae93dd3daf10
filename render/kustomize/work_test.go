package kustomize_test

import (
	"context"
	"fmt"
	"io/fs"
	"strings"
	"sync"
	"testing"

	"github.com/org/probe-mtls-action/render"
	"github.com/org/probe-mtls-action/render/kustomize"
)

// These tests count work, not time.

// countingTree counts how often each file is opened.
type countingTree struct {
	render.Tree
	mu     sync.Mutex
	opened map[string]int
}

func (t *countingTree) Open(name string) (fs.File, error) {
	t.mu.Lock()
	t.opened[name]++
	t.mu.Unlock()
	return t.Tree.Open(name)
}

// TestSharedFilesAreReadOnce renders overlays of one base, more than the renderer
// keeps the files of.
func TestSharedFilesAreReadOnce(t *testing.T) {
	const overlays = 340
	pairs := []string{"base/kustomization.yaml", "resources: [d.yaml]\n", "base/d.yaml", deployment}
	patch := "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {replicas: 3}\n" + strings.Repeat("# as long as the file of a large overlay\n", 350)
	for i := range overlays {
		dir := fmt.Sprintf("overlays/o%d/", i)
		pairs = append(pairs, dir+"kustomization.yaml", "resources: [../../base]\npatches: [{path: p.yaml}]\n", dir+"p.yaml", patch)
	}
	tr := tree(t, pairs...)
	defer tr.Close()
	counted := &countingTree{Tree: tr, opened: map[string]int{}}
	r := kustomize.New(counted, kustomize.Options{})
	for i := range overlays {
		if _, err := r.Render(context.Background(), render.Root{Dir: fmt.Sprintf("overlays/o%d", i)}); err != nil {
			t.Fatal(err)
		}
	}
	for name, n := range counted.opened {
		if n > 1 {
			t.Errorf("%s was read %d times", name, n)
		}
	}
	if n := r.Kept(); n >= overlays*2 {
		t.Errorf("%d files are kept, want those that were used lately alone", n)
	}
}

// TestDefinitionsAreCutFromEveryRender counts the bytes that kustomize is given of
// a root with a large definition.
func TestDefinitionsAreCutFromEveryRender(t *testing.T) {
	definition := "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: apps.example.com}\nspec:\n  group: example.com\n  versions:\n  - name: v1\n    schema:\n      openAPIV3Schema:\n        properties:\n" +
		strings.Repeat("          field:\n            type: string\n", 1) + "          fields:\n            description: |\n" + strings.Repeat("              text\n", 5000)
	tr := tree(t, "kustomization.yaml", "resources: [crd.yaml, d.yaml]\ncommonLabels: {a: b}\n", "crd.yaml", definition, "d.yaml", deployment)
	defer tr.Close()
	r := kustomize.New(tr, kustomize.Options{})
	if given := len(r.Given(".")); given > 2*len(deployment)+1000 {
		t.Errorf("kustomize is given %d bytes of %d", given, len(definition)+len(deployment))
	}
}
