package istio

import (
	"strings"

	"github.com/org/probe-mtls-action/internal/kube"
	"github.com/org/probe-mtls-action/internal/mesh"
	"github.com/org/probe-mtls-action/render"
)

// selected applies the selectors of the API server's webhooks.
func (m *model) selected(w *workload) enrolment {
	switch m.opts.Injection {
	case InjectionNever:
		return enrolment{facts: []mesh.Fact{fact("injection is set to never: no pod gets a sidecar")}}
	case InjectionAlways:
		if e, ok := m.optedOut(w); ok {
			return e
		}
		e := enrolment{as: injected, plane: m.anyPlane()}
		if rev, ok := w.pod.Labels.Get(labelRevision); ok {
			if p := m.planeNamed(rev); p != nil {
				e.plane = p
			}
		}
		e.facts = []mesh.Fact{fact("injection is set to always: every pod that can have a sidecar has one")}
		return e
	}
	if len(m.openshift) > 0 {
		return m.selectedOpenShift(w)
	}
	ns := m.namespaceOf(w)
	if ns == nil {
		return m.selectedUnseen(w)
	}
	if m.anyPlane().legacySelector {
		return m.selectedLegacy(w, ns)
	}
	return m.selectedModern(w, ns)
}

// namespaceOf returns the manifest of w's namespace, nil if it is not in view.
func (m *model) namespaceOf(w *workload) *render.Object {
	forms := m.idx.namespaces[w.pod.Namespace()]
	forms = kube.OwnForms(forms, w.pod.Object.Root, func(o *render.Object) *render.Object { return o })
	if len(forms) == 0 {
		return nil
	}
	return forms[0]
}

// optedOut reports the pod label that keeps modern webhooks away.
func (m *model) optedOut(w *workload) (enrolment, bool) {
	if v, ok := w.pod.Labels.Get(labelInject); ok && v == "false" && !m.anyPlane().legacySelector {
		return enrolment{facts: []mesh.Fact{decider("the pod is labelled "+labelInject+"=false", w.pod.Labels.Field(labelInject))}}, true
	}
	return enrolment{}, false
}

// selectedUnseen takes a namespace whose manifest is not in view as one of the
// mesh, unless the pod itself decides.
func (m *model) selectedUnseen(w *workload) enrolment {
	if e, ok := m.optedOut(w); ok {
		return e
	}
	ns := w.pod.Namespace()
	e := enrolment{as: injected, plane: m.anyPlane()}
	e.facts = []mesh.Fact{fact("namespace " + ns + " is assumed to be in the mesh: no manifest of it was found")}
	e.assumed = []string{"namespace " + ns + " is in the mesh (no manifest of it was found)"}
	if rev, ok := w.pod.Labels.Get(labelRevision); ok && !e.plane.legacySelector {
		text := "the pod is labelled " + labelRevision + "=" + rev
		if p := m.planeNamed(rev); p != nil {
			e.plane = p
		} else {
			text += ", of which nothing is known here"
		}
		e.facts = append(e.facts, decider(text, w.pod.Labels.Field(labelRevision)))
	}
	return e
}

// selectedModern applies the webhooks of 1.9 and newer.
func (m *model) selectedModern(w *workload, ns *render.Object) enrolment {
	if e, ok := m.optedOut(w); ok {
		return e
	}
	labels := kube.Labels(ns)
	name := "namespace " + ns.Name
	in := func(p *plane, text string, at render.Field) enrolment {
		return enrolment{as: injected, plane: p, facts: []mesh.Fact{decider(text, at)}}
	}
	out := func(text string, at render.Field) enrolment {
		return enrolment{facts: []mesh.Fact{decider(text, at)}}
	}
	inject, hasInject := w.pod.Labels.Get(labelInject)
	podRev, hasPodRev := w.pod.Labels.Get(labelRevision)
	if injection, ok := labels.Get(labelInjection); ok {
		p := m.defaultPlane()
		switch {
		case injection != "enabled":
			return out(name+" is labelled "+labelInjection+"="+injection+", which keeps its pods out of the mesh", labels.Field(labelInjection))
		case p == nil:
			return out(name+" is labelled "+labelInjection+"=enabled, but no installed revision is the default one", labels.Field(labelInjection))
		}
		return enrolment{as: injected, plane: p, facts: m.idx.enabled[ns]}
	}
	if rev, ok := labels.Get(labelRevision); ok {
		at := labels.Field(labelRevision)
		if p := m.planeNamed(rev); p != nil {
			return in(p, name+" is labelled "+labelRevision+"="+rev, at)
		}
		return m.notInstalled(w, rev, name+" is labelled", at)
	}
	if hasPodRev {
		at := w.pod.Labels.Field(labelRevision)
		if p := m.planeNamed(podRev); p != nil {
			return in(p, "the pod is labelled "+labelRevision+"="+podRev, at)
		}
		return m.notInstalled(w, podRev, "the pod is labelled", at)
	}
	p := m.defaultPlane()
	if p != nil && hasInject && inject == "true" {
		return in(p, "the pod is labelled "+labelInject+"=true", w.pod.Labels.Field(labelInject))
	}
	if p != nil && p.namespacesOn.value && !hasInject && !(m.version.has(autoWebhookIgnores) && ignoredNames[ns.Name]) {
		return in(p, name+" has no injection label, and "+p.namespacesOn.why, p.namespacesOn.field)
	}
	m.warnOptIn(w, name+" has no label that asks for a sidecar, and only OpenShift Service Mesh, of which nothing is in view, heeds the annotation there; label the pod instead")
	return enrolment{facts: []mesh.Fact{{Text: name + " has no label that asks for a sidecar", Field: render.Field{Object: ns, Path: render.PathOf("metadata")}, Deciding: true}}}
}

