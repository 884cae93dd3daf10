package istio

import (
	"strconv"
	"strings"

	"github.com/org/probe-mtls-action/internal/kube"
	"github.com/org/probe-mtls-action/internal/mesh"
	"github.com/org/probe-mtls-action/internal/probe"
	"github.com/org/probe-mtls-action/render"
)

// callees are the workloads as callers see them.
type callees struct {
	pods  []*mesh.Pod
	byPod map[*kube.Pod]*workload
}

func (m *model) callable() *callees {
	m.calleesOnce.Do(func() {
		c := &m.called
		c.pods = make([]*mesh.Pod, 0, len(m.workloads))
		c.byPod = make(map[*kube.Pod]*workload, len(m.workloads))
		for _, w := range m.workloads {
			c.pods = append(c.pods, m.callee(w))
			c.byPod[w.pod] = w
		}
	})
	return &m.called
}

func (m *model) callee(w *workload) *mesh.Pod {
	p := &mesh.Pod{Pod: w.pod, Name: w.name, Labels: w.labels, Facts: w.enrolled.facts, Assumed: w.enrolled.assumed}
	switch w.enrolled.as {
	case outside:
		p.In = mesh.Outside
	case inAmbient:
		p.In = mesh.Ambient
	case refused:
		p.In = mesh.Refused
	default:
		p.In = mesh.Sidecar
	}
	p.Metrics, p.Why = m.mergesMetrics(w, &w.enrolled)
	if p.Metrics {
		p.MetricsPort = w.enrolled.plane.statusPort.value
	} else {
		p.Merge = m.mergeRemedies(w)
	}
	return p
}

// Pods implements [mesh.Answering].
func (m *model) Pods() []*mesh.Pod { return m.callable().pods }

// Services implements [mesh.Answering].
func (m *model) Services() []*kube.Service { return m.services }

// Enrol implements [mesh.Answering].
func (m *model) Enrol(pod *kube.Pod) *mesh.Pod {
	w := &workload{pod: pod, name: workloadName(pod.Object), context: true}
	w.enrolled = m.enrol(w)
	w.labels = m.running(w)
	return m.callee(w)
}

// DeclaredHTTP implements [mesh.Answering].
func (m *model) DeclaredHTTP(s *kube.Service, p kube.ServicePort) bool {
	return m.protocol(&binding{service: s, port: p}).http
}

// Answer implements [mesh.Answering]. The table of modes, declared protocols and
// what the client says is that of Istio's inbound filter chains
// (pilot/pkg/networking/core/filterchain_options.go, getFilterChainMatchOptions);
// it is the same for probes.
func (m *model) Answer(c mesh.Call) mesh.Judgement {
	w := m.callable().byPod[c.Pod]
	if w == nil {
		return mesh.Judgement{Verdict: mesh.Unknown, Reason: "the pod is not one of this mesh"}
	}
	j := &judging{m: m, w: w, client: c.Client, own: c.Port, port: c.Port, number: strconv.Itoa(c.Port)}
	j.https, j.certified = c.Speech != mesh.Plaintext, c.Speech == mesh.MeshTLS
	j.Chain = append(make([]mesh.Fact, 0, 8), w.enrolled.facts...)
	j.Assumed = append(j.Assumed, w.enrolled.assumed...)
	j.answer()
	if j.Verdict != mesh.OK {
		j.remedyCall()
	}
	return j.Judgement
}

// answer takes the gates of a call in their order.
func (j *judging) answer() {
	for i := range j.w.targets {
		if p := j.w.targets[i].probe; p.Fault != "" {
			j.ok("the API server refuses " + j.w.name + ": " + string(p.Kind) + " of container " + p.Container + " " + p.Fault)
			return
		}
	}
	switch j.w.enrolled.as {
	case refused:
		j.ok("the injector refuses " + j.w.name + ", so it never runs")
		return
	case outside:
		j.ok(j.w.name + " is not in the mesh")
		return
	case inAmbient:
		j.throughNode()
		return
	}
	captured, why := j.w.capture.captured(j.w, j.port)
	if !j.meetsSidecar() {
		j.add(why)
		j.ok("port " + j.number + " of " + j.w.name + " is not redirected to the sidecar, so " + j.client + " reaches the container directly")
		return
	}
	if captured {
		j.add(why)
	}
	j.conclude(j.outcomes(captured))
}

