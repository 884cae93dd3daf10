package caller

import (
	"encoding/json"
	"path"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/org/probe-mtls-action/internal/kube"
	"github.com/org/probe-mtls-action/internal/mesh"
	"github.com/org/probe-mtls-action/render"
)

const monitoringGroup = "monitoring.coreos.com"

// scrapers are the Prometheus servers in view.
type scrapers struct {
	operated []*scraper // Prometheus and PrometheusAgent objects
	plain    []*scraper // workloads
}

// scraper is one Prometheus.
type scraper struct {
	pod    *mesh.Pod
	object *render.Object
	name   string
}

func (v *view) scrapers() *scrapers {
	if v.scraping != nil {
		return v.scraping
	}
	s := &scrapers{}
	for _, o := range v.all {
		if o.Group == monitoringGroup && (o.Kind == "Prometheus" || o.Kind == "PrometheusAgent") {
			s.operated = append(s.operated, &scraper{pod: v.model.Enrol(kube.ComponentPod(o, render.PathOf("spec"))), object: o, name: o.Kind + " " + o.NamespaceOrDefault() + "/" + o.Name})
		}
	}
	for _, p := range v.model.Pods() {
		if p.Object.Group != monitoringGroup && isPrometheus(p) {
			s.plain = append(s.plain, &scraper{pod: p, object: p.Object, name: p.Name})
		}
	}
	v.scraping = s
	return s
}

// isPrometheus reports whether the pods of a workload are a Prometheus server, by
// the name of the workload or of an image.
func isPrometheus(p *mesh.Pod) bool {
	if p.Object.Name == "prometheus" || p.Object.Name == "prometheus-server" {
		return true
	}
	for i := range p.Containers {
		image := path.Base(kube.Text(kube.Get(p.Containers[i].Node, "image")))
		image, _, _ = strings.Cut(image, "@")
		image, _, _ = strings.Cut(image, ":")
		if image == "prometheus" || image == "vmagent" {
			return true
		}
	}
	return false
}

// of returns the scrapers that read a monitor: the Prometheus objects that select
// it; where none does, all in view.
func (s *scrapers) of(v *view, monitor *render.Object) []*scraper {
	var out []*scraper
	for _, p := range s.operated {
		if p.selects(v, monitor) {
			out = append(out, p)
		}
	}
	switch {
	case out != nil:
		return out
	case len(s.operated) > 0:
		return s.operated
	}
	return s.plain
}

// any returns the scrapers that may read annotations.
func (s *scrapers) any() []*scraper {
	if len(s.plain) > 0 {
		return s.plain
	}
	return s.operated
}

func (s *scraper) selects(v *view, monitor *render.Object) bool {
	kind := strings.ToLower(monitor.Kind[:1]) + monitor.Kind[1:]
	spec := kube.ValueAt(s.object, "spec")
	selector := spec.Key(kind + "Selector")
	if selector.IsNull() || !selector.Selector().Matches(kube.Labels(monitor)) {
		return false
	}
	namespaces := spec.Key(kind + "NamespaceSelector")
	if namespaces.IsNull() {
		return s.object.NamespaceOrDefault() == monitor.NamespaceOrDefault()
	}
	sel := namespaces.Selector()
	if sel.Empty() {
		return true
	}
	for _, o := range v.all {
		if o.Kind == "Namespace" && o.Group == "" && o.Name == monitor.NamespaceOrDefault() {
			return sel.Matches(kube.Labels(o))
		}
	}
	return true
}

// certificates reports whether a file of a TLS configuration is among the
// certificates that the scraper's sidecar writes out: its annotations name a
// directory (OUTPUT_CERTS of proxyMetadata) and the volume mounted there, which
// the scraper itself mounts where the file is (pilot-agent options.go).
func (s *scraper) certificates(file string) bool {
	if file == "" || s.pod.In != mesh.Sidecar {
		return false
	}
	ann := s.pod.Annotations
	text, _ := ann.Get("proxy.istio.io/config")
	var config struct {
		ProxyMetadata map[string]string `yaml:"proxyMetadata"`
	}
	if len(text) > 1<<16 || yaml.Unmarshal([]byte(text), &config) != nil {
		return false
	}
	dir := config.ProxyMetadata["OUTPUT_CERTS"]
	if dir == "" {
		return false
	}
	for _, volume := range mounted(ann, dir) {
		for _, mount := range s.mounts(volume) {
			if within(file, mount) {
				return true
			}
		}
	}
	return false
}

