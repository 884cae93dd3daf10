package istio

import (
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/org/probe-mtls-action/internal/kube"
	"github.com/org/probe-mtls-action/internal/mesh"
	"github.com/org/probe-mtls-action/render"
)

const (
	annotationInclude      = "traffic.sidecar.istio.io/includeInboundPorts"
	annotationExclude      = "traffic.sidecar.istio.io/excludeInboundPorts"
	annotationInterfaces   = "traffic.sidecar.istio.io/excludeInterfaces"
	annotationInterception = "sidecar.istio.io/interceptionMode"
	annotationProxyConfig  = "proxy.istio.io/config"
)

// capture tells which inbound ports of a pod are redirected to the sidecar.
type capture struct {
	off      bool // nothing is, for the reason why
	none     bool // off because of interceptionMode NONE
	why      mesh.Fact
	declared bool // only the declared container ports are
	all      bool // all ports but the excluded ones are
	ports    portSet
	portsWhy mesh.Fact // where ports come from
	exclude  portSet
	exclWhy  mesh.Fact
	own      []int // the sidecar's own ports, not redirected where all are
	// unreached are ports that are returned before every other rule.
	unreached []int
}

// portSet is a comma-separated list of ports.
type portSet []int

func (s portSet) has(port int) bool { return has(s, port) }

// parsePorts reads "8080, 9090". A bad entry leaves no ports at all.
func parsePorts(text string) portSet {
	var out portSet
	for text != "" {
		var part string
		part, text, _ = strings.Cut(text, ",")
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		n, err := strconv.ParseUint(part, 10, 16)
		if err != nil {
			return nil
		}
		out = append(out, int(n))
	}
	return out
}

// captureAnnotations are those that make a pod's capture its own.
var captureAnnotations = [...]string{annotationInclude, annotationExclude, annotationInterfaces, annotationInterception, annotationProxyConfig}

// capturing returns what is captured of w: for most pods what their control
// plane says, which they share.
func (m *model) capturing(w *workload) *capture {
	p := w.enrolled.plane
	own := w.enrolled.as != injected || w.rewrite.excluded != p.excluded.value
	for _, key := range captureAnnotations {
		if _, ok := w.pod.Annotations.Get(key); ok {
			own = true
		}
	}
	if own {
		c := m.captureOf(w)
		return &c
	}
	return p.captured(func() capture { return m.captureOf(w) })
}

func (m *model) captureOf(w *workload) capture {
	var c capture
	switch w.enrolled.as {
	case gateway, proxyless, agentless:
		c.off, c.why = true, decider("the pod's injection template redirects no traffic", w.pod.Annotations.Field(annotationTmpl))
		return c
	case preinjected:
		if m.captureFromManifest(w, &c) {
			return c
		}
	}
	p, ann := w.enrolled.plane, w.pod.Annotations
	mode, at, why := m.interception(w)
	if mode == "NONE" {
		c.off, c.none, c.why = true, true, decider(why+", so the sidecar captures no traffic", at)
		return c
	}
	c.unreached = m.unreached(mode)
	if text, ok := ann.Get(annotationInterfaces); ok && m.version.has(captureExcludeInterfaces) {
		for _, name := range strings.Split(text, ",") {
			if matchesMainInterface(strings.TrimSpace(name)) {
				c.off, c.why = true, decider("the pod's annotation "+annotationInterfaces+" is "+quote(text)+", so traffic on the pod's main interface bypasses the sidecar", ann.Field(annotationInterfaces))
				return c
			}
		}
	}

	include := p.include
	if text, ok := ann.Get(annotationInclude); ok {
		include = choice[string]{text, "the pod's annotation " + annotationInclude + " is " + quote(text), ann.Field(annotationInclude)}
	} else if !m.version.has(captureAllPorts) {
		c.declared = true
	}
	c.setInclude(include)

	exclude := p.exclude
	if text, ok := ann.Get(annotationExclude); ok {
		exclude = choice[string]{text, "the pod's annotation " + annotationExclude + " is " + quote(text), ann.Field(annotationExclude)}
	}
	c.setExclude(exclude)
	c.own = m.ownPorts(w)
	return c
}

// matchesMainInterface reports whether iptables takes name for the interface
// that the kubelet's requests come in on: a + at its end stands for any text.
func matchesMainInterface(name string) bool {
	const main = "eth0"
	if prefix, wild := strings.CutSuffix(name, "+"); wild {
		return strings.HasPrefix(main, prefix)
	}
	return name == main
}

// unreached are the ports that no rule ever redirects: the tunnel's, whose rule
// stands in the table nat alone.
func (m *model) unreached(mode string) []int {
	if mode != "TPROXY" && m.version.has(captureTunnelPort) {
		return []int{15008}
	}
	return nil
}

func (c *capture) setInclude(include choice[string]) {
	c.portsWhy = decider(include.why, include.field)
	if strings.TrimSpace(include.value) == "*" {
		c.all = true
		return
	}
	c.ports = parsePorts(include.value)
}

func (c *capture) setExclude(exclude choice[string]) {
	c.exclWhy = decider(exclude.why, exclude.field)
	if strings.TrimSpace(exclude.value) == "*" {
		c.off, c.why = true, c.exclWhy
		return
	}
	c.exclude = parsePorts(exclude.value)
}

