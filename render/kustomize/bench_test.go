package kustomize_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"

	"github.com/org/probe-mtls-action/internal/monorepo"
	"github.com/org/probe-mtls-action/render"
	"github.com/org/probe-mtls-action/render/kustomize"
)

const overlays = 1000

// generate writes the monorepo of the benchmarks and finds its overlays.
func generate(b *testing.B) (string, []render.Root) {
	b.Helper()
	dir := b.TempDir()
	if err := monorepo.Generate(dir, overlays, 1); err != nil {
		b.Fatal(err)
	}
	tree, err := render.OpenTree(dir)
	if err != nil {
		b.Fatal(err)
	}
	defer tree.Close()
	roots, err := kustomize.New(tree, kustomize.Options{}).Roots(context.Background(), []string{"apps"})
	if err != nil {
		b.Fatal(err)
	}
	return dir, roots
}

// BenchmarkKrusty renders the monorepo with kustomize alone.
func BenchmarkKrusty(b *testing.B) {
	dir, roots := generate(b)
	b.ResetTimer()
	for range b.N {
		for _, root := range roots {
			m, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), filepath.Join(dir, root.Dir))
			if err != nil {
				b.Fatal(err)
			}
			if m.Size() == 0 {
				b.Fatal("nothing rendered")
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/1000/float64(b.N*len(roots)), "ms/root")
}

// BenchmarkRender renders the monorepo and traces each probe port.
func BenchmarkRender(b *testing.B) {
	dir, roots := generate(b)
	ctx := context.Background()
	port := render.PathOf("spec", "template", "spec", "containers").Item(0).Join(render.PathOf("livenessProbe", "httpGet", "port"))
	b.ResetTimer()
	for range b.N {
		tree, err := render.OpenTree(dir)
		if err != nil {
			b.Fatal(err)
		}
		r := kustomize.New(tree, kustomize.Options{})
		for _, root := range roots {
			res, err := r.Render(ctx, root)
			if err != nil {
				b.Fatal(err)
			}
			for _, o := range res.Objects {
				if o.Kind != "Deployment" {
					continue
				}
				if at, err := o.Trace(ctx, port); err != nil || !at.Exact {
					b.Fatal(root, at, err)
				}
			}
		}
		tree.Close()
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/1000/float64(b.N*len(roots)), "ms/root")
}

// BenchmarkCommand renders every 20th root with the kustomize command that the
// environment variable KUSTOMIZE names.
func BenchmarkCommand(b *testing.B) {
	command := os.Getenv("KUSTOMIZE")
	if command == "" {
		b.Skip("KUSTOMIZE names no command")
	}
	dir, roots := generate(b)
	count := 0
	b.ResetTimer()
	for range b.N {
		for i := 0; i < len(roots); i += 20 {
			count++
			if out, err := exec.Command(command, "build", filepath.Join(dir, roots[i].Dir)).Output(); err != nil || len(out) == 0 {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/1000/float64(count), "ms/root")
}
