package istio

import (
	"strconv"
	"strings"
	"sync"

	"github.com/org/probe-mtls-action/internal/kube"
	"github.com/org/probe-mtls-action/render"
)

// choice is a setting that was decided: its value, the words that tell who
// decided, and the place, zero for defaults and flags.
type choice[T any] struct {
	value T
	why   string
	field render.Field
}

// plane is one control plane revision with all that it decides about pods.
type plane struct {
	name string // "" for the default revision
	root string // the namespace of mesh-wide policies
	// base is what holds where no policy in view says otherwise; several
	// scenarios where that is not known.
	base      []scenario
	openshift *controlPlane // that the plane is, nil for Istio's own
	tags      []string

	rewrite        choice[bool]
	rewriteTCP     bool
	autoInject     choice[string]
	namespacesOn   choice[bool] // enableNamespacesByDefault
	legacySelector bool
	objectSelector string // "", "optOut" or "optIn": legacy objectSelector
	never, always  []choice[kube.Selector]
	templates      map[string]bool
	defaults       []string // names of the default templates

	include, exclude choice[string] // inbound ports
	interception     choice[string]
	captureOnce      sync.Once
	capture          capture // of pods that say nothing of it themselves
	// statusPort is where probes are rewritten to and where the agent listens,
	// excluded the port that istio-init leaves to the agent: two settings.
	statusPort  choice[int]
	excluded    choice[int]
	own         []int          // the sidecar's ports, see [model.sidecarPorts]
	native      choice[string] // ENABLE_NATIVE_SIDECARS: "true", "false", "auto"
	cni         choice[bool]   // istio-cni sets the rules up, not istio-init
	mergesPorts bool           // PILOT_ALLOW_SIDECAR_SERVICE_INBOUND_LISTENER_MERGE
	ingressTLS  bool           // ENABLE_TLS_ON_SIDECAR_INGRESS
	merge       choice[bool]   // metrics are merged
	envLabel    string         // the value of label istio-env that selects namespaces, "" for istio-injection
	home        string         // the namespace that istiod runs in
}

// captured returns what is captured of pods that say nothing of it themselves.
func (p *plane) captured(find func() capture) *capture {
	p.captureOnce.Do(func() { p.capture = find() })
	return &p.capture
}

