package pipeline_test

import (
	"maps"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/org/probe-mtls-action/internal/affected"
	"github.com/org/probe-mtls-action/internal/kube"
	"github.com/org/probe-mtls-action/internal/mesh"
	"github.com/org/probe-mtls-action/internal/pipeline"
	"github.com/org/probe-mtls-action/internal/probe"
	"github.com/org/probe-mtls-action/internal/report"
	"github.com/org/probe-mtls-action/internal/report/page"
	"github.com/org/probe-mtls-action/internal/report/summary"
	"github.com/org/probe-mtls-action/internal/rules"
	"github.com/org/probe-mtls-action/render"
	"github.com/org/probe-mtls-action/render/kustomize"
	"github.com/org/probe-mtls-action/render/kustomize/graph"
)

// toll is a mesh of this test: a Gate that is shut anywhere keeps the kubelet
// out of every pod. It proves that no package besides a mesh's own knows Istio.
var toll = mesh.Mesh{
	Names:   tollNames,
	Build:   buildToll,
	Version: func(s mesh.Settings) string { return s.(string) },
	Decides: isGate,
	Selects: func(render.Ref) bool { return false },
}

var tollNames = mesh.Names{Name: "Toll", Proxy: "toll-keeper", Agent: "Toll office"}

func isGate(ref render.Ref) bool { return ref.Group == "toll.example" && ref.Kind == "Gate" }

type tollModel struct {
	gate   *render.Object
	probes []*probe.Probe
}

func buildToll(objects []*render.Object, isContext func(*render.Object) bool, _ mesh.Settings) (mesh.Model, error) {
	m := &tollModel{}
	for _, o := range objects {
		if isGate(o.Ref) && kube.Text(kube.Get(o.Node, "spec", "state")) == "shut" {
			m.gate = o
		}
		for _, pod := range kube.PodsOf(o) {
			for i := range pod.Containers {
				m.probes = append(m.probes, probe.Of(pod, &pod.Containers[i])...)
			}
		}
	}
	return m, nil
}

func (m *tollModel) Names() mesh.Names      { return toll.Names }
func (m *tollModel) Version() string        { return "2.0" }
func (m *tollModel) Probes() []*probe.Probe { return m.probes }
func (m *tollModel) Notices() []mesh.Notice { return nil }
func (m *tollModel) Warnings() []mesh.Fact  { return nil }
func (m *tollModel) Judge(p *probe.Probe) mesh.Judgement {
	if m.gate == nil {
		return mesh.Judgement{Probe: p, Verdict: mesh.OK, Reason: "no gate is shut"}
	}
	cause := mesh.CauseMTLS
	if p.Kind == probe.Readiness {
		cause = mesh.CauseRewrite
	}
	at := render.Field{Object: m.gate, Path: render.PathOf("spec", "state")}
	return mesh.Judgement{
		Probe: p, Verdict: mesh.Breaks, Cause: cause, Reason: "Gate " + m.gate.Name + " is shut",
		Chain: []mesh.Fact{{Text: "Gate " + m.gate.Name + " is shut", Field: at, Deciding: true}},
	}
}

var tollTree = fstest.MapFS{
	"app/kustomization.yaml":   {Data: []byte("resources: [web.yaml]\n")},
	"app/web.yaml":             {Data: []byte("apiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: shop}\nspec:\n  containers:\n  - name: web\n    livenessProbe: {httpGet: {port: 8080}}\n    readinessProbe: {httpGet: {port: 8080}}\n")},
	"gates/kustomization.yaml": {Data: []byte("resources: [gate.yaml]\n")},
	"gates/gate.yaml":          {Data: []byte("apiVersion: toll.example/v1\nkind: Gate\nmetadata: {name: north}\nspec: {state: shut}\n")},
}

// Another mesh needs no change elsewhere: what it decides spreads over an
// environment, its names stand in titles, pictures and rule texts, its steps have
// their lines.
func TestAnotherMesh(t *testing.T) {
	t.Parallel()
	tree := render.Tree(tollTree)
	kustomizations := kustomize.New(tree, kustomize.Options{})
	e := &pipeline.Engine{
		Tree: tree, Renderers: map[string]render.Renderer{graph.Renderer: kustomizations}, Build: toll.Build, Rules: rules.All(), Jobs: 1,
	}
	group := pipeline.Group{Name: "all", Mesh: "2.0"}
	for _, dir := range []string{"app", "gates"} {
		group.Roots = append(group.Roots, render.Root{Dir: dir, Renderer: graph.Renderer})
	}
	res, err := e.Run(t.Context(), []pipeline.Group{group})
	if err != nil {
		t.Fatal(err)
	}
	if len(res.Items) != 2 || len(res.Skipped) != 0 {
		t.Fatalf("%d findings, skipped %v", len(res.Items), res.Skipped)
	}
	for _, it := range res.Items {
		if len(it.Related) != 1 || it.Related[0].Span.String() != "gates/gate.yaml:4:15" || !it.Steps[0].Deciding {
			t.Errorf("%s rests on %+v", it.RuleID, it.Steps)
		}
		for _, text := range append(it.Chain(), it.Summary, it.Message) {
			if strings.Contains(text, "Istio") {
				t.Errorf("%s speaks of Istio: %s", it.RuleID, text)
			}
		}
	}
	rep := &report.Report{Tool: report.Tool{Version: "1", Mesh: toll.Names, IstioVersion: toll.Version(group.Mesh)}, Rules: e.Rules, Items: res.Items, Roots: res.Roots}
	var b strings.Builder
	if err := summary.Write(&b, rep, summary.Options{MaxBytes: 1 << 20}); err != nil {
		t.Fatal(err)
	}
	text := b.String()
	for _, want := range []string{"Toll 2.0", "toll-keeper", "Toll office", "rewritten by Toll"} {
		if !strings.Contains(text, want) {
			t.Errorf("the summary lacks %q", want)
		}
	}
	if strings.Contains(text, "Istio") || strings.Contains(text, "istio") {
		t.Errorf("the summary speaks of Istio:\n%s", text)
	}
	if causes, _ := page.Causes(rep.WorstFirst(), toll.Names, 3); len(causes) == 0 || causes[0].By.File != "gates/gate.yaml" {
		t.Errorf("causes %+v", causes)
	}
}

// A change of a deciding object reaches the other roots of the environment, one
// of any other object does not.
func TestAnotherMeshIsFollowed(t *testing.T) {
	t.Parallel()
	before := maps.Clone(tollTree)
	before["gates/gate.yaml"] = &fstest.MapFile{Data: []byte(strings.Replace(string(tollTree["gates/gate.yaml"].Data), "shut", "open", 1))}
	before["app/web.yaml"] = &fstest.MapFile{Data: []byte(strings.Replace(string(tollTree["app/web.yaml"].Data), "8080", "8081", 1))}
	var sides []affected.Side
	for _, tree := range []fstest.MapFS{before, tollTree} {
		g, err := graph.Build(t.Context(), tree)
		if err != nil {
			t.Fatal(err)
		}
		sides = append(sides, affected.Side{Tree: tree, Graph: g})
	}
	shares := affected.Shares(toll.Decides, sides...)
	if !shares("gates", []string{"gates/gate.yaml"}) {
		t.Error("a change of a Gate is not followed")
	}
	if shares("app", []string{"app/web.yaml"}) {
		t.Error("a Pod decides about others")
	}
}
