package istio_test

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/org/probe-mtls-action/internal/mesh"
	"github.com/org/probe-mtls-action/internal/mesh/istio"
	"github.com/org/probe-mtls-action/internal/parallel"
	"github.com/org/probe-mtls-action/render"
)

// benchmark runs with meshes of several sizes: half the workloads break, a
// quarter as many policies as workloads, all in ten namespaces. ns/op divided by
// the number of workloads stays level.
func benchmark(b *testing.B, run func(b *testing.B, objects []*render.Object, workloads int)) {
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
					docs = append(docs, peerAuthentication([]string{name, app, "tier=front", "80=PERMISSIVE"}))
				}
			}
			objects := mustObjects(b, strings.Join(docs, "\n---\n"))
			b.ReportAllocs()
			run(b, objects, n)
		})
	}
}

func build(b *testing.B, objects []*render.Object) mesh.Model {
	m, err := istio.New(objects, nil, istio.Options{})
	if err != nil {
		b.Fatal(err)
	}
	return m
}

// BenchmarkMesh builds a mesh and judges every probe of it, as check.Run does.
func BenchmarkMesh(b *testing.B) {
	benchmark(b, func(b *testing.B, objects []*render.Object, workloads int) {
		for b.Loop() {
			m := build(b, objects)
			probes := m.Probes()
			var broken atomic.Int32
			parallel.For(len(probes), func(i int) {
				if m.Judge(probes[i]).Verdict == mesh.Breaks {
					broken.Add(1)
				}
			})
			if int(broken.Load()) != workloads/2 {
				b.Fatalf("%d probes break, want %d", broken.Load(), workloads/2)
			}
		}
	})
}

// BenchmarkNotices finds what there is to say of each policy of a mesh: its
// exemption names the port of the Service instead of the container's.
func BenchmarkNotices(b *testing.B) {
	benchmark(b, func(b *testing.B, objects []*render.Object, workloads int) {
		m := build(b, objects)
		for b.Loop() {
			if got := len(m.Notices()); got != workloads/4 {
				b.Fatalf("%d notices, want %d", got, workloads/4)
			}
		}
	})
}
