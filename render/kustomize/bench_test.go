package kustomize_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	kyaml "sigs.k8s.io/kustomize/kyaml/yaml"

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

// BenchmarkClean renders each overlay in turn with kustomize alone and with this
// renderer, of which nobody asks where anything comes from. Its ratio is the
// median of the pairs'.
func BenchmarkClean(b *testing.B) {
	dir, roots := generate(b)
	tree, err := render.OpenTree(dir)
	if err != nil {
		b.Fatal(err)
	}
	defer tree.Close()
	r := kustomize.New(tree, kustomize.Options{})
	var ratios []float64
	for range b.N {
		for _, root := range roots {
			start := time.Now()
			if _, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), filepath.Join(dir, root.Dir)); err != nil {
				b.Fatal(err)
			}
			middle := time.Now()
			if _, err := r.Render(context.Background(), root); err != nil {
				b.Fatal(err)
			}
			ratios = append(ratios, float64(time.Since(middle))/float64(middle.Sub(start)))
		}
	}
	slices.Sort(ratios)
	b.ReportMetric(ratios[len(ratios)/2], "ratio")
}

// BenchmarkTested renders 300 Deployments, each with a JSON 6902 test of its
// probe's port, and traces all ports. It reports how many times longer that takes
// than to render them.
func BenchmarkTested(b *testing.B) {
	var objects, patches strings.Builder
	for i := range 300 {
		fmt.Fprintf(&objects, "---\n%s", strings.Replace(deployment, "name: web", fmt.Sprintf("name: web%d", i), 1))
		fmt.Fprintf(&patches, "- target: {kind: Deployment, name: web%d}\n  patch: |-\n    - {op: test, path: %s, value: 8080}\n", i, portPointer)
	}
	tr := tree(b, "kustomization.yaml", "resources: [d.yaml]\npatches:\n"+patches.String(), "d.yaml", objects.String())
	port := parsePath("spec.template.spec.containers[0].livenessProbe.httpGet.port")
	var rendering, tracing time.Duration
	for range b.N {
		start := time.Now()
		res := renderRoot(b, tr, kustomize.Options{Confined: true}, ".")
		middle := time.Now()
		for _, o := range res.Objects {
			if at, err := o.Trace(context.Background(), port); err != nil || !at.Exact {
				b.Fatal(at, err)
			}
		}
		rendering, tracing = rendering+middle.Sub(start), tracing+time.Since(middle)
	}
	b.ReportMetric(float64(rendering+tracing)/float64(rendering), "renders")
}

const portPointer = "/spec/template/spec/containers/0/livenessProbe/httpGet/port"

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

// BenchmarkDeAnchor measures kyaml's DeAnchor of a definition of a thousand fields
// without an anchor, alias or merge key, and what it would take to see that there
// is none. See docs/upstream-deanchor.md.
func BenchmarkDeAnchor(b *testing.B) {
	var text strings.Builder
	text.WriteString("kind: CustomResourceDefinition\nspec:\n  versions:\n  - schema:\n      openAPIV3Schema:\n        properties:\n")
	for i := range 1000 {
		fmt.Fprintf(&text, "          field%d: {type: object, properties: {a: {type: string, description: text}}}\n", i)
	}
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(text.String()), &doc); err != nil {
		b.Fatal(err)
	}
	b.Run("kyaml", func(b *testing.B) {
		b.ReportAllocs()
		for range b.N {
			if err := kyaml.NewRNode(doc.Content[0]).DeAnchor(); err != nil {
				b.Fatal(err)
			}
		}
	})
	var has func(n *yaml.Node) bool
	has = func(n *yaml.Node) bool {
		return n.Anchor != "" || n.Kind == yaml.AliasNode || n.Tag == "!!merge" || slices.ContainsFunc(n.Content, has)
	}
	b.Run("look", func(b *testing.B) {
		b.ReportAllocs()
		for range b.N {
			if has(doc.Content[0]) {
				b.Fatal("there is an anchor")
			}
		}
	})
}
