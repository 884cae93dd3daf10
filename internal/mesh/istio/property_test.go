package istio_test

import (
	"fmt"
	"sort"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/org/probe-mtls-action/internal/mesh/istio"
)

// draw is a random mesh: manifests in the short form's pieces, so that a
// property can add to them or shuffle them.
type draw struct {
	docs []string
	opts istio.Options
}

var (
	versions = []string{"0.8", "1.0.2", "1.0.5", "1.1", "1.3", "1.4", "1.5.1", "1.6", "1.8", "1.9", "1.12", "1.19", "1.24", "1.27", "1.31"}
	modes    = []string{"STRICT", "PERMISSIVE", "DISABLE", "UNSET"}
	ports    = []string{"8080", "8081", "9000"}
	apps     = []string{"web", "api"}
)

func drawMesh(t *rapid.T, version []string) draw {
	pick := func(label string, from []string) string { return rapid.SampledFrom(from).Draw(t, label) }
	d := draw{opts: istio.Options{IstioVersion: pick("version", version)}}
	if rapid.Bool().Draw(t, "sets rewriting") {
		on := rapid.Bool().Draw(t, "rewriting")
		d.opts.RewriteAppHTTPProbe = &on
	}
	d.opts.AdmissionValidates = rapid.Bool().Draw(t, "admission")
	labels := pick("namespace labels", []string{"{istio-injection: enabled}", "{}", "{istio-injection: disabled}", "{istio.io/rev: default}"})
	if rapid.Bool().Draw(t, "namespace in view") {
		d.docs = append(d.docs, "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: "+labels+"}")
	}
	for i := range rapid.IntRange(0, 3).Draw(t, "workloads") {
		args := []string{fmt.Sprintf("shop/w%d", i), "app=" + pick("app", apps)}
		for _, a := range []string{"ann:sidecar.istio.io/rewriteAppHTTPProbers=false", "ann:traffic.sidecar.istio.io/excludeInboundPorts=8081", "sidecar.istio.io/inject=true", "ann:sidecar.istio.io/interceptionMode=NONE"} {
			if rapid.IntRange(0, 4).Draw(t, a) == 0 {
				args = append(args, a)
			}
		}
		c := "c c" + fmt.Sprint(i) + " 8080 named:8081"
		for _, k := range []string{"live", "ready", "start", "post", "pre"} {
			if rapid.Bool().Draw(t, k) {
				c += " " + k + "=" + pick("handler", []string{"http", "https", "tcp", "exec"}) + ":" + pick("port", append(ports, "named", "lost"))
			}
		}
		d.docs = append(d.docs, workload("Deployment", args, []string{c}))
	}
	for i := range rapid.IntRange(0, 2).Draw(t, "services") {
		d.docs = append(d.docs, service([]string{fmt.Sprintf("shop/s%d", i), "app=" + pick("selects", apps), "http:80:" + pick("target", ports)}))
	}
	for i := range rapid.IntRange(0, 4).Draw(t, "peer authentications") {
		args := []string{pick("namespace", []string{"shop", "istio-system", "shop"}) + "/p" + fmt.Sprint(i), pick("mode", modes)}
		if rapid.Bool().Draw(t, "selects") {
			args = append(args, "app="+pick("app", apps))
		}
		if rapid.Bool().Draw(t, "has ports") {
			args = append(args, pick("port", append(ports, "80"))+"="+pick("port mode", modes))
		}
		if rapid.Bool().Draw(t, "has age") {
			args = append(args, "at="+pick("age", []string{"2020-01-01", "2021-01-01", "2022-01-01"}))
		}
		d.docs = append(d.docs, peerAuthentication(args))
	}
	for i := range rapid.IntRange(0, 3).Draw(t, "policies") {
		args := []string{"shop/a" + fmt.Sprint(i), "peers=" + pick("peers", []string{"off", "strict", "permissive", "jwt", "allowTls"})}
		switch rapid.IntRange(0, 2).Draw(t, "target") {
		case 0:
			args = append(args, "s0")
		case 1:
			args = append(args, "s1:80")
		default:
			args[0] = "shop/default"
		}
		d.docs = append(d.docs, policy("policy", args))
	}
	if rapid.Bool().Draw(t, "mesh policy") {
		d.docs = append(d.docs, policy("meshpolicy", []string{"default", "peers=" + pick("mesh peers", []string{"strict", "permissive", "off"})}))
	}
	return d
}

