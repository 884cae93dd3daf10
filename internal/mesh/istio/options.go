package istio

import (
	"fmt"
	"strings"

	"github.com/org/probe-mtls-action/internal/mesh"
	"github.com/org/probe-mtls-action/render"
)

// readOptions checks the options and finds the version.
func (m *model) readOptions() error {
	o := &m.opts
	ver, exact, err := parseVersion(o.IstioVersion)
	if err != nil {
		return err
	}
	at := o.Places["istioVersion"]
	if newest.before(ver) && !newest.sameMinor(ver) {
		m.warn(at, fmt.Sprintf("Istio %s is newer than the newest known release and is treated as %s", ver, newest))
		ver = newest
	}
	m.version, m.exact = ver, exact
	if !exact {
		m.warnPatch(at)
	}
	switch o.MeshMTLS {
	case "", mesh.ModeUnset, mesh.ModeDisable, mesh.ModePermissive, mesh.ModeStrict:
	default:
		return fmt.Errorf("%.40q is not an mTLS mode: expected strict, permissive or disable", string(o.MeshMTLS))
	}
	switch o.Injection {
	case "", InjectionAuto, InjectionAlways, InjectionNever:
	default:
		return fmt.Errorf("%.40q is not an injection mode: expected auto, always or never", string(o.Injection))
	}
	switch strings.ToLower(o.NativeSidecars) {
	case "", "true", "false", "auto":
	default:
		return fmt.Errorf("%.40q is not a setting for native sidecars: expected true, false or auto", o.NativeSidecars)
	}
	if o.KubeletVersion != "" {
		if _, ok := kubeletMinor(o.KubeletVersion); !ok {
			return fmt.Errorf("%.40q is no Kubernetes version: expected one such as v1.32.4", o.KubeletVersion)
		}
	}
	if o.Profile != "" && o.Profile != "ambient" {
		m.warn(o.Places["profile"], "profile "+quote(o.Profile)+" changes nothing here; only ambient does")
	}
	return nil
}

// warnPatch tells where an open patch release was read as .0 and matters.
func (m *model) warnPatch(at render.Field) {
	for _, g := range gates {
		for _, bound := range []version{g.since, g.until} {
			if bound.patch > 0 && bound.sameMinor(m.version) {
				m.warn(at, fmt.Sprintf("Istio %s is read as %d.%d.0; from %s on it is different: %s; name the patch release if it is newer",
					m.version, m.version.major, m.version.minor, bound, g.name))
			}
		}
	}
}

// kubeletMinor returns the minor version of a Kubernetes 1.x release.
func kubeletMinor(text string) (int, bool) {
	ver, _, err := parseVersion(text)
	return ver.minor, err == nil && ver.major == 1
}

// rootNamespace is where mesh-wide policies live.
func (m *model) rootNamespace() string {
	if m.opts.RootNamespace != "" {
		return m.opts.RootNamespace
	}
	for _, rev := range m.installed.revisions {
		if s, ok, _ := m.installed.meshConfig[canonical(rev.Name)].text("rootNamespace"); ok && s != "" {
			return s
		}
	}
	for _, rev := range m.installed.revisions {
		if s, ok, _ := m.installed.values[canonical(rev.Name)].text("global", "istioNamespace"); ok && s != "" {
			return s
		}
	}
	return "istio-system"
}
