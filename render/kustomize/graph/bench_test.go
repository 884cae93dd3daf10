package graph_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/org/probe-mtls-action/render"
	"github.com/org/probe-mtls-action/render/kustomize/graph"
)

// monorepo writes apps with a base and overlays each, 1,000 overlays in all.
func monorepo(tb testing.TB) *render.DirTree {
	dir := tb.TempDir()
	write := func(name, text string) {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			tb.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			tb.Fatal(err)
		}
	}
	write("components/probes/kustomization.yaml", "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\npatches:\n- path: probe.yaml\n")
	write("components/probes/probe.yaml", "kind: Deployment\n")
	for a := range 100 {
		base := fmt.Sprintf("apps/app%03d/base/", a)
		write(base+"kustomization.yaml", "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n- deployment.yaml\n- service.yaml\n")
		write(base+"deployment.yaml", "kind: Deployment\n")
		write(base+"service.yaml", "kind: Service\n")
		for o := range 10 {
			dir := fmt.Sprintf("apps/app%03d/overlays/env%d/", a, o)
			write(dir+"kustomization.yaml", fmt.Sprintf(`apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
namespace: app%03d-env%d
resources:
- ../../base
components:
- ../../../../components/probes
patches:
- path: replicas.yaml
- target: {kind: Deployment}
  patch: |-
    - op: replace
      path: /spec/replicas
      value: 3
configMapGenerator:
- name: settings
  files: [app.properties]
  literals: [A=b]
`, a, o))
			write(dir+"replicas.yaml", "kind: Deployment\n")
			write(dir+"app.properties", "a=b\n")
		}
	}
	tree, err := render.OpenTree(dir)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { tree.Close() })
	return tree
}

func BenchmarkBuild1000(b *testing.B) {
	tree := monorepo(b)
	b.ResetTimer()
	for b.Loop() {
		if _, err := graph.Build(b.Context(), tree); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkReuse1000(b *testing.B) {
	tree := monorepo(b)
	g, err := graph.Build(b.Context(), tree)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := graph.Build(b.Context(), tree, graph.Reuse(g, func(string) bool { return false })); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDiscover1000(b *testing.B) {
	tree := monorepo(b)
	b.ResetTimer()
	for b.Loop() {
		if _, _, err := graph.Discover(b.Context(), tree, []string{"."}); err != nil {
			b.Fatal(err)
		}
	}
}
