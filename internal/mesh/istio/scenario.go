package istio

import (
	"slices"
	"strconv"

	"github.com/org/probe-mtls-action/internal/mesh"
	"github.com/org/probe-mtls-action/render"
)

// scenario is one way in which the undecided choices among policies may fall
// out: the mode of a port and the policies that give it.
type scenario struct {
	mode  mesh.Mode
	facts []mesh.Fact
	// allowTLS: the legacy API asks for TLS, but for no client certificate.
	allowTLS bool
	who      string // the policy that decides, or the default
	at       render.Field
	edit     *peer // the workload policy that an exemption belongs into
	// open says why another scenario may hold instead, where no policies are to
	// blame.
	open string
	// assumed is what the mode rests on that nothing in view confirms.
	assumed string
}

// peerModes returns the scenarios for one port. bound tells whether a Service
// (or a Sidecar's ingress) leads to the port.
func (m *model) peerModes(w *workload, port int, bound bool) []scenario {
	base := level(slices.Clone(w.enrolled.plane.base), w.peers.mesh, "mesh-wide")
	base = level(base, w.peers.namespace, "namespace-wide")
	if len(w.peers.workload) == 0 {
		return base
	}
	portLevel := bound || m.version.has(passthroughPortLevel)
	var out []scenario
	for _, p := range w.peers.workload {
		own := level(base, []*peer{p}, "by its selector")
		entry, ok := p.ports[port]
		for _, s := range own {
			s.edit = p
			switch {
			case ok && !portLevel:
				text := p.name + " names port " + strconv.Itoa(port) + " in portLevelMtls, but no Service leads to it, and Istio " + m.version.String() + " heeds the entry for Service ports only"
				s.facts = before(decider(text, entry.at), s.facts)
			case ok && entry.set():
				s = scenario{
					mode: entry.mode, who: p.name, at: entry.at, edit: p,
					facts: []mesh.Fact{decider(p.name+" sets mTLS "+string(entry.mode)+" for port "+strconv.Itoa(port), entry.at)},
				}
			case ok:
				s.facts = before(entry.leaves(p.name+" leaves the mode of port "+strconv.Itoa(port)+" open"), s.facts)
			}
			out = append(out, s)
		}
	}
	return out
}

// level returns what becomes of scenarios at the next level of policies, given
// its candidates.
func level(from []scenario, all []*peer, rank string) []scenario {
	if len(all) == 0 {
		return from
	}
	out := make([]scenario, 0, len(all)*len(from))
	for _, p := range all {
		if !p.mode.set() {
			for _, s := range from {
				s.facts = before(p.mode.leaves(p.name+" leaves the mode open"), s.facts)
				s.edit = p.editable(s.edit)
				out = append(out, s)
			}
			continue
		}
		out = append(out, scenario{
			mode: p.mode.mode, who: p.name, at: p.mode.at, edit: p.editable(nil),
			facts: []mesh.Fact{decider(p.name+" ("+rank+") sets mTLS "+string(p.mode.mode), p.mode.at)},
		})
	}
	return out
}

func (p *peer) editable(before *peer) *peer {
	if p.selecting {
		return p
	}
	return before
}

// before puts a step in front: what leaves a question open comes before what
// answers it.
func before(f mesh.Fact, facts []mesh.Fact) []mesh.Fact {
	return append([]mesh.Fact{f}, facts...)
}

func with(facts []mesh.Fact, f mesh.Fact) []mesh.Fact {
	return append(facts[:len(facts):len(facts)], f)
}

// fallback is what holds where no policy in view says otherwise.
func (m *model) fallback() scenario {
	if mode := m.opts.MeshMTLS; mode != "" && mode != mesh.ModeUnset {
		at := m.opts.Places["meshMTLS"]
		return scenario{mode: mode, who: "the setting mesh-mtls", at: at, facts: []mesh.Fact{decider("no policy in view decides, and mesh-mtls is set to "+string(mode), at)}}
	}
	if on, ok, at := m.installed.values[canonical(m.installed.revisions[0].Name)].boolean("global", "mtls", "enabled"); ok && m.version.has(alphaAPI) {
		return m.helmFallback(on, at)
	}
	mode := mesh.ModeDisable
	text := "no policy in view decides, and Istio " + m.version.String() + " by itself accepts plaintext"
	if m.version.has(permissiveFallback) {
		mode = mesh.ModePermissive
		text += " beside mTLS (PERMISSIVE)"
	}
	return scenario{
		mode: mode, who: "Istio's default", facts: []mesh.Fact{fact(text)},
		assumed: "no policy outside the manifests in view decides about mTLS here",
	}
}

// helmFallback is the policy that Helm's global.mtls.enabled installs.
func (m *model) helmFallback(on bool, at render.Field) scenario {
	s := scenario{mode: mesh.ModePermissive, who: "values.global.mtls.enabled", at: at}
	switch {
	case on:
		s.mode = mesh.ModeStrict
	case !m.version.has(sidecarResource): // before 1.1 nothing was installed
		s.mode = mesh.ModeDisable
	}
	s.facts = []mesh.Fact{decider("values.global.mtls.enabled is "+strconv.FormatBool(on)+", which installs mTLS "+string(s.mode)+" for the mesh", at)}
	return s
}