// mounted returns the volumes that sidecar.istio.io/userVolumeMount mounts at dir,
// or around it, in the sidecar.
func mounted(ann kube.Strings, dir string) []string {
	text, _ := ann.Get("sidecar.istio.io/userVolumeMount")
	type mount struct {
		Name      string `json:"name"`
		MountPath string `json:"mountPath"`
	}
	var list []mount
	if json.Unmarshal([]byte(text), &list) != nil {
		var byName map[string]mount // the form of older releases: volumes by name
		if json.Unmarshal([]byte(text), &byName) != nil {
			return nil
		}
		for name, m := range byName {
			m.Name = name
			list = append(list, m)
		}
	}
	var out []string
	for _, m := range list {
		if m.Name != "" && within(dir, m.MountPath) {
			out = append(out, m.Name)
		}
	}
	return out
}

// mounts returns where the scraper's own containers mount a volume.
func (s *scraper) mounts(volume string) []string {
	var out []string
	read := func(list *yaml.Node) {
		for _, n := range kube.Items(list) {
			if kube.Text(kube.Get(n, "name")) == volume {
				out = append(out, kube.Text(kube.Get(n, "mountPath")))
			}
		}
	}
	if s.object.Group == monitoringGroup {
		read(kube.Get(s.object.Node, "spec", "volumeMounts"))
	}
	for i := range s.pod.Containers {
		if c := &s.pod.Containers[i]; c.Name != "istio-proxy" {
			read(kube.Get(c.Node, "volumeMounts"))
		}
	}
	return out
}

// within reports whether a file is in dir or below it.
func within(file, dir string) bool {
	file, dir = path.Clean("/"+file), path.Clean("/"+dir)
	return file == dir || strings.HasPrefix(file, strings.TrimSuffix(dir, "/")+"/")
}

// scrape is what a monitor or an annotation asks Prometheus to do.
type scrape struct {
	caller Caller
	https  bool
	// tls is the configuration of the endpoint's own, nil if it has none; class
	// is the scrape class that it names.
	tls     *yaml.Node
	class   string
	targets []scraped
}

// scraped is a target and the Service that it was found through.
type scraped struct {
	target
	service *kube.Service
	port    kube.ServicePort
}

const noScraper = "Prometheus runs outside the mesh and scrapes pods in plaintext or plain TLS: it is not in view"

// scrape adds a scrape by each of the scrapers, or by one that is not in view.
// The first that does not get in is what is told.
func (v *view) scrape(s scrape, by []*scraper) {
	if len(by) == 0 {
		c := s.caller
		c.Client, c.Unseen, c.assumed = "Prometheus", true, []string{noScraper}
		c.Speech = s.speech(nil)
		v.addScrape(c, s, nil)
		return
	}
	for i, p := range by {
		c := s.caller
		c.Client = p.name
		c.Speech = s.speech(p)
		before := len(v.found)
		v.addScrape(c, s, p)
		if i == len(by)-1 || v.found[before].Judge().Verdict != mesh.OK {
			return
		}
		v.found = v.found[:before]
	}
}

