package kustomize_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/org/probe-mtls-action/render"
	"github.com/org/probe-mtls-action/render/kustomize"
)

// A base has a probe on port 8080, an overlay patches it to 9090. Where does the
// rendered port come from?
func Example() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	for name, text := range map[string]string{
		"base/kustomization.yaml": "resources: [web.yaml]\n",
		"base/web.yaml":           deployment,
		"prod/kustomization.yaml": `resources: [../base]
patches:
- target: {kind: Deployment, name: web}
  patch: |-
    - op: replace
      path: /spec/template/spec/containers/0/livenessProbe/httpGet/port
      value: 9090
`,
	} {
		if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o755); err != nil {
			log.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			log.Fatal(err)
		}
	}

	tree, err := render.OpenTree(dir)
	if err != nil {
		log.Fatal(err)
	}
	defer tree.Close()
	ctx := context.Background()
	renderer := kustomize.New(tree, kustomize.Options{})
	result, err := renderer.Render(ctx, render.Root{Dir: "prod"})
	if err != nil {
		log.Fatal(err)
	}
	port := render.PathOf("spec", "template", "spec", "containers").Item(0).Join(render.PathOf("livenessProbe", "httpGet", "port"))
	for _, object := range result.Objects {
		origin, err := object.Trace(ctx, port)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(object, "probes port", object.At(port).Value)
		fmt.Println("set by the", origin.Kind, "at", origin.Span)
	}
	// Output:
	// default/Deployment/web probes port 9090
	// set by the patch at prod/kustomization.yaml:7:14
}
