package rules_test

import (
	"fmt"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/org/probe-mtls-action/internal/check"
	"github.com/org/probe-mtls-action/internal/mesh/istio"
	"github.com/org/probe-mtls-action/internal/rules"
	"github.com/org/probe-mtls-action/render"
)

// BenchmarkRun judges a cluster and runs all rules over it; the cost is to grow
// with its size, not with its square.
func BenchmarkRun(b *testing.B) {
	for _, size := range []struct{ workloads, policies int }{{500, 125}, {2000, 500}} {
		b.Run(fmt.Sprintf("%d workloads and %d policies", size.workloads, size.policies), func(b *testing.B) {
			objects := cluster(b, size.workloads, size.policies)
			rewrite := false
			opts := istio.Options{RewriteAppHTTPProbe: &rewrite, Injection: istio.InjectionAlways}
			found := 0
			for b.Loop() {
				model, err := istio.New(objects, nil, opts)
				if err != nil {
					b.Fatal(err)
				}
				found = len(check.Run(rules.All(), objects, model))
			}
			b.ReportMetric(float64(found), "findings")
		})
	}
}

// cluster has a liveness probe in each workload and a policy for every fourth,
// every other of which exempts the probe's port.
func cluster(b *testing.B, workloads, policies int) []*render.Object {
	b.Helper()
	var objects []*render.Object
	add := func(group, version, kind, namespace, name, spec string) {
		var doc yaml.Node
		text := fmt.Sprintf("kind: %s\nmetadata: {name: %s, namespace: %s}\nspec: %s\n", kind, name, namespace, spec)
		if err := yaml.Unmarshal([]byte(text), &doc); err != nil {
			b.Fatal(err)
		}
		ref := render.Ref{Group: group, Version: version, Kind: kind, Namespace: namespace, Name: name}
		objects = append(objects, &render.Object{Ref: ref, Authored: ref, Node: doc.Content[0]})
	}
	add("security.istio.io", "v1", "PeerAuthentication", "istio-system", "default", "{mtls: {mode: STRICT}}")
	for i := range workloads {
		add("apps", "v1", "Deployment", fmt.Sprintf("ns-%d", i%20), fmt.Sprintf("app-%d", i), fmt.Sprintf(
			`{template: {metadata: {labels: {app: app-%d}}, spec: {containers: [{name: app, image: a, ports: [{name: http, containerPort: 8080}], livenessProbe: {httpGet: {port: 8080}}}]}}}`, i))
	}
	for i := range policies {
		mode := [2]string{"DISABLE", "STRICT"}[i%2]
		add("security.istio.io", "v1", "PeerAuthentication", fmt.Sprintf("ns-%d", i*4%20), fmt.Sprintf("app-%d", i*4), fmt.Sprintf(
			`{selector: {matchLabels: {app: app-%d}}, portLevelMtls: {"8080": {mode: %s}}}`, i*4, mode))
	}
	return objects
}
