package istio

import (
	"slices"
	"strings"

	"github.com/org/probe-mtls-action/internal/mesh"
	"github.com/org/probe-mtls-action/internal/probe"
	"github.com/org/probe-mtls-action/render"
)

// outcome is what becomes of a probe in one scenario.
type outcome struct {
	scenario
	verdict mesh.Verdict
	reason  string
}

// path is a way from the kubelet to a port: past the sidecar, or through one of
// its listeners.
type path struct {
	sidecar *sidecar // that applies, nil for none
	// direct: nothing redirects the request, and no listener of the sidecar's own
	// takes it.
	direct bool
	// own: the listener is bound to the port itself.
	own bool
	// in is the Sidecar's ingress listener that takes the request, nil if it is
	// another one.
	in *ingress
}

// through returns the way that a request to the port takes if Sidecar s applies.
func (j *judging) through(s *sidecar, captured bool) path {
	p := path{sidecar: s, in: s.listener(j.port)}
	binds := p.in != nil && p.in.binds(j.w.capture.none, j.m.version)
	switch {
	case captured && binds:
		p.in = nil // the virtual listener has no chain for it but the pass-through one
	case !captured && binds:
		p.own = true
	case !captured:
		p.direct, p.in = true, nil
	}
	return p
}

// paths returns the ways that a request to the port may take: one where the
// manifests tell which Sidecar applies.
func (j *judging) paths(captured bool) []path {
	if len(j.w.sidecars) == 0 {
		return []path{j.through(nil, captured)}
	}
	out := make([]path, 0, len(j.w.sidecars))
	for _, s := range j.w.sidecars {
		out = append(out, j.through(s, captured))
	}
	return out
}

// meetsSidecar reports whether a request to the port may meet the sidecar.
func (j *judging) meetsSidecar() bool {
	captured, _ := j.w.capture.captured(j.w, j.port)
	for _, p := range j.paths(captured) {
		if !p.direct {
			return true
		}
	}
	return false
}

// outcomes returns what may become of a request to a port that may meet the
// sidecar: one outcome where the manifests decide, several where they leave a
// choice.
func (j *judging) outcomes(captured bool) []outcome {
	var out []outcome
	for _, p := range j.paths(captured) {
		first := len(out)
		switch {
		case p.direct:
			out = append(out, outcome{verdict: mesh.OK, scenario: scenario{
				mode: mesh.ModeDisable, who: p.sidecar.who(),
				facts: []mesh.Fact{fact(p.sidecar.who() + " opens no listener on port " + j.number + ", and nothing redirects " + j.request() + " to the sidecar")},
			}})
		case j.tcp:
			out = append(out, outcome{
				verdict:  mesh.FalseHealthy,
				reason:   "the sidecar accepts the connection to port " + j.number + " of " + j.w.name + " itself, so the probe passes even when the application is down",
				scenario: scenario{who: p.sidecar.who(), facts: []mesh.Fact{fact("the sidecar completes the TCP handshake itself, in every mTLS mode")}},
			})
		default:
			for _, sc := range j.scenarios(p) {
				for _, b := range j.declaring(p.sidecar) {
					out = append(out, j.outcome(sc, p, b))
				}
			}
		}
		if p.own {
			f := decider(p.sidecar.name+" makes the sidecar listen on port "+j.number+" itself", p.in.at)
			for i := first; i < len(out); i++ {
				out[i].facts = before(f, out[i].facts)
			}
		}
	}
	return out
}

// who names the Sidecar for people.
func (s *sidecar) who() string {
	if s == nil {
		return "the sidecar"
	}
	return s.name
}

// hides reports whether the listeners of s stand in the place of those that
// Services ask for.
func (j *judging) hides(s *sidecar) bool {
	return s != nil && len(s.ingress) > 0 && !j.w.enrolled.plane.mergesPorts
}

// declaring returns the Service ports that may tell what the probe's port
// speaks, one of each sort; nil stands for none. It matters to HTTPS only.
func (j *judging) declaring(s *sidecar) []*binding {
	if !j.https || j.hides(s) {
		return []*binding{nil}
	}
	var out []*binding
	seen := map[protocol]bool{}
	bound := j.m.firstBindings(j.w.bound(j.port))
	for i := range bound {
		b := &bound[i]
		sort := j.m.protocol(b)
		if !j.certified || sort.http {
			sort.name = ""
		}
		if !seen[sort] {
			seen[sort] = true
			out = append(out, b)
		}
	}
	if out == nil {
		out = []*binding{nil}
	}
	return out
}

