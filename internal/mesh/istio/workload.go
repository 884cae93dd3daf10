package istio

import (
	"slices"
	"sort"

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
	probes  []*probe.Probe
	metaAt  render.Field // the pod's metadata

	enrolled enrolment
	rewrite  rewriting
	capture  capture
	bindings []binding // Service ports that lead to the pod
	// management are the ports of liveness and readiness probes, for which old
	// releases open plaintext listeners.
	management map[int]bool
	peers      peerView
	sidecars   []*sidecar // candidates, the first that applies decides
}

// binding is a Service port and the container port it leads to.
type binding struct {
	service *kube.Service
	port    kube.ServicePort
	target  int
}

// field returns the place of the Service port.
func (b binding) field() render.Field { return b.service.PortField(b.port) }

func (m *model) newWorkload(pod *kube.Pod) *workload {
	return &workload{pod: pod, name: workloadName(pod.Object), context: m.context(pod.Object), metaAt: pod.Field("metadata")}
}

// settle decides everything about w that its probes share.
func (m *model) settle(w *workload) {
	if len(w.probes) == 0 && len(m.idx.allPeers) == 0 && len(m.idx.allAlpha) == 0 {
		return
	}
	m.checkStrings(w.pod.Labels, "label", w.pod.Object)
	m.checkStrings(w.pod.Annotations, "annotation", w.pod.Object)
	w.enrolled = m.enrol(w)
	w.bind(m)
	if !w.enrolled.sidecar() {
		return
	}
	w.rewrite = m.rewriting(w)
	w.capture = m.capturing(w)
	w.sidecars = m.sidecarsOf(w)
	if m.version.has(peerAuthentication) {
		w.peers = m.peersOf(w)
	}
	if m.version.has(managementListener) {
		w.management = managementPorts(w)
	}
}

// bind finds the Service ports that lead to the pod.
func (w *workload) bind(m *model) {
	type found struct {
		service *kube.Service
		order   int
	}
	var all []found
	m.idx.services.find(w.pod.Namespace(), w.pod.Labels, func(s *kube.Service, order int) {
		all = append(all, found{s, order})
	})
	if len(all) > 1 {
		sort.Slice(all, func(i, j int) bool { return all[i].order < all[j].order })
		kept := all[:0]
		for _, s := range all {
			same := m.idx.servicesNamed[[2]string{w.pod.Namespace(), s.service.Object.Name}]
			if forms := ofRoot(same, w.pod.Object.Root, func(s *kube.Service) *render.Object { return s.Object }); has(forms, s.service) {
				kept = append(kept, s)
			}
		}
		all = kept
	}
	for _, s := range all {
		for _, p := range s.service.Ports {
			if target := p.Resolve(w.pod); p.TCP() && target > 0 {
				w.bindings = append(w.bindings, binding{s.service, p, target})
			}
		}
	}
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
