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
	// statusPort is the pod's own status port, 0 where the annotation says so.
	statusPort   int
	statusPortAt render.Field
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
	r := rewriting{statusPort: p.statusPort}
	if text, ok := w.pod.Annotations.Get(annotationStatusPort); ok {
		if n, err := strconv.Atoi(text); err == nil {
			r.statusPort, r.statusPortAt = n, w.pod.Annotations.Field(annotationStatusPort)
		}
	}
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
	if text, ok := w.pod.Annotations.Get(annotationNative); ok && m.version.has(nativeSidecarAnnotation) {
		if on, err := strconv.ParseBool(text); err == nil {
			r.native = on
			r.nativeWhy = decider("the pod's annotation "+annotationNative+" is "+quote(text), w.pod.Annotations.Field(annotationNative))
			return
		}
	}
	switch w.enrolled.plane.native {
	case "true":
		r.native = true
		r.nativeWhy = fact("ENABLE_NATIVE_SIDECARS is true")
	case "auto":
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
	default:
		r.nativeWhy = decider("native sidecars are off in this mesh", render.Field{})
	}
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

// rewriteFault returns the way in which rewriting itself breaks t, with the
// steps that decide; ok is false where it works.
func (m *model) rewriteFault(t *target) (reason string, facts []mesh.Fact, ok bool) {
	p, r := t.probe, &t.workload.rewrite
	meshPort := t.workload.enrolled.plane.statusPort
	port := strconv.Itoa(r.statusPort)
	switch {
	case p.Handler == probe.HTTPGet && p.Scheme == "HTTPS" && !m.version.has(rewriteHTTPSDowngrade):
		return "the rewritten probe keeps its scheme HTTPS, but the agent speaks plain HTTP on port " + port + " (fixed in Istio 1.2)",
			[]mesh.Fact{decider("the probe's scheme is HTTPS", p.Field.Key("httpGet", "scheme"))}, true
	case p.Handler == probe.HTTPGet && p.Host != "":
		return "the rewritten probe keeps its host, so the kubelet asks " + quote(p.Host) + " on the agent's port " + port + ", where nobody answers",
			[]mesh.Fact{decider("the probe sets host "+quote(p.Host), p.Field.Key("httpGet", "host"))}, true
	case r.statusPort == 0:
		return "the probe is rewritten to the status port 0, and the API server refuses the pod",
			[]mesh.Fact{decider("the pod's annotation "+annotationStatusPort+" is \"0\"", r.statusPortAt)}, true
	case m.version.has(statusPortSkipped) && p.Handler != probe.GRPC && p.Port.Name == "" && p.Port.Number == meshPort:
		return "port " + strconv.Itoa(meshPort) + " is the agent's own status port, so the injector takes the probe for one that is rewritten already, and the agent answers 400",
			[]mesh.Fact{decider("the probe asks port "+strconv.Itoa(meshPort)+", the mesh's status port", p.PortField)}, true
	case p.Kind == probe.Startup && p.Init && !r.native:
		return "container " + p.Container + " is a native sidecar whose startup probe is rewritten to the agent, but istio-proxy is a normal container and starts only after all init containers: neither ever starts",
			[]mesh.Fact{r.nativeWhy}, true
	}
	return "", nil, false
}

// asksAgent reports whether a probe of a manifest that went through the
// injector points at the agent.
func asksAgent(p *probe.Probe) bool {
	return strings.HasPrefix(p.Path, "/app-health/") || strings.HasPrefix(p.Path, "/app-lifecycle/")
}
