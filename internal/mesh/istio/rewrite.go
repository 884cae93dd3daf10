package istio

import (
	"strconv"
	"strings"

	"github.com/org/probe-mtls-action/internal/kube"
	"github.com/org/probe-mtls-action/internal/mesh"
	"github.com/org/probe-mtls-action/internal/probe"
	"github.com/org/probe-mtls-action/render"
)

const (
	annotationRewrite    = "sidecar.istio.io/rewriteAppHTTPProbers"
	annotationStatusPort = "status.sidecar.istio.io/port"
	annotationNative     = "sidecar.istio.io/nativeSidecar"
)

// rewriting tells whether the injector points a pod's probes at its agent. It
// is all or nothing per pod; which handlers it covers is the release's matter.
type rewriting struct {
	on    bool
	why   mesh.Fact
	extra []mesh.Fact // remarks that decide nothing
	// statusPort is where rewritten probes go, 0 where the pod's annotation says
	// so; listens is the port that the pod's agent has, and excluded the one that
	// istio-init does not redirect. One annotation sets all three.
	statusPort   int
	statusPortAt render.Field
	listens      choice[int]
	excluded     int
	// native tells whether istio-proxy is a native sidecar.
	native        bool
	nativeWhy     mesh.Fact
	nativeAssumed string
}

func (m *model) rewriting(w *workload) rewriting {
	r := m.decideRewriting(w)
	if !r.on && w.enrolled.as != preinjected {
		r.why.Text = notRewritten + r.why.Text
	}
	return r
}

const notRewritten = "the probe is not rewritten: "

func (m *model) decideRewriting(w *workload) rewriting {
	p := w.enrolled.plane
	r := m.statusPortsOf(w)
	m.findNative(w, &r)
	switch {
	case w.enrolled.as == preinjected:
		r.why = decider("the manifest went through the injector already, so its probes stay as they are", w.enrolled.proxy.At())
		return r
	case w.enrolled.as == agentless || w.enrolled.as == proxyless:
		r.why = decider("the gRPC templates switch probe rewriting off", w.pod.Annotations.Field(annotationTmpl))
		return r
	case !m.version.has(rewriteLivenessReadiness):
		r.why = fact("Istio " + m.version.String() + " cannot rewrite probes")
		return r
	}
	r.on, r.why = p.rewrite.value, mesh.Fact{Text: p.rewrite.why, Field: p.rewrite.field, Deciding: true}
	if text, ok := w.pod.Annotations.Get(annotationRewrite); ok {
		at := w.pod.Annotations.Field(annotationRewrite)
		on, err := strconv.ParseBool(text)
		says := "the pod's annotation " + annotationRewrite + " is " + quote(text)
		switch {
		case !m.version.has(rewriteAnnotation):
			r.extra = append(r.extra, mesh.Fact{Text: says + ", which Istio " + m.version.String() + " does not read", Field: at})
		case err != nil:
			r.extra = append(r.extra, mesh.Fact{Text: says + ", which is neither true nor false and is not heeded", Field: at})
			w.warn(at, says+" on "+w.name+", which is neither true nor false; the mesh-wide setting decides")
		default:
			r.on, r.why = on, decider(says, at)
		}
	}
	m.misplacedAnnotation(w, &r)
	if r.on && r.statusPort == 0 && !m.version.has(rewriteStatusPortZeroRefused) {
		r.on, r.why = false, decider("the status port is 0, so there is no agent to ask and Istio "+m.version.String()+" rewrites nothing", r.statusPortAt)
	}
	return r
}

// statusPortsOf finds the ports of the agent of w: its annotation's, else those
// of the control plane, and a ProxyConfig of its own for where the agent listens
// (pilot-agent/config/config.go, ConstructProxyConfig).
func (m *model) statusPortsOf(w *workload) rewriting {
	p := w.enrolled.plane
	r := rewriting{statusPort: p.statusPort.value, statusPortAt: p.statusPort.field, listens: p.statusPort, excluded: p.excluded.value}
	if text, ok := w.pod.Annotations.Get(annotationStatusPort); ok {
		at := w.pod.Annotations.Field(annotationStatusPort)
		n, _ := strconv.Atoi(text) // 0 for what is none, as for Istio
		return rewriting{statusPort: n, statusPortAt: at, excluded: n,
			listens: choice[int]{n, "the pod's annotation " + annotationStatusPort + " is " + quote(text), at}}
	}
	n, ok := protoInt(either(m.proxyConfig(w), "statusPort", "status_port"), 0)
	if ok && isPort(n) && m.version.has(statusPortOfMesh) {
		r.listens = choice[int]{n, "the pod's annotation " + annotationProxyConfig + " sets statusPort " + strconv.Itoa(n), w.pod.Annotations.Field(annotationProxyConfig)}
	}
	return r
}

