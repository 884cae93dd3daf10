package istio

import (
	"strconv"

	"github.com/org/probe-mtls-action/internal/mesh"
)

// annotationBypass takes a pod's inbound traffic past ztunnel
// (cni/pkg/nodeagent/net.go).
const annotationBypass = "ambient.istio.io/bypass-inbound-capture"

// throughNode settles a call to a pod in ambient mode: ztunnel refuses what has
// no identity where the policies require one, whatever it says.
func (j *judging) throughNode() {
	if text, ok := j.w.pod.Annotations.Get(annotationBypass); ok {
		if on, err := strconv.ParseBool(text); err == nil && on {
			at := j.w.pod.Annotations.Field(annotationBypass)
			j.add(decider("the pod's annotation "+annotationBypass+" is "+quote(text), at))
			j.ok("inbound traffic of " + j.w.name + " bypasses ztunnel")
			return
		}
	}
	var all []outcome
	for _, s := range j.m.ambientModes(j.w, j.port) {
		o := outcome{scenario: s, verdict: mesh.OK, reason: string(s.mode) + " on port " + j.number + " of " + j.w.name + " accepts calls without an identity"}
		if s.mode == mesh.ModeStrict {
			o.verdict = mesh.Breaks
			o.reason = "ztunnel requires mTLS on port " + j.number + " of " + j.w.name + " by " + s.who + ", and " + j.caller() + " has no identity of the mesh"
		}
		all = append(all, o)
	}
	j.conclude(all)
}

// ambientModes returns the scenarios for one port in ambient mode. They are those
// of sidecars but for what istiod makes of a workload policy's ports
// (pilot/pkg/serviceregistry/ambient/authorization.go,
// convertedSelectorPeerAuthentications and convertPeerAuthentication).
func (m *model) ambientModes(w *workload, port int) []scenario {
	roots := level(w.enrolled.plane.base, w.peers.mesh, "mesh-wide")
	var out []scenario
	for _, root := range roots {
		for _, ns := range orNone(w.peers.namespace) {
			inherited := root
			unset := ns == nil // the namespace leaves the mode to the mesh
			if ns != nil {
				unset = !ns.mode.set()
				inherited = level([]scenario{root}, []*peer{ns}, "namespace-wide")[0]
			}
			if len(w.peers.workload) == 0 {
				out = append(out, inherited)
			}
			for _, p := range w.peers.workload {
				c := conversion{root: root.mode, unset: unset, written: ns != nil, inherited: inherited, policy: p}
				out = append(out, c.mode(port))
			}
		}
	}
	return out
}

// orNone is all, or one nil where there is none.
func orNone(all []*peer) []*peer {
	if len(all) == 0 {
		return []*peer{nil}
	}
	return all
}

// conversion is what istiod makes of one workload policy for ztunnel.
type conversion struct {
	root      mesh.Mode // of the mesh
	written   bool      // the namespace has a policy of its own
	unset     bool      // the namespace's policy, if any, leaves the mode open
	inherited scenario
	policy    *peer
}

func (c conversion) mode(port int) scenario {
	p := c.policy
	s := level([]scenario{c.inherited}, []*peer{p}, "by its selector")[0]
	s.edit = p
	entry, named := p.ports[port]
	number := strconv.Itoa(port)
	take := func(mode mesh.Mode, text string) scenario {
		return scenario{mode: mode, who: p.name, at: entry.at, edit: p, facts: []mesh.Fact{decider(text, entry.at)}}
	}
	says := p.name + " sets mTLS " + string(entry.mode) + " for port " + number
	strict := s.mode == mesh.ModeStrict
	switch {
	case strict && !p.mode.set() && c.written && c.unset && p.some(mesh.ModePermissive):
		// The workload refers to a policy that istiod does not make, and ztunnel
		// skips policies that it does not know.
		s.mode = mesh.ModePermissive
		s.facts = with(s.facts, decider(p.name+" exempts a port while the namespace's policy leaves the mode open: istiod converts that into no policy at all for the workload", p.portsAt))
		return s
	case !named || !entry.set():
		if named {
			s.facts = before(entry.leaves(p.name+" leaves the mode of port "+number+" open"), s.facts)
		}
		return s
	case strict && entry.exempts():
		if p.mode.set() || p.some(mesh.ModePermissive) {
			return take(mesh.ModePermissive, says)
		}
		s.facts = before(decider(says+", which is no exception in ambient mode: without mtls.mode istiod counts PERMISSIVE only", entry.at), s.facts)
		return s
	case !strict && entry.mode == mesh.ModeStrict:
		if c.root == mesh.ModeStrict && c.unset {
			s.facts = before(decider(says+", which istiod does not convert, because the mesh requires mTLS already", entry.at), s.facts)
			return s
		}
		return take(mesh.ModeStrict, says)
	}
	return take(entry.mode, says)
}

// some reports whether any port of the policy has the mode.
func (p *peer) some(mode mesh.Mode) bool {
	for _, entry := range p.ports {
		if entry.mode == mode {
			return true
		}
	}
	return false
}
