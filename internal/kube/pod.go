package kube

import (
	"go.yaml.in/yaml/v3"

	"github.com/org/probe-mtls-action/render"
)

// Pod is a Pod or the pod template of a workload.
type Pod struct {
	Object *render.Object
	// Whole is set where the object is the pod itself, not one that makes pods.
	Whole bool
	// Labels and Annotations are those that the pod itself gets.
	Labels, Annotations Strings
	HostNetwork         bool
	// Containers are the init containers and then the others, each in the
	// order of the manifest.
	Containers []Container
	base       render.Path // of the pod within Object
	keys       *podKeys    // below base
}

// Container is one container of a pod.
type Container struct {
	Name string
	Node *yaml.Node
	Init bool
	// Restarts is set for an init container with restartPolicy Always, which
	// runs beside the pod's other containers and may have probes.
	Restarts bool
	// Completed is set for a container that an operator fills up: what the
	// manifest leaves out of it need not be missing.
	Completed bool
	Ports     []ContainerPort
	list      place // that holds the container
	index     int
}

// At returns the place of c itself.
func (c *Container) At() render.Field { return c.list.below(c.own()...) }

// own is the step from the list to c, none where c stands in no list.
func (c *Container) own() []render.Step {
	if c.index == itself {
		return nil
	}
	return append(make([]render.Step, 0, 8), item(c.index))
}

// Field returns the place below c that keys lead to.
func (c *Container) Field(keys ...string) render.Field {
	steps := c.own()
	for _, k := range keys {
		steps = append(steps, key(k))
	}
	return c.list.below(steps...)
}

// Value returns the value that keys lead to in the container.
func (c *Container) Value(keys ...string) Value { return Value{c.Node, c.At()}.Key(keys...) }

// ContainerPort is one declared port.
type ContainerPort struct {
	Name     string
	Number   int
	Protocol string // "" is TCP
	index    int
}

// PortField returns the place of a port of c.
func (c *Container) PortField(p ContainerPort) render.Field {
	return c.list.below(append(c.own(), key("ports"), item(p.index))...)
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

// Metadata returns the place of the pod's metadata, even where it has none.
func (p *Pod) Metadata() render.Field { return place{p.Object, p.base, p.keys.meta}.below() }

// Spec returns the place below the pod's spec that keys lead to.
func (p *Pod) Spec(keys ...string) render.Field {
	return place{p.Object, p.base, p.keys.spec}.below().Key(keys...)
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

// PodsOf returns the pods of a workload: of a Pod, Deployment, CronJob, Argo
// Rollout, Knative Service, of an operator's kind that is known, or of any
// object with a pod template at spec.template. Most have one; objects that are
// no workload have none.
func PodsOf(o *render.Object) []*Pod {
	var pods []*Pod
	read := func(n *yaml.Node, at render.Path, t template) {
		if p := podAt(o, n, at, t); p != nil {
			pods = append(pods, p)
		}
	}
	for _, t := range templatesOf(o.Ref) {
		if t.fixed != nil {
			read(o.At(t.fixed), t.fixed, t)
			continue
		}
		each(o.Node, nil, t.at, func(n *yaml.Node, at render.Path) { read(n, at, t) })
	}
	return pods
}

// PodAnnotations returns the annotations of each pod template of o, without
// those of o itself where it is the pod.
func PodAnnotations(o *render.Object) []Strings {
	var out []Strings
	for _, t := range templatesOf(o.Ref) {
		each(o.Node, nil, t.at, func(n *yaml.Node, at render.Path) {
			if len(at) > 0 {
				out = append(out, stringsAt(place{o, at, t.keys.annotations}, Get(n, t.keys.annotations...)))
			}
		})
	}
	return out
}

// podAt reads the pod of which node, at the path base of o, is the template; nil
// if it has no containers.
func podAt(o *render.Object, node *yaml.Node, base render.Path, t template) *Pod {
	spec := Get(node, t.keys.spec...)
	var v [3]*yaml.Node
	Pick(spec, v[:], "initContainers", "containers", "hostNetwork")
	init, regular, hostNetwork := v[0], v[1], v[2]
	if init == nil && regular == nil && (t.main == "" || spec == nil || spec.Kind != yaml.MappingNode) {
		return nil
	}
	p := &Pod{Object: o, Whole: len(base) == 0, base: base, keys: t.keys}
	Pick(Get(node, t.keys.meta...), v[:2], "labels", "annotations")
	p.Labels = stringsAt(place{o, base, t.keys.labels}, v[0])
	p.Annotations = stringsAt(place{o, base, t.keys.annotations}, v[1])
	p.HostNetwork, _ = Bool(hostNetwork)
	p.Containers = make([]Container, 0, len(Items(init))+len(Items(regular)))
	p.add(init, place{o, base, t.keys.init}, true)
	if t.main != "" {
		name := t.main
		if name == "*" {
			name = base[len(base)-1].Key
		}
		c := containerAt(spec, place{o, base, t.keys.spec}, itself, false)
		c.Name, c.Completed = name, true
		p.Containers = append(p.Containers, c)
	}
	p.add(regular, place{o, base, t.keys.containers}, false)
	return p
}

func (p *Pod) add(list *yaml.Node, at place, init bool) {
	for i, n := range Items(list) {
		if n.Kind == yaml.MappingNode {
			p.Containers = append(p.Containers, containerAt(n, at, i, init))
		}
	}
}

// itself is the index of a container that is no item of a list.
const itself = -1

func containerAt(n *yaml.Node, list place, index int, init bool) Container {
	var v [3]*yaml.Node
	Pick(n, v[:], "name", "ports", "restartPolicy")
	c := Container{Name: Text(v[0]), Node: n, Init: init, list: list, index: index}
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
	return c
}

// ComponentPod returns the pod that an operator makes of the mapping at base of
// o: its labels, annotations and containers are those that stand there, in the
// form that operators have in common (podMetadata, containers).
func ComponentPod(o *render.Object, base render.Path) *Pod {
	if p := podAt(o, o.At(base), base, component(base.String(), "*")); p != nil {
		return p
	}
	return &Pod{Object: o, base: base, keys: &componentKeys}
}
