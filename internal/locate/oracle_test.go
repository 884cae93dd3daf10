package locate_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/org/probe-mtls-action/internal/mesh/istio"
	"github.com/org/probe-mtls-action/render"
	"github.com/org/probe-mtls-action/render/kustomize"
	"github.com/org/probe-mtls-action/render/kustomize/graph"
	"github.com/org/probe-mtls-action/render/kustomize/kustomizetest"
)

// TestMutationOracle proves for every probe port and every policy mode of every
// fixture that its traced place is the one that counts: changing only that
// place changes the rendered field, changing any other candidate does not.
func TestMutationOracle(t *testing.T) {
	t.Parallel()
	repos, err := filepath.Glob("../../fixtures/*/repo")
	if err != nil || len(repos) == 0 {
		t.Fatalf("no fixtures: %v", err)
	}
	proven := 0
	for _, repo := range repos {
		tree, err := render.OpenTree(repo)
		if err != nil {
			t.Fatal(err)
		}
		defer tree.Close()
		renderer := kustomize.New(tree, kustomize.Options{})
		roots, _, err := graph.Discover(t.Context(), tree, []string{"."})
		if err != nil {
			t.Fatal(err)
		}
		for _, root := range roots {
			res, err := renderer.Render(t.Context(), root)
			if err != nil || len(res.Refusals) > 0 {
				continue // told as not checked, or not to be built by kustomize alone
			}
			oracle, err := kustomizetest.New(os.DirFS(repo), root.Dir)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range deciding(t, res.Objects) {
				origin, err := f.Object.Trace(t.Context(), f.Path)
				if err != nil {
					t.Fatal(err)
				}
				if !origin.Exact {
					t.Errorf("%s: %s: inexact place %s: %s", repo, f, origin.Span, origin.Why)
					continue
				}
				if _, err := oracle.Check(f.Object, f.Path, origin.Span); err != nil {
					t.Errorf("%s, root %s: %s is said to come from %s: %v", repo, root, f, origin.Span, err)
				}
				proven++
			}
		}
	}
	if proven == 0 {
		t.Error("nothing was proven")
	}
	t.Logf("%d places proven", proven)
}

// deciding returns the fields that findings stand on: probe ports, and the
// modes of policies.
func deciding(t *testing.T, objects []*render.Object) []render.Field {
	t.Helper()
	model, err := istio.New(objects, nil, istio.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var fields []render.Field
	for _, p := range model.Probes() {
		if !p.PortField.IsZero() {
			fields = append(fields, p.PortField)
		}
	}
	for _, o := range objects {
		walk(render.Field{Object: o}, func(f render.Field) {
			last := f.Path[len(f.Path)-1].Key
			if last == "mode" || strings.HasSuffix(last, "istio-injection") || strings.HasPrefix(last, "sidecar.istio.io/") {
				fields = append(fields, f)
			}
		})
	}
	return fields
}

// walk calls visit for every scalar below f.
func walk(f render.Field, visit func(render.Field)) {
	n := f.Node()
	switch n.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			walk(f.Key(n.Content[i].Value), visit)
		}
	case yaml.SequenceNode:
		for i := range n.Content {
			walk(f.Item(i), visit)
		}
	case yaml.ScalarNode:
		visit(f)
	}
}
