package probe

import (
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/org/probe-mtls-action/internal/kube"
	"github.com/org/probe-mtls-action/render"
)

var places = [...]struct {
	kind Kind
	path []string
}{
	{Liveness, []string{"livenessProbe"}},
	{Readiness, []string{"readinessProbe"}},
	{Startup, []string{"startupProbe"}},
	{PostStart, []string{"lifecycle", "postStart"}},
	{PreStop, []string{"lifecycle", "preStop"}},
}

var handlers = [...]Handler{HTTPGet, TCPSocket, GRPC, Exec, Sleep}

// Of returns the probes and lifecycle handlers of container c of pod, in the
// order of [Kind]. It leaves out init containers that do not restart: the API
// server allows them none. A probe that is malformed has a Fault.
func Of(pod *kube.Pod, c *kube.Container) []*Probe {
	if c.Init && !c.Restarts {
		return nil
	}
	var found []*Probe
	for _, place := range places {
		node := kube.Get(c.Node, place.path...)
		if kube.IsNull(node) {
			continue
		}
		p := &Probe{
			Kind: place.kind, Workload: pod.Object, Container: c.Name, Init: c.Init,
			Field: c.Field(place.path...),
		}
		p.read(node, c)
		found = append(found, p)
	}
	return found
}

func (p *Probe) read(node *yaml.Node, c *kube.Container) {
	var names []string
	var body *yaml.Node
	for _, h := range handlers {
		n := kube.Get(node, string(h))
		if kube.IsNull(n) {
			continue
		}
		if body != nil && names == nil {
			names = append(names, string(p.Handler))
		}
		if body != nil {
			names = append(names, string(h))
		}
		if body == nil {
			p.Handler, body = h, n
		}
	}
	switch {
	case body == nil:
		p.Fault = "has none of httpGet, tcpSocket, grpc and exec"
	case len(names) > 1:
		p.Fault = "has more than one handler (" + strings.Join(names, ", ") +
			"); a patch that changes the handler has to set the old one to null"
	case p.Handler == Exec || p.Handler == Sleep:
	case body.Kind != yaml.MappingNode:
		p.Fault = string(p.Handler) + " is not a mapping"
	default:
		p.readNetwork(body, c)
	}
}

func (p *Probe) readNetwork(body *yaml.Node, c *kube.Container) {
	if p.Handler != GRPC {
		p.Host = kube.Text(kube.Get(body, "host"))
	}
	if p.Handler == HTTPGet {
		p.Path = kube.Text(kube.Get(body, "path"))
		p.Scheme = "HTTP"
		switch scheme := kube.Text(kube.Get(body, "scheme")); scheme {
		case "", "HTTP":
		case "HTTPS":
			p.Scheme = scheme
		default:
			p.Fault = "has the scheme " + quote(scheme) + "; it is HTTP or HTTPS"
		}
	}
	port := kube.Get(body, "port")
	if kube.IsNull(port) {
		if strings.HasSuffix(p.Workload.Group, "knative.dev") {
			p.Port.Number = knativePort(c)
			return
		}
		p.Fault = "names no port"
		return
	}
	p.PortField = render.Field{Object: p.Field.Object, Path: p.Field.Path.Join(render.PathOf(string(p.Handler), "port"))}
	p.readPort(port)
}

func (p *Probe) readPort(n *yaml.Node) {
	if number, ok := kube.Int(n); ok {
		p.Port.Number = number
		if number < 1 || number > 65535 {
			p.Fault = "has port " + n.Value + "; a port is a number from 1 to 65535"
		}
		return
	}
	p.Port.Name = kube.Text(n)
	switch {
	case n.Kind != yaml.ScalarNode || n.ShortTag() != "!!str":
		p.Fault = "has a port that is neither a number nor a name"
	case p.Handler == GRPC:
		p.Fault = "has the port " + quote(p.Port.Name) + "; a grpc probe needs a number"
	case !strings.ContainsAny(strings.ToLower(p.Port.Name), "abcdefghijklmnopqrstuvwxyz"):
		p.readQuoted()
	}
}

// readQuoted reads a number in quotes. The kubelet takes it for the number
// (Kubernetes, pkg/probe/util.go, ResolveContainerPort), but the API server does
// not let it through: who takes the quotes away has the probe that is judged.
func (p *Probe) readQuoted() {
	text := "has the port " + quote(p.Port.Name) + " in quotes, which makes it a name, and a port name needs a letter; write the number without quotes"
	if number, err := strconv.Atoi(p.Port.Name); err == nil && number >= 1 && number <= 65535 {
		p.Port, p.Refused = Port{Number: number}, text
		return
	}
	p.Fault = text
}

// knativePort is the port that Knative fills in where a probe names none.
func knativePort(c *kube.Container) int {
	if len(c.Ports) > 0 && c.Ports[0].Number > 0 {
		return c.Ports[0].Number
	}
	return 8080
}

// quote quotes untrusted text for a one-line message and bounds its length.
func quote(s string) string {
	if len(s) > 63 {
		s = s[:60] + "..."
	}
	return `"` + strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s) + `"`
}
