package istio

import (
	"slices"

	"github.com/org/probe-mtls-action/internal/mesh"
	"github.com/org/probe-mtls-action/render"
)

// peer says what there is to say of a PeerAuthentication that means to exempt
// something from mTLS.
func (n *noticing) peer(p *peer) {
	if !p.exempting {
		return
	}
	ns := p.object.NamespaceOrDefault()
	switch {
	case p.absent != "":
		n.add(mesh.NoticeExceptionNoEffect, p.absentAt, p.name+" has no effect: "+p.absent, p.modes(), misspelt(p.absentAt)...)
	case !p.selecting:
		n.portsWithoutSelector(p)
	case n.m.isRoot(ns):
		n.rootSelector(p)
	default:
		matched := n.selecting(ns, p.selector)
		if len(matched) == 0 {
			n.unmatched(p, ns)
			return
		}
		if n.outranked(p, matched) {
			return
		}
		for _, port := range keys(p.ports) {
			n.peerPort(p, port, matched)
		}
	}
}

// modes are the facts of all modes of a policy.
func (p *peer) modes() []mesh.Fact {
	var out []mesh.Fact
	if p.mode.set() {
		out = append(out, modeFact(p.name, p.mode.mode, p.mode.at))
	}
	for _, port := range keys(p.ports) {
		if entry := p.ports[port]; entry.set() {
			out = append(out, decider(p.name+" sets mTLS "+string(entry.mode)+" for port "+portText(port), entry.at))
		}
	}
	return out
}

func (a modeAt) exempts() bool {
	return a.mode == mesh.ModeDisable || a.mode == mesh.ModePermissive
}

func (n *noticing) portsWithoutSelector(p *peer) {
	exempting := false
	for _, entry := range p.ports {
		exempting = exempting || entry.exempts()
	}
	if !exempting {
		return
	}
	var remedies []mesh.Remedy
	for _, w := range n.in(p.object.NamespaceOrDefault()) {
		for _, port := range keys(p.ports) {
			if w.probing(port) == nil || !p.ports[port].exempts() || w.context {
				continue
			}
			j := judging{m: n.m, w: w, port: port, number: portText(port)}
			j.remedyPeer(scenario{})
			for _, r := range j.Remedies {
				r.Edits = append(r.Changes(w.pod.Object), mesh.Edit{Op: mesh.Delete, Field: p.portsAt})
				r.Cost = j.plaintext()
				remedies = append(remedies, r)
			}
		}
	}
	remedies = append(remedies, mesh.Remedy{Title: "Move portLevelMtls into a PeerAuthentication with a selector", Field: p.portsAt})
	n.add(mesh.NoticeExceptionNoEffect, p.portsAt, "portLevelMtls of "+p.name+" has no effect: it counts only in a policy whose selector has labels", p.modes(), remedies...)
}

func (n *noticing) rootSelector(p *peer) {
	text := p.name + " has no effect: a policy with a selector is ignored in the root namespace " + p.object.NamespaceOrDefault()
	facts := p.modes()
	if w := n.elsewhere(p.object.NamespaceOrDefault(), p.selector); w != nil {
		text += ", although its labels fit " + w.name
		facts = append(facts, mesh.Fact{Text: w.name + " has the labels that the policy selects", Field: w.pod.Labels.At()})
		n.add(mesh.NoticeExceptionNoEffect, p.selector.At(), text, facts, moveTo(p.object, w))
		return
	}
	n.add(mesh.NoticeExceptionNoEffect, p.selector.At(), text, facts)
}

func moveTo(o *render.Object, w *workload) mesh.Remedy {
	return mesh.Remedy{
		Title: "Move the policy to namespace " + w.pod.Namespace(),
		YAML:  "namespace: " + yamlText(w.pod.Namespace()) + "\n",
		Field: render.Field{Object: o, Path: render.PathOf("metadata")},
		Cost:  takesEffect,
	}
}

// takesEffect is the cost of an exemption that has none yet.
const takesEffect = "the exemption takes effect: what it is about accepts plaintext from any client"

func (n *noticing) unmatched(p *peer, ns string) {
	if w := n.elsewhere(ns, p.selector); w != nil {
		at := render.Field{Object: p.object, Path: render.PathOf("metadata", "namespace")}
		n.add(mesh.NoticeExceptionNoEffect, at,
			p.name+" has no effect: it selects nothing in namespace "+ns+", while its labels fit "+w.name+", and a policy counts in its own namespace only",
			append(p.modes(), mesh.Fact{Text: w.name + " has the labels that the policy selects", Field: w.pod.Labels.At()}), moveTo(p.object, w))
		return
	}
	if len(n.in(ns)) == 0 {
		return // its workloads are elsewhere, as far as can be seen
	}
	text := p.name + " has no effect: no workload in view of namespace " + ns + " has the labels that it selects"
	if m := n.meant(ns, p.selector); m != nil {
		was, is := m.was[0]+": "+m.was[1], m.is[0]+": "+m.is[1]
		n.add(mesh.NoticeExceptionNoEffect, p.selector.At(), text+"; "+was+" matches nothing, while "+m.w.name+" has "+is,
			append(p.modes(), mesh.Fact{Text: m.w.name + " has the label " + is, Field: m.w.pod.Labels.Field(m.is[0])}), m.remedy(p.selector))
		return
	}
	n.add(mesh.NoticeExceptionNoEffect, p.selector.At(), text, p.modes(),
		mesh.Remedy{Title: "Select labels that stand in a pod template of namespace " + ns, Field: p.selector.At()})
}

