package istio

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/org/probe-mtls-action/internal/kube"
	"github.com/org/probe-mtls-action/internal/mesh"
	"github.com/org/probe-mtls-action/internal/near"
	"github.com/org/probe-mtls-action/internal/probe"
	"github.com/org/probe-mtls-action/render"
)

// remedy adds the fixes that fit the verdict, the shortest first.
func (j *judging) remedy() {
	if j.Verdict == mesh.OK {
		return
	}
	j.Remedies = make([]mesh.Remedy, 0, 5)
	switch j.Cause {
	case mesh.CausePortNotFound:
		j.remedyPort()
		return
	case mesh.CauseRewrite:
		j.remedyRewriteFault()
	case mesh.CauseNeverRun:
		if j.w.enrolled.sidecar() && j.w.enrolled.as != preinjected {
			j.remedyRewrite()
			j.remedyUpgrade()
		}
		j.offer("Use an exec or httpGet "+j.Probe.Kind.Noun()+", which Kubernetes runs", "", j.Probe.Field)
		return
	case mesh.CauseSidecar:
		j.remedyRewrite()
		j.remedyHandler()
		j.remedyExclude()
	case mesh.CauseMTLS, mesh.CauseOrder:
		j.remedyRewrite()
		j.remedyOrder()
		j.remedyMode()
		j.remedyUpgrade()
	}
	j.remedyExec()
}

// offer adds a remedy and returns it, to be told what it costs and, where it does
// not merge or create its YAML, what it changes.
func (j *judging) offer(title, yaml string, at render.Field) *mesh.Remedy {
	j.Remedies = append(j.Remedies, mesh.Remedy{Title: title, YAML: yaml, Field: at})
	return &j.Remedies[len(j.Remedies)-1]
}

// annotate returns the fragment that sets a pod annotation; it belongs into the
// pod's metadata.
func annotate(key, value string) string {
	return "annotations:\n  " + key + ": " + strconv.Quote(value) + "\n"
}

func (j *judging) podMeta() render.Field { return j.w.pod.Metadata() }

// remedyRewrite offers to let Istio rewrite the probe.
func (j *judging) remedyRewrite() {
	m, r := j.m, &j.w.rewrite
	if j.w.enrolled.as == preinjected {
		j.offer("Inject the manifest again with probe rewriting on", "", j.w.enrolled.proxy.At())
		return
	}
	if r.on || !j.rewritable() {
		return
	}
	if !m.version.has(rewriteAnnotation) {
		j.offer("Install Istio "+m.version.String()+" with sidecarInjectorWebhook.rewriteAppHTTPProbe=true", "", render.Field{})
		return
	}
	if _, set := j.w.pod.Annotations.Get(annotationRewrite); set && j.w.enrolled.plane.rewrite.value {
		at := j.w.pod.Annotations.Field(annotationRewrite)
		j.offer("Remove the annotation "+annotationRewrite+" from "+j.w.name+": Istio then rewrites its probes", "", at).
			Edits = []mesh.Edit{{Op: mesh.Delete, Field: at}}
		return
	}
	j.offer("Let Istio rewrite the probes of "+j.w.name+" to its agent", annotate(annotationRewrite, "true"), j.podMeta())
}

// rewritable reports whether switching rewriting on would settle the matter.
func (j *judging) rewritable() bool {
	if j.Probe.Container == proxyContainer || j.w.rewrite.statusPort == 0 {
		return false
	}
	for _, f := range j.m.needs(j.target) {
		if !j.m.version.has(f) {
			return false
		}
	}
	if j.Probe.Handler == probe.TCPSocket && !j.w.enrolled.plane.rewriteTCP {
		return false
	}
	return j.m.rewriteFault(j.target) == nil
}

// remedyUpgrade names the release that would rewrite the probe.
func (j *judging) remedyUpgrade() {
	if j.w.enrolled.as == preinjected {
		return
	}
	var since version
	for _, f := range j.m.needs(j.target) {
		if !j.m.version.has(f) && since.before(gates[f].since) {
			since = gates[f].since
		}
	}
	if since != (version{}) {
		j.offer("Upgrade to Istio "+since.String()+" or newer, which can rewrite this "+j.Probe.Kind.Noun(), "", render.Field{})
	}
}

