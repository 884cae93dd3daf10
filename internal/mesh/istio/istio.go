// Package istio judges probes the way Istio 0.8 to 1.31 treats them: who gets a
// sidecar, what it captures, what is rewritten and which port requires mTLS.
package istio

import (
	"slices"
	"strings"
	"sync"

	"github.com/org/probe-mtls-action/internal/kube"
	"github.com/org/probe-mtls-action/internal/mesh"
	"github.com/org/probe-mtls-action/internal/parallel"
	"github.com/org/probe-mtls-action/internal/probe"
	"github.com/org/probe-mtls-action/render"
)

// New builds the mesh of one environment from the objects of all its roots.
// isContext tells which objects are context only: their policies, Services and
// namespaces count, but their workloads are not judged and nothing is said of
// their policies; nil means none is. List objects are read as their items. An
// error is a mistake in opts, such as a version that is none, and names the
// valid forms.
//
// The same object in two roots is one object of the cluster: a workload is
// judged by its own root's form of it. The model is read-only once built and
// safe for concurrent use.
func New(objects []*render.Object, isContext func(*render.Object) bool, opts Options) (mesh.Model, error) {
	m := &model{opts: opts, isContext: isContext}
	if err := m.readOptions(); err != nil {
		return nil, err
	}
	in := m.sortOut(objects)
	if len(opts.Revisions) == 0 {
		m.findControlPlanes(in.config)
		m.readRelease()
	}
	m.services = in.services
	m.installed = m.install(in.config)
	for i, rev := range m.installed.revisions {
		m.planes = append(m.planes, m.newPlane(i, rev))
	}
	m.root = m.planes[0].root
	m.index(in)
	m.findWorkloads(in.others)
	return m, nil
}

// model is the mesh of one environment.
type model struct {
	opts      Options
	isContext func(*render.Object) bool
	version   version
	exact     bool // the patch release is named
	installed installation
	planes    []*plane
	openshift []*controlPlane
	root      string // namespace of mesh-wide policies; of the first of several
	idx       index
	services  []*kube.Service
	workloads []*workload // judged ones and context
	// called are the workloads as callers see them, once they are asked for.
	calleesOnce sync.Once
	called      callees
	probes      []*probe.Probe
	byProbe     map[*probe.Probe]*target
	warnings    []mesh.Fact
}

// target is a probe and the container and workload it belongs to.
type target struct {
	probe     *probe.Probe
	container *kube.Container
	workload  *workload
}

func (m *model) Names() mesh.Names { return Mesh.Names }

func (m *model) Version() string { return m.version.String() }

func (m *model) Probes() []*probe.Probe { return m.probes }

func (m *model) Warnings() []mesh.Fact { return m.warnings }

func (m *model) warn(at render.Field, text string) {
	m.warnings = append(m.warnings, mesh.Fact{Text: text, Field: at})
}

// warnOn is warn for an object; nothing is said of context.
func (m *model) warnOn(at render.Field, text string) {
	if !m.context(at.Object) {
		m.warn(at, text)
	}
}

// isRoot reports whether mesh-wide policies live in namespace ns.
func (m *model) isRoot(ns string) bool {
	return slices.ContainsFunc(m.planes, func(p *plane) bool { return p.root == ns })
}

func (m *model) context(o *render.Object) bool { return m.isContext != nil && m.isContext(o) }

// input is what of the objects decides anything.
type input struct {
	config   []*render.Object // namespaces, policies, installations; in order
	peers    []*render.Object // PeerAuthentications; in order
	services []*kube.Service
	others   []*render.Object // workloads, and whatever decides nothing; in order
}

// sortOut expands lists, keeps what matters, and puts it into an order of its
// own, so that the order of documents decides nothing. A list's items are
// context if the list is.
func (m *model) sortOut(objects []*render.Object) input {
	all := make([]*render.Object, 0, len(objects))
	for _, o := range objects {
		switch {
		case o == nil || o.Node == nil:
		case !kube.IsList(o):
			all = append(all, o)
		default:
			items := kube.Expand([]*render.Object{o})
			all = append(all, items...)
			if m.isContext != nil && m.isContext(o) {
				m.markContext(items)
			}
		}
	}
	services := make([]*kube.Service, len(all))
	parallel.For(len(all), func(i int) { services[i] = kube.ServiceOf(all[i]) })
	var in input
	for i, o := range all {
		switch {
		case services[i] != nil:
			in.services = append(in.services, services[i])
		case kindOf(o.Ref) == kindPeerAuthentication:
			in.peers = append(in.peers, o)
		case decides(o.Ref):
			in.config = append(in.config, o)
		default:
			in.others = append(in.others, o)
		}
	}
	slices.SortStableFunc(in.config, byName)
	slices.SortStableFunc(in.peers, byName)
	slices.SortStableFunc(in.others, byName)
	return in
}

// byName orders objects by root, namespace, kind and name.
func byName(a, b *render.Object) int {
	if c := strings.Compare(a.Root.Dir, b.Root.Dir); c != 0 {
		return c
	}
	if c := strings.Compare(a.NamespaceOrDefault(), b.NamespaceOrDefault()); c != 0 {
		return c
	}
	if c := strings.Compare(a.Kind, b.Kind); c != 0 {
		return c
	}
	return strings.Compare(a.Name, b.Name)
}

func (m *model) markContext(items []*render.Object) {
	listed := make(map[*render.Object]bool, len(items))
	for _, o := range items {
		listed[o] = true
	}
	before := m.isContext
	m.isContext = func(o *render.Object) bool { return listed[o] || before(o) }
}

// findWorkloads settles every pod of objects, on all cores, and then gathers
// what they have in order. A pod is read and settled in one go, while its
// manifest is at hand in the processor's cache.
func (m *model) findWorkloads(objects []*render.Object) {
	found := make([][]*workload, len(objects))
	parallel.For(len(objects), func(i int) {
		for _, pod := range kube.PodsOf(objects[i]) {
			w := &workload{pod: pod, name: workloadName(pod.Object), context: m.context(pod.Object)}
			m.settle(w)
			found[i] = append(found[i], w)
		}
	})
	m.workloads = slices.Concat(found...)
	m.byProbe = make(map[*probe.Probe]*target, 2*len(m.workloads))
	told := map[string]bool{}
	for _, w := range m.workloads {
		for i := range w.targets {
			t := &w.targets[i]
			m.byProbe[t.probe] = t
			if !w.context {
				m.probes = append(m.probes, t.probe)
			}
		}
		for _, f := range w.warnings {
			if key := f.Text + f.Field.String(); !told[key] {
				told[key] = true
				m.warnOn(f.Field, f.Text)
			}
		}
	}
}

// place is where a probe is best pointed at: its port, or the probe itself.
func place(p *probe.Probe) render.Field {
	if p.PortField.IsZero() {
		return p.Field
	}
	return p.PortField
}

// workloadName names an object for people: "Deployment shop/web".
func workloadName(o *render.Object) string {
	return o.Kind + " " + o.NamespaceOrDefault() + "/" + o.Name
}
