package kube

import (
	"go.yaml.in/yaml/v3"

	"github.com/org/probe-mtls-action/render"
)

// Pod is a Pod or the pod template of a workload.
type Pod struct {
	Object *render.Object
	Base   render.Path // of the pod within Object: empty for a Pod
	// Labels and Annotations are those that the pod itself gets.
	Labels, Annotations Strings
	HostNetwork         bool
	// Containers are the init containers and then the others, each in the
	// order of the manifest.
	Containers []Container
}

// Container is one container of a pod.
type Container struct {
	Name string
	Node *yaml.Node
	Init bool
	// Restarts is set for an init container with restartPolicy Always, which
	// runs beside the pod's other containers and may have probes.
	Restarts bool
	Ports    []ContainerPort
	list     place // that holds the container
	index    int
}

// At returns the place of c itself.
func (c *Container) At() render.Field { return c.list.below(item(c.index)) }

// Field returns the place below c that keys lead to.
func (c *Container) Field(keys ...string) render.Field {
	steps := make([]render.Step, 0, 8)
	steps = append(steps, item(c.index))
	for _, k := range keys {
		steps = append(steps, key(k))
	}
	return c.list.below(steps...)
}

// ContainerPort is one declared port.
type ContainerPort struct {
	Name     string
	Number   int
	Protocol string // "" is TCP
	index    int
}

// PortField returns the place of a port of c.
func (c *Container) PortField(p ContainerPort) render.Field {
	return c.list.below(item(c.index), key("ports"), item(p.index))
}

// Port returns the first declared port of that name.
func (c *Container) Port(name string) (ContainerPort, bool) {
	for _, p := range c.Ports {
		if p.Name == name {
			return p, true
		}
	}
	return ContainerPort{}, false
}

// Namespace returns the pod's namespace, "default" where none is set.
func (p *Pod) Namespace() string { return p.Object.NamespaceOrDefault() }

// Field returns the place below the pod that keys lead to.
func (p *Pod) Field(keys ...string) render.Field {
	return place{p.Object, p.Base, keys}.below()
}

// Container returns the container of that name, nil if there is none.
func (p *Pod) Container(name string) *Container {
	for i := range p.Containers {
		if p.Containers[i].Name == name {
			return &p.Containers[i]
		}
	}
	return nil
}

// PortNamed looks a port name up over all containers, as a Service's named
// targetPort is: the regular ones first, then the init containers that restart
// (Kubernetes, pkg/api/v1/pod/util.go, FindPort).
func (p *Pod) PortNamed(name string) (*Container, ContainerPort, bool) {
	for _, init := range [...]bool{false, true} {
		for i := range p.Containers {
			c := &p.Containers[i]
			if c.Init != init || init && !c.Restarts {
				continue
			}
			if port, ok := c.Port(name); ok {
				return c, port, true
			}
		}
	}
	return nil, ContainerPort{}, false
}

// templates are the places of pod templates, per kind. Every other kind is
// taken to hold one at spec.template, if there is something like one.
var templates = map[string]render.Path{
	"Pod":         {},
	"PodTemplate": render.PathOf("template"),
	"CronJob":     render.PathOf("spec", "jobTemplate", "spec", "template"),
}

var defaultTemplate = render.PathOf("spec", "template")

// PodOf returns the pod of a workload: of a Pod, Deployment, CronJob, Argo
// Rollout, Knative Service, or any object with a pod template at
// spec.template. It returns nil for objects that have no pod.
func PodOf(o *render.Object) *Pod {
	base, ok := templates[o.Kind]
	if !ok {
		base = defaultTemplate
	}
	node := o.At(base)
	var v [3]*yaml.Node
	Pick(Get(node, "spec"), v[:], "initContainers", "containers", "hostNetwork")
	init, regular, hostNetwork := v[0], v[1], v[2]
	if init == nil && regular == nil {
		return nil
	}
	p := &Pod{Object: o, Base: base}
	Pick(Get(node, "metadata"), v[:2], "labels", "annotations")
	p.Labels = stringsAt(place{o, base, ownLabels}, v[0])
	p.Annotations = stringsAt(place{o, base, ownAnnotations}, v[1])
	p.HostNetwork, _ = Bool(hostNetwork)
	p.Containers = make([]Container, 0, len(Items(init))+len(Items(regular)))
	p.add(init, place{o, base, ownInit}, true)
	p.add(regular, place{o, base, ownContainers}, false)
	return p
}

func (p *Pod) add(list *yaml.Node, at place, init bool) {
	for i, n := range Items(list) {
		if n.Kind != yaml.MappingNode {
			continue
		}
		var v [3]*yaml.Node
		Pick(n, v[:], "name", "ports", "restartPolicy")
		c := Container{Name: Text(v[0]), Node: n, Init: init, list: at, index: i}
		c.Restarts = init && Text(v[2]) == "Always"
		ports := Items(v[1])
		if len(ports) > 0 {
			c.Ports = make([]ContainerPort, 0, len(ports))
		}
		for j, port := range ports {
			Pick(port, v[:], "name", "containerPort", "protocol")
			number, _ := Int(v[1])
			c.Ports = append(c.Ports, ContainerPort{Name: Text(v[0]), Number: number, Protocol: Text(v[2]), index: j})
		}
		p.Containers = append(p.Containers, c)
	}
}
