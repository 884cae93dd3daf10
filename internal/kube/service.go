package kube

import (
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/org/probe-mtls-action/render"
)

// Service is a Service.
type Service struct {
	Object   *render.Object
	Selector Strings
	Ports    []ServicePort
}

// ServicePort is one port of a Service.
type ServicePort struct {
	Name     string
	Number   int
	Protocol string // "" is TCP
	// AppProtocol is the port's appProtocol; HasAppProtocol tells an empty one
	// from none.
	AppProtocol    string
	HasAppProtocol bool
	// TargetNumber and TargetName are its targetPort; one of them is set.
	TargetNumber int
	TargetName   string
	index        int
}

// PortField returns the place of a port of s.
func (s *Service) PortField(p ServicePort) render.Field {
	return place{object: s.Object, keys: ownPorts}.below(item(p.index))
}

// ServiceOf returns the view of a core Service, nil for other objects. The
// selector of a Service that selects no pods is empty.
func ServiceOf(o *render.Object) *Service {
	if o.Kind != "Service" || o.Group != "" {
		return nil
	}
	var v [5]*yaml.Node
	Pick(Get(o.Node, "spec"), v[:3], "selector", "type", "ports")
	s := &Service{Object: o, Selector: stringsAt(place{object: o, keys: ownSelector}, v[0])}
	if Text(v[1]) == "ExternalName" {
		s.Selector = Strings{}
	}
	ports := Items(v[2])
	s.Ports = make([]ServicePort, 0, len(ports))
	for i, n := range ports {
		Pick(n, v[:], "name", "protocol", "appProtocol", "port", "targetPort")
		p := ServicePort{Name: Text(v[0]), Protocol: Text(v[1]), AppProtocol: Text(v[2]), HasAppProtocol: !IsNull(v[2]), index: i}
		p.Number, _ = Int(v[3])
		target := v[4]
		if number, ok := Int(target); ok {
			p.TargetNumber = number
		} else {
			p.TargetName = Text(target)
		}
		if p.TargetNumber == 0 && p.TargetName == "" { // the API server's default
			p.TargetNumber = p.Number
		}
		s.Ports = append(s.Ports, p)
	}
	return s
}

// TCP reports whether the port carries TCP.
func (p ServicePort) TCP() bool { return p.Protocol == "" || strings.EqualFold(p.Protocol, "TCP") }

// Resolve returns the container port of pod that the port leads to, 0 if pod
// has no port of the name it asks for.
func (p ServicePort) Resolve(pod *Pod) int {
	if p.TargetName == "" {
		return p.TargetNumber
	}
	_, port, _ := pod.PortNamed(p.TargetName)
	return port.Number
}
