package istio

import (
	"slices"
	"strings"

	"github.com/org/probe-mtls-action/internal/kube"
	"github.com/org/probe-mtls-action/internal/mesh"
	"github.com/org/probe-mtls-action/internal/near"
	"github.com/org/probe-mtls-action/render"
)

// alpha says what there is to say of a Policy or MeshPolicy that means to
// exempt something from mTLS.
func (n *noticing) alpha(p *alphaPolicy) {
	if !p.exempts(n.m.version) {
		return
	}
	if p.absent != "" {
		n.add(mesh.NoticeExceptionNoEffect, p.absentAt, p.name+" has no effect: "+p.absent, n.alphaMode(p))
		return
	}
	if n.hiddenByPeers(p) {
		return
	}
	exempt := false
	for _, t := range p.targets {
		exempt = n.alphaTarget(p, t, exempt)
	}
}

// alphaMode is the fact of the policy's mode.
func (n *noticing) alphaMode(p *alphaPolicy) []mesh.Fact {
	s := p.modeAt(n.m.version, true)
	word := "asks for " + string(s.mode)
	if s.mode == mesh.ModeDisable {
		word = "asks for no mTLS"
	}
	return []mesh.Fact{decider(p.name+" "+word, s.at)}
}

// aimedAt returns the workloads that the targets of p may be about, some of them
// twice.
func (n *noticing) aimedAt(p *alphaPolicy) []*workload {
	ns := p.object.NamespaceOrDefault()
	var out []*workload
	for _, t := range p.targets {
		if t.labels.Len() > 0 && n.m.version.has(alphaTargetLabels) {
			out = append(out, n.selecting(ns, t.labels)...)
			continue
		}
		for _, s := range n.services[[2]string{ns, t.service}] {
			out = append(out, n.selecting(ns, s.Selector)...)
		}
	}
	return out
}

// hiddenByPeers tells of a policy whose workloads all have a PeerAuthentication,
// which in 1.5 hides the older API from them.
func (n *noticing) hiddenByPeers(p *alphaPolicy) bool {
	if !n.m.version.has(peerAuthentication) || len(p.targets) == 0 {
		return false
	}
	var hiding *peer
	for _, w := range n.aimedAt(p) {
		for _, b := range w.bindings {
			if matches, _ := n.m.targets(p, w, b); !matches {
				continue
			}
			if !w.peers.applies() {
				return false
			}
			for _, level := range [][]*peer{w.peers.mesh, w.peers.namespace, w.peers.workload} {
				if len(level) > 0 {
					hiding = level[0]
				}
			}
		}
	}
	if hiding == nil {
		return false
	}
	n.add(mesh.NoticeExceptionNoEffect, p.peersAt, p.name+" has no effect: where a PeerAuthentication applies, Istio "+n.m.version.String()+" does not look at policies of the older API, and "+hiding.name+" applies",
		append(n.alphaMode(p), decider(hiding.name+" applies to the same pods", hiding.mode.at)))
	return true
}

// alphaTarget looks at one target. said tells whether the policy was already
// found to exempt an application's port; the result says so too.
func (n *noticing) alphaTarget(p *alphaPolicy, t alphaTarget, said bool) bool {
	ns := p.object.NamespaceOrDefault()
	if t.labels.Len() > 0 && n.m.version.has(alphaTargetLabels) {
		return said
	}
	services := n.services[[2]string{ns, t.service}]
	if len(services) == 0 {
		n.noService(p, t, ns)
		return said
	}
	for _, port := range t.ports {
		n.alphaPort(p, services[0], port)
	}
	if !said {
		said = n.alphaAppPort(p, t, services[0])
	}
	return said
}

