package istio

import (
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/org/probe-mtls-action/internal/kube"
	"github.com/org/probe-mtls-action/internal/mesh"
	"github.com/org/probe-mtls-action/render"
)

// OpenShift Service Mesh 1 and 2 is an Istio that its operator installs from a
// ServiceMeshControlPlane. What it does differently was read in
// maistra/istio-operator at 2.5.1: resources/helm (the webhook's selectors, the
// policies for mtls), resources/smcp-templates (pods opt in),
// pkg/apis/maistra/conversion (settings to Helm values).

const (
	labelMemberOf = "maistra.io/member-of"
	labelIgnored  = "maistra.io/ignore-namespace"
)

// controlPlane is a ServiceMeshControlPlane, or one that only others name.
type controlPlane struct {
	namespace string
	name      string         // for people
	object    *render.Object // nil where it is not in view
	release   string         // of OpenShift Service Mesh, such as 2.6
	releaseAt render.Field
	values    document
	// members are the namespaces that are known to belong to it, with what says
	// so; rolls are the member rolls in view, which need not be the whole truth.
	members   map[string]mesh.Fact
	rolls     []*render.Object
	selectors []choice[kube.Selector]
	// open says why its settings are not known, "" if they are.
	open string
}

// istioOf is the Istio of each release of OpenShift Service Mesh (the branches'
// build/download-charts.sh and Makefile; 2.6 by its release notes).
var istioOf = map[string]version{
	"1.0": release(1, 1, 17), "1.1": release(1, 4, 8), "2.0": release(1, 6, 14), "2.1": release(1, 9, 9), "2.2": release(1, 12, 9),
	"2.3": release(1, 14, 5), "2.4": release(1, 16, 7), "2.5": release(1, 18, 7), "2.6": release(1, 20, 8),
}

// newestOpenShift is what the operator installs where spec.version is left out.
const newestOpenShift = "2.6"

// findControlPlanes reads the ServiceMeshControlPlanes and who belongs to them.
func (m *model) findControlPlanes(objects []*render.Object) {
	at := func(namespace string) *controlPlane {
		for _, cp := range m.openshift {
			if cp.namespace == namespace {
				return cp
			}
		}
		cp := &controlPlane{namespace: namespace, name: "the ServiceMeshControlPlane of namespace " + namespace, members: map[string]mesh.Fact{}}
		cp.open = cp.name + " is not in view"
		m.openshift = append(m.openshift, cp)
		return cp
	}
	for _, o := range objects {
		if kindOf(o.Ref) == kindControlPlane {
			if cp := at(o.NamespaceOrDefault()); cp.object == nil {
				cp.read(o)
			}
		}
	}
	for _, o := range objects {
		switch kindOf(o.Ref) {
		case kindMemberRoll:
			at(o.NamespaceOrDefault()).enrolRoll(o)
		case kindServiceMeshMember:
			ref := kube.ValueAt(o, "spec", "controlPlaneRef", "namespace")
			ns := ref.Text()
			if ns == "" {
				continue
			}
			at(ns).members[o.NamespaceOrDefault()] = decider(workloadName(o)+" makes namespace "+o.NamespaceOrDefault()+" a member of the mesh of namespace "+ns, ref.At)
		}
	}
}

func (cp *controlPlane) read(o *render.Object) {
	cp.object, cp.name, cp.open = o, workloadName(o), ""
	spec := kube.ValueAt(o, "spec")
	release, istio := spec.Key("version"), spec.Key("istio")
	cp.release, cp.releaseAt = strings.TrimPrefix(release.Text(), "v"), release.At
	if cp.release == "" && o.Version == "v1" && istio.Node != nil {
		cp.release = "1.0" // what a v1 without a version is
	}
	if o.Version == "v1" {
		cp.values = document{Value: istio}
		return
	}
	cp.values = valuesOfV2(spec)
	for _, v := range spec.Key("profiles").Items() {
		switch name := v.Text(); name {
		case "default", "base", "maistra", "servicemesh", "small", "gateway-controller":
		default:
			cp.open = cp.name + " uses the profile " + quote(name) + " (" + v.At.Path.String() + "), which is not in view"
		}
	}
}

