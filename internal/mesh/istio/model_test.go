package istio_test

import (
	"strings"
	"testing"

	"github.com/org/probe-mtls-action/internal/mesh"
	"github.com/org/probe-mtls-action/internal/mesh/istio"
	"github.com/org/probe-mtls-action/internal/probe"
	"github.com/org/probe-mtls-action/render"
)

const strictMesh = `
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {istio-injection: enabled}}
---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: default, namespace: istio-system}
spec: {mtls: {mode: STRICT}}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {selector: {app: web}, ports: [{name: http, port: 80, targetPort: 8080}]}
`

const webDeployment = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web, version: v1}}
    spec:
      containers:
      - name: web
        ports: [{containerPort: 8080}]
        livenessProbe: {httpGet: {port: 8080}}
`

func no() *bool { b := false; return &b }

func newModel(t *testing.T, objects []*render.Object, opts istio.Options) mesh.Model {
	t.Helper()
	m, err := istio.New(objects, nil, opts)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestVersions(t *testing.T) {
	for _, good := range []string{"", "0.8", "0.8.0", "1.0", "1.5", "1.5.2", "v1.24.1", "1.31", "v1.31", "1.31.0-rc.0", "1.24.3-distroless", "1.9+build.1"} {
		m, err := istio.New(nil, nil, istio.Options{IstioVersion: good})
		if err != nil {
			t.Errorf("%q: %v", good, err)
		} else if len(m.Probes()) != 0 || m.Notices() != nil {
			t.Errorf("%q: an empty mesh says something", good)
		}
	}
	for _, bad := range []string{"latest", "1", "1.x", "0.7", "0.9", "-1.2", "1.2.3.4", "1..2", "one.two", " 1.2", "1.24\n", "v", "99999.1"} {
		_, err := istio.New(nil, nil, istio.Options{IstioVersion: bad})
		if err == nil || !strings.Contains(err.Error(), "0.8") || !strings.Contains(err.Error(), "1.31") {
			t.Errorf("%q: error %v does not name the valid forms", bad, err)
		}
	}
	for _, newer := range []string{"1.32", "1.40.1", "2.0"} {
		m, err := istio.New(nil, nil, istio.Options{IstioVersion: newer})
		if err != nil {
			t.Fatalf("%q: %v", newer, err)
		}
		if w := m.Warnings(); len(w) != 1 || !strings.Contains(w[0].Text, "treated as 1.31") {
			t.Errorf("%q: warnings %v", newer, w)
		}
	}
}

// TestOtherWebhooks: containers that other webhooks add are in no manifest.
func TestOtherWebhooks(t *testing.T) {
	for annotation, want := range map[string]int{
		`sidecar.opentelemetry.io/inject: "true"`: 1, `sidecar.opentelemetry.io/inject: "false"`: 0,
		`sidecar.opentelemetry.io/inject: otel/agent`: 1, `dapr.io/enabled: "true"`: 1, `linkerd.io/inject: disabled`: 0,
		`example.com/inject: "true"`: 0,
	} {
		for inject, times := range map[string]int{"true": 1, "false": 0} {
			m := newModel(t, mustObjects(t, `apiVersion: v1
kind: Pod
metadata:
  name: web
  labels: {sidecar.istio.io/inject: "`+inject+`"}
  annotations: {`+annotation+`}
