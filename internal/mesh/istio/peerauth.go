package istio

import (
	"slices"
	"sort"
	"strconv"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"

	"github.com/org/probe-mtls-action/internal/kube"
	"github.com/org/probe-mtls-action/internal/mesh"
	"github.com/org/probe-mtls-action/internal/parallel"
	"github.com/org/probe-mtls-action/render"
)

// peer is a PeerAuthentication as istiod reads it.
type peer struct {
	object   *render.Object
	name     string // "PeerAuthentication shop/default"
	selector kube.Strings
	mode     modeAt
	ports    map[int]modeAt // nil where there is no portLevelMtls
	portsAt  render.Field
	// absent says why istiod does not have the policy, "" if it has.
	absent    string
	absentAt  render.Field
	selecting bool // has a selector with labels
	// exempting: it means to accept plaintext somewhere.
	exempting bool
	warnings  []mesh.Fact
}

// modeAt is an mTLS mode and where it stands.
type modeAt struct {
	mode mesh.Mode
	at   render.Field
}

func (a modeAt) set() bool { return a.mode != "" && a.mode != mesh.ModeUnset }

// leaves is the step of a decision at which a mode decides nothing. Where one is
// written, the step hangs on it.
func (a modeAt) leaves(text string) mesh.Fact {
	n := a.at.Node()
	return mesh.Fact{Text: text, Field: a.at, Deciding: n != nil && n.Kind == yaml.ScalarNode && !kube.IsNull(n)}
}

// peerNamespace holds the PeerAuthentications of one namespace.
type peerNamespace struct {
	wide     []*peer // without selector
	selected byLabel[*peer]

	mu      sync.Mutex
	winners map[render.Root][]*peer // candidates among wide, per root
}

// peerView is what PeerAuthentications say of a workload: per level the
// candidates, of which istiod takes one. More than one means that the manifests
// do not tell which.
type peerView struct {
	mesh, namespace, workload []*peer
}

// applies reports whether any PeerAuthentication is about the workload.
func (v *peerView) applies() bool {
	return len(v.mesh)+len(v.namespace)+len(v.workload) > 0
}

// addPeers reads the PeerAuthentications, on all cores, and indexes them in
// order.
func (m *model) addPeers(objects []*render.Object) {
	all := make([]*peer, len(objects))
	parallel.For(len(objects), func(i int) { all[i] = m.readPeer(objects[i]) })
	for _, p := range all {
		m.addPeer(p)
	}
}

func (m *model) addPeer(p *peer) {
	for _, f := range p.warnings {
		m.warnOn(f.Field, f.Text)
	}
	m.idx.allPeers = append(m.idx.allPeers, p)
	if p.absent != "" {
		return
	}
	home := p.object.NamespaceOrDefault()
	ns := m.idx.peers[home]
	if ns == nil {
		ns = &peerNamespace{selected: byLabel[*peer]{}, winners: map[render.Root][]*peer{}}
		m.idx.peers[home] = ns
	}
	if p.selecting {
		ns.selected.add(home, p.selector, p)
		m.idx.heed(p.selector)
	} else {
		ns.wide = append(ns.wide, p)
	}
}

// readPeer touches nothing but the peer that it makes.
func (m *model) readPeer(o *render.Object) *peer {
	p := &peer{object: o, name: workloadName(o)}
	whole := kube.ValueAt(o)
	version, spec := whole.Key("apiVersion").At, whole.Key("spec")
	p.selector = spec.Key("selector", "matchLabels").Strings()
	p.selecting = p.selector.Len() > 0

	switch {
	case !m.version.has(peerAuthentication):
		p.refuse(version, "Istio "+m.version.String()+" has no PeerAuthentication (since 1.5)")
	case o.Version == "v1" && !m.version.has(peerAuthenticationV1):
		p.warn(version, p.name+" is read as v1beta1: Istio "+m.version.String()+" does not serve security.istio.io/v1 (since 1.22), and the API server refuses it; write v1beta1")
	case o.Version != "v1" && o.Version != "v1beta1":
		p.refuse(version, "PeerAuthentication has no version "+quote(o.Version)+"; write security.istio.io/v1beta1")
	case !spec.IsMapping() && !spec.IsNull():
		p.refuse(spec.At, "its spec is not a mapping")
	}
	p.readModes(spec)
	if m.opts.AdmissionValidates {
		switch {
		case len(p.ports) > 0 && !p.selecting:
			p.refuse(p.portsAt, "portLevelMtls needs a selector, so istiod's validation refuses the policy")
		case p.ports != nil && len(p.ports) == 0:
			p.refuse(p.portsAt, "portLevelMtls is empty, so istiod's validation refuses the policy")
		case has(keys(p.ports), 0):
			p.refuse(p.portsAt, "port 0 in portLevelMtls is refused by istiod's validation")
		}
	}
	p.checkFields(spec)
	return p
}

func keys(ports map[int]modeAt) []int {
	out := make([]int, 0, len(ports))
	for n := range ports {
		out = append(out, n)
	}
	sort.Ints(out)
	return out
}

// refuse records the first reason for which istiod has no such policy.
func (p *peer) refuse(at render.Field, why string) {
	if p.absent == "" {
		p.absent, p.absentAt = why, at
	}
}