// misplacedAnnotation tells of a rewrite annotation that stands only on the
// workload itself, where no pod ever sees it.
func (m *model) misplacedAnnotation(w *workload, r *rewriting) {
	if w.pod.Whole || !m.version.has(rewriteAnnotation) {
		return
	}
	if _, ok := w.pod.Annotations.Get(annotationRewrite); ok {
		return // commonAnnotations put it into both
	}
	own := kube.Annotations(w.pod.Object)
	if _, ok := own.Get(annotationRewrite); ok {
		at := own.Field(annotationRewrite)
		says := annotationRewrite + " on " + w.name + " itself does nothing"
		r.extra = append(r.extra, decider(says, at))
		w.warn(at, says+"; it belongs into the pod template's annotations ("+w.pod.Annotations.At().Path.String()+")")
	}
}

// findNative decides whether the injected istio-proxy is a native sidecar.
func (m *model) findNative(w *workload, r *rewriting) {
	if !m.version.has(nativeSidecars) {
		r.nativeWhy = fact("in Istio " + m.version.String() + " istio-proxy is a normal container")
		return
	}
	if w.enrolled.as == preinjected {
		r.native = w.enrolled.proxy.Init
		r.nativeWhy = decider("istio-proxy stands among the pod's containers", w.enrolled.proxy.At())
		return
	}
	if on, ok := m.nativeAnnotation(w); ok {
		text, _ := w.pod.Annotations.Get(annotationNative)
		r.native = on
		r.nativeWhy = decider("the pod's annotation "+annotationNative+" is "+quote(text), w.pod.Annotations.Field(annotationNative))
		return
	}
	native := w.enrolled.plane.native
	switch {
	case native.value == "true":
		r.native = true
		r.nativeWhy = mesh.Fact{Text: native.why, Field: native.field, Deciding: true}
	case native.value == "false" || !m.version.has(nativeSidecarsAuto):
		r.nativeWhy = decider("native sidecars are off in this mesh: "+native.why, native.field)
	default:
		minor, known := kubeletMinor(m.opts.KubeletVersion)
		known = known && m.opts.KubeletVersion != ""
		r.native = !known || minor >= 33
		if known {
			r.nativeWhy = mesh.Fact{
				Text:  "with nodes of Kubernetes 1." + strconv.Itoa(minor) + " istio-proxy is " + map[bool]string{true: "a native sidecar", false: "a normal container (native from 1.33 on)"}[r.native],
				Field: m.opts.Places["kubeletVersion"], Deciding: true,
			}
		} else {
			r.nativeWhy = fact("on nodes of Kubernetes 1.33 or newer istio-proxy is a native sidecar")
			r.nativeAssumed = "all nodes run Kubernetes 1.33 or newer (kubeletVersion is not set)"
		}
	}
}

// nativeAnnotation reads the pod's own setting as the template of the release
// does; ok is false where it leaves the matter to the mesh.
func (m *model) nativeAnnotation(w *workload) (on, ok bool) {
	text, set := w.pod.Annotations.Get(annotationNative)
	switch {
	case !set || !m.version.has(nativeSidecarAnnotation):
		return false, false
	case m.version.has(nativeSidecarAnyButFalse):
		return text != "false", text != "" // an empty one gives way to the default
	}
	return text == "true", true
}

// rewritten reports whether the injector rewrites the handler of t; if not, why
// gives the step that decided.
func (m *model) rewritten(t *target) (yes bool, why mesh.Fact) {
	r := &t.workload.rewrite
	p := t.probe
	if !r.on {
		return false, r.why
	}
	if p.Container == proxyContainer {
		return false, fact(notRewritten + "those of istio-proxy itself never are")
	}
	for _, f := range m.needs(t) {
		if !m.version.has(f) {
			return false, decider(notRewritten+"Istio "+m.version.String()+" does not rewrite this: "+gates[f].name+" only since "+gates[f].since.String(), render.Field{})
		}
	}
	if p.Handler == probe.TCPSocket && !t.workload.enrolled.plane.rewriteTCP {
		return false, decider(notRewritten+"istiod's REWRITE_TCP_PROBES is false", render.Field{})
	}
	return true, r.why
}

