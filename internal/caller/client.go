package caller

import (
	"strconv"
	"strings"

	"github.com/org/probe-mtls-action/internal/kube"
	"github.com/org/probe-mtls-action/internal/mesh"
	"github.com/org/probe-mtls-action/render"
)

const gatewayGroup = "gateway.networking.k8s.io"

// world finds the objects that say who serves Ingresses and routes.
type world struct {
	ingressClasses, gatewayClasses, gateways map[string]*render.Object // by name; Gateways by namespace/name
	backendTLS                               map[string]bool           // Services that are called over TLS, as namespace/name
	arguments                                map[string][]*mesh.Pod    // pods by the words of their containers' arguments
}

func (v *view) context() *world {
	if v.world != nil {
		return v.world
	}
	w := &world{
		ingressClasses: map[string]*render.Object{}, gatewayClasses: map[string]*render.Object{}, gateways: map[string]*render.Object{},
		backendTLS: map[string]bool{}, arguments: map[string][]*mesh.Pod{},
	}
	for _, o := range v.all {
		switch {
		case o.Kind == "IngressClass" && o.Group == "networking.k8s.io":
			w.ingressClasses[o.Name] = o
		case o.Kind == "GatewayClass" && o.Group == gatewayGroup:
			w.gatewayClasses[o.Name] = o
		case o.Kind == "Gateway" && o.Group == gatewayGroup:
			w.gateways[o.NamespaceOrDefault()+"/"+o.Name] = o
		case o.Kind == "BackendTLSPolicy" && o.Group == gatewayGroup:
			for _, ref := range kube.ValueAt(o, "spec", "targetRefs").Items() {
				w.backendTLS[o.NamespaceOrDefault()+"/"+ref.Key("name").Text()] = true
			}
		}
	}
	for _, p := range v.model.Pods() {
		for i := range p.Containers {
			for _, word := range words(&p.Containers[i]) {
				if all := w.arguments[word]; len(all) == 0 || all[len(all)-1] != p {
					w.arguments[word] = append(all, p)
				}
			}
		}
	}
	v.world = w
	return w
}

// words are the arguments of a container, and what stands behind their =.
func words(c *kube.Container) []string {
	var out []string
	for _, key := range []string{"command", "args"} {
		for _, n := range kube.Items(kube.Get(c.Node, key)) {
			for _, text := range strings.Fields(kube.Text(n)) {
				out = append(out, text)
				if _, value, ok := strings.Cut(text, "="); ok {
					out = append(out, strings.Trim(value, `"'`))
				}
			}
		}
	}
	return out
}

// istios reports whether a controller is Istio's own, which has a certificate.
func istios(controller string) bool { return strings.HasPrefix(controller, "istio.io/") }

// outside returns one of the pods that have one of the words among their
// arguments, if there are any and all of them are surely outside the mesh.
func (w *world) outside(anyOf ...string) *mesh.Pod {
	var first *mesh.Pod
	for _, word := range anyOf {
		for _, p := range w.arguments[word] {
			if p.In != mesh.Outside {
				return nil
			}
			if first == nil {
				first = p
			}
		}
	}
	return first
}

// whyOutside are the steps that keep a client out of the mesh.
func whyOutside(p *mesh.Pod, is string) []mesh.Fact {
	facts := []mesh.Fact{{Text: is + " is " + p.Name + ", which is outside the mesh", Field: p.Pod.Metadata()}}
	for _, f := range p.Facts {
		f.Text = p.Name + " is outside the mesh: " + f.Text
		facts = append(facts, f)
	}
	return facts
}

