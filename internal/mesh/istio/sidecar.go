package istio

import (
	"strings"

	"github.com/org/probe-mtls-action/internal/kube"
	"github.com/org/probe-mtls-action/render"
)

// sidecar is a Sidecar resource, of which only the ingress listeners matter.
type sidecar struct {
	object  *render.Object
	name    string
	ingress []ingress
}

// ingress is one inbound listener.
type ingress struct {
	port     int
	protocol string // HTTP, HTTPS, GRPC, TCP…
	tls      string // "" or the mode of its own TLS: SIMPLE, MUTUAL…
	at       render.Field
}

// sidecarNamespace holds the Sidecars of one namespace.
type sidecarNamespace struct {
	wide     []*sidecar
	selected byLabel[*sidecar]
}

func (m *model) addSidecar(o *render.Object) {
	if !m.version.has(sidecarResource) {
		return
	}
	s := &sidecar{object: o, name: workloadName(o)}
	spec := kube.Get(o.Node, "spec")
	at := render.Field{Object: o, Path: render.PathOf("spec")}
	for i, n := range kube.Items(kube.Get(spec, "ingress")) {
		in := ingress{at: at.Key("ingress").Item(i)}
		in.port, _ = kube.Int(kube.Get(n, "port", "number"))
		in.protocol = strings.ToUpper(kube.Text(kube.Get(n, "port", "protocol")))
		if tls := kube.Get(n, "tls"); !kube.IsNull(tls) {
			if in.tls = kube.Text(kube.Get(tls, "mode")); in.tls == "" {
				in.tls = "PASSTHROUGH"
			}
		}
		s.ingress = append(s.ingress, in)
	}
	ns := m.idx.sidecars[o.NamespaceOrDefault()]
	if ns == nil {
		ns = &sidecarNamespace{selected: byLabel[*sidecar]{}}
		m.idx.sidecars[o.NamespaceOrDefault()] = ns
	}
	selector := kube.StringsAt(at.Key("workloadSelector", "labels"), kube.Get(spec, "workloadSelector", "labels"))
	if selector.Len() > 0 {
		ns.selected.add(o.NamespaceOrDefault(), selector, s)
		m.idx.heed(selector)
	} else {
		ns.wide = append(ns.wide, s)
	}
}

// sidecarsOf returns the Sidecars of the most specific level that has one for
// w. More than one means that the manifests do not tell which applies; only
// those that differ in their ingress matter.
func (m *model) sidecarsOf(w *workload) []*sidecar {
	ns := w.pod.Namespace()
	here := m.idx.sidecars[ns]
	if here == nil {
		return nil // the root namespace's Sidecar has no ingress listeners
	}
	var all []*sidecar
	here.selected.find(ns, w.labels, func(s *sidecar) { all = append(all, s) })
	if all == nil {
		all = here.wide
	}
	all = ownForms(all, w.pod.Object.Root, func(s *sidecar) *render.Object { return s.object })
	return firstCreated(all, func(s *sidecar) *render.Object { return s.object })
}

// listener returns the ingress listener on port, nil if s has none there.
func (s *sidecar) listener(port int) *ingress {
	if s == nil {
		return nil
	}
	for i := range s.ingress {
		if s.ingress[i].port == port {
			return &s.ingress[i]
		}
	}
	return nil
}