// addScrape adds the scrape by p, nil for one that is not in view. A sidecar of
// the scraper's helps in one case only: Prometheus calls pods by their addresses,
// which are passed through as they are. An ambient scraper has an identity.
func (v *view) addScrape(c Caller, s scrape, p *scraper) {
	c.facts = []mesh.Fact{{Text: c.Client + " scrapes " + c.Asks + " " + c.Speech.Manner(), Field: c.At}}
	if p != nil {
		c.facts = append(c.facts, p.pod.Facts...)
		for i := 1; i < len(c.facts); i++ {
			c.facts[i].Deciding = false
			c.facts[i].Text = c.Client + ": " + c.facts[i].Text
		}
	}
	for _, t := range s.targets {
		switch {
		case p != nil && p.pod.In == mesh.Ambient && (t.pod.In == mesh.Ambient || t.pod.In == mesh.Sidecar):
			continue
		case p != nil && p.pod.In == mesh.Sidecar && t.service != nil && v.listens(p, t):
			continue
		}
		c.targets = append(c.targets, t.target)
	}
	v.add(&c)
}

// listens reports whether the scraper's sidecar has a listener for the target's
// own address, which speaks mTLS: for ports of headless Services that are not
// HTTP and whose number is the pod's.
func (v *view) listens(p *scraper, t scraped) bool {
	if text, ok := p.pod.Annotations.Get("traffic.sidecar.istio.io/includeOutboundIPRanges"); ok && strings.TrimSpace(text) == "" {
		return false // what it sends does not meet its sidecar
	}
	return headless(t.service) && t.port.Number == t.target.port && t.pod.In == mesh.Sidecar && !v.model.DeclaredHTTP(t.service, t.port)
}

// speech is what the scraper says: by the scheme, and by its certificates.
func (s scrape) speech(p *scraper) mesh.Speech {
	if !s.https {
		return mesh.Plaintext
	}
	if p != nil && p.certificates(kube.Text(kube.Get(s.configuration(p), "certFile"))) {
		return mesh.MeshTLS
	}
	return mesh.TLS
}

// configuration is the TLS configuration that counts: the endpoint's own, or that
// of its scrape class.
func (s scrape) configuration(p *scraper) *yaml.Node {
	if !kube.IsNull(s.tls) {
		return s.tls
	}
	for _, class := range kube.Items(kube.Get(p.object.Node, "spec", "scrapeClasses")) {
		byDefault, _ := kube.Bool(kube.Get(class, "default"))
		if name := kube.Text(kube.Get(class, "name")); name == s.class && s.class != "" || byDefault && s.class == "" {
			return kube.Get(class, "tlsConfig")
		}
	}
	return nil
}

// annotated is the scrape that annotations ask for, by the one of that key or, if
// they have one, that of the port, which is returned as they write it.
func annotated(o *render.Object, ann kube.Strings, key string) (s scrape, port string) {
	s.caller = Caller{Kind: Scrape, Object: o, Name: "scrape", At: ann.Field(key), Covers: "its metrics are missing"}
	portKey, port := kube.ScrapeAnnotation(ann, "port")
	if portKey != "" {
		s.caller.At = ann.Field(portKey)
	}
	_, scheme := kube.ScrapeAnnotation(ann, "scheme")
	s.https = strings.EqualFold(scheme, "https")
	return s, port
}

// annotatedPod finds the scrape that the annotations of a pod ask for. Where the
// mesh serves the metrics itself, it changes them.
func (v *view) annotatedPod(p *mesh.Pod) {
	const ofIstio = "prometheus.istio.io/scrape-targets"
	key, on := kube.ScrapeAnnotation(p.Annotations, "scrape")
	targets, _ := p.Annotations.Get(ofIstio)
	if on != "true" && (targets == "" || !p.Metrics) {
		return
	}
	if key == "" {
		key = ofIstio
	}
	s, port := annotated(p.Object, p.Annotations, key)
	switch number, err := strconv.Atoi(port); {
	case p.Metrics:
		s.caller.Asks = "port " + strconv.Itoa(p.MetricsPort) + " of " + p.Name
		s.targets = []scraped{{target: target{pod: p, port: p.MetricsPort, facts: []mesh.Fact{p.Why}}}}
	case err == nil && number > 0:
		s.caller.Asks = "port " + port + " of " + p.Name
		s.targets = []scraped{{target: target{pod: p, port: number, facts: []mesh.Fact{p.Why}}}}
		if !s.https {
			s.caller.remedies = p.Merge
		}
	default:
		s.caller.Asks = "the ports of " + p.Name
		s.targets = declared(p, func(*kube.Container, kube.ContainerPort) bool { return true })
	}
	v.scrape(s, v.scrapers().any())
}

