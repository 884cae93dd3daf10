package istio

import (
	"github.com/org/probe-mtls-action/internal/kube"
	"github.com/org/probe-mtls-action/internal/mesh"
	"github.com/org/probe-mtls-action/render"
)

// governingKinds are those of the deciding kinds that can make a probe fail which
// passes without them.
var governingKinds = map[groupKind]bool{
	kindConfigMap: true, kindPeerAuthentication: true, kindPolicy: true, kindMeshPolicy: true, kindServiceMeshPolicy: true,
	kindIstioOperator: true, kindControlPlane: true,
}

// governs implements [mesh.Mesh].
func governs(ref render.Ref) bool { return governingKinds[kindOf(ref)] && decides(ref) }

// loose implements [mesh.Mesh]: a policy of the root namespace governs the pods
// outside of it, an installation those outside of its own, any other policy those
// of its namespace.
func loose(objects []*render.Object, settings mesh.Settings) (out []*render.Object, everywhere bool) {
	root := "istio-system"
	if m, err := New(objects, nil, options(settings)); err == nil {
		root = m.(*model).root
	}
	objects = kube.Expand(objects)
	pods := make(map[string]bool)
	for _, o := range objects {
		for _, p := range kube.PodsOf(o) {
			pods[p.Namespace()] = true
		}
	}
	outside := func(namespaces ...string) bool {
		n := len(pods)
		for _, ns := range namespaces {
			if pods[ns] {
				n--
			}
		}
		return n > 0
	}
	some := false
	for _, o := range objects {
		k, ns := kindOf(o.Ref), o.NamespaceOrDefault()
		wide := ns == root || k != kindPeerAuthentication && k != kindPolicy
		switch {
		case !decides(o.Ref) || selects(o.Ref):
			continue
		case !governs(o.Ref): // it only says of others what they are
		case wide && outside(root, ns), !wide && pods[ns]:
			continue
		default:
			some, everywhere = true, everywhere || wide
		}
		out = append(out, o)
	}
	if !some {
		return nil, false
	}
	return out, everywhere
}