// ingress finds the backends of an Ingress whose controller is in view and
// outside the mesh.
func (v *view) ingress(o *render.Object) {
	spec := kube.ValueAt(o, "spec")
	if spec.Node == nil {
		return
	}
	w := v.context()
	pod := v.ingressController(o, spec, w)
	if pod == nil {
		return
	}
	add := func(name string, backend kube.Value) {
		service, port := backend.Key("service", "name"), backend.Key("service", "port", "number")
		if port.IsNull() {
			port = backend.Key("service", "port", "name")
		}
		if service.Node == nil { // extensions/v1beta1, networking.k8s.io/v1beta1
			service, port = backend.Key("serviceName"), backend.Key("servicePort")
		}
		if service.Text() == "" {
			return
		}
		c := &Caller{Kind: Client, Object: o, Name: name, At: service.At, Client: "the Ingress controller", Covers: "requests for it are answered with an error"}
		c.Speech = v.ingressSpeech(o, service.Text())
		v.toService(c, o.NamespaceOrDefault(), service.Text(), port.Text(), whyOutside(pod, "the controller of the Ingress"))
	}
	if b := spec.Key("defaultBackend"); !b.IsNull() {
		add("defaultBackend", b)
	} else if b := spec.Key("backend"); !b.IsNull() {
		add("defaultBackend", b)
	}
	for _, rule := range spec.Key("rules").Items() {
		for _, path := range rule.Key("http", "paths").Items() {
			add(rule.Key("host").Text()+path.Key("path").Text(), path.Key("backend"))
		}
	}
}

// ingressController returns the pods that serve an Ingress, nil if they are not
// in view or may be in the mesh. The controller is known by what its IngressClass
// names, which stands among its arguments.
func (v *view) ingressController(o *render.Object, spec kube.Value, w *world) *mesh.Pod {
	class := spec.Key("ingressClassName").Text()
	if class == "" {
		class, _ = kube.Annotations(o).Get("kubernetes.io/ingress.class")
	}
	if class == "istio" {
		return nil
	}
	if class == "" {
		for name, c := range w.ingressClasses {
			if v, _ := kube.Annotations(c).Get("ingressclass.kubernetes.io/is-default-class"); v == "true" && (class == "" || name < class) {
				class = name
			}
		}
	}
	if class == "" {
		return nil
	}
	if c := w.ingressClasses[class]; c != nil {
		controller := kube.ValueAt(c, "spec", "controller").Text()
		if controller == "" || istios(controller) {
			return nil
		}
		return w.outside(controller)
	}
	return w.outside("--ingress-class="+class, "--kubernetes-ingress-class="+class, "--providers.kubernetesingress.ingressclass="+class)
}

// Annotations by which controllers are told to speak TLS to a backend, of the
// Ingress or of the Service, with the values that say so.
var backendTLS = map[string][]string{
	"nginx.ingress.kubernetes.io/backend-protocol":        {"HTTPS", "GRPCS"},
	"nginx.ingress.kubernetes.io/ssl-passthrough":         {"TRUE"},
	"nginx.ingress.kubernetes.io/secure-backends":         {"TRUE"},
	"alb.ingress.kubernetes.io/backend-protocol":          {"HTTPS"},
	"traefik.ingress.kubernetes.io/service.serversscheme": {"HTTPS"},
	"ingress.kubernetes.io/protocol":                      {"HTTPS"},
	"haproxy-ingress.github.io/backend-protocol":          {"H1-SSL", "H2-SSL", "HTTPS", "GRPCS"},
	"haproxy-ingress.github.io/ssl-passthrough":           {"TRUE"},
	"haproxy.org/server-ssl":                              {"TRUE"},
	"haproxy.org/ssl-passthrough":                         {"TRUE"},
}

func (v *view) ingressSpeech(o *render.Object, service string) mesh.Speech {
	objects := []*render.Object{o}
	for _, s := range v.services(o.Root, o.NamespaceOrDefault(), service) {
		objects = append(objects, s.Object)
	}
	for _, from := range objects {
		for key, value := range kube.Annotations(from).All {
			for _, tls := range backendTLS[key] {
				if strings.EqualFold(value, tls) {
					return mesh.TLS
				}
			}
		}
	}
	return mesh.Plaintext
}