// remedyOrder offers to end a disagreement among policies.
func (j *judging) remedyOrder() {
	if j.Cause != mesh.CauseOrder {
		return
	}
	var names []string
	for _, s := range j.chosen {
		if !has(names, s.who) {
			names = append(names, s.who)
		}
	}
	if len(names) > 1 {
		j.offer("Keep one of "+strings.Join(names, " and ")+", or make them agree", "", j.chosen[len(j.chosen)-1].at)
	}
}

// remedyMode offers to make the port accept the kubelet's request.
func (j *judging) remedyMode() {
	s := j.chosen[0]
	for _, c := range j.chosen {
		if c.mode == mesh.ModeStrict {
			s = c
			break
		}
	}
	if s.mode != mesh.ModeStrict {
		j.remedyProtocol()
	} else if j.m.version.has(peerAuthentication) && (j.w.peers.applies() || !j.m.version.has(alphaAPI)) {
		j.remedyPeer(s)
	} else {
		j.remedyAlpha(s)
	}
	j.remedyHealthPort()
	j.remedyExclude()
	j.remedyPolicy(s)
}

// remedyProtocol is for an HTTPS probe on a port that is declared HTTP.
func (j *judging) remedyProtocol() {
	for _, b := range j.w.bound(j.port) {
		if !j.m.protocol(&b).http {
			continue
		}
		yaml := "appProtocol: https\n"
		if b.entry != nil {
			yaml = "protocol: HTTPS\n"
		}
		j.offer("Declare port "+strconv.Itoa(b.port.Number)+" of "+b.owner()+" as https, if the application speaks HTTPS there", yaml, b.field()).
			Cost = "Istio passes TLS on the port through: no HTTP routing, policy or telemetry there"
	}
}

// remedyPeer offers a PeerAuthentication that exempts the port, or an entry in
// the one that applies already.
func (j *judging) remedyPeer(s scenario) {
	if j.m.isRoot(j.w.pod.Namespace()) {
		return // selectors do nothing there
	}
	port, cost := j.number, j.plaintext()
	fragment := "portLevelMtls:\n  \"" + port + "\":\n    mode: PERMISSIVE\n"
	title := "Exempt port " + port + " from mTLS"
	if len(j.w.bound(j.port)) == 0 && !j.m.version.has(passthroughPortLevel) {
		fragment = "mtls:\n  mode: PERMISSIVE\n"
		title = "Make mTLS optional for " + j.w.name + " (Istio " + j.m.version.String() + " cannot exempt a port that no Service leads to)"
		cost = "every port of " + j.w.name + " accepts plaintext from any client"
	}
	if s.edit != nil {
		j.offer(title+" in "+s.edit.name, fragment, render.Field{Object: s.edit.object, Path: render.PathOf("spec")}).Cost = cost
		return
	}
	selector := j.selectorLabels()
	if selector == "" {
		return
	}
	apiVersion := "security.istio.io/v1"
	if !j.m.version.has(peerAuthenticationV1) {
		apiVersion = "security.istio.io/v1beta1"
	}
	suffix := "-probes"
	if j.client != "" {
		suffix = "-callers"
	}
	yaml := "apiVersion: " + apiVersion + "\nkind: PeerAuthentication\nmetadata:\n  name: " +
		yamlText(j.w.pod.Object.Name+suffix) + "\n  namespace: " + yamlText(j.w.pod.Namespace()) +
		"\nspec:\n  selector:\n    matchLabels:\n" + selector + indent(fragment, "  ")
	r := j.offer(title+" with a PeerAuthentication", yaml, render.Field{})
	r.Cost = cost
	if j.client != "" { // the caller may be of another root
		r.Edits = []mesh.Edit{{Op: mesh.Create, Field: render.Field{Object: j.w.pod.Object}, YAML: yaml}}
	}
}

// selectorLabels returns the labels that select the workload's pods as lines of
// YAML: those of its own selector if the pod has them all, else the pod's.
func (j *judging) selectorLabels() string {
	pod := j.w.pod
	labels := pod.Labels
	for _, path := range [][]string{{"spec", "selector", "matchLabels"}, {"spec", "selector"}} {
		own := kube.ValueAt(pod.Object, path...).Strings()
		if own.Len() > 0 && len(own.Malformed()) == 0 && pod.Labels.Contains(own) {
			labels = own
			break
		}
	}
	var b strings.Builder
	for k, v := range labels.All {
		if k != "pod-template-hash" {
			b.WriteString("      " + yamlText(k) + ": " + yamlText(v) + "\n")
		}
	}
	return b.String()
}

