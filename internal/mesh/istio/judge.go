package istio

import (
	"strconv"

	"github.com/org/probe-mtls-action/internal/mesh"
	"github.com/org/probe-mtls-action/internal/near"
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
	own    int    // the port that the probe names, once it is known
	port   int    // that the kubelet asks: another one if the probe is rewritten
	number string // the same as text
	// tcp and https tell what the kubelet speaks there; neither is plain HTTP or
	// gRPC.
	tcp, https bool
	// client is who calls where no probe is judged, "" for the kubelet; certified
	// tells that its TLS has a certificate of the mesh.
	client    string
	certified bool
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
	case p.Handler == probe.Exec || p.Handler == probe.Sleep:
		j.add(decider(string(p.Handler)+" runs inside the container and uses no network", p.Field.Key(string(p.Handler))))
		j.ok(j.subject() + " runs inside the container and uses no network")
		return
	}
	if j.neverRuns() {
		return
	}
	number, found := portNumber(j.target.container, p)
	if !found { // for the kubelet it makes no difference whether there is a mesh
		j.portNotFound()
		return
	}
	switch j.w.enrolled.as {
	case inAmbient:
		j.add(fact("in ambient mode the kubelet's requests bypass the mesh"))
		j.ok(j.w.name + " is in ambient mode, where the kubelet's probes bypass the mesh")
		return
	case outside:
		j.ok(j.w.name + " has no sidecar")
		return
	}
	j.own, j.port, j.number = number, number, strconv.Itoa(number)
	j.tcp, j.https = p.Handler == probe.TCPSocket, p.Handler == probe.HTTPGet && p.Scheme == "HTTPS"
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
	if name := near.Word(p.Port.Name, portNames(j.target.container)); name != "" {
		text += ", but one named " + quote(name)
	}
	j.add(decider(text, p.PortField))
	if c, port, ok := j.w.pod.PortNamed(p.Port.Name); ok {
		j.add(mesh.Fact{Text: "container " + c.Name + " declares it, but only the probe's own container counts", Field: c.PortField(port), Deciding: true})
		text += " (container " + c.Name + " does, but that does not count)"
	}
	j.Reason = text
	if yes, _ := j.m.rewritten(j.target); yes && j.w.enrolled.sidecar() {
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
	if f := j.m.rewriteFault(j.target); f != nil {
		j.add(f.facts...)
		j.Verdict, j.Cause, j.Reason = mesh.Breaks, mesh.CauseRewrite, f.reason
		return true
	}
	if j.Probe.Kind == probe.Startup && j.Probe.Init {
		j.add(j.w.rewrite.nativeWhy)
		if j.w.rewrite.nativeAssumed != "" {
			j.Assumed = append(j.Assumed, j.w.rewrite.nativeAssumed)
		}
	}
	j.add(fact("the probe is rewritten: the kubelet asks Istio's agent on port " + agent + ", and the agent asks the application from inside the pod"))
	j.toAgent()
	return true
}

// toAgent settles a rewritten probe by whether the kubelet reaches the agent:
// its port is redirected where istio-init does not know it for the agent's.
func (j *judging) toAgent() {
	j.port, j.number = j.w.rewrite.statusPort, strconv.Itoa(j.w.rewrite.statusPort)
	j.tcp, j.https = false, false // the injector makes a plain httpGet of it
	if !j.meetsSidecar() {
		j.ok(j.subject() + " is rewritten to Istio's agent, so the mTLS mode does not matter")
		return
	}
	if at := j.w.rewrite.statusPortAt; !at.IsZero() {
		j.add(decider("the probe is rewritten to port "+j.number+", while istio-init leaves port "+strconv.Itoa(j.w.rewrite.excluded)+" alone", at))
	}
	j.reach()
}

// asksAgent settles probes that were rewritten in the manifest.
func (j *judging) asksAgent() { j.ok(j.subject() + " asks Istio's agent, as the injector rewrote it") }

// neverRuns settles tcpSocket lifecycle handlers: the kubelet knows none
// (kubelet/lifecycle/handlers.go, Run: "invalid handler"; core/v1 LifecycleHandler:
// "NOT supported … will fail at runtime"). Istio's rewriting makes an httpGet of
// them, which runs.
func (j *judging) neverRuns() bool {
	p := j.Probe
	if p.Handler != probe.TCPSocket || !p.Kind.Lifecycle() {
		return false
	}
	if j.w.enrolled.sidecar() {
		if yes, _ := j.m.rewritten(j.target); yes {
			return false
		}
	}
	j.Verdict, j.Cause = mesh.Ineffective, mesh.CauseNeverRun
	j.add(decider("Kubernetes runs no tcpSocket handler in lifecycle", p.Field.Key(string(p.Handler))))
	j.Reason = "Kubernetes does not support tcpSocket in a preStop handler, so this one does nothing"
	if p.Kind == probe.PostStart {
		j.Reason = "Kubernetes does not support tcpSocket in a postStart handler: it fails, and the kubelet kills the container"
	}
	return true
}

// reach settles requests that the kubelet sends to the pod's own address.
func (j *judging) reach() {
	captured, why := j.w.capture.captured(j.w, j.port)
	if !j.meetsSidecar() {
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
	j.conclude(j.outcomes(captured))
}
