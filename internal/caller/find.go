package caller

import (
	"github.com/org/probe-mtls-action/internal/kube"
	"github.com/org/probe-mtls-action/internal/mesh"
	"github.com/org/probe-mtls-action/render"
)

// Find returns the callers that objects declare, in the order of the objects,
// those that turn out fine too. Objects are those that the model was built from; a
// model that cannot judge calls has no callers.
func Find(objects []*render.Object, model mesh.Model) []*Caller {
	m, ok := model.(mesh.Answering)
	if !ok {
		return nil
	}
	v := &view{model: m, all: kube.Expand(objects)}
	for _, o := range v.all {
		v.object(o)
	}
	v.pods()
	return v.found
}

// Words are such that a file without any of them declares no client of other
// workloads' pods but by the URLs of a workload that is neither a Job nor a
// CronJob.
var Words = []string{
	"WebhookConfiguration", "APIService", "strategy: Webhook", "ServiceMonitor", "PodMonitor", "kind: Probe", "ScrapeConfig", "Ingress",
	"HTTPRoute", "GRPCRoute", "LoadBalancer", "NodePort", "prometheus.io/scrape", "kind: Job", "kind: CronJob",
	`"kind":"Probe"`, `"kind": "Probe"`, `"strategy":"Webhook"`, `"strategy": "Webhook"`, `"kind":"Job"`, `"kind": "Job"`, `"CronJob"`,
}

// view is what callers are found in: the objects in view, looked up by name only
// once something asks.
type view struct {
	model    mesh.Answering
	all      []*render.Object // lists as their items
	found    []*Caller
	index    *index
	world    *world
	scraping *scrapers
}

// object finds the callers that one object declares.
func (v *view) object(o *render.Object) {
	switch o.Kind {
	case "ValidatingWebhookConfiguration", "MutatingWebhookConfiguration":
		if o.Group == "admissionregistration.k8s.io" {
			v.admission(o)
		}
	case "CustomResourceDefinition":
		if o.Group == "apiextensions.k8s.io" {
			v.conversion(o)
		}
	case "APIService":
		if o.Group == "apiregistration.k8s.io" {
			v.aggregated(o)
		}
	case "ServiceMonitor", "PodMonitor", "Probe", "ScrapeConfig":
		if o.Group == monitoringGroup {
			v.monitor(o)
		}
	case "Ingress":
		if o.Group == "networking.k8s.io" || o.Group == "extensions" {
			v.ingress(o)
		}
	case "HTTPRoute", "GRPCRoute":
		if o.Group == gatewayGroup {
			v.route(o)
		}
	case "Service":
		if o.Group == "" {
			v.service(o)
		}
	}
}

// add keeps a caller.
func (v *view) add(c *Caller) {
	c.model = v.model
	v.found = append(v.found, c)
}

// index finds Services by name and pods by label.
type index struct {
	services map[[2]string][]*kube.Service     // by namespace and name
	pods     map[string]map[string][]*mesh.Pod // by namespace and one label, as key=value
	all      map[string][]*mesh.Pod            // by namespace
}

func (v *view) lookup() *index {
	if v.index != nil {
		return v.index
	}
	x := &index{services: map[[2]string][]*kube.Service{}, pods: map[string]map[string][]*mesh.Pod{}, all: map[string][]*mesh.Pod{}}
	for _, s := range v.model.Services() {
		key := [2]string{s.Object.NamespaceOrDefault(), s.Object.Name}
		x.services[key] = append(x.services[key], s)
	}
	for _, p := range v.model.Pods() {
		ns := p.Namespace()
		x.all[ns] = append(x.all[ns], p)
		by := x.pods[ns]
		if by == nil {
			by = map[string][]*mesh.Pod{}
			x.pods[ns] = by
		}
		for k, value := range p.Labels.All {
			by[k+"="+value] = append(by[k+"="+value], p)
		}
	}
	v.index = x
	return x
}

// services returns the forms of a Service that count for an object of root:
// root's own, else all.
func (v *view) services(root render.Root, namespace, name string) []*kube.Service {
	return kube.OwnForms(v.lookup().services[[2]string{namespace, name}], root, func(s *kube.Service) *render.Object { return s.Object })
}

// behind returns the pods that a Service sends to. Of a pod that several roots
// have, the form of the Service's own root counts.
func (v *view) behind(s *kube.Service) []*mesh.Pod {
	if s.Selector.Len() == 0 {
		return nil
	}
	var fewest []*mesh.Pod
	first := true
	by := v.lookup().pods[s.Object.NamespaceOrDefault()]
	for k, value := range s.Selector.All {
		if some := by[k+"="+value]; first || len(some) < len(fewest) {
			fewest, first = some, false
		}
	}
	var out []*mesh.Pod
	for _, p := range fewest {
		if p.Labels.Contains(s.Selector) {
			out = append(out, p)
		}
	}
	return ownForms(out, s.Object.Root)
}

// ownForms drops the forms that other roots have of a workload which root has too.
func ownForms(all []*mesh.Pod, root render.Root) []*mesh.Pod {
	return kube.OwnForms(all, root, func(p *mesh.Pod) *render.Object { return p.Object })
}

// throughService returns the pod ports that a call to a Service's port reaches;
// wanted tells which port is meant.
func (v *view) throughService(root render.Root, namespace, name string, wanted func(kube.ServicePort) bool) []target {
	var out []target
	for _, s := range v.services(root, namespace, name) {
		out = append(out, v.ports(s, wanted)...)
	}
	return out
}

func (v *view) ports(s *kube.Service, wanted func(kube.ServicePort) bool) []target {
	var out []target
	for _, p := range s.Ports {
		if !p.TCP() || !wanted(p) {
			continue
		}
		for _, pod := range v.behind(s) {
			if port := p.Resolve(pod.Pod); port > 0 {
				out = append(out, target{pod: pod, port: port, facts: []mesh.Fact{leads(s, p, pod, port)}})
			}
		}
	}
	return out
}

func numbered(number int) func(kube.ServicePort) bool {
	return func(p kube.ServicePort) bool { return p.Number == number }
}

// headless reports whether a Service has no address of its own.
func headless(s *kube.Service) bool {
	return kube.ValueAt(s.Object, "spec", "clusterIP").Text() == "None"
}
