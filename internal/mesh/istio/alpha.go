package istio

import (
	"regexp"

	"github.com/org/probe-mtls-action/internal/kube"
	"github.com/org/probe-mtls-action/internal/mesh"
	"github.com/org/probe-mtls-action/render"
)

// alphaPolicy is a Policy or MeshPolicy of authentication.istio.io/v1alpha1.
type alphaPolicy struct {
	object  *render.Object
	name    string // "Policy shop/default"
	targets []alphaTarget
	peers   []alphaPeer
	peersAt render.Field
	jwt     bool // origins or a jwt peer: requests without a token may get 401
	// absent says why Istio does not have the policy, "" if it has.
	absent   string
	absentAt render.Field
}

// alphaTarget is a Service, or its named ports, that a policy is about.
type alphaTarget struct {
	service string
	ports   []alphaPort // none is every port
	labels  kube.Strings
	at      render.Field
}

type alphaPort struct {
	number int
	name   string
	at     render.Field
}

// alphaPeer is a peer that asks for mTLS.
type alphaPeer struct {
	mode     mesh.Mode
	allowTLS bool
	at       render.Field
}

var dns1123Label = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

func (m *model) addAlpha(o *render.Object) {
	p := m.readAlpha(o)
	m.idx.allAlpha = append(m.idx.allAlpha, p)
	if !m.version.has(alphaAPI) {
		return
	}
	if p.absent != "" {
		if !p.exempts(m.version) { // an exemption gets a notice
			m.warnOn(p.absentAt, p.name+" counts as absent: "+p.absent)
		}
		return
	}
	ns := o.NamespaceOrDefault()
	switch {
	case p.meshWide():
		m.idx.meshPolicies = append(m.idx.meshPolicies, p)
	case len(p.targets) == 0:
		m.idx.wide[ns] = append(m.idx.wide[ns], p)
	}
	seen := map[string]bool{}
	for _, t := range p.targets {
		if !seen[t.service] {
			seen[t.service] = true
			key := [2]string{ns, t.service}
			m.idx.policies[key] = append(m.idx.policies[key], p)
		}
		if t.labels.Len() > 0 && m.version.has(alphaTargetLabels) {
			m.idx.labelled.add(ns, t.labels, p)
		}
	}
}

// meshWide reports whether the policy is one for the mesh: a MeshPolicy, or the
// ServiceMeshPolicy that OpenShift Service Mesh 1 has in its place.
func (p *alphaPolicy) meshWide() bool {
	return p.object.Kind == "MeshPolicy" || p.object.Kind == "ServiceMeshPolicy"
}

// exempts reports whether the policy means to accept plaintext somewhere.
func (p *alphaPolicy) exempts(ver version) bool {
	return p.modeAt(ver, true).mode != mesh.ModeStrict
}

func (m *model) readAlpha(o *render.Object) *alphaPolicy {
	p := &alphaPolicy{object: o, name: workloadName(o)}
	if p.meshWide() {
		p.name = o.Kind + " " + o.Name
	}
	whole := kube.ValueAt(o)
	targets, name := whole.Key("spec", "targets"), whole.Key("metadata", "name")
	p.jwt = len(whole.Key("spec", "origins").Items()) > 0
	p.readTargets(targets)
	p.readPeers(m, whole.Key("spec", "peers"))
	switch {
	case p.meshWide() && !m.version.has(alphaMeshPolicy) && m.version.has(alphaAPI):
		p.refuse(whole.Key("kind").At, "Istio "+m.version.String()+" has no MeshPolicy (since 1.0)")
	case p.meshWide() && o.Name != "default":
		p.refuse(name.At, "a MeshPolicy must be named default")
	case p.meshWide() && len(p.targets) > 0:
		p.refuse(targets.At, "a MeshPolicy must have no targets")
	case m.version.has(alphaNamespaceAnyName) || p.meshWide():
	case len(p.targets) == 0 && o.Name != "default":
		p.refuse(name.At, "a Policy without targets must be named default")
	case len(p.targets) > 0 && o.Name == "default":
		p.refuse(targets.At, "a Policy named default must have no targets")
	}
	return p
}

