package caller

import (
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/org/probe-mtls-action/internal/kube"
	"github.com/org/probe-mtls-action/internal/mesh"
	"github.com/org/probe-mtls-action/render"
)

// pods finds the callers that pods are: Prometheus reads their annotations, and
// those outside the mesh call what their environment and arguments name.
func (v *view) pods() {
	for _, p := range v.model.Pods() {
		v.annotatedPod(p)
		if p.In == mesh.Outside {
			v.urls(p)
		}
	}
}

// urls finds the URLs of Services in the environment and the arguments of a pod
// outside the mesh.
func (v *view) urls(p *mesh.Pod) {
	for i := range p.Containers {
		c := &p.Containers[i]
		for k, n := range kube.Items(kube.Get(c.Node, "env")) {
			v.url(p, kube.Get(n, "value"), c.Name+"/env/"+kube.Text(kube.Get(n, "name")), func() render.Field { return item(c, "env", k).Key("value") })
		}
		for _, key := range []string{"command", "args"} {
			for k, n := range kube.Items(kube.Get(c.Node, key)) {
				v.url(p, n, c.Name+"/"+key+"/"+strconv.Itoa(k), func() render.Field { return item(c, key, k) })
			}
		}
	}
}

func item(c *kube.Container, key string, i int) render.Field { return c.Field(key).Item(i) }

// address is a URL with a host.
var address = regexp.MustCompile(`([a-zA-Z][a-zA-Z0-9+.-]*)://(?:[^/\s@,]*@)?([a-zA-Z0-9.-]+)(?::([0-9]+))?`)

// schemes are those whose port is known, and those that begin with TLS.
var schemes = map[string]struct {
	port int
	tls  bool
}{
	"http": {80, false}, "https": {443, true}, "ws": {80, false}, "wss": {443, true}, "grpc": {0, false}, "grpcs": {0, true},
	"redis": {6379, false}, "rediss": {6379, true}, "amqp": {5672, false}, "amqps": {5671, true}, "postgres": {5432, false},
	"postgresql": {5432, false}, "mysql": {3306, false}, "mongodb": {27017, false}, "nats": {4222, false}, "tcp": {0, false},
	"tls": {0, true}, "ssl": {0, true},
}

// endpoint is what a URL names.
type endpoint struct {
	namespace, service string
	port               int
	speech             mesh.Speech
}

// endpoints returns the Services in view that the URLs in a text name, as seen
// from a namespace.
func (v *view) endpoints(root render.Root, namespace, text string) []endpoint {
	var out []endpoint
	for _, m := range address.FindAllStringSubmatch(text, -1) {
		scheme, known := schemes[strings.ToLower(m[1])]
		if !known {
			continue
		}
		e := endpoint{port: scheme.port, speech: mesh.Plaintext}
		if scheme.tls {
			e.speech = mesh.TLS
		}
		if m[3] != "" {
			e.port, _ = strconv.Atoi(m[3])
		}
		e.service, e.namespace = serviceHost(m[2], namespace)
		if e.port > 0 && e.service != "" && len(v.services(root, e.namespace, e.service)) > 0 {
			out = append(out, e)
		}
	}
	return out
}

// serviceHost returns the Service that a host name means within namespace: name,
// name.namespace, name.namespace.svc or with the cluster's domain behind it; in
// the long forms a pod's own name may stand in front of it.
func serviceHost(host, namespace string) (service, in string) {
	parts := strings.Split(strings.ToLower(strings.TrimSuffix(host, ".")), ".")
	switch {
	case len(parts) == 1:
		return parts[0], namespace
	case len(parts) == 2 || parts[2] == "svc":
		return parts[0], parts[1]
	case len(parts) > 3 && parts[3] == "svc":
		return parts[1], parts[2]
	}
	return "", ""
}

// byName returns the pod ports that a call to a Service's name reaches: the name
// of a headless Service stands for its pods, so that the port is theirs.
func (v *view) byName(root render.Root, e endpoint) []target {
	var out []target
	for _, s := range v.services(root, e.namespace, e.service) {
		if !headless(s) {
			out = append(out, v.ports(s, numbered(e.port))...)
			continue
		}
		for _, p := range v.behind(s) {
			out = append(out, target{pod: p, port: e.port, facts: []mesh.Fact{{
				Text: "Service " + e.service + " is headless: its name stands for the pods, such as " + p.Name, Field: kube.ValueAt(s.Object, "spec", "clusterIP").At, Deciding: true,
			}}})
		}
	}
	return out
}

func (v *view) url(p *mesh.Pod, n *yaml.Node, name string, field func() render.Field) {
	text := kube.Text(n)
	if !strings.Contains(text, "://") {
		return
	}
	for _, e := range v.endpoints(p.Object.Root, p.Namespace(), text) {
		c := &Caller{
			Kind: Client, Object: p.Object, Name: name, At: field(), Client: p.Name, Speech: e.speech,
			Covers: "its requests to Service " + e.namespace + "/" + e.service + " fail",
		}
		before := len(v.found)
		v.toService(c, e.namespace, e.service, strconv.Itoa(e.port), p.Facts)
		c.targets = v.byName(p.Object.Root, e)
		if before > 0 && v.found[before-1].Object == c.Object && v.found[before-1].Name == name { // several URLs in one value: one caller
			v.found = v.found[:before]
			first := v.found[before-1]
			first.targets = append(first.targets, c.targets...)
		}
	}
}
