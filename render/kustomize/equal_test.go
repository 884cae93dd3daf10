package kustomize_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/kustomize/kyaml/openapi"

	"github.com/org/probe-mtls-action/render"
	"github.com/org/probe-mtls-action/render/kustomize"
)

// TestEqualsKustomize compares every root of every case with what kustomize
// makes of the same files.
func TestEqualsKustomize(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no cases", err)
	}
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		c := newCase(t, archive)
		roots, err := c.renderer.Roots(context.Background(), []string{"."})
		if err != nil {
			t.Fatal(err)
		}
		for _, root := range roots {
			if res, err := c.render(root.Dir); err == nil {
				equalsKustomize(t, file, filepath.Join(c.dir, root.Dir), res)
			}
		}
	}
}

// equalsKustomize compares a result with what kustomize builds from dir.
func equalsKustomize(t *testing.T, name, dir string, res *render.Result) {
	t.Helper()
	options := krusty.MakeDefaultOptions()
	options.LoadRestrictions = types.LoadRestrictionsNone
	openapi.ResetOpenAPI()
	defer openapi.ResetOpenAPI()
	plain, err := krusty.MakeKustomizer(options).Run(filesys.MakeFsOnDisk(), dir)
	if err != nil {
		t.Errorf("%s %s: kustomize fails: %v", name, res.Root, err)
		return
	}
	if plain.Size() != len(res.Objects) {
		t.Errorf("%s %s: %d objects, want %d", name, res.Root, len(res.Objects), plain.Size())
		return
	}
	for i, o := range res.Objects {
		var got, want any
		if err := o.Node.Decode(&got); err != nil {
			t.Fatal(err)
		}
		if err := plain.Resources()[i].YNode().Decode(&want); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s %s %s (-want +got):\n%s", name, res.Root, o, diff)
		}
	}
}

// FuzzRender renders what the fuzzer makes of a kustomization, a resource and a
// patch. Nothing may panic; what renders must be what kustomize renders.
func FuzzRender(f *testing.F) {
	patch := "- op: replace\n  path: /spec/template/spec/containers/0/livenessProbe/httpGet/port\n  value: 9090\n"
	f.Add("resources: [d.yaml]\npatches:\n- path: p.yaml\n  target: {kind: Deployment}\n", deployment, patch)
	f.Add("resources: [d.yaml]\nlabels: [{pairs: {sidecar.istio.io/inject: \"true\"}}]\n", deployment, "a=b\n")
	f.Add("resources: [d.yaml]\npatches:\n- patch: |\n    apiVersion: apps/v1\n    kind: Deployment\n    metadata: {name: web}\n    spec: {paused: true}\n", deployment, "")
	f.Add("configMapGenerator:\n- name: c\n  envs: [p.yaml]\n", "", "A=1\n")
	f.Fuzz(func(t *testing.T, kustomization, resource, patch string) {
		dir := t.TempDir()
		for name, text := range map[string]string{"kustomization.yaml": kustomization, "d.yaml": resource, "p.yaml": patch} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		tr, err := render.OpenTree(dir)
		if err != nil {
			t.Fatal(err)
		}
		defer tr.Close()
		ctx := context.Background()
		res, err := kustomize.New(tr, kustomize.Options{}).Render(ctx, render.Root{Dir: "."})
		if err != nil {
			return
		}
		equalsKustomize(t, "fuzz", dir, res)
		for _, o := range res.Objects {
			for _, p := range []string{"metadata.name", "spec.template.spec.containers[0].livenessProbe.httpGet.port", "spec.template", "data.A"} {
				if _, err := o.Trace(ctx, parsePath(p)); err != nil {
					t.Errorf("%s %s: %v", o, p, err)
				}
			}
		}
	})
}
