package caller

import (
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/org/probe-mtls-action/internal/kube"
	"github.com/org/probe-mtls-action/internal/mesh"
	"github.com/org/probe-mtls-action/render"
)

// monitor finds the scrapes that an object of prometheus-operator asks for.
func (v *view) monitor(o *render.Object) {
	switch o.Kind {
	case "ServiceMonitor":
		v.monitorEndpoints(o, "endpoints", v.serviceTargets)
	case "PodMonitor":
		v.monitorEndpoints(o, "podMetricsEndpoints", v.podTargets)
	case "Probe":
		v.probe(o)
	case "ScrapeConfig":
		v.scrapeConfig(o)
	}
}

// monitorEndpoints finds the scrapes of each endpoint of a monitor; targets finds
// what it asks for.
func (v *view) monitorEndpoints(o *render.Object, list string, targets func(*render.Object, *yaml.Node, *yaml.Node) []scraped) {
	spec := kube.Get(o.Node, "spec")
	for i, n := range kube.Items(kube.Get(spec, list)) {
		field := at(o, "spec", list).Item(i)
		s := scrape{
			caller: Caller{Kind: Scrape, Object: o, Name: list + "/" + strconv.Itoa(i), At: field, Covers: "its metrics are missing"},
			https:  strings.EqualFold(kube.Text(kube.Get(n, "scheme")), "https"),
			tls:    kube.Get(n, "tlsConfig"),
			class:  kube.Text(kube.Get(spec, "scrapeClass")),
		}
		s.caller.Asks = "every port of the pods that " + o.Kind + " " + o.NamespaceOrDefault() + "/" + o.Name + " selects"
		for _, key := range []string{"port", "portNumber", "targetPort"} {
			if value := kube.Get(n, key); kube.Text(value) != "" {
				s.caller.At = field.Key(key)
				s.caller.Asks = "port " + kube.Text(value) + " of the pods that " + o.Kind + " " + o.NamespaceOrDefault() + "/" + o.Name + " selects"
				break
			}
		}
		relabel, judged := relabelled(kube.Items(kube.Get(n, "relabelings")))
		if judged {
			s.targets = relabel.apply(targets(o, spec, n))
		}
		v.scrape(s, v.scrapers().of(v, o))
	}
}

// namespaces returns the namespaces that a monitor looks in; nil for all.
func namespaces(o *render.Object, spec *yaml.Node) []string {
	selector := kube.Get(spec, "namespaceSelector")
	if everywhere, _ := kube.Bool(kube.Get(selector, "any")); everywhere {
		return nil
	}
	var out []string
	for _, n := range kube.Items(kube.Get(selector, "matchNames")) {
		out = append(out, kube.Text(n))
	}
	if len(out) == 0 {
		out = []string{o.NamespaceOrDefault()}
	}
	return out
}

// serviceTargets returns the targets of an endpoint of a ServiceMonitor: of the
// Services that it selects, by their own labels, the port of that name, or the
// container port of that name or number (prometheus-operator,
// pkg/prometheus/promcfg.go, generateServiceMonitorConfig).
func (v *view) serviceTargets(o *render.Object, spec, endpoint *yaml.Node) []scraped {
	selector := (kube.Value{Node: kube.Get(spec, "selector")}).Selector()
	in := namespaces(o, spec)
	name := kube.Text(kube.Get(endpoint, "port"))
	number, byNumber := kube.Int(kube.Get(endpoint, "targetPort"))
	target := kube.Text(kube.Get(endpoint, "targetPort"))
	pick := func(l endpointLabels) bool {
		switch {
		case name != "":
			return l.bound && l.service == name
		case byNumber:
			return l.number == number
		case target != "":
			return l.container == target
		}
		return true
	}
	var out []scraped
	for _, s := range v.model.Services() {
		if (in == nil || slices.Contains(in, s.Object.NamespaceOrDefault())) && selector.Matches(kube.Labels(s.Object)) && v.visible(s.Object, o) {
			out = append(out, v.endpointsOf(s, pick)...)
		}
	}
	return out
}

// visible reports whether the form of an object counts for another's root: its
// own root's, where that has one.
func (v *view) visible(s, from *render.Object) bool {
	return slices.ContainsFunc(v.services(from.Root, s.NamespaceOrDefault(), s.Name), func(k *kube.Service) bool { return k.Object == s })
}

