package istio

import (
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v3"

	"github.com/org/probe-mtls-action/internal/kube"
	"github.com/org/probe-mtls-action/render"
)

// checked is a pod annotation whose value the injector checks; a bad one makes
// it refuse the pod.
type checked struct {
	key   string
	takes string // what a good value is, for people
	good  func(m *model, value string) bool
	// since and until bound the releases that check it; also are earlier patch
	// releases that the check came into.
	since, until version
	also         []span
}

// span is the releases from since up to but without until.
type span struct{ since, until version }

// checkedAnnotations is the injector's AnnotationValidation with the release
// that each entry came with: pkg/kube/inject/validate.go, up to 1.8
// pkg/kube/inject/inject.go, up to 1.5 pilot/pkg/kube/inject/inject.go
// (annotationRegistry); the tags of every patch release were searched for the
// last bounds. Annotations that are not here are never refused.
var checkedAnnotations = []checked{
	{key: annotationInclude, takes: "port numbers only, or * for all", good: portsOrAll},
	{key: annotationExclude, takes: "port numbers only", good: excludedPorts},
	{key: annotationInterception, takes: "REDIRECT, TPROXY or NONE", good: interceptionMode},
	{key: annotationStatusPort, takes: "a port number", good: onePort},
	{key: "readiness.status.sidecar.istio.io/initialDelaySeconds", takes: "a number", good: uint32s, since: release(1, 0, 3)},
	{key: "readiness.status.sidecar.istio.io/periodSeconds", takes: "a number", good: uint32s, since: release(1, 0, 3)},
	{key: "readiness.status.sidecar.istio.io/failureThreshold", takes: "a number", good: uint32s, since: release(1, 0, 3)},
	{key: "readiness.status.sidecar.istio.io/applicationPorts", takes: "port numbers only, or * for all", good: portsOrAll, since: release(1, 0, 3), until: release(1, 5)},
	{key: "traffic.sidecar.istio.io/includeOutboundIPRanges", takes: "* or CIDRs separated by commas without spaces", good: cidrsOrAll, since: release(1, 0, 3)},
	{key: "traffic.sidecar.istio.io/excludeOutboundIPRanges", takes: "CIDRs separated by commas without spaces", good: cidrs, since: release(1, 0, 3)},
	{key: "traffic.sidecar.istio.io/excludeOutboundPorts", takes: "port numbers only", good: portNumbers, since: release(1, 2)},
	{key: "sidecar.istio.io/enableCoreDump", takes: "true or false", good: booleans, since: release(1, 5), until: release(1, 25)},
	{key: "prometheus.istio.io/merge-metrics", takes: "true or false", good: booleans, since: release(1, 6)},
	{key: annotationProxyConfig, takes: "a ProxyConfig", good: (*model).goodProxyConfig, since: release(1, 6)},
	{key: annotationInterfaces, takes: "names of interfaces, of at most 15 characters each", good: interfaces, since: release(1, 30)},
	{key: "traffic.sidecar.istio.io/kubevirtInterfaces", takes: "names of interfaces, of at most 15 characters each", good: interfaces, since: release(1, 30)},
	{key: "istio.io/reroute-virtual-interfaces", takes: "names of interfaces, of at most 15 characters each", good: interfaces, since: release(1, 30)},
	{key: "sidecar.istio.io/proxyCPU", takes: "a quantity such as 100m", good: quantity, since: release(1, 28, 4), also: quantityBackport},
	{key: "sidecar.istio.io/proxyMemory", takes: "a quantity such as 128Mi", good: quantity, since: release(1, 28, 4), also: quantityBackport},
	{key: "sidecar.istio.io/proxyCPULimit", takes: "a quantity such as 2", good: quantity, since: release(1, 28, 4), also: quantityBackport},
	{key: "sidecar.istio.io/proxyMemoryLimit", takes: "a quantity such as 1Gi", good: quantity, since: release(1, 28, 4), also: quantityBackport},
}

// quantityBackport is where validateResourceQuantity is besides 1.28.4 and newer.
var quantityBackport = []span{{release(1, 27, 6), release(1, 28)}}

// by reports whether release v checks the annotation.
func (c *checked) by(v version) bool {
	for _, s := range append(c.also, span{c.since, c.until}) {
		if !v.before(s.since) && (s.until == version{} || v.before(s.until)) {
			return true
		}
	}
	return false
}

// later returns the patch release of v's own minor release from which on the
// annotation is checked, where v names no patch release; false if there is none.
func (c *checked) later(m *model) (version, bool) {
	for _, s := range append(c.also, span{c.since, c.until}) {
		if s.since.patch > 0 && !m.exact && m.version.before(s.since) && s.since.sameMinor(m.version) {
			return s.since, true
		}
	}
	return version{}, false
}

// refusal returns why the injector refuses a pod for its annotations, "" if it
// does not.
func (m *model) refusal(w *workload) (why string, at render.Field) {
	for i := range checkedAnnotations {
		c := &checkedAnnotations[i]
		text, ok := w.pod.Annotations.Get(c.key)
		if !ok || c.good(m, text) {
			continue
		}
		says := "annotation " + c.key + " is " + quote(text) + ", and it takes " + c.takes
		at := w.pod.Annotations.Field(c.key)
		if c.by(m.version) {
			return says, at
		}
		if from, ok := c.later(m); ok {
			w.warn(at, says+": Istio "+from.String()+" and newer refuse "+w.name+", and "+m.version.String()+" is read as "+m.version.String()+".0")
		}
	}
	return "", render.Field{}
}

// portNumbers is validatePortList: spaces around numbers are taken off, an item
// must not be empty.
func portNumbers(_ *model, text string) bool {
	if text = strings.TrimSpace(text); text == "" {
		return true
	}
	for _, part := range strings.Split(text, ",") {
		if !onePort(nil, part) {
			return false
		}
	}
	return true
}

