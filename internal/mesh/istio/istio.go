// Package istio judges probes the way Istio 0.8 to 1.31 treats them: who gets a
// sidecar, what it captures, what is rewritten and which port requires mTLS.
package istio

import (
	"slices"
	"strings"

	"github.com/org/probe-mtls-action/internal/kube"
	"github.com/org/probe-mtls-action/internal/mesh"
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
func New(objects []*render.Object, isContext func(*render.Object) bool, opts mesh.Options) (mesh.Model, error) {
	m := &model{opts: opts, isContext: isContext, byProbe: make(map[*probe.Probe]*target, len(objects))}
	if err := m.readOptions(); err != nil {
		return nil, err
	}
	expanded := m.inOrder(objects)
	m.installed = m.install(expanded)
	for _, rev := range m.installed.revisions {
		m.planes = append(m.planes, m.newPlane(rev))
	}
	m.root = m.rootNamespace()
	m.base = m.fallback()
	m.index(expanded)
	m.findWorkloads(expanded)
	return m, nil
}

// model is the mesh of one environment.
type model struct {
	opts      mesh.Options
	isContext func(*render.Object) bool
	version   version
	installed installation
	planes    []*plane
	root      string   // namespace of mesh-wide policies
	base      scenario // what holds where no policy in view says otherwise
	idx       index
	workloads []*workload // judged ones and context
	probes    []*probe.Probe
	byProbe   map[*probe.Probe]*target
	warnings  []mesh.Fact
}

// target is a probe and the container and workload it belongs to.
type target struct {
	probe     *probe.Probe
	container *kube.Container
	workload  *workload
}

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

func (m *model) context(o *render.Object) bool { return m.isContext != nil && m.isContext(o) }

// inOrder expands lists and sorts the objects, so that the order of documents
// decides nothing. A list's items are context if the list is.
func (m *model) inOrder(objects []*render.Object) []*render.Object {
	out := make([]*render.Object, 0, len(objects))
	for _, o := range objects {
		switch {
		case o == nil || o.Node == nil:
		case !kube.IsList(o):
			out = append(out, o)
		default:
			items := kube.Expand([]*render.Object{o})
			out = append(out, items...)
			if m.isContext != nil && m.isContext(o) {
				m.markContext(items)
			}
		}
	}
	slices.SortStableFunc(out, func(a, b *render.Object) int {
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
	})
	return out
}

func (m *model) markContext(items []*render.Object) {
	listed := make(map[*render.Object]bool, len(items))
	for _, o := range items {
		listed[o] = true
	}
	before := m.isContext
	m.isContext = func(o *render.Object) bool { return listed[o] || before(o) }
}

func (m *model) findWorkloads(objects []*render.Object) {
	for _, o := range objects {
		pod := kube.PodOf(o)
		if pod == nil {
			continue
		}
		w := m.newWorkload(pod)
		m.workloads = append(m.workloads, w)
		for i := range pod.Containers {
			c := &pod.Containers[i]
			found := probe.Of(pod, c)
			w.probes = append(w.probes, found...)
			for _, p := range found {
				m.byProbe[p] = &target{probe: p, container: c, workload: w}
				if w.context {
					continue
				}
				m.probes = append(m.probes, p)
				if p.Fault != "" {
					m.warn(place(p), "the API server refuses "+workloadName(o)+": "+string(p.Kind)+" of container "+c.Name+" "+p.Fault)
				}
			}
		}
		m.settle(w)
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