// podTargets returns the targets of an endpoint of a PodMonitor: the declared
// ports of that name or number of the pods that it selects; all without either.
func (v *view) podTargets(o *render.Object, spec, endpoint *yaml.Node) []scraped {
	selector := (kube.Value{Node: kube.Get(spec, "selector")}).Selector()
	in := namespaces(o, spec)
	name := kube.Text(kube.Get(endpoint, "port"))
	number, byNumber := kube.Int(kube.Get(endpoint, "portNumber"))
	target := kube.Get(endpoint, "targetPort")
	if !byNumber && name == "" {
		number, byNumber = kube.Int(target)
		if !byNumber {
			name = kube.Text(target)
		}
	}
	var pods []*mesh.Pod
	for _, p := range v.model.Pods() {
		if (in == nil || slices.Contains(in, p.Namespace())) && selector.Matches(p.Labels) {
			pods = append(pods, p)
		}
	}
	var out []scraped
	for _, p := range ownForms(pods, o.Root) {
		out = append(out, declared(p, func(_ *kube.Container, port kube.ContainerPort) bool {
			switch {
			case name != "":
				return port.Name == name
			case byNumber:
				return port.Number == number
			}
			return true
		})...)
	}
	return out
}

// relabelling is what relabelings do to the addresses of targets.
type relabelling struct {
	annotated bool // the port becomes that of the annotation
}

// relabelled reads relabelings. Only one that puts the port of the pods'
// annotation into the address is understood; with another one of addresses
// nothing can be said, and judged is false.
func relabelled(list []*yaml.Node) (r relabelling, judged bool) {
	for _, n := range list {
		if kube.Text(kube.Get(n, "targetLabel")) != "__address__" {
			continue
		}
		annotated := false
		for _, l := range kube.Items(kube.Get(n, "sourceLabels")) {
			annotated = annotated || kube.Text(l) == "__meta_kubernetes_pod_annotation_prometheus_io_port"
		}
		if !annotated {
			return r, false
		}
		r.annotated = true
	}
	return r, true
}

// apply returns the targets with the addresses that they get.
func (r relabelling) apply(all []scraped) []scraped {
	if !r.annotated {
		return all
	}
	for i := range all {
		t := &all[i]
		if t.pod.Metrics {
			t.target.port, t.service = t.pod.MetricsPort, nil
			continue
		}
		if _, text := annotation(t.pod.Annotations, "port"); text != "" {
			if number, err := strconv.Atoi(text); err == nil {
				t.target.port, t.service = number, nil
			}
		}
	}
	return all
}

// probe finds the calls of a Probe: Prometheus calls the prober by its Service's
// name, in plaintext unless it is told otherwise, and the prober what it is to
// look at.
func (v *view) probe(o *render.Object) {
	spec := kube.Get(o.Node, "spec")
	prober := kube.Text(kube.Get(spec, "prober", "url"))
	scheme := strings.ToLower(kube.Text(kube.Get(spec, "prober", "scheme")))
	if scheme == "" {
		scheme = "http"
	}
	found := v.endpoints(o.Root, o.NamespaceOrDefault(), scheme+"://"+prober)
	if len(found) == 0 {
		return
	}
	e := found[0]
	s := scrape{
		caller: Caller{Kind: Scrape, Object: o, Name: "prober", At: at(o, "spec", "prober", "url"), Covers: "its metrics are missing"},
		https:  scheme == "https", tls: kube.Get(spec, "tlsConfig"), class: kube.Text(kube.Get(spec, "scrapeClass")),
	}
	s.caller.Asks = portOf(e.namespace, e.service, strconv.Itoa(e.port))
	by := v.scrapers().of(v, o)
	for _, t := range v.byName(o.Root, e) {
		s.targets = append(s.targets, scraped{target: t})
	}
	if !slices.ContainsFunc(by, func(p *scraper) bool { return p.pod.In == mesh.Sidecar }) { // a sidecar knows the Service
		v.scrape(s, by)
	}
	v.probed(o, spec, e)
}

// probed finds what a prober outside the mesh is told to look at.
func (v *view) probed(o *render.Object, spec *yaml.Node, prober endpoint) {
	var pod *mesh.Pod
	for _, t := range v.byName(o.Root, prober) {
		if t.pod.In != mesh.Outside {
			return
		}
		pod = t.pod
	}
	if pod == nil {
		return
	}
	list := at(o, "spec", "targets", "staticConfig", "static")
	for i, n := range kube.Items(kube.Get(spec, "targets", "staticConfig", "static")) {
		for _, e := range v.endpoints(o.Root, prober.namespace, kube.Text(n)) {
			c := &Caller{
				Kind: Scrape, Object: o, Name: "targets/staticConfig/static/" + strconv.Itoa(i), At: list.Item(i),
				Client: pod.Name, Speech: e.speech, Covers: "it always reads as down",
			}
			v.toService(c, e.namespace, e.service, strconv.Itoa(e.port), whyOutside(pod, "the prober"))
			c.targets = v.byName(o.Root, e)
			break
		}
	}
}

