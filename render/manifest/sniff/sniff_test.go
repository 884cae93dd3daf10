package sniff_test

import (
	"testing"

	"github.com/org/probe-mtls-action/render/manifest/sniff"
)

func TestAt(t *testing.T) {
	for name, c := range map[string]struct {
		text               string
		objects, workloads int
		probes             int
		deploys            bool
	}{
		"deployment":     {"apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: a\nspec:\n  livenessProbe: {}\n", 1, 1, 1, false},
		"two documents":  {"---\napiVersion: v1\nkind: Service\nmetadata: {name: a}\n---\n# c\napiVersion: v1\nkind: Pod\nmetadata: {name: b}\n", 2, 1, 0, false},
		"json":           {`{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "spec": {"containers": [{"readinessProbe": {}}]}}`, 1, 1, 1, false},
		"quoted":         {"\"apiVersion\": \"v1\"\n'kind': 'Service'\nmetadata:\n  name: x\n", 1, 0, 0, false},
		"list":           {"apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Pod\n", 1, 1, 0, false},
		"kustomization":  {"apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nmetadata:\n  name: x\n", 0, 0, 0, false},
		"flux":           {"apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata:\n  name: x\n", 1, 0, 0, true},
		"skaffold":       {"apiVersion: skaffold/v4beta6\nkind: Config\nmetadata:\n  name: x\n", 0, 0, 0, false},
		"no metadata":    {"apiVersion: v1\nkind: Config\nclusters: []\n", 0, 0, 0, false},
		"compose":        {"services:\n  web:\n    image: x\n", 0, 0, 0, false},
		"values":         {"kind: x\nmetadata:\n  name: y\n", 0, 0, 0, false},
		"helm template":  {"apiVersion: v1\nkind: {{ .Values.kind }}\nmetadata:\n  name: y\n", 0, 0, 0, false},
		"helm value":     {"apiVersion: v1\nkind: Pod\nmetadata:\n  name: {{ .Values.name }}\n", 0, 0, 0, false},
		"text template":  {"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: y\ndata:\n  a: |\n    {{ if x }}\n", 1, 0, 0, false},
		"block in block": {"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: y\ndata:\n  a: |\n    apiVersion: v1\n    kind: Pod\n", 1, 0, 0, false},
	} {
		got := sniff.At([]byte(c.text))
		if got.Objects != c.objects || got.Workloads != c.workloads || got.Probes != c.probes || got.Deploys != c.deploys {
			t.Errorf("%s: got %+v, want %d objects, %d workloads, %d probes, deploys %v", name, got, c.objects, c.workloads, c.probes, c.deploys)
		}
	}
	got := sniff.At([]byte("# top\n---\n# x\napiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata:\n  name: a\n  namespace: b\n"))
	if len(got.Releases) != 1 || got.Releases[0] != (sniff.Release{Kind: "HelmRelease", Namespace: "b", Name: "a", Line: 4}) {
		t.Errorf("releases: %+v", got.Releases)
	}
}
