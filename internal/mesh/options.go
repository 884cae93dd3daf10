package mesh

import (
	"go.yaml.in/yaml/v3"

	"github.com/org/probe-mtls-action/render"
)

// Injection says whether pods get a sidecar.
type Injection string

// The choices of --injection.
const (
	InjectionAuto   Injection = "auto"   // labels and annotations decide
	InjectionAlways Injection = "always" // every pod that can have one has one
	InjectionNever  Injection = "never"
)

// Options is the mesh that an environment runs in, as flags and .probe-mtls.yaml
// (section mesh) give it. The zero value is the newest Istio as it installs itself.
type Options struct {
	IstioVersion  string // "1.24", "1.5.2", "v1.31"; "" is the newest known
	MeshMTLS      Mode   // what holds where no policy in view says otherwise; ModeUnset is the version's default
	RootNamespace string // "" is meshConfig's, or istio-system
	Injection     Injection
	// RewriteAppHTTPProbe is the mesh-wide setting; nil is the version's default.
	RewriteAppHTTPProbe       *bool
	EnableNamespacesByDefault *bool
	Revisions                 []Revision // installed ones; nil is the unnamed default revision
	Profile                   string     // "ambient": ambient mode is installed
	KubeletVersion            string     // "v1.32.4"
	NativeSidecars            string     // "true", "false", "auto"; "" is the version's default
	SidecarTLSIngress         bool       // istiod's ENABLE_TLS_ON_SIDECAR_INGRESS
	// AdmissionValidates: istiod's validation webhook refuses invalid objects.
	AdmissionValidates bool
	Values             *yaml.Node // istiod's Helm values, nil if not given
	MeshConfig         *yaml.Node // nil if not given
	// Places tells where a setting stands, keyed as in the file
	// (rewriteAppHTTPProbe); settings from flags have none.
	Places map[string]render.Field
}

// Revision is an installed control plane revision; Name "" is the default one.
type Revision struct {
	Name string
	Tags []string
}