func (n *noticing) noService(p *alphaPolicy, t alphaTarget, ns string) {
	homes := n.homes[t.service]
	at := t.at.Key("name")
	switch {
	case len(homes) > 0:
		n.add(mesh.NoticeExceptionNoEffect, render.Field{Object: p.object, Path: render.PathOf("metadata", "namespace")},
			p.name+" has no effect: Service "+t.service+" is in namespace "+homes[0]+", and a Policy is about Services of its own namespace",
			append(n.alphaMode(p), mesh.Fact{Text: "the target is Service " + t.service, Field: at}),
			mesh.Remedy{Title: "Move the policy to namespace " + homes[0], YAML: "namespace: " + yamlText(homes[0]) + "\n", Field: render.Field{Object: p.object, Path: render.PathOf("metadata")}, Cost: takesEffect})
	case len(n.in(ns)) > 0:
		var names []string
		for k := range n.services {
			if k[0] == ns {
				names = append(names, k[1])
			}
		}
		slices.Sort(names)
		text := p.name + " has no effect: namespace " + ns + " has no Service " + t.service + " in view"
		var remedies []mesh.Remedy
		if name := near.Word(t.service, names); name != "" {
			text += ", but a Service " + name
			remedies = []mesh.Remedy{{Title: "Name Service " + name, YAML: "name: " + yamlText(name) + "\n", Field: t.at, Cost: takesEffect}}
		}
		n.add(mesh.NoticeExceptionNoEffect, at, text, n.alphaMode(p), remedies...)
	}
}

// alphaPort looks at one port of a target: it has to be a port of the Service.
func (n *noticing) alphaPort(p *alphaPolicy, s *kube.Service, port alphaPort) {
	for _, sp := range s.Ports {
		if port.number != 0 && sp.Number == port.number || port.number == 0 && sp.Name == port.name {
			return
		}
	}
	said := "port " + portText(port.number)
	if port.number == 0 {
		said = "port " + quote(port.name)
	}
	for _, sp := range s.Ports {
		if !n.leadsTo(sp, s, port) {
			continue
		}
		n.add(mesh.NoticeExceptionNoEffect, port.at,
			p.name+" has no effect on "+said+": that is the container's port, and a Policy takes the port of Service "+s.Object.Name+", "+portText(sp.Number),
			append(n.alphaMode(p), decider("port "+portText(sp.Number)+" of Service "+s.Object.Name+" leads to "+said, s.PortField(sp))),
			mesh.Remedy{Title: "Name the Service's port " + portText(sp.Number), YAML: "number: " + portText(sp.Number) + "\n", Field: render.Field{Object: p.object, Path: port.at.Path[:len(port.at.Path)-1]}, Cost: takesEffect})
		return
	}
	var remedies []mesh.Remedy
	if port.number != 0 && len(s.Ports) == 1 {
		own := portText(s.Ports[0].Number)
		remedies = []mesh.Remedy{{Title: "Name the Service's port " + own, YAML: "number: " + own + "\n", Field: render.Field{Object: p.object, Path: port.at.Path[:len(port.at.Path)-1]}, Cost: takesEffect}}
	}
	n.add(mesh.NoticeExceptionNoEffect, port.at, p.name+" has no effect on "+said+": Service "+s.Object.Name+" has no such port", n.alphaMode(p), remedies...)
}

// leadsTo reports whether a Service port leads to the container port that a
// policy names.
func (n *noticing) leadsTo(sp kube.ServicePort, s *kube.Service, port alphaPort) bool {
	if port.number == 0 {
		return sp.TargetName == port.name
	}
	if sp.TargetNumber == port.number {
		return true
	}
	for _, w := range n.selecting(s.Object.NamespaceOrDefault(), s.Selector) {
		if sp.Resolve(w.pod) == port.number {
			return true
		}
	}
	return false
}

// alphaAppPort says that a Service's port is exempted for a probe although it
// is the application's own.
func (n *noticing) alphaAppPort(p *alphaPolicy, t alphaTarget, s *kube.Service) bool {
	mode := p.modeAt(n.m.version, true)
	if mode.mode != mesh.ModeDisable {
		return false
	}
	for _, w := range n.selecting(s.Object.NamespaceOrDefault(), s.Selector) {
		for _, b := range w.bindings {
			matches, _ := n.m.targets(p, w, b)
			probed := w.probing(b.target)
			if b.service != s || !matches || forHealth(b.port) || probed == nil || !n.strictElsewhere(w, b) {
				continue
			}
			n.add(mesh.NoticeAppPortExempt, mode.at,
				p.name+" switches mTLS off on port "+portText(b.port.Number)+" of Service "+s.Object.Name+" for the "+probed.Kind.Noun()+" of "+w.name+", and the Service's own traffic goes there too",
				append(n.alphaMode(p),
					mesh.Fact{Text: "the " + probed.Kind.Noun() + " of container " + probed.Container + " asks port " + portText(b.target), Field: place(probed), Deciding: true},
					decider("port "+portText(b.port.Number)+" of Service "+s.Object.Name+" leads to port "+portText(b.target), b.field())),
				mesh.Remedy{Title: "Serve health checks on a port of their own, and exempt only that one", Field: place(probed)})
			return true
		}
	}
	return false
}

