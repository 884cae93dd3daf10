package check_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
	"pgregory.net/rapid"

	"github.com/org/probe-mtls-action/internal/check"
	"github.com/org/probe-mtls-action/internal/mesh"
	"github.com/org/probe-mtls-action/internal/probe"
	"github.com/org/probe-mtls-action/render"
)

// object parses a manifest.
func object(t interface{ Fatal(...any) }, text string) *render.Object {
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(text), &doc); err != nil {
		t.Fatal(err)
	}
	o := &render.Object{Node: doc.Content[0], Root: render.Root{Dir: "overlays/prod"}}
	o.Ref = render.Ref{Group: "apps", Version: "v1", Kind: "Deployment", Namespace: "shop", Name: o.At(render.PathOf("metadata", "name")).Value}
	return o
}

func deployment(t *testing.T, name, annotations string) *render.Object {
	t.Helper()
	return object(t, fmt.Sprintf("metadata:\n  name: %s\n%s", name, annotations))
}

// model is a mesh that breaks each liveness probe of its workloads.
type model struct{ workloads []*render.Object }

func (m model) Probes() []*probe.Probe {
	var out []*probe.Probe
	for _, w := range m.workloads {
		out = append(out, &probe.Probe{Kind: probe.Liveness, Workload: w, Container: "app", Field: render.Field{Object: w, Path: render.PathOf("spec")}})
	}
	return out
}

func (m model) Judge(p *probe.Probe) mesh.Judgement {
	return mesh.Judgement{Probe: p, Verdict: mesh.Breaks, Cause: mesh.CauseMTLS}
}
func (m model) Names() mesh.Names      { return mesh.Names{Name: "Test"} }
func (m model) Version() string        { return "1" }
func (m model) Notices() []mesh.Notice { return nil }
func (m model) Warnings() []mesh.Fact  { return nil }

func rule(id string) *check.Rule {
	return &check.Rule{
		ID: id, Name: "Rule" + id[len(id)-1:], Severity: check.Error, Summary: "s", Doc: "# d",
		Run: func(p *check.Pass) {
			for _, j := range p.Judgements {
				p.Report(check.Finding{
					Subject: check.Subject{Ref: j.Probe.Workload.Ref, Container: j.Probe.Container, Field: j.Probe.Kind},
					At:      j.Probe.Field,
					Verdict: j.Verdict,
				})
			}
		},
	}
}

func TestRun(t *testing.T) {
	t.Parallel()
	objects := []*render.Object{deployment(t, "b", ""), deployment(t, "a", "")}
	rules := []*check.Rule{rule("PMTLS002"), rule("PMTLS001")}
	var got []string
	for _, f := range check.Run(rules, objects, model{objects}) {
		if f.Severity != check.Error {
			t.Errorf("%s has severity %q, want its rule's", f.Subject, f.Severity)
		}
		got = append(got, f.Subject.String()+" "+f.Rule.ID)
	}
	want := []string{
		"shop/Deployment/a/app/livenessProbe PMTLS001",
		"shop/Deployment/a/app/livenessProbe PMTLS002",
		"shop/Deployment/b/app/livenessProbe PMTLS001",
		"shop/Deployment/b/app/livenessProbe PMTLS002",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// TestRunOrder shuffles objects and rules: the findings stay in order.
func TestRunOrder(t *testing.T) {
	t.Parallel()
	var objects []*render.Object
	for _, name := range []string{"a", "b", "c", "d"} {
		objects = append(objects, deployment(t, name, ""))
	}
	rules := []*check.Rule{rule("PMTLS001"), rule("PMTLS002"), rule("PMTLS003")}
	describe := func(objects []*render.Object, rules []*check.Rule) string {
		var b strings.Builder
		for _, f := range check.Run(rules, objects, model{objects}) {
			fmt.Fprintln(&b, f.Rule.ID, f.Subject)
		}
		return b.String()
	}
	want := describe(objects, rules)
	rapid.Check(t, func(t *rapid.T) {
		got := describe(rapid.Permutation(objects).Draw(t, "objects"), rapid.Permutation(rules).Draw(t, "rules"))
		if got != want {
			t.Errorf("got\n%swant\n%s", got, want)
		}
	})
}

func TestValidate(t *testing.T) {
	t.Parallel()
	if err := check.Validate([]*check.Rule{rule("PMTLS001"), rule("PMTLS002")}); err != nil {
		t.Errorf("valid rules: %v", err)
	}
	change := func(f func(*check.Rule)) []*check.Rule {
		r := rule("PMTLS001")
		f(r)
		return []*check.Rule{r}
	}
	for want, rules := range map[string][]*check.Rule{
		"ID must be":           change(func(r *check.Rule) { r.ID = "PM1" }),
		"ID is used twice":     {rule("PMTLS001"), rule("PMTLS001")},
		"is used twice":        {rule("PMTLS001"), rule("PMTLS011")},
		"differ from the ID":   change(func(r *check.Rule) { r.Name = r.ID }),
		"must be words":        change(func(r *check.Rule) { r.Name = "" }),
		"severity \"fatal\"":   change(func(r *check.Rule) { r.Severity = "fatal" }),
		"no summary":           change(func(r *check.Rule) { r.Summary = "" }),
		"no page":              change(func(r *check.Rule) { r.Doc = "" }),
		"no Run function":      change(func(r *check.Rule) { r.Run = nil }),
		"rule 0 is nil":        {nil},
		"rule 1 (\"PMTLS002\"": {rule("PMTLS001"), func() *check.Rule { r := rule("PMTLS002"); r.Doc = ""; return r }()},
	} {
		if err := check.Validate(rules); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one that says %q", err, want)
		}
	}
}

func TestThreshold(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		threshold check.Threshold
		reached   []check.Severity
	}{
		{"error", []check.Severity{check.Error}},
		{"warning", []check.Severity{check.Error, check.Warning}},
		{"note", []check.Severity{check.Error, check.Warning, check.Note}},
		{"never", nil},
	} {
		for _, s := range []check.Severity{check.Error, check.Warning, check.Note} {
			if got, want := c.threshold.Reached(s), slices.Contains(c.reached, s); got != want {
				t.Errorf("a finding of severity %s fails at --fail-on %s: %v, want %v", s, c.threshold, got, want)
			}
		}
	}
	if got, want := check.ThresholdNames(), []string{"error", "warning", "note", "never"}; !slices.Equal(got, want) {
		t.Errorf("values of --fail-on %v, want %v", got, want)
	}
}

func TestSubject(t *testing.T) {
	t.Parallel()
	ref := render.Ref{Group: "security.istio.io", Kind: "PeerAuthentication", Name: "default"}
	for want, s := range map[string]check.Subject{
		"default/PeerAuthentication/default":                              {Ref: ref},
		"shop/Deployment/web/app/lifecycle.preStop":                       {Ref: render.Ref{Kind: "Deployment", Namespace: "shop", Name: "web"}, Container: "app", Field: probe.PreStop},
		"shop/Deployment/web/livenessProbe":                               {Ref: render.Ref{Kind: "Deployment", Namespace: "shop", Name: "web"}, Field: probe.Liveness},
		"default/PeerAuthentication/default/container-without-namespaces": {Ref: ref, Container: "container-without-namespaces"},
	} {
		if got := s.String(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
