package istio

import (
	"strings"

	"github.com/org/probe-mtls-action/internal/mesh"
	"github.com/org/probe-mtls-action/render"
)

// Mesh is Istio; its settings are [Options].
var Mesh = mesh.Mesh{
	Names:   mesh.Names{Name: "Istio", Proxy: proxyContainer, Agent: "Istio agent"},
	Build:   build,
	Version: func(s mesh.Settings) string { return options(s).IstioVersion },
	Decides: decides,
	Selects: selects,
	Governs: governs,
	Loose:   loose,
}

// build is [New] for settings of any form.
func build(objects []*render.Object, isContext func(*render.Object) bool, settings mesh.Settings) (mesh.Model, error) {
	return New(objects, isContext, options(settings))
}

// options returns settings as Istio's own; those of another mesh are a mistake
// of the program.
func options(settings mesh.Settings) Options {
	if settings == nil {
		return Options{}
	}
	return settings.(Options)
}

// groupKind is a kind with its API group.
type groupKind struct{ group, kind string }

func kindOf(ref render.Ref) groupKind { return groupKind{ref.Group, ref.Kind} }

// Kinds whose objects decide about pods of other objects. What they have in
// common with other kinds of the name is nothing: only the group tells.
var (
	kindNamespace          = groupKind{"", "Namespace"}
	kindService            = groupKind{"", "Service"}
	kindConfigMap          = groupKind{"", "ConfigMap"}
	kindPeerAuthentication = groupKind{"security.istio.io", "PeerAuthentication"}
	kindPolicy             = groupKind{"authentication.istio.io", "Policy"}
	kindMeshPolicy         = groupKind{"authentication.istio.io", "MeshPolicy"}
	kindServiceMeshPolicy  = groupKind{"authentication.maistra.io", "ServiceMeshPolicy"}
	kindSidecar            = groupKind{"networking.istio.io", "Sidecar"}
	kindServiceEntry       = groupKind{"networking.istio.io", "ServiceEntry"}
	kindIstioOperator      = groupKind{"install.istio.io", "IstioOperator"}
	kindControlPlane       = groupKind{"maistra.io", "ServiceMeshControlPlane"}
	kindMemberRoll         = groupKind{"maistra.io", "ServiceMeshMemberRoll"}
	kindServiceMeshMember  = groupKind{"maistra.io", "ServiceMeshMember"}
	decidingKinds          = map[groupKind]bool{
		kindNamespace: true, kindPeerAuthentication: true, kindPolicy: true, kindMeshPolicy: true, kindServiceMeshPolicy: true,
		kindSidecar: true, kindIstioOperator: true,
		kindControlPlane: true, kindMemberRoll: true, kindServiceMeshMember: true,
	}
	selectingKinds = map[groupKind]bool{kindService: true, kindServiceEntry: true}
)

// decides implements [mesh.Mesh].
func decides(ref render.Ref) bool {
	k := kindOf(ref)
	if k == kindConfigMap { // istio, istio-REVISION and istio-sidecar-injector, in whatever namespace istiod runs
		return ref.Name == "" || strings.HasPrefix(ref.Name, "istio")
	}
	return decidingKinds[k] || selectingKinds[k]
}

// selects implements [mesh.Mesh].
func selects(ref render.Ref) bool { return selectingKinds[kindOf(ref)] }
