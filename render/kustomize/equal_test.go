package kustomize_test

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
	"pgregory.net/rapid"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/kustomize/kyaml/openapi"

	"github.com/org/probe-mtls-action/render"
	"github.com/org/probe-mtls-action/render/kustomize"
	"github.com/org/probe-mtls-action/render/kustomize/kustomizetest"
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
func equalsKustomize(t rapid.TB, name, dir string, res *render.Result) {
	t.Helper()
	if len(res.Holes) > 0 {
		return // kustomize refuses it
	}
	options := krusty.MakeDefaultOptions()
	options.LoadRestrictions = types.LoadRestrictionsNone
	if strings.Contains(name, "openapi") { // kustomize keeps the schema for the whole process
		openapi.ResetOpenAPI()
		defer openapi.ResetOpenAPI()
	}
	plain, err := krusty.MakeKustomizer(options).Run(filesys.MakeFsOnDisk(), dir)
	if err != nil {
		t.Errorf("%s %s: kustomize fails: %v", name, res.Root, err)
		return
	}
	want, err := kustomizetest.Printed(plain)
	switch {
	case err != nil:
		if len(res.Refusals) == 0 {
			t.Errorf("%s %s: kustomize cannot print it, and no refusal tells: %v", name, res.Root, err)
		}
	case len(res.Refusals) > 0:
		t.Errorf("%s %s: kustomize does not refuse: %v", name, res.Root, res.Refusals)
	default:
		if diff := kustomizetest.Diff(want, res.Objects); diff != "" {
			t.Errorf("%s %s: %s", name, res.Root, diff)
		}
	}
}

// TestDamagedSources renders kustomizations, resources and patches with random
// damage. Nothing may panic; what renders must be what kustomize renders, and
// every field of it must have a place.
func TestDamagedSources(t *testing.T) {
	patch := "- op: replace\n  path: /spec/template/spec/containers/0/livenessProbe/httpGet/port\n  value: 9090\n"
	seeds := [][]string{
		{"resources: [d.yaml]\npatches:\n- path: p.yaml\n  target: {kind: Deployment}\n", deployment, patch},
		{"resources: [d.yaml]\nlabels: [{pairs: {sidecar.istio.io/inject: \"true\"}}]\n", deployment, "a=b\n"},
		{"resources: [d.yaml]\npatches:\n- patch: |\n    apiVersion: apps/v1\n    kind: Deployment\n    metadata: {name: web}\n    spec: {paused: true}\n", deployment, ""},
		{"configMapGenerator:\n- name: c\n  envs: [p.yaml]\n", "", "A=1\n"},
	}
	words := []string{"\n", "  ", ": ", "- ", "{", "}", "[", "]", "&a ", "*a", "<<: *a", "|", "'", "\"", "#", "null", "8080", "!!str ",
		"---\n", "\r\n", "\t", "name", "kind", "true", "$patch: delete", "\x00", "é", "700001", "?"}
	names := []string{"kustomization.yaml", "d.yaml", "p.yaml"}
	ctx := context.Background()
	rapid.Check(t, func(rt *rapid.T) {
		texts := slices.Clone(rapid.SampledFrom(seeds).Draw(rt, "seed"))
		for range rapid.IntRange(0, 4).Draw(rt, "damages") {
			i := rapid.IntRange(0, 2).Draw(rt, "file")
			from := rapid.IntRange(0, len(texts[i])).Draw(rt, "from")
			to := rapid.IntRange(from, min(from+20, len(texts[i]))).Draw(rt, "to")
			word := rapid.SampledFrom(append(words, texts[i][from:to]+texts[i][from:to])).Draw(rt, "word")
			texts[i] = texts[i][:from] + word + texts[i][to:]
		}
		if strings.Contains(strings.ToLower(texts[0]), "openapi") {
			return // changes the schema of the process
		}
		tr := tree(t, names[0], texts[0], names[1], texts[1], names[2], texts[2])
		defer tr.Close()
		res, err := kustomize.New(tr, kustomize.Options{}).Render(ctx, render.Root{Dir: "."})
		if err != nil {
			return
		}
		equalsKustomize(rt, strings.Join(texts, "====\n"), tr.Dir(), res)
		for _, o := range res.Objects {
			for _, p := range []string{"metadata.name", "spec.template.spec.containers[0].livenessProbe.httpGet.port", "spec.template", "data.A"} {
				if at, err := o.Trace(ctx, parsePath(p)); err != nil || at.Span.IsZero() || !at.Exact && at.Why == "" {
					rt.Errorf("%s %s: %+v %v", o, p, at, err)
				}
			}
		}
	})
}