// scrapeConfig finds the scrapes of a ScrapeConfig by Kubernetes' own discovery:
// of the roles that find pods or what Services lead to.
func (v *view) scrapeConfig(o *render.Object) {
	spec := kube.Get(o.Node, "spec")
	filter, decided := filters(kube.Items(kube.Get(spec, "relabelings")))
	for i, n := range kube.Items(kube.Get(spec, "kubernetesSDConfigs")) {
		field := at(o, "spec", "kubernetesSDConfigs").Item(i)
		role := strings.ToLower(kube.Text(kube.Get(n, "role")))
		s := scrape{
			caller: Caller{Kind: Scrape, Object: o, Name: "kubernetesSDConfigs/" + strconv.Itoa(i), At: field.Key("role"), Covers: "its metrics are missing"},
			https:  strings.EqualFold(kube.Text(kube.Get(spec, "scheme")), "https"),
			tls:    kube.Get(spec, "tlsConfig"), class: kube.Text(kube.Get(spec, "scrapeClass")),
		}
		s.caller.Asks = "what ScrapeConfig " + o.NamespaceOrDefault() + "/" + o.Name + " discovers"
		if decided {
			s.targets = v.discovered(o, n, role, filter)
		}
		v.scrape(s, v.scrapers().of(v, o))
	}
}

// discovered returns the targets of one discovery of Kubernetes.
func (v *view) discovered(o *render.Object, n *yaml.Node, role string, keep func(labels map[string]string) bool) []scraped {
	var in []string
	for _, ns := range kube.Items(kube.Get(n, "namespaces", "names")) {
		in = append(in, kube.Text(ns))
	}
	if own, _ := kube.Bool(kube.Get(n, "namespaces", "ownNamespace")); own {
		in = append(in, o.NamespaceOrDefault())
	}
	selected := func(kind string, labels kube.Strings) bool {
		for _, s := range kube.Items(kube.Get(n, "selectors")) {
			if strings.EqualFold(kube.Text(kube.Get(s, "role")), kind) && !matches(kube.Text(kube.Get(s, "label")), labels) {
				return false
			}
		}
		return true
	}
	var out []scraped
	switch role {
	case "pod":
		var pods []*mesh.Pod
		for _, p := range v.model.Pods() {
			if (in == nil || slices.Contains(in, p.Namespace())) && selected("pod", p.Labels) {
				pods = append(pods, p)
			}
		}
		for _, p := range ownForms(pods, o.Root) {
			out = append(out, declared(p, func(c *kube.Container, port kube.ContainerPort) bool {
				return keep(podLabels(p, c.Name, port.Name, port.Number))
			})...)
		}
	case "endpoints", "endpointslice":
		for _, s := range v.model.Services() {
			if in != nil && !slices.Contains(in, s.Object.NamespaceOrDefault()) || !v.visible(s.Object, o) || !selected("service", kube.Labels(s.Object)) || !selected(role, kube.Labels(s.Object)) {
				continue
			}
			for _, t := range v.endpointsOf(s, func(endpointLabels) bool { return true }) {
				name, container := "", ""
				if c, port := declaring(t.pod, t.target.port); c != nil {
					container, name = c.Name, port.Name
				}
				labels := podLabels(t.pod, container, name, t.target.port)
				labels["__meta_kubernetes_service_name"] = s.Object.Name
				labels["__meta_kubernetes_endpoint_port_name"], labels["__meta_kubernetes_endpointslice_port_name"] = t.port.Name, t.port.Name
				for k, value := range kube.Labels(s.Object).All {
					labels["__meta_kubernetes_service_label_"+label(k)] = value
					labels["__meta_kubernetes_service_labelpresent_"+label(k)] = "true"
				}
				for k, value := range kube.Annotations(s.Object).All {
					labels["__meta_kubernetes_service_annotation_"+label(k)] = value
				}
				if keep(labels) {
					out = append(out, t)
				}
			}
		}
	}
	return out
}

// podLabels are the labels that Prometheus gives to a target that is a pod's
// port, as the pod runs.
func podLabels(p *mesh.Pod, container, port string, number int) map[string]string {
	labels := map[string]string{
		"__meta_kubernetes_namespace": p.Namespace(), "__meta_kubernetes_pod_container_name": container,
		"__meta_kubernetes_pod_container_port_name": port, "__meta_kubernetes_pod_container_port_number": strconv.Itoa(number),
		"__meta_kubernetes_pod_container_port_protocol": "TCP", "__meta_kubernetes_pod_phase": "Running", "__meta_kubernetes_pod_ready": "true",
	}
	for k, value := range p.Labels.All {
		labels["__meta_kubernetes_pod_label_"+label(k)] = value
		labels["__meta_kubernetes_pod_labelpresent_"+label(k)] = "true"
	}
	for k, value := range p.Annotations.All {
		labels["__meta_kubernetes_pod_annotation_"+label(k)] = value
		labels["__meta_kubernetes_pod_annotationpresent_"+label(k)] = "true"
	}
	return labels
}