func portsOrAll(_ *model, text string) bool { return text == "*" || portNumbers(nil, text) }

// excludedPorts are port numbers; the releases that capture declared ports only
// let * pass too.
func excludedPorts(m *model, text string) bool {
	return portNumbers(nil, text) || text == "*" && !m.version.has(captureAllPorts)
}

func onePort(_ *model, text string) bool {
	_, err := strconv.ParseUint(strings.TrimSpace(text), 10, 16)
	return err == nil
}

func interceptionMode(_ *model, text string) bool {
	return text == "REDIRECT" || text == "TPROXY" || text == "NONE"
}

func uint32s(_ *model, text string) bool {
	_, err := strconv.ParseUint(text, 10, 32)
	return err == nil
}

func booleans(_ *model, text string) bool {
	_, err := strconv.ParseBool(text)
	return err == nil
}

// cidrs is validateCIDRList, which takes no spaces off.
func cidrs(_ *model, text string) bool {
	if text == "" {
		return true
	}
	for _, part := range strings.Split(text, ",") {
		if _, err := netip.ParsePrefix(part); err != nil {
			return false
		}
	}
	return true
}

func cidrsOrAll(_ *model, text string) bool { return text == "*" || cidrs(nil, text) }

var interfaceName = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9_.\-]*$`)

// interfaces is ValidateInterfaceNames (pkg/util/net/ip.go): no wildcards.
func interfaces(_ *model, text string) bool {
	if text == "" {
		return true
	}
	for _, name := range strings.Split(text, ",") {
		if name = strings.TrimSpace(name); len(name) > 15 || !interfaceName.MatchString(name) {
			return false
		}
	}
	return true
}

var quantityForm = regexp.MustCompile(`^[+-]?(\d+\.?\d*|\.\d+)([numkMGTPE]|[KMGTPE]i|[eE][+-]?\d+)?$`)

// quantity is validateResourceQuantity: a Kubernetes quantity
// (k8s.io/apimachinery, pkg/api/resource, ParseQuantity).
func quantity(_ *model, text string) bool {
	return strings.IndexFunc(text, unicode.IsControl) < 0 && quantityForm.MatchString(text)
}

// proxyConfig is what the annotation proxy.istio.io/config of a pod sets, nil
// without a readable one. Its fields go by their JSON or their protocol buffer
// names, and those that istiod does not know are not refused.
func (m *model) proxyConfig(w *workload) *yaml.Node {
	text, ok := w.pod.Annotations.Get(annotationProxyConfig)
	if !ok || !m.version.has(proxyConfigAnnotation) {
		return nil
	}
	return parseYAML(text)
}

// either returns the first of two spellings of a field that is set.
func either(n *yaml.Node, json, proto string) *yaml.Node {
	if v := kube.Get(n, json); !kube.IsNull(v) {
		return v
	}
	if v := kube.Get(n, proto); !kube.IsNull(v) {
		return v
	}
	return nil
}

// goodProxyConfig is validateProxyConfig (pkg/kube/inject/validate.go) and
// ValidateMeshConfigProxyConfig (pkg/config/validation) for what a ProxyConfig
// may say of ports, of interception and of where the proxy is.
func (m *model) goodProxyConfig(text string) bool {
	var doc yaml.Node
	if yaml.Unmarshal([]byte(text), &doc) != nil {
		return false
	}
	if len(doc.Content) == 0 || kube.IsNull(doc.Content[0]) {
		return true
	}
	n := doc.Content[0]
	if n.Kind != yaml.MappingNode {
		return false
	}
	if mode := either(n, "interceptionMode", "interception_mode"); mode != nil && interceptionName(mode) == "" {
		return false
	}
	if port, ok := protoInt(either(n, "statusPort", "status_port"), 15020); !ok || m.version.has(proxyConfigStatusPort) && !isPort(port) {
		return false
	}
	if port, ok := protoInt(either(n, "proxyAdminPort", "proxy_admin_port"), 15000); !ok || !isPort(port) {
		return false
	}
	if _, ok := protoInt(kube.Get(n, "concurrency"), 0); !ok {
		return false
	}
	for _, name := range [...][2]string{{"configPath", "config_path"}, {"binaryPath", "binary_path"}, {"discoveryAddress", "discovery_address"}} {
		if v := either(n, name[0], name[1]); v != nil && (v.Kind != yaml.ScalarNode || v.ShortTag() != "!!str" || v.Value == "") {
			return false
		}
	}
	return true
}

func isPort(n int) bool { return n >= 1 && n <= 65535 }

// protoInt reads an int32 as JSON for protocol buffers writes it: a number, or
// one in quotes. Without a value it is the default.
func protoInt(n *yaml.Node, otherwise int) (int, bool) {
	if kube.IsNull(n) {
		return otherwise, true
	}
	if n.Kind != yaml.ScalarNode {
		return 0, false
	}
	f, err := strconv.ParseFloat(n.Value, 64)
	if tag := n.ShortTag(); err != nil || f != float64(int32(f)) || tag != "!!int" && tag != "!!float" && tag != "!!str" {
		return 0, false
	}
	return int(f), true
}

// interceptionName returns the name of a ProxyConfig's interceptionMode, which
// may be given by its number; "" if it is none.
func interceptionName(n *yaml.Node) string {
	names := [...]string{"REDIRECT", "TPROXY", "NONE"}
	if number, ok := kube.Int(n); ok {
		if number >= 0 && number < len(names) {
			return names[number]
		}
		return ""
	}
	if text := kube.Text(n); interceptionMode(nil, text) {
		return text
	}
	return ""
}
