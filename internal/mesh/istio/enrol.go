package istio

import (
	"strings"

	"github.com/org/probe-mtls-action/internal/kube"
	"github.com/org/probe-mtls-action/internal/mesh"
	"github.com/org/probe-mtls-action/render"
)

const (
	labelInjection   = "istio-injection"
	labelRevision    = "istio.io/rev"
	labelEnv         = "istio-env"
	labelInject      = "sidecar.istio.io/inject"
	labelDataplane   = "istio.io/dataplane-mode"
	annotationStatus = "sidecar.istio.io/status"
	annotationTmpl   = "inject.istio.io/templates"
	proxyContainer   = "istio-proxy"
)

// membership is a pod's place in the mesh.
type membership int

const (
	outside     membership = iota
	injected               // istio-proxy captures its traffic
	gateway                // istio-proxy without capture
	proxyless              // grpc-agent: an agent, no capture
	agentless              // grpc-simple: no istio-proxy at all
	preinjected            // the manifest carries istio-proxy
	inAmbient
	refused // a webhook or the API server refuses the pod
)

// enrolment tells whether and how a pod is in the mesh.
type enrolment struct {
	as      membership
	plane   *plane
	facts   []mesh.Fact
	assumed []string
	proxy   *kube.Container // in the manifest, nil where it has none
}

// sidecar reports whether the pod has an istio-proxy or was shaped by the
// injector.
func (e *enrolment) sidecar() bool {
	return e.as != outside && e.as != inAmbient && e.as != refused
}

func (m *model) enrol(w *workload) enrolment {
	proxy := proxyInManifest(w.pod)
	if proxy != nil && m.opts.Injection != InjectionAlways && m.namespaceOf(w) == nil {
		return m.enrolPreinjected(w, proxy) // whoever runs kube-inject needs no webhook
	}
	e := m.selected(w)
	if e.as == injected {
		e = m.required(w, e)
	}
	switch {
	case proxy != nil && e.as == injected:
		return m.enrolAgain(w, proxy, e)
	case proxy != nil:
		return m.enrolPreinjected(w, proxy)
	case e.as == injected:
		e = m.misplacedLabel(w, e)
		e = m.shape(w, e)
	}
	if e.as == outside {
		e = m.enrolAmbient(w, e)
	}
	return e
}

// enrolAgain is the enrolment of a manifest that went through kube-inject in a
// namespace where the webhook injects: it replaces the sidecar and rewrites the
// probes that were not (webhook.go stripPod, applyRewrite).
func (m *model) enrolAgain(w *workload, proxy *kube.Container, e enrolment) enrolment {
	e.facts = append(e.facts, mesh.Fact{Text: w.name + " already carries the container istio-proxy in its manifest, which the webhook replaces", Field: proxy.At()})
	e = m.shape(w, e)
	e.proxy = proxy
	return e
}

// proxyInManifest returns the istio-proxy container of a manifest that went
// through kube-inject. An istio-proxy that only customizes the injected one has
// neither a status annotation nor the proxy's arguments.
func proxyInManifest(pod *kube.Pod) *kube.Container {
	c := pod.Container(proxyContainer)
	if c == nil {
		return nil
	}
	if _, ok := pod.Annotations.Get(annotationStatus); ok {
		return c
	}
	for _, arg := range kube.Items(kube.Get(c.Node, "args")) {
		if kube.Text(arg) == "sidecar" {
			return c
		}
	}
	return nil
}

func (m *model) enrolPreinjected(w *workload, proxy *kube.Container) enrolment {
	e := enrolment{as: preinjected, plane: m.anyPlane(), proxy: proxy}
	e.facts = []mesh.Fact{decider(w.name+" already carries the container istio-proxy in its manifest", proxy.At())}
	return e
}

// anyPlane is the default revision, or the first one if there is no default.
func (m *model) anyPlane() *plane {
	if p := m.defaultPlane(); p != nil {
		return p
	}
	return m.planes[0]
}

