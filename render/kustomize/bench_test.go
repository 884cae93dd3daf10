package kustomize_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

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

// BenchmarkRender renders each overlay of the monorepo with kustomize alone and
// with this renderer, which also traces its probe's port, in turn, so that both
// have the same share of what else the machine does.
func BenchmarkRender(b *testing.B) {
	dir, roots := generate(b)
	ctx := context.Background()
	port := render.PathOf("spec", "template", "spec", "containers").Item(0).Join(render.PathOf("livenessProbe", "httpGet", "port"))
	plain := func(root render.Root) {
		m, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), filepath.Join(dir, root.Dir))
		if err != nil || m.Size() == 0 {
			b.Fatal(root, err)
		}
	}
	plain(roots[0]) // parses kustomize's schema
	var krustyTime, ourTime time.Duration
	b.ResetTimer()
	for range b.N {
		tree, err := render.OpenTree(dir)
		if err != nil {
			b.Fatal(err)
		}
		r := kustomize.New(tree, kustomize.Options{})
		for _, root := range roots {
			start := time.Now()
			plain(root)
			middle := time.Now()
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
			krustyTime += middle.Sub(start)
			ourTime += time.Since(middle)
		}
		tree.Close()
	}
	perRoot := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 / float64(b.N*len(roots)) }
	b.ReportMetric(perRoot(krustyTime), "krusty-ms/root")
	b.ReportMetric(perRoot(ourTime), "ms/root")
	b.ReportMetric(float64(ourTime)/float64(krustyTime), "ratio")
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
