package rules_test

import (
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/org/probe-mtls-action/internal/check"
	"github.com/org/probe-mtls-action/internal/rules"
	"github.com/org/probe-mtls-action/render"
)

// FuzzMisplaced feeds manifests of any shape to the rule: each finding must stand on
// a field that the manifest has.
func FuzzMisplaced(f *testing.F) {
	f.Add("spec:\n  template:\n    spec:\n      containers:\n      - name: a\n        ports: {livenessProbe: {}}\n      lifecycle: x\n")
	f.Add("spec: {containers: [{Lifecycle: 1}], template: {livenessprobe: []}}\nlivenessProbe:\n")
	f.Add("spec: [containers, {template: {spec: &a [*a]}}]\n")
	misplaced := rules.All()[9]
	f.Fuzz(func(t *testing.T, text string) {
		var doc yaml.Node
		var values any // which, unlike a node, cannot have a key twice
		if yaml.Unmarshal([]byte(text), &values) != nil || yaml.Unmarshal([]byte(text), &doc) != nil || len(doc.Content) == 0 {
			t.Skip()
		}
		for _, ref := range []render.Ref{
			{Group: "apps", Version: "v1", Kind: "Deployment", Name: "web"},
			{Version: "v1", Kind: "Pod", Name: "web"},
			{Group: "example.com", Version: "v1", Kind: "Custom", Name: "web"},
		} {
			o := &render.Object{Ref: ref, Authored: ref, Node: doc.Content[0]}
			misplaced.Run(&check.Pass{Rule: misplaced, Objects: []*render.Object{o}, Report: func(f check.Finding) {
				if f.At.Node() == nil {
					t.Errorf("a finding on nothing: %s", f.At)
				}
			}})
		}
	})
}