// strictElsewhere reports whether mTLS may be required on a Service port by the
// levels above the Service's own policies.
func (n *noticing) strictElsewhere(w *workload, b binding) bool {
	m := n.m
	http := m.protocol(&b).http
	wide := m.idx.wide[w.pod.Namespace()]
	if len(wide) == 0 {
		wide = m.idx.meshPolicies
	}
	for _, p := range wide {
		if p.modeAt(m.version, http).mode == mesh.ModeStrict {
			return true
		}
	}
	return len(wide) == 0 && slices.ContainsFunc(m.alphaFallback(w, b), func(s scenario) bool { return s.mode == mesh.ModeStrict })
}

// notServed says that the older API is gone, with what takes its place.
func (n *noticing) notServed(p *alphaPolicy) {
	at := render.Field{Object: p.object, Path: render.PathOf("apiVersion")}
	text := p.name + " has no effect: Istio " + n.m.version.String() + " does not serve authentication.istio.io (since 1.6); its successor is PeerAuthentication"
	if p.jwt {
		text += ", and RequestAuthentication for its JWT part"
	}
	r := mesh.Remedy{Title: "Replace it with a PeerAuthentication", Field: at}
	if yaml := n.equivalent(p); yaml != "" {
		r.YAML, r.Field = yaml, render.Field{}
		if !p.jwt {
			r.Edits = []mesh.Edit{{Op: mesh.Replace, Field: render.Field{Object: p.object}, YAML: yaml}}
			r.Cost = "its mode, which has no effect now, takes effect"
		}
	}
	n.add(mesh.NoticeAPINotServed, at, text, n.alphaMode(p), r)
}

// equivalent returns the PeerAuthentications that say what the policy says, ""
// where a target's Service is not in view.
func (n *noticing) equivalent(p *alphaPolicy) string {
	mode := string(p.modeAt(n.m.version, true).mode)
	ns := p.object.NamespaceOrDefault()
	if len(p.targets) == 0 {
		name := "default"
		if p.meshWide() {
			ns = n.m.root
		}
		return n.peerYAML(name, ns) + "  mtls:\n    mode: " + mode + "\n"
	}
	var docs []string
	for _, t := range p.targets {
		services := n.services[[2]string{ns, t.service}]
		if len(services) == 0 {
			return ""
		}
		s := services[0]
		doc := n.peerYAML(t.service, ns) + "  selector:\n    matchLabels:\n"
		for k, v := range s.Selector.All {
			doc += "      " + yamlText(k) + ": " + yamlText(v) + "\n"
		}
		if len(t.ports) == 0 {
			docs = append(docs, doc+"  mtls:\n    mode: "+mode+"\n")
			continue
		}
		entries := n.portEntries(t, s, mode)
		if entries == "" {
			return ""
		}
		docs = append(docs, doc+"  portLevelMtls:\n"+entries)
	}
	return strings.Join(docs, "---\n")
}

func (n *noticing) peerYAML(name, namespace string) string {
	apiVersion := "security.istio.io/v1beta1"
	if n.m.version.has(peerAuthenticationV1) {
		apiVersion = "security.istio.io/v1"
	}
	return "apiVersion: " + apiVersion + "\nkind: PeerAuthentication\nmetadata:\n  name: " + yamlText(name) + "\n  namespace: " + yamlText(namespace) + "\nspec:\n"
}

// portEntries maps the Service ports of a target to container ports.
func (n *noticing) portEntries(t alphaTarget, s *kube.Service, mode string) string {
	out := ""
	seen := map[int]bool{}
	for _, port := range t.ports {
		for _, sp := range s.Ports {
			if port.number != 0 && sp.Number != port.number || port.number == 0 && sp.Name != port.name {
				continue
			}
			targets := []int{sp.TargetNumber}
			if sp.TargetName != "" {
				targets = nil
				for _, w := range n.selecting(s.Object.NamespaceOrDefault(), s.Selector) {
					targets = append(targets, sp.Resolve(w.pod))
				}
			}
			for _, target := range targets {
				if target > 0 && !seen[target] {
					seen[target] = true
					out += "    \"" + portText(target) + "\":\n      mode: " + mode + "\n"
				}
			}
		}
	}
	return out
}