func (p *alphaPolicy) refuse(at render.Field, why string) {
	if p.absent == "" {
		p.absent, p.absentAt = why, at
	}
}

func (p *alphaPolicy) readTargets(list kube.Value) {
	if !list.IsNull() && !list.IsList() {
		p.refuse(list.At, "its targets are not a list")
	}
	for _, v := range list.Items() {
		t := alphaTarget{service: v.Key("name").Text(), labels: v.Key("labels").Strings(), at: v.At}
		if !dns1123Label.MatchString(t.service) {
			p.refuse(v.Key("name").At, "a target's name must be the short name of a Service, not "+quote(t.service))
		}
		for _, port := range v.Key("ports").Items() {
			name, number := port.Key("name"), port.Key("number")
			sel := alphaPort{name: name.Text(), at: port.At}
			sel.number, _ = number.Int()
			switch {
			case !number.IsNull() && (sel.number < 1 || sel.number > 65535):
				p.refuse(number.At, quote(number.Text())+" is not a port number")
			case sel.number == 0 && sel.name == "":
				p.refuse(port.At, "a target's port has neither number nor name")
			case sel.number != 0:
				sel.at = number.At
			default:
				sel.at = name.At
			}
			t.ports = append(t.ports, sel)
		}
		p.targets = append(p.targets, t)
	}
}

func (p *alphaPolicy) readPeers(m *model, list kube.Value) {
	p.peersAt = list.At
	if !list.IsNull() && !list.IsList() {
		p.refuse(list.At, "its peers are not a list")
	}
	for _, v := range list.Items() {
		if v.Key("jwt").Node != nil {
			p.jwt = true
		}
		mtls := v.Key("mtls")
		if mtls.Node == nil {
			continue
		}
		peer := alphaPeer{mode: mesh.ModeStrict, at: mtls.At}
		switch {
		case mtls.IsNull():
			m.warnOn(peer.at, p.name+" has `mtls:` without a value: Istio takes it as STRICT, but an update of the stored object may turn it into no mTLS at all; write `mtls: {}`")
		case !mtls.IsMapping():
			p.refuse(peer.at, "mtls is not a mapping")
		default:
			peer.allowTLS, _ = mtls.Key("allowTls").Bool()
			if mode := mtls.Key("mode"); !mode.IsNull() {
				peer.at = mode.At
				switch text := mode.Text(); text {
				case "STRICT", "PERMISSIVE":
					peer.mode = mesh.Mode(text)
				default:
					if !m.version.has(alphaModeIgnored) {
						p.refuse(peer.at, quote(text)+" is not a mode (STRICT or PERMISSIVE), so Istio cannot read the policy")
					}
				}
			}
		}
		p.peers = append(p.peers, peer)
	}
}

// modeAt returns how the policy makes a port accept connections, in the
// release's own reading. http tells whether the Service port is declared HTTP.
func (p *alphaPolicy) modeAt(ver version, http bool) scenario {
	s := scenario{mode: mesh.ModeDisable, who: p.name, at: p.peersAt}
	if len(p.peers) > 0 {
		first := p.peers[0]
		s.mode, s.at = first.mode, first.at
		s.allowTLS = first.allowTLS && ver.has(alphaAllowTLS)
		if ver.has(alphaModeIgnored) {
			s.mode = mesh.ModeStrict
		}
		if ver.has(alphaAnyPeerPermissive) {
			for _, peer := range p.peers {
				if peer.mode == mesh.ModePermissive {
					s.mode, s.at = mesh.ModePermissive, peer.at
				}
			}
		}
		if s.mode == mesh.ModePermissive && ver.has(alphaPermissiveHTTPOnly) && !http {
			s.mode = mesh.ModeStrict
			s.facts = append(s.facts, mesh.Fact{Text: "Istio " + ver.String() + " heeds PERMISSIVE on HTTP Service ports only (fixed in 1.0.3)", Field: s.at})
		}
	}
	return s
}