func (m *model) newPlane(i int, rev Revision) *plane {
	name := canonical(rev.Name)
	values, config := m.installed.values[name], m.installed.meshConfig[name]
	p := &plane{name: name, tags: rev.Tags}
	p.rewrite = m.rewriteSetting(i, rev, values)
	p.rewriteTCP = m.version.has(rewriteTCP)
	if s, _, _ := values.text("pilot", "env", "REWRITE_TCP_PROBES"); s == "false" && m.version.has(rewriteTCPSwitch) {
		p.rewriteTCP = false
	}

	p.autoInject = choice[string]{value: "enabled", why: "the injector's policy is enabled"}
	if s, ok, at := values.text("global", "proxy", "autoInject"); ok {
		p.autoInject = choice[string]{s, "values.global.proxy.autoInject is " + quote(s), at}
	}
	switch on, ok, at := values.boolean("sidecarInjectorWebhook", "enableNamespacesByDefault"); {
	case m.opts.EnableNamespacesByDefault != nil:
		p.namespacesOn = choice[bool]{*m.opts.EnableNamespacesByDefault, "enableNamespacesByDefault is set", m.opts.Places["enableNamespacesByDefault"]}
	case ok:
		p.namespacesOn = choice[bool]{on, "enableNamespacesByDefault is set in values", at}
	}
	p.legacySelector = !m.version.has(selectorsModern) || !m.version.has(selectorsModernByDefault)
	if on, ok, _ := values.boolean("sidecarInjectorWebhook", "useLegacySelectors"); ok && m.version.has(selectorsModern) {
		p.legacySelector = on
	}
	if on, _, _ := values.boolean("sidecarInjectorWebhook", "objectSelector", "enabled"); on && m.version.has(selectorsObject) {
		p.objectSelector = "optOut"
		if auto, ok, _ := values.boolean("sidecarInjectorWebhook", "objectSelector", "autoInject"); ok && !auto {
			p.objectSelector = "optIn"
		}
	}
	if m.version.has(injectSelectors) {
		p.never = selectors(values, "neverInjectSelector")
		p.always = selectors(values, "alwaysInjectSelector")
	}
	p.templates = map[string]bool{"sidecar": true, "gateway": true, "grpc-agent": true, "grpc-simple": true, "waypoint": true, "kube-gateway": true, "agentgateway": true}
	if s, ok := values.find("sidecarInjectorWebhook", "templates"); ok {
		for name := range s.Strings().All {
			p.templates[name] = true
		}
	}
	if s, ok := values.find("sidecarInjectorWebhook", "defaultTemplates"); ok {
		for _, v := range s.Items() {
			p.defaults = append(p.defaults, v.Text())
		}
	}

	p.include = choice[string]{value: "*"}
	if s, ok, at := values.text("global", "proxy", "includeInboundPorts"); ok && m.version.has(captureIncludeValue) {
		p.include = choice[string]{s, "values.global.proxy.includeInboundPorts is " + quote(s), at}
	}
	if s, ok, at := values.text("global", "proxy", "excludeInboundPorts"); ok {
		p.exclude = choice[string]{s, "values.global.proxy.excludeInboundPorts is " + quote(s), at}
	}
	if s, ok, at := config.text("defaultConfig", "interceptionMode"); ok {
		p.interception = choice[string]{s, "meshConfig.defaultConfig.interceptionMode is " + quote(s), at}
	}
	m.statusPorts(p, values, config)
	p.native = m.nativeSetting(values)
	p.cni = cniSetting(values)
	p.merge = m.mergeSetting(config)
	env := func(name string) bool {
		text, _, _ := values.text("pilot", "env", name)
		on, err := strconv.ParseBool(text)
		return err == nil && on
	}
	p.mergesPorts = m.version.has(sidecarMergesPorts) && env("PILOT_ALLOW_SIDECAR_SERVICE_INBOUND_LISTENER_MERGE")
	p.ingressTLS = m.opts.SidecarTLSIngress || m.version.has(sidecarIngressTLS) && env("ENABLE_TLS_ON_SIDECAR_INGRESS")
	p.home, _, _ = values.text("global", "istioNamespace")
	if p.home == "" {
		p.home = "istio-system"
	}
	if label, _, _ := values.text("sidecarInjectorWebhook", "injectLabel"); label != "" && label != labelInjection && m.version.has(selectorsEnvLabel) {
		p.envLabel = p.home
	}
	if i < len(m.openshift) {
		p.ofOpenShift(m.openshift[i], m, values)
		return p
	}
	p.root = m.rootNamespace()
	p.base = []scenario{m.fallback()}
	return p
}

// statusPorts finds the ports of the agent. From 1.6 on the injector rewrites
// probes to the mesh config's (webhook.go applyRewrite), while the template
// excludes the one of the values from capture; before, the values gave both.
func (m *model) statusPorts(p *plane, values, config documents) {
	const usual = 15020
	p.excluded = choice[int]{value: usual, why: "the agent's usual port is 15020"}
	if text, ok, at := values.text("global", "proxy", "statusPort"); ok {
		if port, err := strconv.Atoi(text); err == nil && port >= 0 && port <= 65535 {
			p.excluded = choice[int]{port, "values.global.proxy.statusPort is " + text, at}
		}
	}
	p.own = m.sidecarPorts(p.excluded.value)
	p.statusPort = p.excluded
	if !m.version.has(statusPortOfMesh) {
		return
	}
	p.statusPort = choice[int]{value: usual, why: "the agent's usual port is 15020"}
	if text, ok, at := config.text("defaultConfig", "statusPort"); ok {
		// A mesh config with a port that is none is refused as a whole.
		if port, err := strconv.Atoi(text); err == nil && isPort(port) {
			p.statusPort = choice[int]{port, "meshConfig.defaultConfig.statusPort is " + text, at}
		}
	}
}