// needs lists what a release must have to rewrite the handler of t.
func (m *model) needs(t *target) []feature {
	needs := []feature{rewriteLivenessReadiness}
	switch t.probe.Handler {
	case probe.TCPSocket:
		needs = append(needs, rewriteTCP)
	case probe.GRPC:
		needs = append(needs, rewriteGRPC)
	}
	switch t.probe.Kind {
	case probe.Startup:
		needs = append(needs, rewriteStartup)
	case probe.PostStart, probe.PreStop:
		needs = append(needs, rewriteLifecycle)
	}
	if t.probe.Init {
		needs = append(needs, rewriteInitContainers)
	}
	return needs
}

// fault is a way in which rewriting itself breaks a probe: the reason, and the
// steps that decide.
type fault struct {
	reason string
	facts  []mesh.Fact
}

// rewriteFault returns the way in which rewriting itself breaks t, nil where it
// works.
func (m *model) rewriteFault(t *target) *fault {
	p, r := t.probe, &t.workload.rewrite
	meshPort := t.workload.enrolled.plane.statusPort.value
	port := strconv.Itoa(r.statusPort)
	number, _ := portNumber(t.container, p)
	switch {
	case p.Handler == probe.HTTPGet && p.Scheme == "HTTPS" && !m.version.has(rewriteHTTPSDowngrade):
		return &fault{"the rewritten probe keeps its scheme HTTPS, but the agent speaks plain HTTP on port " + port + " (fixed in Istio 1.2)",
			[]mesh.Fact{decider("the probe's scheme is HTTPS", p.Field.Key("httpGet", "scheme"))}}
	case p.Handler == probe.HTTPGet && p.Host != "":
		return &fault{"the rewritten probe keeps its host, so the kubelet asks " + quote(p.Host) + " on the agent's port " + port + ", where nobody answers",
			[]mesh.Fact{decider("the probe sets host "+quote(p.Host), p.Field.Key("httpGet", "host"))}}
	case r.statusPort == 0:
		return &fault{"the probe is rewritten to the status port 0, and the API server refuses the pod",
			[]mesh.Fact{decider("the pod's annotation "+annotationStatusPort+" is \"0\"", r.statusPortAt)}}
	case r.listens.value != r.statusPort:
		return &fault{"the probe is rewritten to port " + port + ", the mesh's status port, but the pod's agent listens on port " + strconv.Itoa(r.listens.value) + ", so nobody answers",
			[]mesh.Fact{decider(r.listens.why, r.listens.field)}}
	case m.version.has(statusPortSkipped) && p.Handler != probe.GRPC && p.Port.Name == "" && number == meshPort:
		return &fault{"port " + strconv.Itoa(meshPort) + " is the agent's own status port, so the injector takes the probe for one that is rewritten already, and the agent answers 400",
			[]mesh.Fact{decider("the probe asks port "+strconv.Itoa(meshPort)+", the mesh's status port", p.PortField)}}
	case number == r.listens.value && !m.agentServes(p):
		return &fault{"port " + strconv.Itoa(number) + " is the agent's own status port, so the agent asks itself, and it does not answer that request",
			[]mesh.Fact{decider("the probe asks port "+strconv.Itoa(number)+", where the agent listens", p.PortField)}}
	case p.Kind == probe.Startup && p.Init && !r.native:
		return &fault{"container " + p.Container + " is a native sidecar whose startup probe is rewritten to the agent, but istio-proxy is a normal container and starts only after all init containers: neither ever starts",
			[]mesh.Fact{r.nativeWhy}}
	}
	return nil
}

// agentServes reports whether the agent answers a probe that it passes on to its
// own port: it speaks plain HTTP there and knows few paths
// (pilot-agent/status/server.go, Run).
func (m *model) agentServes(p *probe.Probe) bool {
	switch {
	case p.Handler == probe.TCPSocket:
		return true
	case p.Handler != probe.HTTPGet || p.Scheme == "HTTPS":
		return false
	}
	path, _, _ := strings.Cut(p.Path, "?")
	switch "/" + strings.TrimPrefix(path, "/") {
	case "/healthz/ready":
		return true
	case "/stats/prometheus":
		return m.version.has(agentServesStats)
	case "/metrics":
		return m.version.has(agentServesMetrics)
	}
	return false
}

// asksAgent reports whether a probe of a manifest that went through the
// injector points at the agent.
func asksAgent(p *probe.Probe) bool {
	return strings.HasPrefix(p.Path, "/app-health/") || strings.HasPrefix(p.Path, "/app-lifecycle/")
}