// defaultPlane is the revision that istio-injection=enabled stands for: the
// unnamed one, or the one tagged default; nil if there is neither.
func (m *model) defaultPlane() *plane {
	for _, p := range m.planes {
		if p.name == "" || has(p.tags, "default") {
			return p
		}
	}
	return nil
}

// planeNamed returns the revision or tag of that name, nil if it is not
// installed.
func (m *model) planeNamed(revision string) *plane {
	for _, p := range m.planes {
		if revision != "" && p.name == canonical(revision) || has(p.tags, revision) {
			return p
		}
	}
	return nil
}

var ignoredNames = map[string]bool{"kube-system": true, "kube-public": true, "kube-node-lease": true, "local-path-storage": true}

// required applies the injector's own decision, injectRequired, in its order.
func (m *model) required(w *workload, e enrolment) enrolment {
	ns := w.pod.Namespace()
	out := func(text string, at render.Field) enrolment {
		return enrolment{facts: append(e.facts, decider(text, at))}
	}
	if w.pod.HostNetwork {
		return out("the pod uses the host's network, and such pods get no sidecar", w.pod.Spec("hostNetwork"))
	}
	if ns == "kube-system" || ns == "kube-public" || ignoredNames[ns] && m.version.has(injectMoreIgnored) {
		return out("the injector ignores namespace "+ns, render.Field{})
	}
	says, at, found := w.pod.Annotations, "annotation", false
	value, found := says.Get(labelInject)
	if p := e.plane.autoInject; p.value != "enabled" && p.value != "disabled" { // before all that a pod says
		return out(p.why+", which is neither enabled nor disabled, so the injector injects nobody", p.field)
	}
	if m.version.has(injectLabelRead) {
		if v, ok := w.pod.Labels.Get(labelInject); ok {
			says, at, value, found = w.pod.Labels, "label", v, true
		}
	}
	if found {
		text := "the pod's " + at + " " + labelInject + " is " + quote(value)
		switch meaning := m.injectMeaning(value); {
		case meaning == "no":
			return out(text, says.Field(labelInject))
		case meaning == "yes":
			e.facts = append(e.facts, mesh.Fact{
				Text: text, Field: says.Field(labelInject),
				// With the namespace out of view the pod itself is what speaks for injection.
				Deciding: m.namespaceOf(w) == nil || e.plane.openshift != nil,
			})
			if e.plane.openshift != nil {
				return e
			}
			e.assumed = nil
			if m.opts.Injection != InjectionAlways && m.namespaceOf(w) == nil && !m.labelEnrols(w) {
				e.assumed = []string{"namespace " + ns + " is in the mesh (no manifest of it was found)"}
			}
			return e
		case value != "":
			e.facts = append(e.facts, mesh.Fact{Text: text + ", which is neither true nor false and is not heeded", Field: says.Field(labelInject)})
			w.warn(says.Field(labelInject), text+" on "+w.name+": only \"true\" and \"false\" are understood, so the injector's policy decides")
		}
	}
	for _, sel := range e.plane.never {
		if sel.value.Matches(w.pod.Labels) {
			return out("the pod's labels match "+sel.why, sel.field)
		}
	}
	for _, sel := range e.plane.always {
		if sel.value.Matches(w.pod.Labels) {
			e.facts = append(e.facts, mesh.Fact{Text: "the pod's labels match " + sel.why, Field: sel.field})
			return e
		}
	}
	if e.plane.autoInject.value != "enabled" {
		return out(e.plane.autoInject.why, e.plane.autoInject.field)
	}
	return e
}

