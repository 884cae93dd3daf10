package istio

import (
	"strconv"

	"github.com/org/probe-mtls-action/internal/mesh"
	"github.com/org/probe-mtls-action/internal/probe"
)

// Judge follows one probe from the kubelet to the application and says where
// it stops. A probe that is not of this model is unknown to it.
func (m *model) Judge(p *probe.Probe) mesh.Judgement {
	t := m.byProbe[p]
	if t == nil {
		return mesh.Judgement{Probe: p, Verdict: mesh.Unknown, Reason: "the probe is not one of this mesh"}
	}
	j := &judging{m: m, target: t, w: t.workload, Judgement: mesh.Judgement{Probe: p}}
	j.Chain = append(make([]mesh.Fact, 0, 8), t.workload.enrolled.facts...)
	j.Assumed = append(j.Assumed, t.workload.enrolled.assumed...)
	j.run()
	j.remedy()
	return j.Judgement
}

// judging is a judgement in the making.
type judging struct {
	mesh.Judgement
	m      *model
	target *target
	w      *workload
	port   int    // the resolved port, once it is known
	number string // the same as text
	// chosen are the scenarios that the verdict rests on, for the remedies.
	chosen []scenario
}

func (j *judging) add(facts ...mesh.Fact) { j.Chain = append(j.Chain, facts...) }

// ok ends the judgement: the probe passes, or is not the mesh's business.
func (j *judging) ok(reason string) { j.Verdict, j.Reason = mesh.OK, reason }

// subject names the probe for people: livenessProbe of container web of
// Deployment shop/web.
func (j *judging) subject() string {
	p := j.Probe
	return string(p.Kind) + " of container " + p.Container + " of " + j.w.name
}

// run takes the gates in their order; the first that settles the matter ends
// it.
func (j *judging) run() {
	p := j.Probe
	switch {
	case p.Fault != "":
		j.add(decider("the API server refuses the pod: "+string(p.Kind)+" of container "+p.Container+" "+p.Fault, place(p)))
		j.ok("the API server refuses the pod, so no probe of it ever runs: " + string(p.Kind) + " of container " + p.Container + " " + p.Fault)
		return
	case j.w.enrolled.as == refused:
		j.ok("the injector refuses the pod, so no probe of it ever runs")
		return
	case j.w.enrolled.as == inAmbient:
		j.add(fact("in ambient mode the kubelet's requests bypass the mesh"))
		j.ok(j.w.name + " is in ambient mode, where the kubelet's probes bypass the mesh")
		return
	case j.w.enrolled.as == outside:
		j.ok(j.w.name + " has no sidecar")
		return
	case p.Handler == probe.Exec || p.Handler == probe.Sleep:
		j.add(decider(string(p.Handler)+" runs inside the container and uses no network", p.Field.Key(string(p.Handler))))
		j.ok(j.subject() + " runs inside the container and uses no network")
		return
	}
	number, found := portNumber(j.target.container, p)
	if !found {
		j.portNotFound()
		return
	}
	j.port, j.number = number, strconv.Itoa(number)
	if j.rewritten() {
		return
	}
	if p.Host != "" {
		j.add(decider("the probe sets host "+quote(p.Host)+", so the kubelet does not ask the pod", p.Field.Key(string(p.Handler)).Key("host")))
		j.ok(j.subject() + " asks host " + quote(p.Host) + ", not the pod: the sidecar is not on the path")
		return
	}
	if p.Port.Name != "" {
		port, _ := j.target.container.Port(p.Port.Name)
		j.add(mesh.Fact{Text: "port name " + quote(p.Port.Name) + " is port " + j.number + " of the container", Field: j.target.container.PortField(port).Key("containerPort")})
	}
	j.reach()
}

func (j *judging) portNotFound() {
	p := j.Probe
	j.Verdict, j.Cause = mesh.Breaks, mesh.CausePortNotFound
	text := "container " + p.Container + " declares no port named " + quote(p.Port.Name)
	j.add(decider(text, p.PortField))
	if c, port, ok := j.w.pod.PortNamed(p.Port.Name); ok {
		j.add(mesh.Fact{Text: "container " + c.Name + " declares it, but only the probe's own container counts", Field: c.PortField(port), Deciding: true})
		text += " (container " + c.Name + " does, but that does not count)"
	}
	j.Reason = text
	if yes, _ := j.m.rewritten(j.target); yes {
		j.Reason += ", so Istio's agent has no probe to pass on and answers 400"
	} else {
		j.Reason += ", so the kubelet cannot resolve it"
	}
}

// rewritten settles probes that go to Istio's agent instead of the application.
func (j *judging) rewritten() bool {
	yes, why := j.m.rewritten(j.target)
	if !yes {
		j.add(why)
		j.add(j.w.rewrite.extra...)
		return false
	}
	j.add(why)
	j.add(j.w.rewrite.extra...)
	agent := strconv.Itoa(j.w.rewrite.statusPort)
	if j.w.enrolled.proxy != nil && asksAgent(j.Probe) {
		j.asksAgent()
		return true
	}
	if reason, facts, broken := j.m.rewriteFault(j.target); broken {
		j.add(facts...)
		j.Verdict, j.Cause, j.Reason = mesh.Breaks, mesh.CauseRewrite, reason
		return true
	}
	if j.Probe.Kind == probe.Startup && j.Probe.Init {
		j.add(j.w.rewrite.nativeWhy)
		if j.w.rewrite.nativeAssumed != "" {
			j.Assumed = append(j.Assumed, j.w.rewrite.nativeAssumed)
		}
	}
	j.add(fact("the probe is rewritten: the kubelet asks Istio's agent on port " + agent + ", and the agent asks the application from inside the pod"))
	j.ok(j.subject() + " is rewritten to Istio's agent, so the mTLS mode does not matter")
	return true
}

// asksAgent settles probes that were rewritten in the manifest.
func (j *judging) asksAgent() { j.ok(j.subject() + " asks Istio's agent, as the injector rewrote it") }

// reach settles probes that the kubelet sends to the pod's own address.
func (j *judging) reach() {
	captured, why := j.w.capture.captured(j.w, j.port)
	ingress := j.openListener()
	if !captured && !ingress {
		j.add(why)
		if j.w.enrolled.as == preinjected && asksAgent(j.Probe) {
			j.asksAgent()
			return
		}
		j.ok("port " + j.number + " of " + j.w.name + " is not redirected to the sidecar, so the kubelet reaches the container directly")
		return
	}
	if captured {
		j.add(why)
	}
	if j.Probe.Handler == probe.TCPSocket {
		j.Verdict, j.Cause = mesh.FalseHealthy, mesh.CauseSidecar
		j.add(fact("the sidecar completes the TCP handshake itself, in every mTLS mode"))
		j.Reason = "the sidecar accepts the connection to port " + j.number + " of " + j.w.name + " itself, so the probe passes even when the application is down"
		return
	}
	j.conclude(j.outcomes())
}

// openListener reports whether a Sidecar's ingress really binds the port
// although nothing is captured, as it does with interception mode NONE.
func (j *judging) openListener() bool {
	if !j.w.capture.none {
		return false
	}
	for _, s := range j.w.sidecars {
		if in := s.listener(j.port); in != nil {
			j.add(decider(s.name+" makes the sidecar listen on port "+j.number+" itself", in.at))
			return true
		}
	}
	return false
}