// certifiedOutcome judges TLS with a certificate of the mesh that does not speak
// its protocol: the sidecar ends it only where mTLS is required; elsewhere it
// takes it for TLS of the application's own.
func (j *judging) certifiedOutcome(o *outcome, p path, b *binding, port string) {
	speaks, at, by := protocol{}, declarationOf(p, b, j.m), ""
	switch {
	case p.in != nil:
		speaks, by = parseProtocol(p.in.protocol), p.sidecar.name
	case b != nil:
		speaks, by = j.m.protocol(b), b.owner()
	}
	switch {
	case o.mode == mesh.ModeStrict:
		o.verdict = mesh.OK
		o.reason = j.client + " presents a certificate of the mesh to " + port
	case p.in != nil && p.in.tls == "SIMPLE" && o.mode == mesh.ModeDisable && j.w.enrolled.plane.ingressTLS:
		o.verdict = mesh.OK
		o.reason = p.sidecar.name + " makes the sidecar end the TLS of " + port
	case speaks.http:
		o.facts = with(o.facts, decider(by+" declares "+speaks.name+" for port "+j.number, at))
		o.reason = by + " declares " + port + " as " + speaks.name + ", so under " + string(o.mode) + " no filter chain of the sidecar takes TLS without the mesh's own protocol"
	case speaks.name == "https" || speaks.name == "tls":
		o.verdict = mesh.OK
		o.reason = string(o.mode) + " on " + port + " hands the TLS of " + j.client + " on to the application"
	default:
		o.reason = "mTLS is not required on " + port + " (" + string(o.mode) + " by " + o.who + "), so the sidecar hands the TLS of " + j.client + " on to an application that speaks plaintext"
	}
}

// declarationOf is the place of what declares the protocol of a port.
func declarationOf(p path, b *binding, m *model) (at render.Field) {
	switch {
	case p.in != nil:
		return p.in.at.Key("port", "protocol")
	case b != nil:
		return b.declaration(m)
	}
	return at
}

// remedyCall adds the fixes for a call that is not let in, the shortest first.
// An exception from mTLS is offered only with what makes it help.
func (j *judging) remedyCall() {
	s := j.chosen[0]
	for _, c := range j.chosen {
		if c.mode == mesh.ModeStrict {
			s = c
			break
		}
	}
	ambient := j.w.enrolled.as == inAmbient
	protocol := j.protocolRemedies()
	if s.mode != mesh.ModeStrict || j.certified {
		j.Remedies = append(j.Remedies, protocol...)
		if !ambient {
			j.remedyExclude()
		}
		return
	}
	first := len(j.Remedies)
	j.remedyPeerOrAlpha(s)
	if !ambient {
		j.alsoDeclare(first, protocol)
		j.remedyExclude()
	}
	first = len(j.Remedies)
	j.remedyPolicy(s)
	if !ambient {
		j.alsoDeclare(first, protocol)
	}
}

// remedyPeerOrAlpha offers an exemption of the port by the API that decides.
func (j *judging) remedyPeerOrAlpha(s scenario) {
	if j.m.version.has(peerAuthentication) && (j.w.peers.applies() || !j.m.version.has(alphaAPI)) {
		j.remedyPeer(s)
		return
	}
	j.remedyAlpha(s)
}

// protocolRemedies are what makes the port's declared protocol let TLS through;
// none where it does, or where no Service or ServiceEntry declares it.
func (j *judging) protocolRemedies() []mesh.Remedy {
	if !j.https || j.w.enrolled.as == inAmbient || !j.m.version.has(httpsMeetsHTTPFilter) || len(j.w.sidecars) == 1 && j.hides(j.w.sidecars[0]) {
		return nil
	}
	before := j.Remedies
	j.Remedies = nil
	j.remedyProtocol()
	out := j.Remedies
	j.Remedies = before
	return out
}

// alsoDeclare makes every remedy from index first on change the declared protocol
// too, without which it does not help.
func (j *judging) alsoDeclare(first int, protocol []mesh.Remedy) {
	if len(protocol) == 0 {
		return
	}
	for i := first; i < len(j.Remedies); i++ {
		r := &j.Remedies[i]
		r.Edits = r.Changes(j.w.pod.Object)
		for k := range protocol {
			r.Edits = append(r.Edits, protocol[k].Changes(j.w.pod.Object)...)
		}
		r.Title += ", and " + lower(protocol[0].Title)
		r.Cost += "; " + protocol[0].Cost
	}
}

func lower(s string) string {
	if s == "" || s[0] < 'A' || s[0] > 'Z' {
		return s
	}
	return string(s[0]+'a'-'A') + s[1:]
}

// caller is who calls: the kubelet for probes, else the client.
func (j *judging) caller() string {
	if j.client == "" {
		return "the kubelet"
	}
	return j.client
}

// request is what the judgement is about, for people.
func (j *judging) request() string {
	if j.client == "" {
		return "the probe"
	}
	return "the call"
}

// asked is the same without an article.
func (j *judging) asked() string { return strings.TrimPrefix(j.request(), "the ") }

// possessive returns "the kubelet's" for "the kubelet".
func possessive(who string) string {
	if strings.HasSuffix(who, "s") {
		return who + "'"
	}
	return who + "'s"
}

// certificate is what the caller lacks.
func (j *judging) certificate() string {
	if j.client == "" {
		return "client certificate"
	}
	return "certificate of the mesh"
}

// secured is what the caller's TLS is called.
func (j *judging) secured() string {
	if j.client == "" {
		return "HTTPS"
	}
	return "TLS"
}

// kindOfProbe is the kind of the judged probe, "" for a call.
func (j *judging) kindOfProbe() probe.Kind {
	if j.Probe == nil {
		return ""
	}
	return j.Probe.Kind
}
