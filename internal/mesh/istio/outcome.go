package istio

import (
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

// outcomes returns what may become of a probe that reaches the sidecar: one
// outcome where the manifests decide, several where they leave a choice.
func (j *judging) outcomes() []outcome {
	sidecars := j.w.sidecars
	if len(sidecars) == 0 {
		sidecars = []*sidecar{nil}
	}
	var out []outcome
	var direct []*sidecar // with which the probe does not meet the sidecar
	for _, s := range sidecars {
		if j.w.capture.none && s.listener(j.port) == nil {
			direct = append(direct, s)
			continue
		}
		for _, sc := range j.scenarios(s) {
			for _, b := range j.declaring(s) {
				out = append(out, j.outcome(sc, s, b))
			}
		}
	}
	for _, s := range direct {
		out = append(out, outcome{verdict: mesh.OK, scenario: scenario{
			mode: mesh.ModeDisable, who: out[0].who, // the listeners differ, not the policies
			facts: []mesh.Fact{fact(s.name + " opens no listener on port " + j.number + ", and nothing redirects the probe to the sidecar")},
		}})
	}
	return out
}

// declaring returns the Service ports that may tell what the probe's port
// speaks, one of each sort; nil stands for none. It matters to HTTPS only.
func (j *judging) declaring(s *sidecar) []*binding {
	if j.Probe.Scheme != "HTTPS" || s != nil && len(s.ingress) > 0 {
		return []*binding{nil}
	}
	var out []*binding
	seen := map[bool]bool{}
	bound := j.m.firstBindings(j.w.bound(j.port))
	for i := range bound {
		b := &bound[i]
		if http := j.m.protocol(b.port.Name, b.port.AppProtocol).http; !seen[http] {
			seen[http] = true
			out = append(out, b)
		}
	}
	if out == nil {
		out = []*binding{nil}
	}
	return out
}

// scenarios returns the modes that the port may have under Sidecar s.
func (j *judging) scenarios(s *sidecar) []scenario {
	m, w := j.m, j.w
	bound := w.bound(j.port)
	listening := s != nil && len(s.ingress) > 0
	open := len(bound) > 0
	if listening {
		open = s.listener(j.port) != nil
		if !open {
			bound = nil
		}
	}
	number := j.number
	if !open && m.version.has(managementListener) && w.management[j.port] {
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
func (j *judging) outcome(s scenario, sc *sidecar, b *binding) outcome {
	port := "port " + j.number + " of " + j.w.name
	https := j.Probe.Handler == probe.HTTPGet && j.Probe.Scheme == "HTTPS"
	o := outcome{scenario: s, verdict: mesh.Breaks}
	in := sc.listener(j.port)
	switch {
	case https && s.allowTLS && (s.mode == mesh.ModeStrict || s.mode == mesh.ModePermissive && j.m.version.has(permissiveByTransport)):
		o.verdict = mesh.OK
		o.reason = s.who + " asks for TLS on " + port + " but for no client certificate, so the HTTPS probe passes"
	case s.mode == mesh.ModeStrict:
		o.reason = "mTLS is required on " + port + " by " + s.who + ", and the kubelet has no client certificate"
	case in != nil && in.tls != "" && s.mode == mesh.ModeDisable && j.m.opts.SidecarTLSIngress && !(https && in.tls == "SIMPLE"):
		o.facts = with(o.facts, decider(sc.name+" gives port "+j.number+" TLS of its own ("+in.tls+")", in.at.Key("tls")))
		o.reason = sc.name + " makes " + port + " take TLS only, and the kubelet cannot speak it"
		if in.tls == "PASSTHROUGH" && https {
			o.verdict = mesh.OK
		}
	case !https:
		o.verdict = mesh.OK
		o.reason = string(s.mode) + " on " + port + " accepts the kubelet's request"
	case s.mode == mesh.ModePermissive && j.m.version.has(permissiveByTransport):
		o.reason = "Istio " + j.m.version.String() + " takes every TLS connection to " + port + " for mTLS (PERMISSIVE by " + s.who + "), and the kubelet has no client certificate"
	default:
		j.httpsOutcome(&o, in, sc, b, port)
	}
	return o
}

// httpsOutcome judges an HTTPS probe where mTLS is not required: it passes
// unless the port is declared HTTP.
func (j *judging) httpsOutcome(o *outcome, in *ingress, sc *sidecar, b *binding, port string) {
	o.verdict = mesh.OK
	o.reason = string(o.mode) + " on " + port + " lets the kubelet's HTTPS through"
	if !j.m.version.has(httpsMeetsHTTPFilter) {
		return
	}
	declared, at, by := "", render.Field{}, ""
	if sc != nil && len(sc.ingress) > 0 {
		if in != nil && (strings.HasPrefix(in.protocol, "HTTP") && in.protocol != "HTTPS" || strings.HasPrefix(in.protocol, "GRPC")) {
			declared, at, by = in.protocol, in.at.Key("port", "protocol"), sc.name
		}
	} else if b != nil {
		if p := j.m.protocol(b.port.Name, b.port.AppProtocol); p.http {
			declared, at, by = p.name, b.field().Key("name"), "Service "+b.service.Object.Name
			if b.port.AppProtocol != "" {
				at = b.field().Key("appProtocol")
			}
		}
	}
	if declared == "" {
		return
	}
	o.verdict = mesh.Breaks
	o.facts = with(o.facts, decider(by+" declares "+declared+" for port "+j.number, at))
	o.reason = by + " declares " + port + " as " + declared + ", so under " + string(o.mode) + " no filter chain of the sidecar takes the kubelet's TLS"
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
		return
	}
	j.Verdict, j.Cause = mesh.Ambiguous, mesh.CauseOrder
	var modes, names []string
	for _, o := range all {
		j.add(o.facts...)
		j.chosen = append(j.chosen, o.scenario)
		if mode := string(o.mode); !has(modes, mode) {
			modes = append(modes, mode)
		}
		if !has(names, o.who) {
			names = append(names, o.who)
		}
	}
	j.Reason = strings.Join(names, " and ") + " rank equal for port " + j.number + " of " + j.w.name +
		" but disagree (" + strings.Join(modes, ", ") + "), and the manifests do not tell which one Istio takes: the probe may break"
	if len(names) == 1 {
		j.Reason = "for port " + j.number + " of " + j.w.name + " the manifests do not tell which Service port or listener Istio takes (" +
			strings.Join(modes, ", ") + "): the probe may break"
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
	if o.verdict != mesh.Breaks {
		return
	}
	j.Cause = mesh.CauseMTLS
	if j.Probe.Kind == probe.Readiness && j.m.version.has(serviceAuthAnnotation) {
		j.add(fact("in Istio 0.8 the pod turns ready on a management listener first and then keeps flapping"))
	}
}
