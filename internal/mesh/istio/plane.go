package istio

import (
	"strconv"
	"strings"
	"sync"

	"github.com/org/probe-mtls-action/internal/kube"
	"github.com/org/probe-mtls-action/internal/mesh"
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
	tags []string

	rewrite        choice[bool]
	rewriteTCP     bool
	autoInject     choice[bool]
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
	statusPort       int
	own              []int  // the sidecar's ports, see [model.sidecarPorts]
	native           string // ENABLE_NATIVE_SIDECARS: "true", "false", "auto"
}

// captured returns what is captured of pods that say nothing of it themselves.
func (p *plane) captured(find func() capture) *capture {
	p.captureOnce.Do(func() { p.capture = find() })
	return &p.capture
}

func (m *model) newPlane(i int, rev mesh.Revision) *plane {
	name := canonical(rev.Name)
	values, config := m.installed.values[name], m.installed.meshConfig[name]
	p := &plane{name: name, tags: rev.Tags}
	p.rewrite = m.rewriteSetting(i, rev, values)
	p.rewriteTCP = m.version.has(rewriteTCP)
	if s, _, _ := values.text("pilot", "env", "REWRITE_TCP_PROBES"); s == "false" && m.version.has(rewriteTCPSwitch) {
		p.rewriteTCP = false
	}

	p.autoInject = choice[bool]{value: true, why: "the injector's policy is enabled"}
	if s, ok, at := values.text("global", "proxy", "autoInject"); ok {
		p.autoInject = choice[bool]{s == "enabled", "values.global.proxy.autoInject is " + quote(s), at}
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
		for name := range kube.StringsAt(s.field, s.node).All {
			p.templates[name] = true
		}
	}
	if s, ok := values.find("sidecarInjectorWebhook", "defaultTemplates"); ok {
		for _, n := range kube.Items(s.node) {
			p.defaults = append(p.defaults, kube.Text(n))
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
	p.statusPort = 15020
	for _, s := range []func() (string, bool, render.Field){
		func() (string, bool, render.Field) { return config.text("defaultConfig", "statusPort") },
		func() (string, bool, render.Field) { return values.text("global", "proxy", "statusPort") },
	} {
		text, ok, _ := s()
		port, err := strconv.Atoi(text)
		if !ok || err != nil || port < 0 || port > 65535 {
			continue
		}
		if port == 0 && m.version.has(rewriteStatusPortZeroRefused) {
			continue // an unset number, as far as protocol buffers can tell
		}
		p.statusPort = port
		break
	}
	p.own = m.sidecarPorts(p.statusPort)
	p.native = m.opts.NativeSidecars
	if p.native == "" {
		p.native, _, _ = values.text("pilot", "env", "ENABLE_NATIVE_SIDECARS")
	}
	if p.native = strings.ToLower(p.native); p.native == "" {
		p.native = "false"
		if m.version.has(nativeSidecarsAuto) {
			p.native = "auto"
		}
	}
	return p
}

// rewriteSetting is the mesh-wide setting: the revision's own values, the
// option, values given for all, values in view, the release's default.
func (m *model) rewriteSetting(i int, rev mesh.Revision, values documents) choice[bool] {
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
	for _, n := range kube.Items(s.node) {
		if sel := kube.SelectorAt(s.field, n); !sel.Empty() {
			out = append(out, choice[kube.Selector]{sel, "values.sidecarInjectorWebhook." + key, s.field})
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
