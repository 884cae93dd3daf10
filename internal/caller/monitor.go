package caller

import (
	"slices"
	"strconv"
	"strings"

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
func (v *view) monitorEndpoints(o *render.Object, list string, targets func(o *render.Object, spec, endpoint kube.Value) []scraped) {
	spec := kube.ValueAt(o, "spec")
	for i, endpoint := range spec.Key(list).Items() {
		s := scrape{
			caller: Caller{Kind: Scrape, Object: o, Name: list + "/" + strconv.Itoa(i), At: endpoint.At, Covers: "its metrics are missing"},
			https:  strings.EqualFold(endpoint.Key("scheme").Text(), "https"),
			tls:    endpoint.Key("tlsConfig").Node,
			class:  spec.Key("scrapeClass").Text(),
		}
		s.caller.Asks = "every port of the pods that " + o.Kind + " " + o.NamespaceOrDefault() + "/" + o.Name + " selects"
		for _, key := range []string{"port", "portNumber", "targetPort"} {
			if value := endpoint.Key(key); value.Text() != "" {
				s.caller.At = value.At
				s.caller.Asks = "port " + value.Text() + " of the pods that " + o.Kind + " " + o.NamespaceOrDefault() + "/" + o.Name + " selects"
				break
			}
		}
		relabel, judged := relabelled(endpoint.Key("relabelings").Items())
		if judged {
			s.targets = relabel.apply(targets(o, spec, endpoint))
		}
		v.scrape(s, v.scrapers().of(v, o))
	}
}

// namespaces returns the namespaces that a monitor looks in; nil for all.
func namespaces(o *render.Object, spec kube.Value) []string {
	selector := spec.Key("namespaceSelector")
	if everywhere, _ := selector.Key("any").Bool(); everywhere {
		return nil
	}
	var out []string
	for _, name := range selector.Key("matchNames").Items() {
		out = append(out, name.Text())
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
func (v *view) serviceTargets(o *render.Object, spec, endpoint kube.Value) []scraped {
	selector := spec.Key("selector").Selector()
	in := namespaces(o, spec)
	name := endpoint.Key("port").Text()
	number, byNumber := endpoint.Key("targetPort").Int()
	target := endpoint.Key("targetPort").Text()
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
func (v *view) podTargets(o *render.Object, spec, endpoint kube.Value) []scraped {
	selector := spec.Key("selector").Selector()
	in := namespaces(o, spec)
	name := endpoint.Key("port").Text()
	number, byNumber := endpoint.Key("portNumber").Int()
	if target := endpoint.Key("targetPort"); !byNumber && name == "" {
		number, byNumber = target.Int()
		if !byNumber {
			name = target.Text()
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
func relabelled(list []kube.Value) (r relabelling, judged bool) {
	for _, rule := range list {
		if rule.Key("targetLabel").Text() != "__address__" {
			continue
		}
		annotated := false
		for _, l := range rule.Key("sourceLabels").Items() {
			annotated = annotated || l.Text() == "__meta_kubernetes_pod_annotation_prometheus_io_port"
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
		if _, text := kube.ScrapeAnnotation(t.pod.Annotations, "port"); text != "" {
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
	spec := kube.ValueAt(o, "spec")
	prober := spec.Key("prober", "url")
	scheme := strings.ToLower(spec.Key("prober", "scheme").Text())
	if scheme == "" {
		scheme = "http"
	}
	found := v.endpoints(o.Root, o.NamespaceOrDefault(), scheme+"://"+prober.Text())
	if len(found) == 0 {
		return
	}
	e := found[0]
	s := scrape{
		caller: Caller{Kind: Scrape, Object: o, Name: "prober", At: prober.At, Covers: "its metrics are missing"},
		https:  scheme == "https", tls: spec.Key("tlsConfig").Node, class: spec.Key("scrapeClass").Text(),
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
func (v *view) probed(o *render.Object, spec kube.Value, prober endpoint) {
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
	for i, target := range spec.Key("targets", "staticConfig", "static").Items() {
		for _, e := range v.endpoints(o.Root, prober.namespace, target.Text()) {
			c := &Caller{
				Kind: Scrape, Object: o, Name: "targets/staticConfig/static/" + strconv.Itoa(i), At: target.At,
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
	spec := kube.ValueAt(o, "spec")
	filter, decided := filters(spec.Key("relabelings").Items())
	for i, discovery := range spec.Key("kubernetesSDConfigs").Items() {
		role := discovery.Key("role")
		s := scrape{
			caller: Caller{Kind: Scrape, Object: o, Name: "kubernetesSDConfigs/" + strconv.Itoa(i), At: role.At, Covers: "its metrics are missing"},
			https:  strings.EqualFold(spec.Key("scheme").Text(), "https"),
			tls:    spec.Key("tlsConfig").Node, class: spec.Key("scrapeClass").Text(),
		}
		s.caller.Asks = "what ScrapeConfig " + o.NamespaceOrDefault() + "/" + o.Name + " discovers"
		if decided {
			s.targets = v.discovered(o, discovery, strings.ToLower(role.Text()), filter)
		}
		v.scrape(s, v.scrapers().of(v, o))
	}
}

// discovered returns the targets of one discovery of Kubernetes.
func (v *view) discovered(o *render.Object, discovery kube.Value, role string, keep func(labels map[string]string) bool) []scraped {
	var in []string
	for _, ns := range discovery.Key("namespaces", "names").Items() {
		in = append(in, ns.Text())
	}
	if own, _ := discovery.Key("namespaces", "ownNamespace").Bool(); own {
		in = append(in, o.NamespaceOrDefault())
	}
	selected := func(kind string, labels kube.Strings) bool {
		for _, s := range discovery.Key("selectors").Items() {
			if strings.EqualFold(s.Key("role").Text(), kind) && !matches(s.Key("label").Text(), labels) {
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
					labels["__meta_kubernetes_service_label_"+kube.ScrapeLabel(k)] = value
					labels["__meta_kubernetes_service_labelpresent_"+kube.ScrapeLabel(k)] = "true"
				}
				for k, value := range kube.Annotations(s.Object).All {
					labels["__meta_kubernetes_service_annotation_"+kube.ScrapeLabel(k)] = value
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
		labels["__meta_kubernetes_pod_label_"+kube.ScrapeLabel(k)] = value
		labels["__meta_kubernetes_pod_labelpresent_"+kube.ScrapeLabel(k)] = "true"
	}
	for k, value := range p.Annotations.All {
		labels["__meta_kubernetes_pod_annotation_"+kube.ScrapeLabel(k)] = value
		labels["__meta_kubernetes_pod_annotationpresent_"+kube.ScrapeLabel(k)] = "true"
	}
	return labels
}
