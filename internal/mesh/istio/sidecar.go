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
	capture  string // captureMode: "" or DEFAULT, IPTABLES, NONE
	bind     string // the address it asks for, "" for the pod's
	tls      string // "" or the mode of its own TLS: SIMPLE, MUTUAL…
	at       render.Field
}

// binds reports whether the listener opens its port on the pod's address itself
// instead of taking what is redirected (getBindToPort in
// pilot/pkg/networking/core/listener_inbound.go). none is interception mode NONE.
func (in *ingress) binds(none bool, ver version) bool {
	if in.bind == "localhost" || strings.HasPrefix(in.bind, "127.") || in.bind == "::1" {
		return false // where the kubelet does not ask
	}
	switch in.capture {
	case "NONE":
		return true
	case "IPTABLES":
		return none && !ver.has(sidecarCaptureIPTables)
	}
	return none
}

// sidecarNamespace holds the Sidecars of one namespace: those with a
// workloadSelector, the empty one included, sort before the others.
type sidecarNamespace struct {
	wide      []*sidecar
	selecting []*sidecar // with a selector that asks for nothing
	selected  byLabel[*sidecar]
}

func (m *model) addSidecar(o *render.Object) {
	if !m.version.has(sidecarResource) {
		return
	}
	s := &sidecar{object: o, name: workloadName(o)}
	spec := kube.ValueAt(o, "spec")
	for _, v := range spec.Key("ingress").Items() {
		in := ingress{at: v.At, capture: v.Key("captureMode").Text(), bind: v.Key("bind").Text()}
		in.port, _ = v.Key("port", "number").Int()
		in.protocol = strings.ToUpper(v.Key("port", "protocol").Text())
		if tls := v.Key("tls"); !tls.IsNull() {
			if in.tls = tls.Key("mode").Text(); in.tls == "" {
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
	selector := spec.Key("workloadSelector", "labels").Strings()
	switch {
	case selector.Len() > 0:
		ns.selected.add(o.NamespaceOrDefault(), selector, s)
		m.idx.heed(selector)
	case !spec.Key("workloadSelector").IsNull():
		ns.selecting = append(ns.selecting, s)
	default:
		ns.wide = append(ns.wide, s)
	}
}

// sidecarsOf returns the Sidecars of the most specific level that has one for
// w: those of its namespace that select it, those without selector, those of
// the root namespace without selector. More than one means that the manifests do
// not tell which applies (pilot/pkg/model/push_context.go, initSidecarScopes and
// getSidecarScope).
func (m *model) sidecarsOf(w *workload) []*sidecar {
	ns := w.pod.Namespace()
	here := m.idx.sidecars[ns]
	if here != nil {
		all := append([]*sidecar(nil), here.selecting...)
		here.selected.find(ns, w.labels, func(s *sidecar) { all = append(all, s) })
		if len(all) > 0 {
			return m.firstSidecars(all, w, firstCreated)
		}
		if len(here.wide) > 0 {
			if m.version.has(sidecarNewestWide) {
				return m.firstSidecars(here.wide, w, lastCreated)
			}
			return m.firstSidecars(here.wide, w, firstCreated)
		}
		if !m.version.has(sidecarRootBeside) {
			return nil
		}
	}
	root := m.idx.sidecars[w.enrolled.plane.root]
	if ns == w.enrolled.plane.root || root == nil || !m.version.has(sidecarRootWithoutServices) && !m.idx.hasServices[ns] {
		return nil
	}
	return m.firstSidecars(root.wide, w, firstCreated)
}

func (m *model) firstSidecars(all []*sidecar, w *workload, first func([]*sidecar, func(*sidecar) *render.Object) []*sidecar) []*sidecar {
	object := func(s *sidecar) *render.Object { return s.object }
	all = kube.OwnForms(all, w.pod.Object.Root, object)
	if len(all) < 2 {
		return all
	}
	return first(all, object)
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
