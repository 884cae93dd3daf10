package probe_test

import (
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/org/probe-mtls-action/internal/kube"
	"github.com/org/probe-mtls-action/internal/probe"
	"github.com/org/probe-mtls-action/render"
)

func find(t *testing.T, container string) []*probe.Probe {
	t.Helper()
	var n yaml.Node
	if err := yaml.Unmarshal([]byte("spec: {template: {spec: {containers: ["+container+"]}}}"), &n); err != nil {
		t.Fatal(err)
	}
	pod := kube.PodsOf(&render.Object{Ref: render.Ref{Kind: "Deployment", Name: "web"}, Node: n.Content[0]})[0]
	return probe.Of(pod, &pod.Containers[0])
}

func TestEveryKindAndHandler(t *testing.T) {
	got := find(t, `{name: c, livenessProbe: {httpGet: {port: 8080, path: /live, scheme: HTTPS, host: h}}, readinessProbe: {tcpSocket: {port: web}},
		startupProbe: {grpc: {port: 9000}}, lifecycle: {postStart: {exec: {command: [a]}}, preStop: {sleep: {seconds: 1}}}}`)
	const at = "spec.template.spec.containers[0]."
	want := []struct {
		kind    probe.Kind
		handler probe.Handler
		port    probe.Port
		field   string
		portAt  string
	}{
		{probe.Liveness, probe.HTTPGet, probe.Port{Number: 8080}, "livenessProbe", "livenessProbe.httpGet.port"},
		{probe.Readiness, probe.TCPSocket, probe.Port{Name: "web"}, "readinessProbe", "readinessProbe.tcpSocket.port"},
		{probe.Startup, probe.GRPC, probe.Port{Number: 9000}, "startupProbe", "startupProbe.grpc.port"},
		{probe.PostStart, probe.Exec, probe.Port{}, "lifecycle.postStart", ""},
		{probe.PreStop, probe.Sleep, probe.Port{}, "lifecycle.preStop", ""},
	}
	if len(got) != len(want) {
		t.Fatalf("%d probes, want %d", len(got), len(want))
	}
	for i, w := range want {
		p := got[i]
		if p.Kind != w.kind || p.Handler != w.handler || p.Port != w.port || p.Fault != "" || p.Container != "c" {
			t.Errorf("%+v, want %+v", p, w)
		}
		if p.Field.Path.String() != at+w.field || p.PortField.IsZero() != (w.portAt == "") || w.portAt != "" && p.PortField.Path.String() != at+w.portAt {
			t.Errorf("%s: at %s, port at %s", p.Kind, p.Field, p.PortField)
		}
	}
	if p := got[0]; p.Scheme != "HTTPS" || p.Host != "h" || p.Path != "/live" {
		t.Errorf("httpGet read as %+v", p)
	}
}

func TestFaults(t *testing.T) {
	for text, want := range map[string]string{
		"{}":                             "none of httpGet",
		"{httpGet: {port: 1}, exec: {}}": "more than one handler (httpGet, exec)",
		"{httpGet: {port: 1}, tcpSocket: {port: 1}}": "set the old one to null",
		"{httpGet: {port: 1}, exec: null}":           "",
		"{httpGet: [1]}":                             "not a mapping",
		"{httpGet: {}}":                              "names no port",
		"{httpGet: {port: 0}}":                       "1 to 65535",
		"{httpGet: {port: 65536}}":                   "1 to 65535",
		"{httpGet: {port: '80800'}}":                 "without quotes",
		"{httpGet: {port: '8080'}}":                  "",
		"{httpGet: {port: true}}":                    "neither a number nor a name",
		"{httpGet: {port: 1, scheme: http}}":         "HTTP or HTTPS",
		"{grpc: {port: web}}":                        "needs a number",
		"{tcpSocket: {port: web}}":                   "",
	} {
		got := find(t, "{name: c, livenessProbe: "+text+"}")[0].Fault
		if (want == "") != (got == "") || !strings.Contains(got, want) {
			t.Errorf("%s: fault %q, want %q", text, got, want)
		}
	}
}

func TestQuotedNumber(t *testing.T) {
	got := find(t, "{name: c, livenessProbe: {httpGet: {port: '8080'}}}")[0]
	if got.Port != (probe.Port{Number: 8080}) || !strings.Contains(got.Refused, "without quotes") {
		t.Errorf("port %+v, refused %q", got.Port, got.Refused)
	}
}

func TestHostileTextIsTamed(t *testing.T) {
	got := find(t, `{name: c, livenessProbe: {httpGet: {port: 1, scheme: "::error::\n`+strings.Repeat("x", 500)+`"}}}`)[0].Fault
	if strings.Contains(got, "\n") || len(got) > 200 {
		t.Errorf("%q", got)
	}
}