// toService adds a call to a Service's port, by number or name.
func (v *view) toService(c *Caller, namespace, name, port string, facts []mesh.Fact) {
	c.Asks = portOf(namespace, name, port)
	c.facts = append([]mesh.Fact{{Text: c.Client + " calls " + c.Asks + " " + c.Speech.Manner(), Field: c.At}}, facts...)
	c.targets = v.throughService(c.Object.Root, namespace, name, func(p kube.ServicePort) bool {
		return p.Name == port && port != "" || strconv.Itoa(p.Number) == port
	})
	v.add(c)
}

// route finds the backends of a route whose gateway's controller is in view and
// outside the mesh.
func (v *view) route(o *render.Object) {
	w := v.context()
	var pod *mesh.Pod
	for _, ref := range kube.ValueAt(o, "spec", "parentRefs").Items() {
		if kind := ref.Key("kind").Text(); kind != "" && kind != "Gateway" {
			continue
		}
		ns := ref.Key("namespace").Text()
		if ns == "" {
			ns = o.NamespaceOrDefault()
		}
		gateway := w.gateways[ns+"/"+ref.Key("name").Text()]
		if gateway == nil {
			continue
		}
		class := w.gatewayClasses[kube.ValueAt(gateway, "spec", "gatewayClassName").Text()]
		if class == nil {
			continue
		}
		controller := kube.ValueAt(class, "spec", "controllerName").Text()
		if controller == "" || istios(controller) {
			continue
		}
		if pod = w.outside(controller); pod != nil {
			break
		}
	}
	if pod == nil {
		return
	}
	facts := whyOutside(pod, "the controller of the Gateway")
	for i, rule := range kube.ValueAt(o, "spec", "rules").Items() {
		for k, ref := range rule.Key("backendRefs").Items() {
			if kind := ref.Key("kind").Text(); kind != "" && kind != "Service" {
				continue
			}
			if weight, ok := ref.Key("weight").Int(); ok && weight == 0 {
				continue
			}
			ns, service := ref.Key("namespace").Text(), ref.Key("name")
			if ns == "" {
				ns = o.NamespaceOrDefault()
			}
			name := service.Text()
			if name == "" {
				continue
			}
			c := &Caller{
				Kind: Client, Object: o, Name: "rules/" + strconv.Itoa(i) + "/backendRefs/" + strconv.Itoa(k), At: service.At,
				Client: "the Gateway's controller", Speech: mesh.Plaintext, Covers: "requests for it are answered with an error",
			}
			if w.backendTLS[ns+"/"+name] {
				c.Speech = mesh.TLS
			}
			v.toService(c, ns, name, ref.Key("port").Text(), facts)
		}
	}
}

// service finds the clients outside the cluster of a LoadBalancer or NodePort,
// and what its annotations ask Prometheus for. What such clients say is not
// known: a port counts that lets in neither plaintext nor TLS.
func (v *view) service(o *render.Object) {
	v.annotatedService(o)
	sort := kube.ValueAt(o, "spec", "type")
	kind := sort.Text()
	if kind != "LoadBalancer" && kind != "NodePort" {
		return
	}
	s := kube.ServiceOf(o)
	for _, p := range s.Ports {
		if !p.TCP() {
			continue
		}
		number := strconv.Itoa(p.Number)
		c := &Caller{
			Kind: Client, Object: o, Name: "ports/" + number, At: s.PortField(p).Key("port"),
			Client: "a client outside the cluster", Speech: mesh.Plaintext, both: true,
			Asks:   portOf(o.NamespaceOrDefault(), o.Name, number),
			Covers: "clients outside the cluster, health checks of load balancers among them, are refused",
		}
		c.facts = []mesh.Fact{{Text: "a Service of type " + kind + " has clients outside the cluster, which have no certificate of the mesh", Field: sort.At, Deciding: true}}
		c.targets = v.ports(s, func(q kube.ServicePort) bool { return q == p })
		v.add(c)
	}
}
