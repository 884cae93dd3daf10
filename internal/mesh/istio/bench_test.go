package istio_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/org/probe-mtls-action/internal/mesh"
	"github.com/org/probe-mtls-action/internal/mesh/istio"
)

// BenchmarkMesh builds a mesh and judges every probe of it: half the workloads
// break, a quarter as many policies as workloads, all in ten
// namespaces. ns/op divided by the number of workloads stays level.
func BenchmarkMesh(b *testing.B) {
	for _, n := range []int{500, 1000, 2000, 4000} {
		b.Run(fmt.Sprintf("workloads=%d", n), func(b *testing.B) {
			var docs []string
			docs = append(docs, peerAuthentication([]string{"istio-system/default", "STRICT"}))
			for i := range 10 {
				docs = append(docs, fmt.Sprintf("apiVersion: v1\nkind: Namespace\nmetadata: {name: n%d, labels: {istio-injection: enabled}}", i))
			}
			for i := range n {
				name := fmt.Sprintf("n%d/w%d", i%10, i)
				app := fmt.Sprintf("app=w%d", i)
				docs = append(docs, service([]string{name, app, "http:80:8080"}),
					workload("Deployment", []string{name, app, "tier=front", fmt.Sprintf("ann:sidecar.istio.io/rewriteAppHTTPProbers=%v", i%2 == 0)},
						[]string{"c app 8080 live=http:8080"}))
				if i%4 == 0 {
					docs = append(docs, peerAuthentication([]string{name, app, "tier=front", "9090=PERMISSIVE"}))
				}
			}
			objects := mustObjects(b, strings.Join(docs, "\n---\n"))
			b.ReportAllocs()
			for b.Loop() {
				m, err := istio.New(objects, nil, mesh.Options{})
				if err != nil {
					b.Fatal(err)
				}
				broken := 0
				for _, p := range m.Probes() {
					if m.Judge(p).Verdict == mesh.Breaks {
						broken++
					}
				}
				if broken != n/2 {
					b.Fatalf("%d probes break, want %d", broken, n/2)
				}
			}
		})
	}
}