// ownPorts are the sidecar's own: telemetry, health, status.
func (m *model) ownPorts(w *workload) []int {
	if w.rewrite.excluded == w.enrolled.plane.excluded.value {
		return w.enrolled.plane.own
	}
	return m.sidecarPorts(w.rewrite.excluded)
}

func (m *model) sidecarPorts(status int) []int {
	own := []int{status}
	if m.version.has(captureExclude15090) {
		own = append(own, 15090)
	}
	if m.version.has(captureExclude15021) {
		own = append(own, 15021)
	}
	if m.version.has(captureExcludeSSH) {
		own = append(own, 22)
	}
	return own
}

// interception returns how inbound traffic is intercepted.
func (m *model) interception(w *workload) (mode string, at render.Field, why string) {
	ann := w.pod.Annotations
	if text, ok := ann.Get(annotationInterception); ok {
		return text, ann.Field(annotationInterception), "the pod's annotation " + annotationInterception + " is " + quote(text)
	}
	if n := either(m.proxyConfig(w), "interceptionMode", "interception_mode"); n != nil {
		s := interceptionName(n)
		return s, ann.Field(annotationProxyConfig), "the pod's annotation " + annotationProxyConfig + " sets interceptionMode " + quote(s)
	}
	c := w.enrolled.plane.interception
	return c.value, c.field, c.why
}

// captureFromManifest reads what istio-init or istio-validation of an injected
// manifest were told.
func (m *model) captureFromManifest(w *workload, c *capture) bool {
	var init *kube.Container
	for _, name := range [...]string{"istio-init", "istio-validation"} {
		if init == nil {
			init = w.pod.Container(name)
		}
	}
	if init == nil {
		return false
	}
	args := init.Value("args").Items()
	flag := func(names ...string) (string, render.Field, bool) {
		for i, arg := range args {
			text := arg.Text()
			for _, name := range names {
				if v, ok := strings.CutPrefix(text, name+"="); ok {
					return v, arg.At, true
				}
				if text == name && i+1 < len(args) && args[i+1].Node.Kind == yaml.ScalarNode {
					return args[i+1].Text(), args[i+1].At, true
				}
			}
		}
		return "", render.Field{}, false
	}
	mode, f, ok := flag("-m", "--istio-inbound-interception-mode")
	if ok && mode == "NONE" {
		c.off, c.none, c.why = true, true, decider(init.Name+" is told interception mode NONE", f)
		return true
	}
	c.unreached = m.unreached(mode)
	include, f, ok := flag("-b", "--istio-inbound-ports")
	if !ok {
		return false
	}
	c.setInclude(choice[string]{include, init.Name + " is told to redirect ports " + quote(include), f})
	if exclude, f, ok := flag("-d", "--istio-local-exclude-ports"); ok {
		c.setExclude(choice[string]{exclude, init.Name + " is told to leave ports " + quote(exclude) + " alone", f})
	} else {
		c.own = m.ownPorts(w)
	}
	return true
}

// captured reports whether port is redirected to the sidecar, and the step that
// decided.
func (c *capture) captured(w *workload, port int) (bool, mesh.Fact) {
	number := strconv.Itoa(port)
	switch {
	case c.off:
		return false, c.why
	case has(c.unreached, port):
		return false, decider("port "+number+" is the mesh's tunnel port, which is never redirected", render.Field{})
	case c.declared:
		if c.exclude.has(port) {
			return false, c.exclWhy
		}
		if declared, at := w.declares(port); declared {
			return true, decider("port "+number+" is a declared container port, so it is redirected to the sidecar", at)
		}
		return false, decider("no container of the pod declares port "+number+", so it is not redirected to the sidecar", render.Field{})
	case !c.all:
		if c.ports.has(port) {
			return true, c.portsWhy
		}
		return false, c.portsWhy
	case has(c.own, port):
		text := "port " + number + " is one of the sidecar's own and is not redirected"
		if port == 22 {
			text = "port 22 is left to SSH and is not redirected"
		}
		return false, decider(text, render.Field{})
	case c.exclude.has(port):
		return false, c.exclWhy
	}
	return true, c.redirected(number)
}

// redirected is why a port is redirected where all are but the excluded ones.
// What the pod says about its ports is told, for whoever meant to exclude this
// one.
func (c *capture) redirected(number string) mesh.Fact {
	text := "port " + number + " is redirected to the sidecar, as all inbound ports are"
	switch {
	case !c.exclWhy.Field.IsZero():
		return decider(text+" but the excluded ones: "+c.exclWhy.Text, c.exclWhy.Field)
	case !c.portsWhy.Field.IsZero():
		return decider(text+": "+c.portsWhy.Text, c.portsWhy.Field)
	}
	return fact(text)
}

// declares reports whether any container declares the port.
func (w *workload) declares(port int) (bool, render.Field) {
	for i := range w.pod.Containers {
		c := &w.pod.Containers[i]
		for _, p := range c.Ports {
			if p.Number == port {
				return true, c.PortField(p)
			}
		}
	}
	return false, render.Field{}
}