// valuesOfV2 maps a v2 spec to the Helm values that the operator makes of it.
func valuesOfV2(spec kube.Value) document {
	root := &yaml.Node{Kind: yaml.MappingNode}
	places := map[string]render.Field{}
	set := func(from []string, change func(*yaml.Node) *yaml.Node, to ...string) {
		v := spec.Key(from...)
		if v.IsNull() {
			return
		}
		if change != nil {
			v.Node = change(v.Node)
		}
		put(root, v.Node, to...)
		places[strings.Join(to, ".")] = v.At
	}
	word := func(yes, no string) func(*yaml.Node) *yaml.Node {
		return func(n *yaml.Node) *yaml.Node {
			if on, _ := kube.Bool(n); on {
				return scalar(yes)
			}
			return scalar(no)
		}
	}
	list := func(n *yaml.Node) *yaml.Node {
		var all []string
		for _, item := range kube.Items(n) {
			all = append(all, kube.Text(item))
		}
		return scalar(strings.Join(all, ","))
	}
	set([]string{"security", "dataPlane", "mtls"}, nil, "global", "mtls", "enabled")
	set([]string{"proxy", "injection", "autoInject"}, word("enabled", "disabled"), "global", "proxy", "autoInject")
	set([]string{"proxy", "injection", "alwaysInjectSelector"}, nil, "sidecarInjectorWebhook", "alwaysInjectSelector")
	set([]string{"proxy", "injection", "neverInjectSelector"}, nil, "sidecarInjectorWebhook", "neverInjectSelector")
	inbound := []string{"proxy", "networking", "trafficControl", "inbound"}
	set(append(inbound[:4:4], "interceptionMode"), nil, "meshConfig", "defaultConfig", "interceptionMode")
	set(append(inbound[:4:4], "includedPorts"), list, "global", "proxy", "includeInboundPorts")
	set(append(inbound[:4:4], "excludedPorts"), list, "global", "proxy", "excludeInboundPorts")
	readiness := []string{"proxy", "runtime", "readiness"}
	set(append(readiness[:3:3], "statusPort"), nil, "global", "proxy", "statusPort")
	// With a readiness section the operator sets rewriting, to false if it is not said.
	set(readiness, func(n *yaml.Node) *yaml.Node { return word("true", "false")(kube.Get(n, "rewriteApplicationProbes")) },
		"sidecarInjectorWebhook", "rewriteAppHTTPProbe")
	if v := spec.Key("proxy", "runtime", "readiness", "rewriteApplicationProbes"); v.Node != nil {
		places["sidecarInjectorWebhook.rewriteAppHTTPProbe"] = v.At
	}
	set([]string{"runtime", "components", "pilot", "container", "env"}, nil, "pilot", "env")
	return document{Value: kube.Value{Node: root}, place: func(path []string) render.Field {
		for i := len(path); i > 0; i-- {
			if f, ok := places[strings.Join(path[:i], ".")]; ok {
				return f
			}
		}
		return spec.At
	}}
}

// put sets the value at path of mapping n.
func put(n, value *yaml.Node, path ...string) {
	for _, key := range path[:len(path)-1] {
		next := kube.Get(n, key)
		if next == nil {
			next = &yaml.Node{Kind: yaml.MappingNode}
			n.Content = append(n.Content, scalar(key), next)
		}
		n = next
	}
	n.Content = append(n.Content, scalar(path[len(path)-1]), value)
}

// enrolRoll reads a ServiceMeshMemberRoll.
func (cp *controlPlane) enrolRoll(o *render.Object) {
	cp.rolls = append(cp.rolls, o)
	name := workloadName(o)
	for _, v := range kube.ValueAt(o, "spec", "members").Items() {
		cp.members[v.Text()] = decider(name+" names namespace "+v.Text()+" as a member", v.At)
	}
	for _, v := range kube.ValueAt(o, "spec", "memberSelectors").Items() {
		cp.selectors = append(cp.selectors, choice[kube.Selector]{v.Selector(), name + " selects", v.At})
	}
}

