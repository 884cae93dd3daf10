package istio

import (
	"github.com/org/probe-mtls-action/internal/kube"
	"github.com/org/probe-mtls-action/render"
)

// serviceEntry is a ServiceEntry that selects pods: its ports count for them as
// those of a Service do (serviceentry/controller.go, GetProxyServiceTargets).
type serviceEntry struct {
	object   *render.Object
	selector kube.Strings
	host     string // the first one
	ports    []entryPort
}

type entryPort struct {
	port     kube.ServicePort
	protocol string // HTTP, HTTPS, TCP…
	at       render.Field
}

func (m *model) addServiceEntry(o *render.Object) {
	spec := kube.ValueAt(o, "spec")
	e := &serviceEntry{object: o, selector: spec.Key("workloadSelector", "labels").Strings()}
	if !m.version.has(serviceEntrySelects) || e.selector.Len() == 0 {
		return
	}
	if hosts := spec.Key("hosts").Items(); len(hosts) > 0 {
		e.host = hosts[0].Text()
	}
	for _, v := range spec.Key("ports").Items() {
		p := entryPort{protocol: v.Key("protocol").Text(), at: v.At}
		p.port = kube.ServicePort{Name: v.Key("name").Text()}
		p.port.Number, _ = v.Key("number").Int()
		p.port.TargetNumber, _ = v.Key("targetPort").Int()
		if p.port.TargetNumber == 0 {
			p.port.TargetNumber = p.port.Number
		}
		e.ports = append(e.ports, p)
	}
	ns := o.NamespaceOrDefault()
	m.idx.hasServices[ns] = true
	m.idx.entries.add(ns, e.selector, e)
	m.idx.heed(e.selector)
}

// bindEntries finds the ports of ServiceEntries that lead to the pod.
func (w *workload) bindEntries(m *model) {
	if len(m.idx.entries) == 0 {
		return
	}
	var all []*serviceEntry
	m.idx.entries.find(w.pod.Namespace(), w.labels, func(e *serviceEntry) { all = append(all, e) })
	for _, e := range kube.OwnForms(all, w.pod.Object.Root, func(e *serviceEntry) *render.Object { return e.object }) {
		for i := range e.ports {
			p := &e.ports[i]
			target := p.port.TargetNumber
			if m.version.has(serviceEntryContainerPorts) {
				if _, port, ok := w.pod.PortNamed(p.port.Name); ok && p.port.Name != "" {
					target = port.Number
				}
			}
			if target > 0 && parseProtocol(p.protocol).name != "udp" {
				w.bindings = append(w.bindings, binding{entry: e, port: p.port, target: target, declared: p.protocol, at: p.at})
			}
		}
	}
}
