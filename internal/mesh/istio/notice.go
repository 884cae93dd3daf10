package istio

import (
	"slices"
	"strconv"
	"strings"

	"github.com/org/probe-mtls-action/internal/kube"
	"github.com/org/probe-mtls-action/internal/mesh"
	"github.com/org/probe-mtls-action/internal/probe"
	"github.com/org/probe-mtls-action/render"
)

// Notices returns what there is to say of policies, in the order of root,
// namespace, kind and name. Nothing is said of policies that are context.
func (m *model) Notices() []mesh.Notice {
	if len(m.idx.allPeers)+len(m.idx.allAlpha) == 0 {
		return nil
	}
	n := m.noticing()
	for _, p := range m.idx.allPeers {
		if !m.context(p.object) {
			n.peer(p)
		}
	}
	for _, p := range m.idx.allAlpha {
		if m.context(p.object) {
			continue
		}
		if m.version.has(alphaAPI) {
			n.alpha(p)
		} else {
			n.notServed(p)
		}
	}
	return n.out
}

// noticing collects notices.
type noticing struct {
	m           *model
	everywhere  crowd
	byNamespace map[string]*crowd
	// services finds Services by namespace and name, homes the namespaces that
	// have one of a name, in order.
	services map[[2]string][]*kube.Service
	homes    map[string][]string
	out      []mesh.Notice
}

func (m *model) noticing() *noticing {
	n := &noticing{m: m, byNamespace: map[string]*crowd{}, services: map[[2]string][]*kube.Service{}, homes: map[string][]string{}}
	for _, w := range m.workloads {
		n.everywhere.add(w)
		ns := w.pod.Namespace()
		if n.byNamespace[ns] == nil {
			n.byNamespace[ns] = &crowd{}
		}
		n.byNamespace[ns].add(w)
	}
	for _, s := range m.services {
		ns, name := s.Object.NamespaceOrDefault(), s.Object.Name
		n.services[[2]string{ns, name}] = append(n.services[[2]string{ns, name}], s)
		if at, has := slices.BinarySearch(n.homes[name], ns); !has {
			n.homes[name] = slices.Insert(n.homes[name], at, ns)
		}
	}
	return n
}

// in returns the workloads of namespace.
func (n *noticing) in(namespace string) []*workload {
	if c := n.byNamespace[namespace]; c != nil {
		return c.all
	}
	return nil
}

func (n *noticing) add(kind mesh.NoticeKind, at render.Field, text string, facts []mesh.Fact, remedies ...mesh.Remedy) {
	n.out = append(n.out, mesh.Notice{Kind: kind, Field: at, Text: text, Facts: facts, Remedies: remedies})
}

// selecting returns the workloads of namespace that have all labels.
func (n *noticing) selecting(namespace string, labels kube.Strings) []*workload {
	return n.byNamespace[namespace].with(labels)
}

// elsewhere returns a workload of another namespace that has all labels, nil if
// there is none.
func (n *noticing) elsewhere(namespace string, labels kube.Strings) *workload {
	for _, w := range n.everywhere.with(labels) {
		if w.pod.Namespace() != namespace {
			return w
		}
	}
	return nil
}

// probing returns the first probe of w that the kubelet sends to port, nil if
// there is none.
func (w *workload) probing(port int) *probe.Probe {
	for i := range w.targets {
		p := w.targets[i].probe
		if p.Fault != "" || p.Host != "" || p.Handler == probe.Exec || p.Handler == probe.Sleep {
			continue
		}
		if number, ok := portNumber(w.pod.Container(p.Container), p); ok && number == port {
			return p
		}
	}
	return nil
}

// knows reports whether port is one of the pod's: declared, probed, or a
// Service's target.
func (w *workload) knows(port int) bool {
	if declared, _ := w.declares(port); declared || w.probing(port) != nil {
		return true
	}
	return len(w.bound(port)) > 0
}

// forHealth reports whether a Service port is by its name for health checks and
// the like rather than for the application.
func forHealth(p kube.ServicePort) bool { return meansHealth(p.Name) }

// meansHealth reports whether a port's name says that it serves health checks.
func meansHealth(name string) bool {
	name = strings.ToLower(name)
	for _, word := range [...]string{"health", "probe", "live", "ready", "status"} {
		if strings.Contains(name, word) {
			return true
		}
	}
	return false
}

// appPort returns the Service port that carries application traffic to port of
// w, false if there is none.
func (w *workload) appPort(port int) (binding, bool) {
	for _, b := range w.bound(port) {
		if !forHealth(b.port) {
			return b, true
		}
	}
	return binding{}, false
}

// modeFact is the fact that a policy has a mode, the value that is most likely
// the one a change touched.
func modeFact(name string, mode mesh.Mode, at render.Field) mesh.Fact {
	return decider(name+" sets mTLS "+string(mode), at)
}

func portText(port int) string { return strconv.Itoa(port) }