// readRelease takes the Istio version from the control plane in view, where the
// configuration names none.
func (m *model) readRelease() {
	for i, cp := range m.openshift {
		if cp.release == "" {
			cp.release = newestOpenShift
			at := cp.releaseAt
			if cp.object != nil {
				at = render.Field{Object: cp.object, Path: render.PathOf("spec")}
			}
			m.warnOnObject(at, "spec.version of "+cp.name+" is not known; OpenShift Service Mesh "+newestOpenShift+" is assumed, which is Istio "+istioOf[newestOpenShift].String())
		}
		minor := strings.Join(strings.SplitN(cp.release, ".", 3)[:min(2, strings.Count(cp.release, ".")+1)], ".")
		v, ok := istioOf[minor]
		switch {
		case !ok:
			m.warnOnObject(cp.releaseAt, quote(cp.release)+" is not a version of OpenShift Service Mesh 1 or 2 that is known; name the Istio version in the configuration (mesh.istioVersion)")
		case m.opts.IstioVersion != "":
			if !v.sameMinor(m.version) {
				m.warnOnObject(cp.releaseAt, cp.name+" says "+cp.release+", which is Istio "+v.String()+", but the configuration says "+m.version.String()+", which counts")
			}
		case i == 0:
			m.version, m.exact = v, true
		case !v.sameMinor(m.version):
			m.warnOnObject(cp.releaseAt, cp.name+" is of another version than "+m.openshift[0].name+", whose Istio "+m.version.String()+" counts for all; give each an environment of its own")
		}
	}
}

// warnOnObject is warn for a place that may be none.
func (m *model) warnOnObject(at render.Field, text string) {
	if at.IsZero() || !m.context(at.Object) {
		m.warn(at, text)
	}
}

// runs is the step that says which Istio a control plane is, and where that was
// read.
func (m *model) runs(cp *controlPlane) mesh.Fact {
	if cp.object == nil {
		return fact(cp.name + " is not in view; Istio " + m.version.String() + " is assumed")
	}
	f := mesh.Fact{Text: cp.name + " runs OpenShift Service Mesh " + cp.release + ", judged as Istio " + m.version.String()}
	if cp.releaseAt.Node() != nil {
		f.Field, f.Deciding = cp.releaseAt, true
	}
	return f
}

// revisionsOfOpenShift are the revisions that the control planes are.
func (m *model) revisionsOfOpenShift() []Revision {
	var out []Revision
	for _, cp := range m.openshift {
		out = append(out, Revision{Name: cp.key()})
	}
	return out
}

// key tells control planes apart.
func (cp *controlPlane) key() string {
	if cp.object == nil {
		return cp.namespace
	}
	return cp.namespace + "/" + cp.object.Name
}

// ofOpenShift completes the plane of a control plane: what its charts have
// otherwise than Istio's.
func (p *plane) ofOpenShift(cp *controlPlane, m *model, values documents) {
	p.openshift, p.root, p.home = cp, cp.namespace, cp.namespace
	if _, ok, _ := values.text("global", "proxy", "autoInject"); !ok {
		p.autoInject = choice[string]{value: "disabled", why: "in OpenShift Service Mesh pods opt in by the annotation " + labelInject}
	}
	if _, ok, _ := values.boolean("sidecarInjectorWebhook", "rewriteAppHTTPProbe"); !ok && m.opts.RewriteAppHTTPProbe == nil && m.version.before(release(1, 9)) {
		// injection-template.yaml: valueOrDefault … false
		p.rewrite = choice[bool]{value: false, why: "OpenShift Service Mesh " + cp.release + " rewrites probes by default: false"}
	}
	p.cni = choice[bool]{value: true, why: "OpenShift Service Mesh redirects traffic by istio-cni"}
	p.base = m.openShiftBase(cp, values)
}

// openShiftBase is the policy that the operator installs for the mesh
// (mesh-config/templates/enable-mesh-mtls.yaml, enable-mesh-permissive.yaml): one
// scenario where that is known.
func (m *model) openShiftBase(cp *controlPlane, values documents) []scenario {
	if mode := m.opts.MeshMTLS; mode != "" && mode != mesh.ModeUnset {
		return []scenario{m.fallback()}
	}
	on, ok, at := values.boolean("global", "mtls", "enabled")
	installs := func(mode mesh.Mode, text string) scenario {
		return scenario{mode: mode, who: cp.name, at: at, facts: []mesh.Fact{decider(text, at)}}
	}
	switch {
	case ok && on:
		return []scenario{installs(mesh.ModeStrict, "dataPlane.mtls of "+cp.name+" is true, which installs mTLS STRICT for the mesh")}
	case ok:
		return []scenario{installs(mesh.ModePermissive, "dataPlane.mtls of "+cp.name+" is false, which installs mTLS PERMISSIVE for the mesh")}
	case cp.open != "":
		strict, permissive := installs(mesh.ModeStrict, cp.open), installs(mesh.ModePermissive, cp.open)
		strict.open = cp.open + ", so whether it requires mTLS (security.dataPlane.mtls) is not known"
		permissive.facts = nil
		return []scenario{strict, permissive}
	}
	s := installs(mesh.ModePermissive, cp.name+" does not set security.dataPlane.mtls, which installs mTLS PERMISSIVE for the mesh")
	if cp.object != nil {
		s.facts[0].Field = render.Field{Object: cp.object, Path: render.PathOf("spec")}
	}
	return []scenario{s}
}