// remedyAlpha offers a Policy for the Service port, or a change to the one that
// decides for the Service.
func (j *judging) remedyAlpha(s scenario) {
	bound := j.w.bound(j.port)
	if len(bound) == 0 {
		return
	}
	b := bound[0]
	ver := j.m.version
	peers := "peers:\n- mtls:\n    mode: PERMISSIVE\n"
	http := j.m.protocol(&b).http
	https := j.https || j.Probe != nil && j.Probe.Scheme == "HTTPS"
	if ver.has(alphaModeIgnored) || ver.has(alphaPermissiveHTTPOnly) && !http || ver.has(permissiveByTransport) && https {
		peers = "peers: []\n"
	}
	number := strconv.Itoa(b.port.Number)
	for _, p := range j.m.servicePolicies(j.w, b) {
		_, byPort := j.m.targets(p, j.w, b)
		if byPort || !ver.has(alphaPortFirst) {
			r := j.offer("Let "+p.name+" accept plaintext for what it targets", peers, render.Field{Object: p.object, Path: render.PathOf("spec")})
			r.Cost, r.Broad = "all that the policy targets accepts plaintext from any client", true
			j.remedyManagement()
			return
		}
	}
	j.offer("Exempt port "+number+" of Service "+b.service.Object.Name+" from mTLS with a Policy",
		"apiVersion: authentication.istio.io/v1alpha1\nkind: Policy\nmetadata:\n  name: "+yamlText(b.service.Object.Name+"-probes")+
			"\n  namespace: "+yamlText(j.w.pod.Namespace())+"\nspec:\n  targets:\n  - name: "+yamlText(b.service.Object.Name)+
			"\n    ports:\n    - number: "+number+"\n"+indent(peers, "  "), render.Field{}).Cost = j.plaintext()
	j.remedyManagement()
}

// remedyManagement names the fix by a port of its own.
func (j *judging) remedyManagement() {
	if j.Probe != nil && j.m.version.has(managementListener) && (j.Probe.Kind == probe.Liveness || j.Probe.Kind == probe.Readiness) {
		j.offer("Probe a port of its own that no Service leads to: Istio "+j.m.version.String()+" accepts plaintext there", "", j.Probe.Field)
	}
}

// remedyExclude offers to keep the port away from the sidecar.
func (j *judging) remedyExclude() {
	c := j.w.capture
	port := j.number
	if c.off || j.w.enrolled.as == preinjected {
		return
	}
	if !c.all && !c.declared {
		r := j.offer("Take port "+port+" out of the list of captured ports", "", c.portsWhy.Field)
		if at := j.w.pod.Annotations.Field(annotationInclude); c.portsWhy.Field.String() == at.String() {
			left := slices.DeleteFunc(slices.Clone(c.ports), func(p int) bool { return p == j.port })
			r.Edits = []mesh.Edit{{Op: mesh.Merge, Field: j.podMeta(), YAML: annotate(annotationInclude, left.String())}}
			r.Cost = j.outside()
		}
		return
	}
	list := port
	if len(c.exclude) > 0 {
		list = c.exclude.String() + "," + port
	}
	title := "Take port " + port + " out of the mesh"
	if j.client == "" {
		title += ", if it serves health checks only"
	}
	j.offer(title, annotate(annotationExclude, list), j.podMeta()).Cost = j.outside()
}

// String returns the ports separated by commas.
func (s portSet) String() string {
	out := make([]string, len(s))
	for i, p := range s {
		out[i] = strconv.Itoa(p)
	}
	return strings.Join(out, ",")
}

