package istio

import (
	"slices"

	"github.com/org/probe-mtls-action/internal/kube"
	"github.com/org/probe-mtls-action/internal/mesh"
	"github.com/org/probe-mtls-action/internal/probe"
	"github.com/org/probe-mtls-action/render"
)

// workload is a pod and what the mesh makes of it, as far as that does not
// depend on the single probe.
type workload struct {
	pod     *kube.Pod
	name    string // "Deployment shop/web"
	context bool
	targets []target     // its probes, in their order
	labels  kube.Strings // those that the pod runs with

	enrolled enrolment
	rewrite  rewriting
	capture  *capture  // nil without a sidecar
	bindings []binding // Service ports that lead to the pod
	// management are the ports of liveness and readiness probes, for which old
	// releases open plaintext listeners.
	management map[int]bool
	peers      peerView
	sidecars   []*sidecar // candidates of equal rank
	warnings   []mesh.Fact
}

// binding is a port of a Service, or of a ServiceEntry that selects pods, and
// the container port it leads to.
type binding struct {
	service  *kube.Service // nil for a ServiceEntry's port
	entry    *serviceEntry // nil for a Service's
	port     kube.ServicePort
	target   int
	declared string       // the protocol of a ServiceEntry's port
	at       render.Field // of a ServiceEntry's port
}

// object is the Service or ServiceEntry.
func (b *binding) object() *render.Object {
	if b.entry != nil {
		return b.entry.object
	}
	return b.service.Object
}

// owner names it for people: "Service web".
func (b *binding) owner() string { return b.object().Kind + " " + b.object().Name }

// host is its first host name, which breaks ties of age.
func (b *binding) host() string {
	if b.entry != nil {
		return b.entry.host
	}
	return b.service.Object.Name + "." + b.service.Object.NamespaceOrDefault() + ".svc"
}

// field returns the place of the port.
func (b *binding) field() render.Field {
	if b.entry != nil {
		return b.at
	}
	return b.service.PortField(b.port)
}

// declaration is the place of what declares the port's protocol.
func (b *binding) declaration(m *model) render.Field {
	switch {
	case b.entry != nil:
		return b.at.Key("protocol")
	case b.byAppProtocol(m):
		return b.field().Key("appProtocol")
	}
	return b.field().Key("name")
}

// warn keeps a remark on the input for the model's warnings.
func (w *workload) warn(at render.Field, text string) {
	w.warnings = append(w.warnings, mesh.Fact{Text: text, Field: at})
}

// settle finds the probes of w and decides everything that they share. It
// touches nothing but w, so that pods can be settled side by side.
func (m *model) settle(w *workload) {
	for i := range w.pod.Containers {
		c := &w.pod.Containers[i]
		probes := probe.Of(w.pod, c)
		w.targets = slices.Grow(w.targets, len(probes))
		for _, p := range probes {
			w.targets = append(w.targets, target{probe: p, container: c, workload: w})
			if refused := p.Fault + p.Refused; refused != "" {
				w.warn(place(p), "the API server refuses "+w.name+": "+string(p.Kind)+" of container "+c.Name+" "+refused)
			}
		}
	}
	checkStrings(w.pod.Labels, "label", w.name, w.warn)
	checkStrings(w.pod.Annotations, "annotation", w.name, w.warn)
	w.enrolled = m.enrol(w)
	w.labels = m.running(w)
	w.bind(m)
	if w.enrolled.as == inAmbient {
		w.peers = m.peersOf(w)
		return
	}
	if !w.enrolled.sidecar() {
		return
	}
	w.tellOthers()
	w.rewrite = m.rewriting(w)
	w.capture = m.capturing(w)
	w.sidecars = m.sidecarsOf(w)
	if m.version.has(peerAuthentication) {
		w.peers = m.peersOf(w)
	}
	if m.version.has(managementListener) {
		w.management = m.managementPorts(w)
	}
}

// bind finds the Service ports that lead to the pod.
func (w *workload) bind(m *model) {
	var all []*kube.Service
	m.idx.services.find(w.pod.Namespace(), w.labels, func(s *kube.Service) { all = append(all, s) })
	if len(all) > 1 {
		all = kube.OwnForms(all, w.pod.Object.Root, func(s *kube.Service) *render.Object { return s.Object })
		slices.SortStableFunc(all, func(a, b *kube.Service) int { return byName(a.Object, b.Object) })
	}
	for _, s := range all {
		for _, p := range s.Ports {
			if target := p.Resolve(w.pod); p.TCP() && target > 0 {
				w.bindings = append(w.bindings, binding{service: s, port: p, target: target})
			}
		}
	}
	w.bindEntries(m)
}

func has[T comparable](all []T, x T) bool {
	for _, y := range all {
		if x == y {
			return true
		}
	}
	return false
}

// bound returns the Service ports that lead to container port number.
func (w *workload) bound(number int) []binding {
	leads := func(b binding) bool { return b.target == number }
	first := slices.IndexFunc(w.bindings, leads)
	if first < 0 {
		return nil
	}
	end := first
	for end < len(w.bindings) && leads(w.bindings[end]) {
		end++
	}
	out := w.bindings[first:end:end]
	for _, b := range w.bindings[end:] {
		if leads(b) {
			out = append(out, b)
		}
	}
	return out
}

// fact is one step of a decision.
func fact(text string) mesh.Fact { return mesh.Fact{Text: text} }

// decider is a step without which the outcome would be another.
func decider(text string, at render.Field) mesh.Fact {
	return mesh.Fact{Text: text, Field: at, Deciding: true}
}