// scenarios returns the modes that the port may have where a request takes path
// p.
func (j *judging) scenarios(p path) []scenario {
	m, w := j.m, j.w
	bound := w.bound(j.port)
	open := len(bound) > 0
	if j.hides(p.sidecar) {
		bound, open = nil, false
	}
	if p.in != nil {
		open = true
		bound = w.bound(j.port)
	}
	custom := p.sidecar != nil && len(p.sidecar.ingress) > 0
	number := j.number
	// With ingress listeners of its own a pod has no management listeners
	// (1.1.0:listener.go generateManagementListeners, 1.6.0:listener_builder.go).
	if !open && !custom && m.version.has(managementListener) && w.management[j.port] {
		return []scenario{{
			mode: mesh.ModeDisable, who: "the management listener",
			facts: []mesh.Fact{decider("no Service leads to port "+number+", so Istio "+m.version.String()+" opens a plaintext listener for the probe", render.Field{})},
		}}
	}
	if m.version.has(peerAuthentication) && (w.peers.applies() || !m.version.has(alphaAPI)) {
		return m.peerModes(w, j.port, open)
	}
	if !open || len(bound) == 0 {
		mode := mesh.ModeDisable
		if m.version.has(permissiveFallback) {
			mode = mesh.ModePermissive
		}
		return []scenario{{
			mode: mode, who: "the pass-through listener",
			facts: []mesh.Fact{decider("no Service leads to port "+number+", and policies of Istio "+m.version.String()+" are about Service ports", render.Field{})},
		}}
	}
	return m.alphaModes(w, bound)
}

// outcome judges a plain HTTP, HTTPS or gRPC request against a mode.
func (j *judging) outcome(s scenario, p path, b *binding) outcome {
	port := "port " + j.number + " of " + j.w.name
	https, in, sc := j.https, p.in, p.sidecar
	o := outcome{scenario: s, verdict: mesh.Breaks}
	switch {
	case j.certified:
		j.certifiedOutcome(&o, p, b, port)
	case https && s.allowTLS && (s.mode == mesh.ModeStrict || s.mode == mesh.ModePermissive && j.m.version.has(permissiveByTransport)):
		o.verdict = mesh.OK
		o.reason = s.who + " asks for TLS on " + port + " but for no client certificate, so the " + j.secured() + " " + j.asked() + " passes"
	case s.mode == mesh.ModeStrict:
		o.reason = "mTLS is required on " + port + " by " + s.who + ", and " + j.caller() + " has no " + j.certificate()
	case in != nil && in.tls != "" && s.mode == mesh.ModeDisable && j.w.enrolled.plane.ingressTLS && !(https && in.tls == "SIMPLE"):
		o.facts = with(o.facts, decider(sc.name+" gives port "+j.number+" TLS of its own ("+in.tls+")", in.at.Key("tls")))
		o.reason = sc.name + " makes " + port + " take TLS only, and " + j.caller() + " cannot speak it"
		if in.tls == "PASSTHROUGH" && https {
			o.verdict = mesh.OK
		}
	case !https:
		o.verdict = mesh.OK
		o.reason = string(s.mode) + " on " + port + " accepts " + possessive(j.caller()) + " request"
	case s.mode == mesh.ModePermissive && j.m.version.has(permissiveByTransport):
		o.reason = "Istio " + j.m.version.String() + " takes every TLS connection to " + port + " for mTLS (PERMISSIVE by " + s.who + "), and " + j.caller() + " has no " + j.certificate()
	default:
		j.httpsOutcome(&o, p, b, port)
	}
	return o
}

// httpsOutcome judges an HTTPS probe where mTLS is not required: it passes
// unless the port is declared HTTP.
func (j *judging) httpsOutcome(o *outcome, p path, b *binding, port string) {
	o.verdict = mesh.OK
	o.reason = string(o.mode) + " on " + port + " lets " + possessive(j.caller()) + " " + j.secured() + " through"
	if !j.m.version.has(httpsMeetsHTTPFilter) {
		return
	}
	declared, at, by := "", render.Field{}, ""
	switch {
	case p.in != nil:
		if parseProtocol(p.in.protocol).http {
			declared, at, by = p.in.protocol, p.in.at.Key("port", "protocol"), p.sidecar.name
		}
	case b != nil:
		if speaks := j.m.protocol(b); speaks.http {
			declared, at, by = speaks.name, b.declaration(j.m), b.owner()
		}
	}
	if declared == "" {
		return
	}
	o.verdict = mesh.Breaks
	o.facts = with(o.facts, decider(by+" declares "+declared+" for port "+j.number, at))
	o.reason = by + " declares " + port + " as " + declared + ", so under " + string(o.mode) + " no filter chain of the sidecar takes " + possessive(j.caller()) + " TLS"
}