// misplacedLabel tells of an injection label that stands only on the workload
// itself, where no pod ever sees it.
func (m *model) misplacedLabel(w *workload, e enrolment) enrolment {
	if _, ok := w.pod.Labels.Get(labelInject); ok || w.pod.Whole || !m.version.has(injectLabelRead) {
		return e
	}
	own := kube.Labels(w.pod.Object)
	if v, ok := own.Get(labelInject); ok && m.injectMeaning(v) == "no" {
		at := own.Field(labelInject)
		says := labelInject + "=" + v + " on " + w.name + " itself does nothing"
		w.warn(at, says+"; it belongs into the pod template's labels ("+w.pod.Labels.At().Path.String()+")")
		e.facts = append(e.facts, decider(says, at))
	}
	return e
}

// labelEnrols reports whether the pod's own labels bring it into the mesh in a
// namespace that says nothing.
func (m *model) labelEnrols(w *workload) bool {
	v, _ := w.pod.Labels.Get(labelInject)
	return v == "true" && !m.anyPlane().legacySelector
}

// injectMeaning reads sidecar.istio.io/inject as the release does: "yes", "no"
// or "" for leaving it to the policy.
func (m *model) injectMeaning(value string) string {
	if m.version.has(injectExactValues) {
		switch value {
		case "true":
			return "yes"
		case "false":
			return "no"
		}
		return ""
	}
	switch strings.ToLower(value) {
	case "y", "yes", "true", "on":
		return "yes"
	case "":
		return ""
	}
	return "no"
}

// shape applies the templates that the pod is injected with, and the checks
// that make the webhook refuse a pod.
func (m *model) shape(w *workload, e enrolment) enrolment {
	if why, at := m.refusal(w); why != "" {
		w.warn(at, "the injector refuses "+w.name+": "+why)
		return enrolment{as: refused, facts: append(e.facts, decider(why, at))}
	}
	if why, at := m.scrapeRefusal(w, e); why != "" {
		w.warn(at, "the injector refuses "+w.name+": "+why)
		return enrolment{as: refused, facts: append(e.facts, decider(why, at))}
	}
	if !m.version.has(injectTemplates) {
		return e
	}
	names := e.plane.defaults
	text, ok := w.pod.Annotations.Get(annotationTmpl)
	at := w.pod.Annotations.Field(annotationTmpl)
	if ok {
		names = strings.Split(text, ",")
	}
	for _, name := range names {
		name = strings.TrimSpace(name)
		var as membership
		switch name {
		case "gateway", "waypoint", "kube-gateway", "agentgateway":
			as = gateway
		case "grpc-agent":
			as = proxyless
		case "grpc-simple":
			as = agentless
		default:
			if ok && !e.plane.templates[name] {
				why := "the injection template " + quote(name) + " does not exist"
				w.warn(at, "the injector refuses "+w.name+": "+why)
				return enrolment{as: refused, facts: append(e.facts, decider(why, at))}
			}
			continue
		}
		e.as = as
		f := fact("the pod is injected with the template " + name)
		if ok {
			f = decider(f.Text, at)
		}
		e.facts = append(e.facts, f)
	}
	return e
}

// enrolAmbient looks at ambient mode for a pod that gets no sidecar.
func (m *model) enrolAmbient(w *workload, e enrolment) enrolment {
	if !m.installed.ambient || !m.version.has(ambientMode) || w.pod.HostNetwork || m.opts.Injection == InjectionNever {
		return e
	}
	mode, _ := w.pod.Labels.Get(labelDataplane)
	if mode == "ambient" {
		e.as, e.plane = inAmbient, m.anyPlane()
		e.facts = append(e.facts, decider("the pod is labelled "+labelDataplane+"=ambient", w.pod.Labels.Field(labelDataplane)))
		return e
	}
	ns := m.namespaceOf(w)
	if ns == nil || mode == "none" {
		return e
	}
	if v, _ := kube.Labels(ns).Get(labelDataplane); v == "ambient" {
		e.as, e.plane = inAmbient, m.anyPlane()
		e.facts = append(e.facts, decider("namespace "+ns.Name+" is labelled "+labelDataplane+"=ambient", kube.Labels(ns).Field(labelDataplane)))
	}
	return e
}
