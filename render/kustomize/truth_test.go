package kustomize_test

import (
	"context"
	"testing"

	"github.com/org/probe-mtls-action/render"
	"github.com/org/probe-mtls-action/render/kustomize"
)

// TestTracingChangesNothing traces every field of a root whose fields decide
// what an images transformer, a strategic merge patch and a name reference do.
func TestTracingChangesNothing(t *testing.T) {
	tr := tree(t, "base/kustomization.yaml", "resources: [d.yaml]\nconfigMapGenerator: [{name: settings, literals: [a=b]}]\n", "base/d.yaml", `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
      - name: app
        image: reg/web:1.0
        ports:
        - name: http
          containerPort: 8080
        envFrom:
        - configMapRef: {name: settings}
`, "over/kustomization.yaml", `resources: [../base]
namePrefix: x-
images: [{name: reg/web, newTag: "2"}]
patches: [{path: p.yaml}]
`, "over/p.yaml", `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
      - name: app
        ports:
        - containerPort: 8080
          protocol: TCP
`)
	res := renderRoot(t, tr, kustomize.Options{}, "over")
	for _, o := range res.Objects {
		o.Walk(func(f render.Field) {
			if _, err := f.Trace(context.Background()); err != nil {
				t.Errorf("%s: %v", f, err)
			}
		})
	}
	equalsKustomize(t, "traced", tr.Dir()+"/over", res)
}

// TestWholeObjects has kustomizations that look at objects as a whole, so that
// nothing may be added to them.
func TestWholeObjects(t *testing.T) {
	for name, files := range map[string][]string{
		"hash": {"resources: [o.yaml]\n",
			"apiVersion: v1\nkind: Namespace\nmetadata: {name: n, annotations: {internal.config.kubernetes.io/needsHashSuffix: enabled}}\n"},
		"hash in escapes": {"resources: [o.yaml]\n",
			"apiVersion: v1\nkind: Namespace\nmetadata: {name: n, annotations: {\"internal.config.kubernetes.io/needs\\x48ashSuffix\": enabled}}\n"},
	} {
		t.Run(name, func(t *testing.T) {
			tr := tree(t, "kustomization.yaml", files[0], "o.yaml", files[1])
			res, err := kustomize.New(tr, kustomize.Options{}).Render(context.Background(), render.Root{Dir: "."})
			if err != nil {
				t.Fatal(err)
			}
			equalsKustomize(t, name, tr.Dir(), res)
		})
	}
}