// conclude makes the verdict of the outcomes: theirs if they agree, ambiguous
// if they do not.
func (j *judging) conclude(all []outcome) {
	first := all[0]
	agree := true
	for _, o := range all {
		agree = agree && o.verdict == first.verdict
	}
	if agree {
		j.settleOn(first, len(all))
		j.beforeProxy()
		return
	}
	j.Verdict, j.Cause = mesh.Ambiguous, mesh.CauseOrder
	if i := slices.IndexFunc(all, func(o outcome) bool { return o.open != "" }); i >= 0 {
		j.Cause = mesh.CauseMTLS
		j.Reason = all[i].open + ": " + j.request() + " may break"
		j.add(all[i].facts...)
		j.chosen = []scenario{all[i].scenario}
		return
	}
	var modes, names []string
	for _, o := range all {
		j.add(o.facts...)
		j.chosen = append(j.chosen, o.scenario)
		if mode := string(o.mode); mode != "" && !has(modes, mode) {
			modes = append(modes, mode)
		}
		if !has(names, o.who) {
			names = append(names, o.who)
		}
	}
	j.Reason = strings.Join(names, " and ") + " rank equal for port " + j.number + " of " + j.w.name +
		" but disagree (" + strings.Join(modes, ", ") + "), and the manifests do not tell which one Istio takes: " + j.request() + " may break"
	if len(names) == 1 {
		j.Reason = "for port " + j.number + " of " + j.w.name + " the manifests do not tell which Service port or listener Istio takes (" +
			strings.Join(modes, ", ") + "): " + j.request() + " may break"
	}
}

// settleOn takes the outcome that all scenarios share.
func (j *judging) settleOn(o outcome, choices int) {
	j.Verdict, j.Mode, j.Reason = o.verdict, o.mode, o.reason
	j.add(o.facts...)
	j.chosen = []scenario{o.scenario}
	if choices > 1 {
		j.Assumed = append(j.Assumed, "the outcome is the same whichever of the equal choices Istio takes")
	}
	if o.assumed != "" {
		j.Assumed = append(j.Assumed, o.assumed)
	}
	if o.verdict == mesh.FalseHealthy {
		j.Cause = mesh.CauseSidecar
	}
	if o.verdict != mesh.Breaks {
		return
	}
	j.Cause = mesh.CauseMTLS
	if j.kindOfProbe() == probe.Readiness && j.m.version.has(serviceAuthAnnotation) {
		j.add(fact("in Istio 0.8 the pod turns ready on a management listener first and then keeps flapping"))
	}
}

// beforeProxy takes back what is certain of a request that the kubelet sends to
// a user's native sidecar before a normal istio-proxy runs. Without istio-cni
// the injector puts istio-init last (webhook.go reorderPod), so at the first
// start nothing is redirected yet; with it all is, and nobody takes it.
func (j *judging) beforeProxy() {
	p := j.Probe
	if p == nil || !p.Init || j.w.rewrite.native || p.Kind != probe.Startup && p.Kind != probe.PostStart || j.Verdict == mesh.FalseHealthy {
		return
	}
	cni := j.w.enrolled.plane.cni
	why := "container " + p.Container + " starts before istio-proxy, which is a normal container"
	switch {
	case cni.value && j.Verdict == mesh.OK:
		j.Verdict, j.Cause = mesh.Ambiguous, mesh.CauseMTLS
		j.Reason = why + ", and istio-cni redirects traffic before it runs: at the first start nobody may answer the " + p.Kind.Noun()
		j.add(decider(cni.why, cni.field), j.w.rewrite.nativeWhy)
	case !cni.value && j.Verdict == mesh.Breaks:
		j.Verdict = mesh.Ambiguous
		j.Reason = why + ": the " + p.Kind.Noun() + " passes at the first start, before istio-init redirects traffic, but not when the container is restarted; " + j.Reason
		j.add(j.w.rewrite.nativeWhy)
		j.Assumed = append(j.Assumed, "istio-cni is not installed")
	}
}
