package fix

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/org/probe-mtls-action/internal/fix/edit"
	"github.com/org/probe-mtls-action/internal/mesh/istio"
	"github.com/org/probe-mtls-action/internal/pipeline"
	"github.com/org/probe-mtls-action/internal/report"
	"github.com/org/probe-mtls-action/internal/rules"
	"github.com/org/probe-mtls-action/render"
	"github.com/org/probe-mtls-action/render/kustomize"
)

// proverFunc is a function as a prover.
type proverFunc func(ctx context.Context, c *pipeline.Case) ([][]report.Fix, error)

func (f proverFunc) Prove(ctx context.Context, c *pipeline.Case) ([][]report.Fix, error) {
	return f(ctx, c)
}

const manifests = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata:
      labels: {app: web}
    spec:
      containers:
      - name: web
        livenessProbe:
          httpGet: {port: 80}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: api}
spec:
  selector: {matchLabels: {app: api}}
  template:
    metadata:
      labels: {app: api}
    spec:
      containers:
      - name: api
        livenessProbe:
          httpGet: {port: 80}
---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: api}
spec:
  selector: {matchLabels: {app: api}}
  mtls: {mode: PERMISSIVE}
---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: default}
spec:
  mtls: {mode: STRICT}
`

// TestProofRefuses: a plan that leaves the finding, brings another, or changes
// what it does not name is not proven, alone or among others that are.
func TestProofRefuses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{"kustomization.yaml": "resources: [m.yaml]\n", "m.yaml": manifests} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	tree, err := render.OpenTree(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer tree.Close()
	web := identity{"apps", "Deployment", "", "web"}
	meta := render.PathOf("spec", "template", "metadata")
	annotate := func(key string) step {
		n, err := parseValue(key + ": \"true\"")
		if err != nil {
			t.Fatal(err)
		}
		return step{file: "m.yaml", change: edit.Change{Op: edit.Add, At: edit.Place{Path: meta}, Key: "annotations", Value: n}}
	}
	set := func(doc int, value string, keys ...string) step {
		n, err := parseValue(value)
		if err != nil {
			t.Fatal(err)
		}
		return step{file: "m.yaml", change: edit.Change{Op: edit.Set, At: edit.Place{Doc: doc, Path: render.PathOf(keys...)}, Value: n}}
	}
	const rewrite = "sidecar.istio.io/rewriteAppHTTPProbers"
	rewriting := name{web, meta.Key("annotations", rewrite)}
	plans := map[string]*Plan{
		"holds":           {steps: []step{annotate(rewrite)}, names: []name{rewriting}},
		"ends nothing":    {steps: []step{annotate("example.com/x")}, names: []name{{web, meta.Key("annotations", "example.com/x")}}},
		"changes nothing": {steps: []step{set(0, "1", "spec", "replicas")}, names: []name{{web, render.PathOf("spec", "replicas")}}},
		"changes more":    {steps: []step{annotate(rewrite), set(0, "2", "spec", "replicas")}, names: []name{rewriting}},
		"brings another": {
			steps: []step{annotate(rewrite), set(2, "STRICT", "spec", "mtls", "mode")},
			names: []name{rewriting, {identity{"security.istio.io", "PeerAuthentication", "", "api"}, render.PathOf("spec", "mtls", "mode")}},
		},
		"renders no more": {steps: []step{annotate(rewrite), {file: "kustomization.yaml", change: edit.Change{Op: edit.Set, At: edit.Place{Path: render.PathOf("resources")}, Value: mustParse(t, "[m.yaml, none.yaml]")}}}, names: []name{rewriting}},
	}
	for _, together := range []bool{false, true} {
		for what, p := range plans {
			judged := false
			prove := func(ctx context.Context, c *pipeline.Case) ([][]report.Fix, error) {
				judged = true
				if len(c.Findings) != 1 {
					t.Fatalf("%d findings, want that of web", len(c.Findings))
				}
				wants := map[ID]bool{idOf(&c.Findings[0]): true}
				one := &try{chain: []*Plan{p.seal()}, wants: wants}
				tries := []*try{one}
				if together {
					other := *plans["ends nothing"]
					tries = append(tries, &try{chain: []*Plan{other.seal()}, wants: wants})
				}
				pr := newProof(New(tree, func(string) []string { return nil }), c)
				if err := pr.run(ctx, tries); err != nil {
					t.Fatal(err)
				}
				if got, want := one.outcome != nil, what == "holds"; got != want {
					t.Errorf("a plan that %s is proven: %v (with another: %v)", what, got, together)
				}
				return nil, nil
			}
			off := false
			e := &pipeline.Engine{
				Tree: tree, Renderers: map[string]render.Renderer{kustomize.Name: kustomize.New(tree, kustomize.Options{})},
				Build: istio.Mesh.Build, Rules: rules.All(), Jobs: 1, Prover: proverFunc(prove),
				Draft: func(d render.Tree) map[string]render.Renderer {
					return map[string]render.Renderer{kustomize.Name: kustomize.New(d, kustomize.Options{})}
				},
			}
			_, err := e.Run(t.Context(), []pipeline.Group{{Roots: []render.Root{{Dir: ".", Renderer: kustomize.Name}}, Mesh: istio.Options{RewriteAppHTTPProbe: &off}}})
			if err != nil || !judged {
				t.Fatalf("judged: %v, %v", judged, err)
			}
		}
	}
}

func mustParse(t *testing.T, text string) *yaml.Node {
	t.Helper()
	n, err := parseValue(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