// verdicts returns what is said of each probe: subject to verdict and cause.
func (d draw) verdicts(t *rapid.T) map[string]string {
	objects, err := objects(strings.Join(d.docs, "\n---\n"))
	if err != nil {
		t.Fatal(err)
	}
	m, err := istio.New(objects, nil, d.opts)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, p := range m.Probes() {
		j := m.Judge(p)
		if j.Reason == "" || len(j.Chain) == 0 {
			t.Fatalf("%s: the verdict %s explains nothing", p.Field, j.Verdict)
		}
		out[p.Field.String()] = string(j.Verdict) + " " + string(j.Cause)
	}
	m.Notices()
	return out
}

func same(a, b map[string]string) string {
	var out []string
	for k, v := range a {
		if b[k] != v {
			out = append(out, fmt.Sprintf("%s: %q became %q", k, v, b[k]))
		}
	}
	sort.Strings(out)
	return strings.Join(out, "\n")
}

func TestPropertyOrderChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := drawMesh(t, versions)
		before := d.verdicts(t)
		d.docs = rapid.Permutation(d.docs).Draw(t, "order")
		if diff := same(before, d.verdicts(t)); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestPropertyOtherNamespacesChangeNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := drawMesh(t, versions)
		before := d.verdicts(t)
		d.docs = append(d.docs,
			peerAuthentication([]string{"pay/default", rapid.SampledFrom(modes).Draw(t, "foreign mode")}),
			peerAuthentication([]string{"pay/web", "app=web", "8080=DISABLE"}),
			policy("policy", []string{"pay/s0", "s0", "peers=strict"}),
			service([]string{"pay/s0", "app=web", "http:80:8080"}),
			sidecarResource([]string{"pay/web", "app=web", "8080:HTTP"}))
		if diff := same(before, d.verdicts(t)); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestPropertyExecAddsNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := drawMesh(t, versions)
		before := d.verdicts(t)
		d.docs = append(d.docs, workload("Deployment", []string{"shop/more", "app=web"}, []string{"c more 8080 live=exec ready=exec start=exec post=exec pre=sleep"}))
		after := d.verdicts(t)
		if diff := same(before, after); diff != "" {
			t.Fatal(diff)
		}
		for k, v := range after {
			if _, old := before[k]; !old && v != "ok " {
				t.Fatalf("%s: %s", k, v)
			}
		}
	})
}

// With rewriting on, mTLS blocks no probe that the release can rewrite: from
// 1.25 on that is all of them.
func TestPropertyRewritingClearsMTLS(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := drawMesh(t, []string{"1.25", "1.27", "1.31"})
		on := true
		d.opts.RewriteAppHTTPProbe = &on
		for i := range d.docs {
			d.docs[i] = strings.ReplaceAll(d.docs[i], `rewriteAppHTTPProbers": "false"`, `rewriteAppHTTPProbers": "true"`)
		}
		for k, v := range d.verdicts(t) {
			handler := strings.Contains(k, ".lifecycle.") && v == "ineffective never-run" // of pods outside the mesh
			if v != "ok " && v != "breaks port-not-found" && !handler {
				t.Fatalf("%s: %s", k, v)
			}
		}
	})
}

// A probe that a STRICT mesh breaks passes once its port is exempted, and only
// its port.
func TestPropertyExemptionAtTheRightPort(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		probed := rapid.SampledFrom(ports).Draw(t, "probed")
		exempt := rapid.SampledFrom(append(ports, "80")).Draw(t, "exempt")
		mode := rapid.SampledFrom([]string{"PERMISSIVE", "DISABLE"}).Draw(t, "mode")
		off := false
		d := draw{opts: istio.Options{IstioVersion: rapid.SampledFrom([]string{"1.9", "1.12", "1.21", "1.31"}).Draw(t, "version"), RewriteAppHTTPProbe: &off}}
		d.docs = []string{
			peerAuthentication([]string{"istio-system/default", "STRICT"}),
			service([]string{"shop/web", "app=web", "http:80:" + rapid.SampledFrom(ports).Draw(t, "target")}),
			workload("Deployment", []string{"shop/web", "app=web"}, []string{"c web " + probed + " live=http:" + probed}),
		}
		for _, v := range d.verdicts(t) {
			if v != "breaks mtls" {
				t.Fatalf("without exemption: %s", v)
			}
		}
		d.docs = append(d.docs, peerAuthentication([]string{"shop/web", "app=web", exempt + "=" + mode}))
		want := "breaks mtls"
		if exempt == probed {
			want = "ok "
		}
		for k, v := range d.verdicts(t) {
			if v != want {
				t.Fatalf("%s: %s, want %s", k, v, want)
			}
		}
	})
}