func (p *peer) readModes(spec kube.Value) {
	p.mode = p.readMode(spec.Key("mtls"))
	ports := spec.Key("portLevelMtls")
	if ports.IsNull() {
		return
	}
	p.portsAt = ports.At
	if !ports.IsMapping() {
		p.refuse(p.portsAt, "its portLevelMtls is not a mapping of ports")
		return
	}
	p.ports = map[int]modeAt{}
	for key, entry := range ports.Entries {
		number, err := strconv.ParseUint(key, 10, 32)
		if err != nil {
			p.refuse(entry.At, "the key "+quote(key)+" of portLevelMtls is not a port number")
			continue
		}
		mode := p.readMode(entry)
		if _, twice := p.ports[int(number)]; !twice {
			p.ports[int(number)] = mode
		}
	}
}

// readMode reads an mtls mapping. A mode that is none makes the policy
// unreadable: its parser knows only the exact names.
func (p *peer) readMode(mtls kube.Value) modeAt {
	if mtls.IsNull() {
		return modeAt{mesh.ModeUnset, mtls.At}
	}
	if !mtls.IsMapping() {
		p.refuse(mtls.At, "mtls is not a mapping with a mode")
		return modeAt{mesh.ModeUnset, mtls.At}
	}
	mode := mtls.Key("mode")
	if mode.IsNull() {
		return modeAt{mesh.ModeUnset, mtls.At}
	}
	switch text := mode.Text(); mesh.Mode(text) {
	case mesh.ModeDisable, mesh.ModePermissive:
		p.exempting = true
		return modeAt{mesh.Mode(text), mode.At}
	case mesh.ModeUnset, mesh.ModeStrict:
		return modeAt{mesh.Mode(text), mode.At}
	default:
		p.exempting = p.exempting || !strings.HasPrefix(strings.ToUpper(text), "STRICT")
		p.refuse(mode.At, quote(text)+" is not a mode (STRICT, PERMISSIVE, DISABLE or UNSET), so istiod cannot read the policy")
	}
	return modeAt{mesh.ModeUnset, mode.At}
}

func (p *peer) warn(at render.Field, text string) {
	p.warnings = append(p.warnings, mesh.Fact{Text: text, Field: at})
}

// checkFields warns of keys that the API server drops in silence.
func (p *peer) checkFields(spec kube.Value) {
	if p.absent != "" {
		if !p.exempting { // an exemption gets a notice
			p.warn(p.absentAt, p.name+" counts as absent: "+p.absent)
		}
		return
	}
	drop := func(v kube.Value, known ...string) {
		for key, value := range v.Entries {
			if !slices.Contains(known, key) {
				p.warn(value.At, p.name+" has the unknown field "+quote(key)+", which is dropped in silence")
			}
		}
	}
	drop(spec, "selector", "mtls", "portLevelMtls")
	drop(spec.Key("selector"), "matchLabels")
}

// peersOf returns the candidates of each level for w.
func (m *model) peersOf(w *workload) peerView {
	var v peerView
	root := w.pod.Object.Root
	ns := w.pod.Namespace()
	v.mesh = m.idx.peers[w.enrolled.plane.root].winner(root)
	if ns == w.enrolled.plane.root {
		return v // selectors in the root namespace are ignored, its own pods included
	}
	here := m.idx.peers[ns]
	v.namespace = here.winner(root)
	if here != nil {
		var all []*peer
		here.selected.find(ns, w.labels, func(p *peer) { all = append(all, p) })
		v.workload = candidates(all, root)
	}
	return v
}

func (n *peerNamespace) winner(root render.Root) []*peer {
	if n == nil || len(n.wide) == 0 {
		return nil
	}
	if len(n.wide) == 1 {
		return n.wide
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	w, ok := n.winners[root]
	if !ok {
		w = onePerMode(candidates(n.wide, root))
		n.winners[root] = w
	}
	return w
}

// candidates returns those of the equal-ranking policies that istiod may take:
// the oldest wins, names break ties, and a policy without creationTimestamp may
// be the oldest.
func candidates(all []*peer, root render.Root) []*peer {
	if len(all) < 2 {
		return all
	}
	all = kube.OwnForms(all, root, func(p *peer) *render.Object { return p.object })
	return firstCreated(all, func(p *peer) *render.Object { return p.object })
}

// firstCreated returns those of all that may be the oldest, in the order of
// their names: those without creationTimestamp, and then the oldest of the
// others.
func firstCreated[T any](all []T, object func(T) *render.Object) []T {
	sort.SliceStable(all, func(i, j int) bool { return object(all[i]).Name < object(all[j]).Name })
	var out, first []T
	best := ""
	for _, x := range all {
		switch created, ok := kube.Created(object(x)); {
		case !ok:
			out = append(out, x)
		case first == nil || created < best:
			first, best = []T{x}, created
		}
	}
	return append(out, first...)
}

// lastCreated is [firstCreated] where the newest counts: one without
// creationTimestamp may be it.
func lastCreated[T any](all []T, object func(T) *render.Object) []T {
	sort.SliceStable(all, func(i, j int) bool { return object(all[i]).Name > object(all[j]).Name })
	var out, last []T
	best := ""
	for _, x := range all {
		switch created, ok := kube.Created(object(x)); {
		case !ok:
			out = append(out, x)
		case last == nil || created > best:
			last, best = []T{x}, created
		}
	}
	return append(out, last...)
}

// onePerMode keeps the first candidate of each mode: the others decide nothing
// that it does not.
func onePerMode(all []*peer) []*peer {
	seen := map[mesh.Mode]bool{}
	var out []*peer
	for _, p := range all {
		if !seen[p.mode.mode] {
			seen[p.mode.mode] = true
			out = append(out, p)
		}
	}
	return out
}
