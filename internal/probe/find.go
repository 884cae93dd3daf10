package probe

import (
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/org/probe-mtls-action/internal/kube"
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

// nodes returns what a container has at places.
func nodes(container *yaml.Node) [len(places)]*yaml.Node {
	var v [4]*yaml.Node
	kube.Pick(container, v[:], "livenessProbe", "readinessProbe", "startupProbe", "lifecycle")
	var hooks [2]*yaml.Node
	kube.Pick(v[3], hooks[:], "postStart", "preStop")
	return [...]*yaml.Node{v[0], v[1], v[2], hooks[0], hooks[1]}
}

var handlers = [...]string{string(HTTPGet), string(TCPSocket), string(GRPC), string(Exec), string(Sleep)}

// Of returns the probes and lifecycle handlers of container c of pod, in the
// order of [Kind]. It leaves out init containers that do not restart: the API
// server allows them none. A probe that is malformed has a Fault.
func Of(pod *kube.Pod, c *kube.Container) []*Probe {
	if c.Init && !c.Restarts {
		return nil
	}
	var found []*Probe
	for i, node := range nodes(c.Node) {
		if kube.IsNull(node) {
			continue
		}
		p := &Probe{Kind: places[i].kind, Workload: pod.Object, Container: c.Name, Init: c.Init}
		p.Field = c.Field(places[i].path...)
		p.read(node, c)
		if p.Handler == "" && c.Completed {
			continue // the operator says how to ask
		}
		found = append(found, p)
	}
	return found
}

func (p *Probe) read(node *yaml.Node, c *kube.Container) {
	var names []string
	var body *yaml.Node
	var bodies [len(handlers)]*yaml.Node
	kube.Pick(node, bodies[:], handlers[:]...)
	for i, n := range bodies {
		if kube.IsNull(n) {
			continue
		}
		if body != nil && names == nil {
			names = append(names, string(p.Handler))
		}
		if body != nil {
			names = append(names, handlers[i])
		}
		if body == nil {
			p.Handler, body = Handler(handlers[i]), n
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
	var v [4]*yaml.Node
	kube.Pick(body, v[:], "port", "host", "path", "scheme")
	port := v[0]
	if p.Handler != GRPC {
		p.Host = kube.Text(v[1])
	}
	if p.Handler == HTTPGet {
		p.Path = kube.Text(v[2])
		p.Scheme = "HTTP"
		switch scheme := kube.Text(v[3]); scheme {
		case "", "HTTP":
		case "HTTPS":
			p.Scheme = scheme
		default:
			p.Fault = "has the scheme " + quote(scheme) + "; it is HTTP or HTTPS"
		}
	}
	if kube.IsNull(port) {
		p.PortField = p.Field.Key(string(p.Handler))
		if strings.HasSuffix(p.Workload.Group, "knative.dev") {
			p.Port.Number = knativePort(c)
			return
		}
		p.Fault = "names no port"
		return
	}
	p.PortField = p.Field.Key(string(p.Handler), "port")
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
