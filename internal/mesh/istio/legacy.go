package istio

import (
	"slices"
	"sort"
	"strconv"

	"github.com/org/probe-mtls-action/internal/kube"
	"github.com/org/probe-mtls-action/internal/mesh"
	"github.com/org/probe-mtls-action/internal/probe"
	"github.com/org/probe-mtls-action/render"
)

// managementPorts are the ports of the liveness and readiness probes of a pod
// as it runs, for which releases up to 1.6 open plaintext listeners where no
// Service leads to them. A rewritten probe asks the agent's port instead of the
// one that it asked before.
func (m *model) managementPorts(w *workload) map[int]bool {
	ports := map[int]bool{}
	for i := range w.targets {
		t := &w.targets[i]
		p := t.probe
		if p.Kind != probe.Liveness && p.Kind != probe.Readiness {
			continue
		}
		if p.Handler != probe.HTTPGet && p.Handler != probe.TCPSocket {
			continue
		}
		if yes, _ := m.rewritten(t); yes {
			ports[w.rewrite.statusPort] = true
			continue
		}
		if n, ok := portNumber(t.container, p); ok {
			ports[n] = true
		}
	}
	return ports
}

// portNumber resolves a probe's port among the ports of its own container.
func portNumber(c *kube.Container, p *probe.Probe) (int, bool) {
	if p.Port.Name == "" {
		return p.Port.Number, true
	}
	if c == nil {
		return 0, false
	}
	port, ok := c.Port(p.Port.Name)
	return port.Number, ok
}

// alphaModes returns the scenarios for the Service ports that lead to a probe's
// port. One listener serves them all, made for one of them; which one is known
// only where the release sorts Services and they tell their age.
func (m *model) alphaModes(w *workload, bound []binding) []scenario {
	var out []scenario
	for _, b := range m.firstBindings(bound) {
		for _, s := range m.alphaMode(w, b) {
			s.facts = append([]mesh.Fact{decider("port "+strconv.Itoa(b.port.Number)+" of Service "+b.service.Object.Name+" leads to port "+strconv.Itoa(b.target), b.field())}, s.facts...)
			out = append(out, s)
		}
	}
	return out
}

// firstBindings returns the Service ports of which the listener may be made.
func (m *model) firstBindings(bound []binding) []binding {
	if len(bound) > 1 && m.version.has(servicePortsInOrder) {
		bound = slices.CompactFunc(slices.Clone(bound), func(a, b binding) bool { return a.object() == b.object() })
	}
	if len(bound) < 2 || !m.version.has(alphaServicesSorted) {
		return bound
	}
	var oldest *render.Object
	var best [2]string
	for i := range bound {
		b := &bound[i]
		created, ok := kube.Created(b.object())
		if !ok {
			return bound
		}
		if key := [2]string{created, b.host()}; oldest == nil || key[0] < best[0] || key[0] == best[0] && key[1] < best[1] {
			oldest, best = b.object(), key
		}
	}
	var out []binding
	for _, b := range bound {
		if b.object() == oldest {
			out = append(out, b)
		}
	}
	return out
}

// alphaMode returns the scenarios for one Service port: the Service's policies,
// else the namespace's, else the mesh's, else what is configured. The first
// level that has a policy decides alone.
func (m *model) alphaMode(w *workload, b binding) []scenario {
	http := m.protocol(&b).http
	if all := m.servicePolicies(w, b); len(all) > 0 {
		return m.alphaScenarios(all, http, "for Service "+b.service.Object.Name)
	}
	root := w.pod.Object.Root
	object := func(p *alphaPolicy) *render.Object { return p.object }
	if all := kube.OwnForms(m.idx.wide[w.pod.Namespace()], root, object); len(all) > 0 {
		return m.alphaScenarios(m.byAge(all), http, "namespace-wide")
	}
	if all := kube.OwnForms(m.idx.meshPolicies, root, object); len(all) > 0 {
		return m.alphaScenarios(m.byAge(all), http, "mesh-wide")
	}
	return m.alphaFallback(w, b)
}