// selectedOpenShift applies the webhook of OpenShift Service Mesh: it takes the
// pods of member namespaces, and leaves the rest to the injector.
func (m *model) selectedOpenShift(w *workload) enrolment {
	ns := w.pod.Namespace()
	object := m.namespaceOf(w)
	cp, why, known := m.memberOf(ns, object)
	out := func(f mesh.Fact) enrolment { return enrolment{facts: []mesh.Fact{f}} }
	if cp == nil {
		m.warnOptIn(w, "namespace "+ns+" is not a member of the mesh, as far as the ServiceMeshMemberRoll in view says")
		return out(why)
	}
	if object != nil {
		labels := kube.Labels(object)
		injection, _ := labels.Get(labelInjection)
		_, ignored := labels.Get(labelIgnored)
		_, env := labels.Get(labelEnv)
		modern := m.version.has(selectorsRevision)
		switch {
		case ignored:
			return out(decider("namespace "+ns+" is labelled "+labelIgnored, labels.Field(labelIgnored)))
		case injection == "disabled" && modern:
			return out(decider("namespace "+ns+" is labelled "+labelInjection+"=disabled", labels.Field(labelInjection)))
		case env && modern:
			return out(decider("namespace "+ns+" is labelled "+labelEnv, labels.Field(labelEnv)))
		}
	}
	e := enrolment{as: injected, plane: m.planeOf(cp), facts: []mesh.Fact{m.runs(cp), why}}
	if !known {
		e.assumed = append(e.assumed, "namespace "+ns+" is a member of the mesh (no ServiceMeshMemberRoll in view says)")
	}
	if cp.object == nil {
		e.assumed = append(e.assumed, "it runs Istio "+m.version.String()+" ("+cp.open+")")
	}
	return e
}

// memberOf returns the control plane that a namespace belongs to, with what says
// so; nil if it belongs to none. known is false where nothing in view says.
func (m *model) memberOf(ns string, object *render.Object) (cp *controlPlane, why mesh.Fact, known bool) {
	for _, cp := range m.openshift {
		if f, ok := cp.members[ns]; ok {
			return cp, f, true
		}
		if f, ok := cp.members["*"]; ok {
			return cp, f, true
		}
		if object == nil {
			continue
		}
		labels := kube.Labels(object)
		if of, _ := labels.Get(labelMemberOf); of == cp.namespace {
			return cp, decider("namespace "+ns+" is labelled "+labelMemberOf+"="+of, labels.Field(labelMemberOf)), true
		}
		for _, s := range cp.selectors {
			if s.value.Matches(labels) {
				return cp, decider(s.why+" namespace "+ns+" by its labels", s.field), true
			}
		}
	}
	for _, cp := range m.openshift {
		if len(cp.rolls) == 0 || object == nil && len(cp.selectors) > 0 {
			return cp, fact("namespace " + ns + " counts as a member of the mesh of namespace " + cp.namespace + ": no ServiceMeshMemberRoll in view says"), false
		}
	}
	roll := m.openshift[0].rolls[0]
	return nil, decider("namespace "+ns+" is not among the members of "+workloadName(roll), render.Field{Object: roll, Path: render.PathOf("spec")}), true
}

// planeOf returns the plane of a control plane.
func (m *model) planeOf(cp *controlPlane) *plane {
	i := slices.IndexFunc(m.planes, func(p *plane) bool { return p.openshift == cp })
	return m.planes[max(i, 0)]
}

// warnOptIn tells of a pod that opts in by annotation where that does nothing.
func (m *model) warnOptIn(w *workload, why string) {
	if text, ok := w.pod.Annotations.Get(labelInject); ok && m.injectMeaning(text) == "yes" {
		w.warn(w.pod.Annotations.Field(labelInject), "annotation "+labelInject+" "+strconv.Quote("true")+" of "+w.name+" brings it into no mesh: "+why)
	}
}