// remedyPort is for a port name that the container does not declare.
func (j *judging) remedyPort() {
	p, c := j.Probe, j.target.container
	handler := p.Field.Key(string(p.Handler))
	name := p.Port.Name
	if _, port, ok := j.w.pod.PortNamed(name); ok && port.Number > 0 {
		j.offer("Ask for port "+strconv.Itoa(port.Number)+" by its number", "port: "+strconv.Itoa(port.Number)+"\n", handler)
	}
	if len(c.Ports) == 1 && c.Ports[0].Name == "" && c.Ports[0].Number > 0 {
		port := c.Ports[0]
		j.offer("Name port "+strconv.Itoa(port.Number)+" of container "+c.Name+" "+quote(name), "name: "+yamlText(name)+"\n", c.PortField(port))
	}
	ports := slices.Clone(c.Ports)
	if meant := near.Word(name, portNames(c)); meant != "" {
		slices.SortStableFunc(ports, func(a, b kube.ContainerPort) int { return cmp.Compare(bit(a.Name != meant), bit(b.Name != meant)) })
	}
	for _, port := range ports {
		if port.Name == "" || port.Number <= 0 {
			continue
		}
		r := j.offer("Ask for port "+quote(port.Name)+", which container "+c.Name+" declares", "port: "+yamlText(port.Name)+"\n", handler)
		if len(c.Ports) > 1 {
			r.Cost = answers("port " + quote(port.Name))
		}
	}
	j.offer("Declare a port named "+quote(name)+" in container "+c.Name, "", c.At())
}

// portNames are the names of a container's ports.
func portNames(c *kube.Container) []string {
	var out []string
	for _, p := range c.Ports {
		if p.Name != "" {
			out = append(out, p.Name)
		}
	}
	return out
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

// remedyRewriteFault is for probes that rewriting itself breaks.
func (j *judging) remedyRewriteFault() {
	p, r := j.Probe, &j.w.rewrite
	switch {
	case p.Handler == probe.HTTPGet && p.Scheme == "HTTPS" && !j.m.version.has(rewriteHTTPSDowngrade):
		j.offer("Upgrade to Istio 1.2 or newer", "", render.Field{})
	case p.Handler == probe.HTTPGet && p.Host != "":
		at := p.Field.Key("httpGet", "host")
		j.offer("Remove host from the "+p.Kind.Noun()+": the kubelet then asks the pod", "", at).Edits = []mesh.Edit{{Op: mesh.Delete, Field: at}}
	case r.statusPort == 0:
		offered := j.offer("Remove the annotation "+annotationStatusPort, "", r.statusPortAt)
		if !r.statusPortAt.IsZero() {
			offered.Edits = []mesh.Edit{{Op: mesh.Delete, Field: r.statusPortAt}}
		}
	case r.listens.value != r.statusPort:
		j.offer("Set the agent's port by the annotation "+annotationStatusPort+", which the injector reads too", annotate(annotationStatusPort, strconv.Itoa(r.listens.value)), j.podMeta())
	case p.Kind == probe.Startup && p.Init && !r.native:
		if minor, ok := kubeletMinor(j.m.opts.KubeletVersion); j.m.version.has(nativeSidecarAnnotation) && (!ok || minor >= 29 || j.m.opts.KubeletVersion == "") && j.w.enrolled.as != preinjected {
			j.offer("Make istio-proxy a native sidecar, which starts before the pod's other init containers", annotate(annotationNative, "true"), j.podMeta()).
				Cost = "istio-proxy starts before the pod's other containers and ends after them"
		}
	default:
		offered := j.offer("Probe a port of the application instead of the sidecar's port "+strconv.Itoa(p.Port.Number), "", p.PortField)
		if c := j.target.container; len(c.Ports) == 1 && c.Ports[0].Number > 0 && c.Ports[0].Number != p.Port.Number {
			own := strconv.Itoa(c.Ports[0].Number)
			offered.Title += ", such as " + own
			offered.Edits = []mesh.Edit{{Op: mesh.Merge, Field: p.Field.Key(string(p.Handler)), YAML: "port: " + own + "\n"}}
			offered.Cost = answers("port " + own)
		}
	}
	j.remedyNoRewrite()
}

// indent puts prefix before every line of text.
func indent(text, prefix string) string {
	return prefix + strings.ReplaceAll(strings.TrimSuffix(text, "\n"), "\n", "\n"+prefix) + "\n"
}

// yamlText writes untrusted text as a YAML scalar that is a string.
func yamlText(s string) string {
	plain := s != ""
	for i, r := range s {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		plain = plain && (letter || i > 0 && (r >= '0' && r <= '9' || strings.ContainsRune("-._/", r)))
	}
	switch strings.ToLower(s) {
	case "true", "false", "yes", "no", "on", "off", "null", "y", "n":
		plain = false
	}
	if plain {
		return s
	}
	return strconv.Quote(s)
}