func (m *model) alphaScenarios(all []*alphaPolicy, http bool, rank string) []scenario {
	out := make([]scenario, 0, len(all))
	for _, p := range all {
		s := p.modeAt(m.version, http)
		word := string(s.mode)
		if s.mode == mesh.ModeDisable {
			word = "no mTLS (none of its peers has mtls)"
		}
		s.facts = append([]mesh.Fact{decider(p.name+" ("+rank+") asks for "+word, s.at)}, s.facts...)
		if p.jwt && s.mode != mesh.ModeStrict {
			s.facts = append(s.facts, mesh.Fact{Text: p.name + " asks for a JWT, so the application's sidecar may answer 401 unless the probe's path is excluded", Field: p.peersAt})
		}
		out = append(out, s)
	}
	return out
}

// servicePolicies returns the policies that are about a Service port, as many
// as may win.
func (m *model) servicePolicies(w *workload, b binding) []*alphaPolicy {
	ns := w.pod.Namespace()
	all := m.idx.policies[[2]string{ns, b.service.Object.Name}]
	all = all[:len(all):len(all)]
	m.idx.labelled.find(ns, w.labels, func(p *alphaPolicy) {
		if !has(all, p) {
			all = append(all, p)
		}
	})
	var forPort, forAll []*alphaPolicy
	for _, p := range kube.OwnForms(all, w.pod.Object.Root, func(p *alphaPolicy) *render.Object { return p.object }) {
		matches, byPort := m.targets(p, w, b)
		switch {
		case matches && byPort && m.version.has(alphaPortFirst):
			forPort = append(forPort, p)
		case matches:
			forAll = append(forAll, p)
		}
	}
	if len(forPort) > 0 {
		return m.byAge(forPort)
	}
	return m.byAge(forAll)
}

// targets reports whether p is about the Service port, and whether it names it.
func (m *model) targets(p *alphaPolicy, w *workload, b binding) (matches, byPort bool) {
	for _, t := range p.targets {
		selected := t.service == b.service.Object.Name
		if t.labels.Len() > 0 && m.version.has(alphaTargetLabels) {
			selected = w.labels.Contains(t.labels) // instead of the name
		}
		if !selected {
			continue
		}
		if len(t.ports) == 0 {
			matches = true
		}
		for _, port := range t.ports {
			if port.number != 0 && port.number == b.port.Number || port.number == 0 && port.name == b.port.Name {
				matches, byPort = true, true
			}
		}
	}
	return matches, byPort
}

// byAge returns the policies that may win among equals: all of them while the
// order is random, the oldest from 1.4 on.
func (m *model) byAge(all []*alphaPolicy) []*alphaPolicy {
	sort.SliceStable(all, func(i, j int) bool { return all[i].object.Name < all[j].object.Name })
	if len(all) < 2 || !m.version.has(alphaOldestWins) {
		return all
	}
	return firstCreated(all, func(p *alphaPolicy) *render.Object { return p.object })
}

// alphaFallback is what holds for a Service port that no policy is about.
func (m *model) alphaFallback(w *workload, b binding) []scenario {
	if m.version.has(serviceAuthAnnotation) {
		key := "auth.istio.io/" + strconv.Itoa(b.port.Number)
		ann := kube.Annotations(b.service.Object)
		text, _ := ann.Get(key)
		mode := map[string]mesh.Mode{"MUTUAL_TLS": mesh.ModeStrict, "NONE": mesh.ModeDisable}[text]
		if mode != "" {
			return []scenario{{mode: mode, who: "annotation " + key + " of Service " + b.service.Object.Name, at: ann.Field(key),
				facts: []mesh.Fact{decider("annotation "+key+" of Service "+b.service.Object.Name+" is "+text, ann.Field(key))}}}
		}
	}
	if m.version.has(authPolicyFallback) {
		if text, ok, at := m.installed.meshConfig[m.anyPlane().name].text("authPolicy"); ok {
			mode := mesh.ModeDisable
			if text == "MUTUAL_TLS" {
				mode = mesh.ModeStrict
			}
			return []scenario{{mode: mode, who: "the mesh config's authPolicy", at: at, facts: []mesh.Fact{decider("authPolicy of the mesh config is "+quote(text), at)}}}
		}
	}
	if w.enrolled.plane == nil {
		return m.anyPlane().base
	}
	return w.enrolled.plane.base
}