spec: {containers: [{name: web, livenessProbe: {httpGet: {port: 80}}}]}
`), istio.Options{})
			if w := m.Warnings(); len(w) != want*times || len(w) > 0 && !strings.Contains(w[0].Text, "their probes are not judged") {
				t.Errorf("%s, inject %s: warnings %v, want %d", annotation, inject, w, want*times)
			}
		}
	}
}

func TestOptionErrors(t *testing.T) {
	for name, o := range map[string]istio.Options{
		"strict, permissive or disable": {MeshMTLS: "Strict"},
		"auto, always or never":         {Injection: "sometimes"},
		"true, false or auto":           {NativeSidecars: "maybe"},
		"v1.32.4":                       {KubeletVersion: "new"},
	} {
		if _, err := istio.New(nil, nil, o); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%+v: error %v does not name %s", o, err, name)
		}
	}
}

func TestContextIsNotJudged(t *testing.T) {
	objects := mustObjects(t, strictMesh+"---"+webDeployment+"---\n"+peerAuthentication([]string{"shop/gone", "app=gone", "DISABLE"})+
		"---\n"+peerAuthentication([]string{"shop/bad", "Nonsense"}))
	opts := istio.Options{RewriteAppHTTPProbe: no()}
	if m := newModel(t, objects, opts); len(m.Probes()) != 1 || len(m.Notices()) != 2 {
		t.Fatalf("without context: %d probes, %d notices, want 1 and 2", len(m.Probes()), len(m.Notices()))
	}
	all := func(*render.Object) bool { return true }
	m, err := istio.New(objects, all, opts)
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Probes())+len(m.Notices())+len(m.Warnings()) != 0 {
		t.Errorf("context is judged:\n%s", describe(m))
	}
	notWorkloads := func(o *render.Object) bool { return o.Kind != "Deployment" }
	if m, err = istio.New(objects, notWorkloads, opts); err != nil {
		t.Fatal(err)
	}
	if got := m.Judge(m.Probes()[0]).Verdict; got != mesh.Breaks {
		t.Errorf("a policy in context does not count: %s", got)
	}
}

func TestItemsOfAContextListAreContext(t *testing.T) {
	text := "apiVersion: v1\nkind: List\nitems:\n" + indentList(webDeployment)
	list := func(o *render.Object) bool { return o.Kind == "List" }
	m, err := istio.New(mustObjects(t, strictMesh+"---\n"+text), list, istio.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if n := len(m.Probes()); n != 0 {
		t.Errorf("%d probes of a context list are judged", n)
	}
}

func indentList(doc string) string {
	return "- " + strings.ReplaceAll(strings.TrimSpace(doc), "\n", "\n  ") + "\n"
}

// Two roots may hold the same names: each workload is judged by its own root's
// namespace, Services and policies, and by those that only the other root has.
func TestRootsAreNotMixedUp(t *testing.T) {
	strict := mustObjects(t, strictMesh+"---"+webDeployment+"---\n"+peerAuthentication([]string{"shop/default", "STRICT"}))
	open := mustObjects(t, strictMesh+"---"+webDeployment+"---\n"+peerAuthentication([]string{"shop/default", "PERMISSIVE"}))
	for _, o := range open {
		o.Root.Dir = "overlays/open"
	}
	for _, objects := range [][]*render.Object{append(strict[:len(strict):len(strict)], open...), append(open[:len(open):len(open)], strict...)} {
		m := newModel(t, objects, istio.Options{RewriteAppHTTPProbe: no()})
		got := map[string]mesh.Verdict{}
		for _, p := range m.Probes() {
			got[p.Workload.Root.Dir] = m.Judge(p).Verdict
		}
		if got["overlays/test"] != mesh.Breaks || got["overlays/open"] != mesh.OK {
			t.Errorf("verdicts %v", got)
		}
	}
}

func TestAForeignProbeIsUnknown(t *testing.T) {
	m := newModel(t, nil, istio.Options{})
	if j := m.Judge(&probe.Probe{}); j.Verdict != mesh.Unknown || j.Reason == "" {
		t.Errorf("%+v", j)
	}
}

// Facts and remedies carry the fields that they speak of.
func TestFields(t *testing.T) {
	m := newModel(t, mustObjects(t, strictMesh+"---"+webDeployment), istio.Options{RewriteAppHTTPProbe: no()})
	p := m.Probes()[0]
	if got := p.PortField.String(); got != "shop/Deployment/web spec.template.spec.containers[0].livenessProbe.httpGet.port" {
		t.Errorf("port field %s", got)
	}
	j := m.Judge(p)
	deciding := map[string]bool{}
	for _, f := range j.Chain {
		if f.Text == "" || strings.HasSuffix(f.Text, ".") {
			t.Errorf("fact %q is no clause", f.Text)
		}
		if f.Deciding && !f.Field.IsZero() {
			deciding[f.Field.String()] = true
			if f.Field.Node() == nil {
				t.Errorf("fact %q points at nothing: %s", f.Text, f.Field)
			}
		}
	}
	for _, want := range []string{"default/Namespace/shop metadata.labels.istio-injection", "istio-system/PeerAuthentication/default spec.mtls.mode"} {
		if !deciding[want] {
			t.Errorf("no deciding fact at %s:\n%s", want, describe(m))
		}
	}
	for _, word := range []string{"8080", "Deployment shop/web", "PeerAuthentication istio-system/default"} {
		if !strings.Contains(j.Reason, word) {
			t.Errorf("reason %q does not name %s", j.Reason, word)
		}
	}
	if r := j.Remedies[0]; r.Field.String() != "shop/Deployment/web spec.template.metadata" {
		t.Errorf("the first remedy belongs at %s", r.Field)
	}
}

// Every remedy with YAML is valid YAML, and those that are whole objects settle
// the matter when they are added.
func TestRemediesWork(t *testing.T) {
	base := strictMesh + "---" + webDeployment
	for _, c := range []struct{ version, docs string }{
		{"1.31", base},
		{"1.21", strings.ReplaceAll(base, "security.istio.io/v1\n", "security.istio.io/v1beta1\n")},
		{"1.8", strings.ReplaceAll(base, "security.istio.io/v1\n", "security.istio.io/v1beta1\n")},
		{"1.4", base + "---\n" + policy("meshpolicy", []string{"default", "peers=strict"})},
		{"1.0.5", base + "---\n" + policy("meshpolicy", []string{"default", "peers=strict"})},
		{"0.8", base + "---\n" + policy("policy", []string{"shop/everything", "peers=strict"})},
	} {
		opts := istio.Options{IstioVersion: c.version, RewriteAppHTTPProbe: no()}
		m := newModel(t, mustObjects(t, c.docs), opts)
		j := m.Judge(m.Probes()[0])
		if j.Verdict != mesh.Breaks {
			t.Fatalf("%s: %s\n%s", c.version, j.Verdict, describe(m))
		}
		tried := 0
		for _, r := range j.Remedies {
			if r.YAML == "" || !r.Field.IsZero() {
				continue
			}
			tried++
			fixed := newModel(t, mustObjects(t, c.docs+"\n---\n"+r.YAML), opts)
			if got := fixed.Judge(fixed.Probes()[0]); got.Verdict != mesh.OK {
				t.Errorf("%s: %s\n%s\ngives\n%s", c.version, r.Title, r.YAML, describe(fixed))
			}
		}
		if tried == 0 {
			t.Errorf("%s: no remedy is a new object:\n%s", c.version, describe(m))
		}
	}
}

// The successor that PMTLS008 offers says what the old policy said.
func TestSuccessor(t *testing.T) {
	old := policy("policy", []string{"shop/web", "web:80", "peers=permissive"})
	docs := strictMesh + "---" + webDeployment + "---\n" + old
	opts := istio.Options{RewriteAppHTTPProbe: no()}
	m := newModel(t, mustObjects(t, docs), opts)
	n := m.Notices()
	if len(n) != 1 || n[0].Kind != mesh.NoticeAPINotServed || len(n[0].Remedies) != 1 {
		t.Fatalf("notices: %s", describe(m))
	}
	if f := n[0].Facts; len(f) == 0 || !f[0].Deciding || f[0].Field.String() != "shop/Policy/web spec.peers[0].mtls.mode" {
		t.Errorf("the mode is no deciding fact: %+v", f)
	}
	fixed := newModel(t, mustObjects(t, docs+"\n---\n"+n[0].Remedies[0].YAML), opts)
	if j := fixed.Judge(fixed.Probes()[0]); j.Verdict != mesh.OK || j.Mode != mesh.ModePermissive {
		t.Errorf("%s\ngives\n%s", n[0].Remedies[0].YAML, describe(fixed))
	}
}

// Probe keys beside the containers are no probes of any container.
func TestMisplacedProbesAreNoProbes(t *testing.T) {
	m := newModel(t, mustObjects(t, `