// notInstalled is the enrolment of a pod whose revision nobody installed, as
// far as is known.
func (m *model) notInstalled(w *workload, rev, who string, at render.Field) enrolment {
	var names []string
	for _, p := range m.planes {
		names = append(names, quote(planeName(p)))
	}
	text := who + " " + labelRevision + "=" + rev + ", but only the revisions " + strings.Join(names, ", ") + " are known to be installed"
	w.warn(at, text+": no pod here is taken to get a sidecar; name the revision in the configuration if it is installed")
	return enrolment{
		facts:   []mesh.Fact{decider(text, at)},
		assumed: []string{"revision " + rev + " is not installed"},
	}
}

func planeName(p *plane) string {
	if p.name == "" {
		return "default"
	}
	return p.name
}

// selectedLegacy applies the one webhook that each revision has in 1.9 and older:
// the namespace decides, unless an objectSelector is switched on.
func (m *model) selectedLegacy(w *workload, ns *render.Object) enrolment {
	labels := kube.Labels(ns)
	for _, p := range m.planes {
		facts, selected := m.selectsNamespace(p, ns, labels)
		if !selected {
			continue
		}
		if f, out := m.objectSelected(p, w); out {
			return enrolment{facts: []mesh.Fact{f}}
		}
		return enrolment{as: injected, plane: p, facts: facts}
	}
	name := "namespace " + ns.Name
	for _, key := range [...]string{labelInjection, labelRevision, labelEnv} {
		if v, ok := labels.Get(key); ok && (key == labelInjection || m.version.has(selectorsRevision)) {
			return enrolment{facts: []mesh.Fact{decider(name+" is labelled "+key+"="+v+", and no revision selects it", labels.Field(key))}}
		}
	}
	return enrolment{facts: []mesh.Fact{{Text: name + " is not labelled " + labelInjection + "=enabled", Field: render.Field{Object: ns, Path: render.PathOf("metadata")}, Deciding: true}}}
}

// selectsNamespace reports whether the namespaceSelector of revision p takes the
// namespace: the first of its three forms that applies
// (istio-discovery/templates/mutatingwebhook.yaml at 1.3.0, 1.5.0 to 1.9.0).
func (m *model) selectsNamespace(p *plane, ns *render.Object, labels kube.Strings) ([]mesh.Fact, bool) {
	name := "namespace " + ns.Name
	injection, hasInjection := labels.Get(labelInjection)
	rev, hasRev := labels.Get(labelRevision)
	env, hasEnv := labels.Get(labelEnv)
	switch {
	case p.namespacesOn.value:
		own, _ := labels.Get("name")
		if injection == "disabled" || own == p.home || m.version.has(selectorsRevision) && (hasRev || hasEnv) {
			return nil, false
		}
		return []mesh.Fact{decider(name+" is not labelled "+labelInjection+"=disabled, and "+p.namespacesOn.why, p.namespacesOn.field)}, true
	case p.name != "" && m.version.has(selectorsRevision):
		if rev != p.name && !has(p.tags, rev) || hasInjection && (injection == "disabled" || m.version.has(selectorsRevisionAlone)) {
			return nil, false
		}
		return []mesh.Fact{decider(name+" is labelled "+labelRevision+"="+rev, labels.Field(labelRevision))}, true
	case p.envLabel != "":
		return []mesh.Fact{decider(name+" is labelled "+labelEnv+"="+env, labels.Field(labelEnv))}, env == p.envLabel
	}
	return m.idx.enabled[ns], injection == "enabled"
}

// objectSelected applies the objectSelector of revision p where it is switched
// on: out is true where it leaves the pod out, for the reason f.
func (m *model) objectSelected(p *plane, w *workload) (f mesh.Fact, out bool) {
	inject, hasInject := w.pod.Labels.Get(labelInject)
	rev, _ := w.pod.Labels.Get(labelRevision)
	switch {
	case p.objectSelector == "optOut" && inject == "false":
		return decider("the pod is labelled "+labelInject+"=false", w.pod.Labels.Field(labelInject)), true
	case p.objectSelector == "optIn" && p.name != "" && m.version.has(selectorsObjectRevision):
		return fact("the injector's objectSelector asks for the pod label " + labelRevision + "=" + p.name + " and no " + labelInject), hasInject || rev != p.name
	case p.objectSelector == "optIn":
		return fact("the injector's objectSelector asks for the pod label " + labelInject + "=true"), inject != "true"
	}
	return f, false
}
