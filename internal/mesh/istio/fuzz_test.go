package istio_test

import (
	"testing"

	"github.com/org/probe-mtls-action/internal/mesh"
	"github.com/org/probe-mtls-action/internal/mesh/istio"
)

// judgeAll asks a model everything; it must neither panic nor leave a verdict
// unexplained.
func judgeAll(t *testing.T, text string) {
	if len(text) > 1<<16 {
		t.Skip("too long")
	}
	found, err := objects(text)
	if err != nil {
		t.Skip("no YAML")
	}
	for _, version := range []string{"0.8", "1.0.5", "1.4", "1.5", "1.8", "1.31"} {
		m, err := istio.New(found, nil, istio.Options{IstioVersion: version, MeshMTLS: mesh.ModeStrict, AdmissionValidates: version == "1.8", Profile: "ambient"})
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range m.Probes() {
			if j := m.Judge(p); j.Verdict == "" || j.Reason == "" {
				t.Fatalf("no verdict or reason for %s", p.Field)
			}
		}
		m.Notices()
		m.Warnings()
	}
}

func FuzzPodSpec(f *testing.F) {
	f.Add("{name: a, livenessProbe: {httpGet: {port: 8080}}}", "{sidecar.istio.io/inject: true}")
	f.Add("{name: istio-proxy, ports: [{name: x, containerPort: 1}], readinessProbe: {tcpSocket: {port: x}}}", "{proxy.istio.io/config: '{'}")
	f.Add("{name: [], lifecycle: {preStop: {httpGet: []}}}", "[1]")
	f.Add("{startupProbe: {grpc: {port: -1}}, restartPolicy: Always}", "{status.sidecar.istio.io/port: '0', traffic.sidecar.istio.io/includeInboundPorts: ','}")
	f.Fuzz(func(t *testing.T, container, annotations string) {
		judgeAll(t, "apiVersion: v1\nkind: Pod\nmetadata: {name: x, namespace: shop, labels: {app: web}, annotations: "+annotations+"}\nspec: {initContainers: ["+container+"], containers: ["+container+"]}")
	})
}

func FuzzPolicy(f *testing.F) {
	f.Add("{mtls: {mode: STRICT}, portLevelMtls: {\"8080\": {mode: DISABLE}}, selector: {matchLabels: {app: web}}}")
	f.Add("{targets: [{name: web, ports: [{number: 80}, {name: http}], labels: {app: web}}], peers: [{mtls: null}, {jwt: {}}], origins: [{}]}")
	f.Add("{mtls: [], portLevelMtls: {x: 1, 99999999999: {}}, selector: 5}")
	f.Add("{ingress: [{port: {number: 8080, protocol: HTTP}, tls: {}}], workloadSelector: {labels: {app: web}}}")
	f.Fuzz(func(t *testing.T, spec string) {
		text := webDeployment + "---" + strictMesh
		for _, kind := range []string{"security.istio.io/v1beta1\nkind: PeerAuthentication", "authentication.istio.io/v1alpha1\nkind: Policy",
			"authentication.istio.io/v1alpha1\nkind: MeshPolicy", "networking.istio.io/v1\nkind: Sidecar", "v1\nkind: Service"} {
			text += "---\napiVersion: " + kind + "\nmetadata: {name: default, namespace: shop}\nspec: " + spec + "\n"
		}
		judgeAll(t, text)
	})
}

func FuzzInstallation(f *testing.F) {
	f.Add("{global: {proxy: {autoInject: []}}}", "authPolicy: MUTUAL_TLS")
	f.Add("{sidecarInjectorWebhook: {neverInjectSelector: [{matchExpressions: [{key: a, operator: Near}]}], defaultTemplates: {}}}", "[")
	f.Fuzz(func(t *testing.T, values, config string) {
		judgeAll(t, webDeployment+"---"+strictMesh+"---\napiVersion: install.istio.io/v1alpha1\nkind: IstioOperator\nmetadata: {name: x}\nspec: {values: "+values+
			", meshConfig: "+values+"}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: istio, namespace: istio-system}\ndata: {mesh: "+config+"}\n")
	})
}