apiVersion: extensions/v1beta1
kind: Deployment
metadata: {name: web}
spec:
  template:
    spec:
      containers:
      - image: registry.example/app:1
      livenessProbe: {httpGet: {port: 8080}}
`), istio.Options{MeshMTLS: mesh.ModeStrict})
	if len(m.Probes()) != 0 {
		t.Error(describe(m))
	}
}

// An annotation that might have spared the probe is told, with its place.
func TestSettingsOfThePodHaveAPlace(t *testing.T) {
	for _, annotation := range []string{
		`traffic.sidecar.istio.io/excludeInboundPorts: "80"`,
		`traffic.sidecar.istio.io/includeInboundPorts: "*"`,
		`sidecar.istio.io/inject: "true"`,
		`x: y}, labels: {istio.io/rev: canary`,
	} {
		key, _, _ := strings.Cut(annotation[strings.LastIndexByte(annotation, '{')+1:], ":")
		m := newModel(t, mustObjects(t, `
apiVersion: v1
kind: Pod
metadata: {name: web, annotations: {`+annotation+`}}
spec:
  containers: [{name: web, livenessProbe: {httpGet: {port: 8080}}}]
`), istio.Options{MeshMTLS: mesh.ModeStrict, RewriteAppHTTPProbe: no()})
		found := false
		for _, f := range m.Judge(m.Probes()[0]).Chain {
			found = found || f.Deciding && f.Field.Node() != nil && f.Field.Path[len(f.Field.Path)-1].Key == key
		}
		if !found {
			t.Errorf("no deciding fact at %s:\n%s", key, describe(m))
		}
	}
}

// Labels on the workload itself are read by nobody; that is told.
func TestAMisplacedInjectionLabelIsTold(t *testing.T) {
	m := newModel(t, mustObjects(t, `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {sidecar.istio.io/inject: "false"}}