// annotatedService finds the scrape that the annotations of a Service ask for,
// which the mesh never changes.
func (v *view) annotatedService(o *render.Object) {
	ann := kube.Annotations(o)
	key, on := kube.ScrapeAnnotation(ann, "scrape")
	if on != "true" {
		return
	}
	service := kube.ServiceOf(o)
	s, port := annotated(o, ann, key)
	number, err := strconv.Atoi(port)
	s.caller.Asks = "the pods of Service " + o.NamespaceOrDefault() + "/" + o.Name
	if err == nil {
		s.caller.Asks = "port " + port + " of the pods of Service " + o.NamespaceOrDefault() + "/" + o.Name
	}
	for _, p := range v.behind(service) {
		if err == nil && number > 0 {
			t := scraped{target: target{pod: p, port: number}}
			for _, q := range service.Ports {
				if q.Resolve(p.Pod) == number {
					t.service, t.port = service, q
					break
				}
			}
			s.targets = append(s.targets, t)
		}
	}
	if err != nil {
		s.targets = v.endpointsOf(service, func(endpointLabels) bool { return true })
	}
	v.scrape(s, v.scrapers().any())
}

// declared returns the ports that containers of a pod declare and pick picks. The
// container that the mesh adds has ports too, which it never captures.
func declared(p *mesh.Pod, pick func(*kube.Container, kube.ContainerPort) bool) []scraped {
	var out []scraped
	for i := range p.Containers {
		c := &p.Containers[i]
		if c.Init && !c.Restarts {
			continue
		}
		for _, port := range c.Ports {
			if port.Number > 0 && (port.Protocol == "" || strings.EqualFold(port.Protocol, "TCP")) && pick(c, port) {
				out = append(out, scraped{target: target{pod: p, port: port.Number, facts: []mesh.Fact{{
					Text: "container " + c.Name + " of " + p.Name + " declares port " + strconv.Itoa(port.Number), Field: c.PortField(port).Key("containerPort"), Deciding: true,
				}}}})
			}
		}
	}
	return out
}

// endpointLabels is what Prometheus knows of a target of a Service.
type endpointLabels struct {
	service   string // the name of the Service's port, "" for a port that is only a container's
	bound     bool   // the Service leads to it
	container string // the name of the container's port
	number    int    // of the container's declared port, 0 if none declares it
}

// endpointsOf returns the targets that Prometheus makes of a Service: what its
// ports lead to, and all other ports that the pods' containers declare
// (discovery/kubernetes/endpointslice.go, buildEndpointSlice).
func (v *view) endpointsOf(s *kube.Service, pick func(endpointLabels) bool) []scraped {
	var out []scraped
	for _, p := range v.behind(s) {
		var seen []int
		for _, q := range s.Ports {
			number := q.Resolve(p.Pod)
			if number <= 0 || !q.TCP() {
				continue
			}
			seen = append(seen, number)
			l := endpointLabels{service: q.Name, bound: true}
			if c, port := declaring(p, number); c != nil {
				l.container, l.number = port.Name, number
			}
			if pick(l) {
				out = append(out, scraped{target: target{pod: p, port: number, facts: []mesh.Fact{leads(s, q, p, number)}}, service: s, port: q})
			}
		}
		out = append(out, declared(p, func(_ *kube.Container, port kube.ContainerPort) bool {
			return !slices.Contains(seen, port.Number) && pick(endpointLabels{container: port.Name, number: port.Number})
		})...)
	}
	return out
}

// declaring returns the container that declares a port.
func declaring(p *mesh.Pod, number int) (*kube.Container, kube.ContainerPort) {
	for i := range p.Containers {
		for _, port := range p.Containers[i].Ports {
			if port.Number == number {
				return &p.Containers[i], port
			}
		}
	}
	return nil, kube.ContainerPort{}
}
