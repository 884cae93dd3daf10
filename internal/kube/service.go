package kube

import (
	"strings"

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
	// AppProtocol is the port's appProtocol.
	AppProtocol string
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
	spec := Get(o.Node, "spec")
	s := &Service{Object: o, Selector: stringsAt(place{object: o, keys: ownSelector}, Get(spec, "selector"))}
	if Text(Get(spec, "type")) == "ExternalName" {
		s.Selector = Strings{}
	}
	ports := Items(Get(spec, "ports"))
	s.Ports = make([]ServicePort, 0, len(ports))
	for i, n := range ports {
		p := ServicePort{
			Name: Text(Get(n, "name")), Protocol: Text(Get(n, "protocol")),
			AppProtocol: Text(Get(n, "appProtocol")), index: i,
		}
		p.Number, _ = Int(Get(n, "port"))
		target := Get(n, "targetPort")
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