// outranked tells of a policy that loses to an older one on all its workloads.
func (n *noticing) outranked(p *peer, matched []*workload) bool {
	var winner *peer
	for _, w := range matched {
		if len(w.peers.workload) == 0 || has(w.peers.workload, p) {
			return false
		}
		winner = w.peers.workload[0]
	}
	n.add(mesh.NoticeExceptionNoEffect, p.modes()[0].Field,
		p.name+" has no effect: "+winner.name+" selects the same pods, is older and wins as a whole, its portLevelMtls included",
		append(p.modes(), decider(winner.name+" is older", winner.mode.at)),
		mesh.Remedy{Title: "Put the exemption into " + winner.name, Field: render.Field{Object: winner.object, Path: render.PathOf("spec")}})
	return true
}

// peerPort looks at one entry of portLevelMtls, given the workloads that the
// policy selects.
func (n *noticing) peerPort(p *peer, port int, matched []*workload) {
	entry := p.ports[port]
	if !entry.exempts() {
		return
	}
	at := p.portsAt.Key(portText(port))
	for _, w := range matched {
		if !w.knows(port) {
			continue
		}
		if !n.m.version.has(passthroughPortLevel) && len(w.bound(port)) == 0 {
			n.add(mesh.NoticeExceptionNoEffect, at, p.name+" has no effect on port "+portText(port)+": no Service leads to it, and Istio "+n.m.version.String()+" heeds portLevelMtls for Service ports only", p.modes())
			return
		}
		if w.enrolled.as == inAmbient {
			n.ambientPort(p, port, w)
			return
		}
		if entry.mode == mesh.ModeDisable {
			n.appPortExempt(p, port, matched)
		}
		return
	}
	for _, w := range matched {
		for _, b := range w.bindings {
			if b.port.Number != port {
				continue
			}
			target := portText(b.target)
			n.add(mesh.NoticeExceptionNoEffect, at,
				p.name+" has no effect on port "+portText(port)+": that is the port of "+b.owner()+", and portLevelMtls takes the container's port, "+target,
				append(p.modes(), decider("port "+portText(port)+" of "+b.owner()+" leads to port "+target+" of "+w.name, b.field())),
				mesh.Remedy{
					Title: "Name the container's port " + target,
					YAML:  "portLevelMtls:\n  \"" + target + "\":\n    mode: " + string(entry.mode) + "\n",
					Field: render.Field{Object: p.object, Path: render.PathOf("spec")},
					Edits: []mesh.Edit{{Op: mesh.Rename, Field: at, Key: target}},
					Cost:  takesEffect,
				})
			return
		}
	}
}

// ambientPort tells of DISABLE on a port that is no exception for ztunnel.
func (n *noticing) ambientPort(p *peer, port int, w *workload) {
	if p.ports[port].mode != mesh.ModeDisable || p.mode.set() || p.some(mesh.ModePermissive) {
		return
	}
	for _, s := range n.m.ambientModes(w, port) {
		if s.mode != mesh.ModeStrict {
			continue
		}
		n.add(mesh.NoticeExceptionNoEffect, p.ports[port].at,
			p.name+" has no effect on port "+portText(port)+" of "+w.name+": in ambient mode a port of a policy without mtls.mode is exempted by PERMISSIVE only",
			append(slices.Clone(w.enrolled.facts), s.facts...),
			mesh.Remedy{
				Title: "Write PERMISSIVE for port " + portText(port),
				YAML:  "portLevelMtls:\n  \"" + portText(port) + "\":\n    mode: PERMISSIVE\n",
				Field: render.Field{Object: p.object, Path: render.PathOf("spec")},
				Cost:  takesEffect,
			})
		return
	}
}

// appPortExempt says that a port is exempted for a probe although the
// application's own traffic goes there.
func (n *noticing) appPortExempt(p *peer, port int, matched []*workload) {
	for _, w := range matched {
		probed := w.probing(port)
		b, carries := w.appPort(port)
		if probed == nil || !carries || !has(w.peers.workload, p) || !n.strictOtherwise(w) {
			continue
		}
		entry := p.ports[port]
		n.add(mesh.NoticeAppPortExempt, entry.at,
			p.name+" switches mTLS off on port "+portText(port)+" of "+w.name+" for its "+probed.Kind.Noun()+", and "+b.owner()+" sends application traffic there too",
			[]mesh.Fact{
				modeFact(p.name, entry.mode, entry.at),
				{Text: "the " + probed.Kind.Noun() + " of container " + probed.Container + " asks port " + portText(port), Field: place(probed), Deciding: true},
				decider("port "+portText(b.port.Number)+" of "+b.owner()+" leads to port "+portText(port), b.field()),
			},
			mesh.Remedy{Title: "Serve health checks on a port of their own that no Service exposes, and exempt that one", Field: place(probed)},
			mesh.Remedy{
				Title: "Make mTLS optional there instead, so that the mesh still uses it",
				YAML:  "portLevelMtls:\n  \"" + portText(port) + "\":\n    mode: PERMISSIVE\n",
				Field: render.Field{Object: p.object, Path: render.PathOf("spec")},
			})
		return
	}
}

// strictOtherwise reports whether mTLS may be required of w on a port that no
// entry of portLevelMtls is about.
func (n *noticing) strictOtherwise(w *workload) bool {
	const noPort = -1
	for _, s := range n.m.peerModes(w, noPort, true) {
		if s.mode == mesh.ModeStrict {
			return true
		}
	}
	return false
}