spec:
  template:
    spec:
      containers: [{name: web, livenessProbe: {httpGet: {port: 8080}}}]
`), istio.Options{MeshMTLS: mesh.ModeStrict, RewriteAppHTTPProbe: no()})
	const place = `default/Deployment/web metadata.labels["sidecar.istio.io/inject"]`
	j := m.Judge(m.Probes()[0])
	found := false
	for _, f := range j.Chain {
		found = found || f.Deciding && f.Field.String() == place
	}
	if w := m.Warnings(); j.Verdict != mesh.Breaks || !found || len(w) != 1 || w[0].Field.String() != place {
		t.Error(describe(m))
	}
}

// What leaves the mode open is told, before what sets it.
func TestAnOpenModeIsToldFirst(t *testing.T) {
	m := newModel(t, mustObjects(t, strictMesh+"---"+webDeployment+`
---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: web, namespace: shop}
spec: {selector: {matchLabels: {app: web}}, mtls: {mode: UNSET}}
`), istio.Options{RewriteAppHTTPProbe: no()})
	var modes []string
	for _, f := range m.Judge(m.Probes()[0]).Chain {
		if f.Deciding && strings.HasSuffix(f.Field.String(), "mtls.mode") {
			modes = append(modes, f.Field.Object.Name)
		}
	}
	if got := strings.Join(modes, " "); got != "web default" {
		t.Errorf("%s\n%s", got, describe(m))
	}
}

// Common annotations stand on the workload and on its pods: nothing is misplaced.
func TestAnAnnotationOnBothLevelsIsInPlace(t *testing.T) {
	m := newModel(t, mustObjects(t, `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, annotations: {sidecar.istio.io/rewriteAppHTTPProbers: "false"}}
spec:
  template:
    metadata: {annotations: {sidecar.istio.io/rewriteAppHTTPProbers: "false"}}
    spec:
      containers: [{name: web, livenessProbe: {httpGet: {port: 8080}}}]
`), istio.Options{MeshMTLS: mesh.ModeStrict})
	if w := m.Warnings(); len(w) != 0 {
		t.Errorf("%v", w)
	}
}

func TestSettingsKnowTheirPlace(t *testing.T) {
	config := &render.Object{Ref: render.Ref{Kind: "Config"}}
	at := func(path ...string) render.Field { return render.Field{Object: config, Path: render.PathOf(path...)} }
	m := newModel(t, mustObjects(t, strictMesh+"---"+webDeployment), istio.Options{
		Values: node(t, "sidecarInjectorWebhook: {rewriteAppHTTPProbe: false}"),
		Places: map[string]render.Field{"values": at("mesh", "values"), "values.sidecarInjectorWebhook.rewriteAppHTTPProbe": at("mesh", "values", "x")},
	})
	for _, f := range m.Judge(m.Probes()[0]).Chain {
		if strings.Contains(f.Text, "rewriteAppHTTPProbe") {
			if got := f.Field.Path.String(); got != "mesh.values.x" || !f.Deciding {
				t.Errorf("the setting is at %q, deciding %v", got, f.Deciding)
			}
			return
		}
	}
	t.Error("no fact speaks of the setting")
}

func TestARevisionsSettingsKnowTheirPlace(t *testing.T) {
	config := &render.Object{Ref: render.Ref{Kind: "Config"}}
	m := newModel(t, mustObjects(t, strictMesh+"---"+webDeployment), istio.Options{
		Revisions: []istio.Revision{{Values: node(t, "sidecarInjectorWebhook: {rewriteAppHTTPProbe: false}")}},
		Places:    map[string]render.Field{"revisions[0].values": {Object: config, Path: render.PathOf("here")}},
	})
	for _, f := range m.Judge(m.Probes()[0]).Chain {
		if strings.Contains(f.Text, "of revision") && f.Field.Path.String() == "here" {
			return
		}
	}
	t.Error(describe(m))
}