// nativeSetting is istiod's ENABLE_NATIVE_SIDECARS: as set, as a compatibility
// version has it, as the release does.
func (m *model) nativeSetting(values documents) choice[string] {
	if s := strings.ToLower(m.opts.NativeSidecars); s != "" {
		return choice[string]{s, "nativeSidecars is set to " + s, m.opts.Places["nativeSidecars"]}
	}
	if s, ok, at := values.text("pilot", "env", "ENABLE_NATIVE_SIDECARS"); ok && s != "" {
		return choice[string]{strings.ToLower(s), "ENABLE_NATIVE_SIDECARS is " + quote(s), at}
	}
	if !m.version.has(nativeSidecarsAuto) {
		return choice[string]{value: "false", why: "ENABLE_NATIVE_SIDECARS is false by default in Istio " + m.version.String()}
	}
	// files/profile-compatibility-version-1.26.yaml and older ones; that of 1.24
	// came with 1.27 only, and a version without a file fails the installation.
	if s, _, at := values.text("compatibilityVersion"); s == "1.26" || s == "1.25" || s == "1.24" {
		return choice[string]{"false", "values.compatibilityVersion is " + quote(s) + ", which sets ENABLE_NATIVE_SIDECARS to false", at}
	}
	return choice[string]{value: "auto", why: "ENABLE_NATIVE_SIDECARS is auto by default in Istio " + m.version.String()}
}

// cniSetting tells whether istio-cni redirects traffic (values.pilot.cni, before
// 1.24 values.istio_cni).
func cniSetting(values documents) choice[bool] {
	for _, path := range [][]string{{"pilot", "cni", "enabled"}, {"istio_cni", "enabled"}} {
		if on, ok, at := values.boolean(path...); ok {
			return choice[bool]{on, "values." + strings.Join(path, ".") + " is " + strconv.FormatBool(on), at}
		}
	}
	return choice[bool]{}
}

// rewriteSetting is the mesh-wide setting: the revision's own values, the
// option, values given for all, values in view, the release's default.
func (m *model) rewriteSetting(i int, rev Revision, values documents) choice[bool] {
	path := []string{"sidecarInjectorWebhook", "rewriteAppHTTPProbe"}
	const name = "values.sidecarInjectorWebhook.rewriteAppHTTPProbe"
	own := m.ownValues(i, rev)
	if on, ok, at := own.boolean(path...); ok {
		return choice[bool]{on, name + " of revision " + quote(rev.Name) + " is " + strconv.FormatBool(on), at}
	}
	if on := m.opts.RewriteAppHTTPProbe; on != nil {
		return choice[bool]{*on, "the mesh-wide setting rewriteAppHTTPProbe is " + strconv.FormatBool(*on), m.opts.Places["rewriteAppHTTPProbe"]}
	}
	if on, ok, at := values.boolean(path...); ok {
		return choice[bool]{on, name + " is " + strconv.FormatBool(on), at}
	}
	on := m.version.has(rewriteByDefault)
	return choice[bool]{value: on, why: "Istio " + m.version.String() + " rewrites probes by default: " + strconv.FormatBool(on)}
}

func selectors(values documents, key string) []choice[kube.Selector] {
	s, ok := values.find("sidecarInjectorWebhook", key)
	if !ok {
		return nil
	}
	var out []choice[kube.Selector]
	for _, v := range s.Items() {
		if sel := v.Selector(); !sel.Empty() {
			out = append(out, choice[kube.Selector]{sel, "values.sidecarInjectorWebhook." + key, s.At})
		}
	}
	return out
}

// quote quotes text from manifests for a one-line message, bounded in length.
func quote(s string) string {
	if len(s) > 63 {
		s = s[:60] + "..."
	}
	return strconv.Quote(s)
}
