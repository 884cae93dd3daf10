// Package probe finds the kubelet's probes and lifecycle handlers in workloads.
package probe

import (
	"strings"

	"github.com/org/probe-mtls-action/render"
)

// Kind is the field that holds a probe.
type Kind string

// The kinds, as the fields of a container are named.
const (
	Liveness  Kind = "livenessProbe"
	Readiness Kind = "readinessProbe"
	Startup   Kind = "startupProbe"
	PostStart Kind = "lifecycle.postStart"
	PreStop   Kind = "lifecycle.preStop"
)

// Noun returns what users call a kind of probe: liveness probe, preStop handler.
func (k Kind) Noun() string {
	if handler, ok := strings.CutPrefix(string(k), "lifecycle."); ok {
		return handler + " handler"
	}
	return strings.TrimSuffix(string(k), "Probe") + " probe"
}

// Lifecycle reports whether k is a lifecycle handler, not a probe.
func (k Kind) Lifecycle() bool { return k == PostStart || k == PreStop }

// Handler is how the kubelet asks.
type Handler string

// The handlers of Kubernetes.
const (
	HTTPGet   Handler = "httpGet"
	TCPSocket Handler = "tcpSocket"
	GRPC      Handler = "grpc"
	Exec      Handler = "exec"
	Sleep     Handler = "sleep"
)

// Port is a port as the manifest writes it.
type Port struct {
	Number int    // 0 when Name is set
	Name   string // an IANA service name, "" when Number is set
}

// Probe is one probe or lifecycle handler of one container.
type Probe struct {
	Kind    Kind
	Handler Handler
	Port    Port
	Scheme  string // HTTP or HTTPS, for httpGet
	Host    string // "" is the pod's own address
	Path    string
	// Workload is the object that holds the pod or the pod template.
	Workload *render.Object
	// Container is the container's name; Init tells an init container.
	Container string
	Init      bool
	// Field is the probe itself (…containers[0].livenessProbe); PortField its
	// port value or, where it has none, its handler; zero where that asks no port.
	Field, PortField render.Field
	// Fault says what is wrong with a probe that cannot be judged, as the API
	// server refuses it: "names no port". It is "" for a well-formed one.
	Fault string
	// Refused says what the API server refuses about a probe that can be judged
	// all the same, because it is plain what it means: a port number in quotes.
	Refused string
}
