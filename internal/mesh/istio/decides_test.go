package istio_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/org/probe-mtls-action/internal/mesh/istio"
	"github.com/org/probe-mtls-action/render"
)

// bystanders are objects of kinds that a mesh may have and that decide nothing,
// although some share a kind or a name with those that do.
var bystanders = []string{
	"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings, namespace: istio-system}\ndata: {mesh: 'rootNamespace: shop'}",
	"apiVersion: policy.example/v1\nkind: Policy\nmetadata: {name: default, namespace: shop}\nspec: {peers: [{mtls: {}}]}",
	"apiVersion: example.io/v1\nkind: PeerAuthentication\nmetadata: {name: default, namespace: istio-system}\nspec: {mtls: {mode: STRICT}}",
	"apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: web, namespace: shop}\nspec: {host: web, trafficPolicy: {tls: {mode: DISABLE}}}",
	"apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: istio, namespace: istio-system}",
	"apiVersion: core.example/v1\nkind: Namespace\nmetadata: {name: shop, labels: {istio-injection: disabled}}",
}

// What [mesh.Mesh.Decides] says no to may come and go without a change of any
// other object's verdicts: a run that looks at changed objects alone misses
// nothing.
func TestPropertyOnlyDecidingObjectsDecide(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := drawMesh(t, versions)
		d.docs = append(d.docs, rapid.SliceOfN(rapid.SampledFrom(bystanders), 0, 3).Draw(t, "bystanders")...)
		before := d.verdicts(t)
		for i := range d.docs {
			one, err := objects(d.docs[i])
			if err != nil {
				t.Fatal(err)
			}
			if istio.Mesh.Decides(one[0].Ref) {
				continue
			}
			rest := draw{docs: slices.Delete(slices.Clone(d.docs), i, i+1), opts: d.opts}
			for field, verdict := range rest.verdicts(t) {
				if before[field] != verdict {
					t.Fatalf("without %s the verdict on %s is %q instead of %q", one[0].Ref, field, verdict, before[field])
				}
			}
		}
	})
}

func TestDecides(t *testing.T) {
	for text, want := range map[string]string{
		"/v1 Namespace shop":                                 "decides",
		"/v1 Service web":                                    "decides selects",
		"networking.istio.io/v1beta1 ServiceEntry web":       "decides selects",
		"networking.istio.io/v1 Sidecar default":             "decides",
		"security.istio.io/v1 PeerAuthentication default":    "decides",
		"authentication.istio.io/v1alpha1 MeshPolicy x":      "decides",
		"authentication.istio.io/v1alpha1 Policy x":          "decides",
		"install.istio.io/v1alpha1 IstioOperator x":          "decides",
		"maistra.io/v2 ServiceMeshControlPlane basic":        "decides",
		"maistra.io/v1 ServiceMeshMemberRoll default":        "decides",
		"maistra.io/v1 ServiceMeshMember default":            "decides",
		"/v1 ConfigMap istio":                                "decides",
		"/v1 ConfigMap istio-sidecar-injector-canary":        "decides",
		"/v1 ConfigMap ":                                     "decides",
		"/v1 ConfigMap settings":                             "",
		"apps/v1 Deployment web":                             "",
		"serving.knative.dev/v1 Service web":                 "",
		"policy/v1 Policy default":                           "",
		"networking.istio.io/v1 DestinationRule web":         "",
		"security.istio.io/v1 RequestAuthentication default": "",
	} {
		fields := strings.Split(text, " ")
		group, version, _ := strings.Cut(fields[0], "/")
		ref := render.Ref{Group: group, Version: version, Kind: fields[1], Name: fields[2]}
		var got []string
		for what, says := range map[string]bool{"decides": istio.Mesh.Decides(ref), "selects": istio.Mesh.Selects(ref)} {
			if says {
				got = append(got, what)
			}
		}
		slices.Sort(got)
		if fmt.Sprint(got) != fmt.Sprint(strings.Fields(want)) {
			t.Errorf("%s: %v, want %q", text, got, want)
		}
	}
}
