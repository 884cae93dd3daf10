package istio

import (
	"go.yaml.in/yaml/v3"

	"github.com/org/probe-mtls-action/internal/mesh"
	"github.com/org/probe-mtls-action/render"
)

// Injection says whether pods get a sidecar.
type Injection string

// The choices of --injection.
const (
	// InjectionAuto lets labels and annotations decide. A namespace whose
	// manifest is not in view counts as in the mesh, and the judgement says so.
	InjectionAuto Injection = "auto"
	// InjectionAlways takes every namespace as in the mesh, whatever its labels
	// say. What a pod says of itself still counts: opt-outs, hostNetwork.
	InjectionAlways Injection = "always"
	// InjectionNever: nothing is injected. Manifests that carry a sidecar of
	// their own keep it.
	InjectionNever Injection = "never"
)

// Options is the mesh that an environment runs in, as flags and .probe-mtls.yaml
// (section mesh) give it. The zero value is the newest Istio as it installs itself.
type Options struct {
	IstioVersion  string    // "1.24", "1.5.2", "v1.31"; "" is the newest known
	MeshMTLS      mesh.Mode // what holds where no policy in view says otherwise; [mesh.ModeUnset] is the version's default
	RootNamespace string    // "" is meshConfig's, or istio-system
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
	// (rewriteAppHTTPProbe, values.global.proxy.autoInject); settings from flags
	// have none. Where a nested key is missing its nearest parent is taken.
	Places map[string]render.Field
}

// Revision is an installed control plane revision; Name "" is the default one.
type Revision struct {
	Name string
	Tags []string
	// Values and MeshConfig are this revision's own; what they leave out is
	// taken from Options. Nil if not given.
	Values     *yaml.Node
	MeshConfig *yaml.Node
}
