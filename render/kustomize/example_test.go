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

// exampleTree writes a base with two images and an overlay that sets the tag of
// one of them.
func exampleTree() (tree *render.DirTree, remove func()) {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	for name, text := range map[string]string{
		"base/kustomization.yaml": "resources: [web.yaml]\n",
		"base/web.yaml": `apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  template:
    spec:
      containers:
      - name: app
        image: reg/web:1.0
      - name: proxy
        image: reg/proxy:7
`,
		"prod/kustomization.yaml": "resources: [../base]\nimages:\n- name: reg/web\n  newTag: \"2.0\"\n",
	} {
		if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o755); err != nil {
			log.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			log.Fatal(err)
		}
	}
	if tree, err = render.OpenTree(dir); err != nil {
		log.Fatal(err)
	}
	return tree, func() { tree.Close(); os.RemoveAll(dir) }
}

// Where is the tag of each image set?
func Example_imageTags() {
	tree, remove := exampleTree()
	defer remove()
	ctx := context.Background()
	result, err := kustomize.New(tree, kustomize.Options{}).Render(ctx, render.Root{Dir: "prod"})
	if err != nil {
		log.Fatal(err)
	}
	for _, object := range result.Objects {
		object.Walk(func(field render.Field) {
			if field.Path[len(field.Path)-1].Key != "image" {
				return
			}
			origin, err := field.Trace(ctx)
			if err != nil {
				log.Fatal(err)
			}
			fmt.Println(field.Node().Value, "at", origin.Span)
		})
	}
	// Output:
	// reg/web:2.0 at prod/kustomization.yaml:4:11
	// reg/proxy:7 at base/web.yaml:11:16
}

// Which files does the render of a root read?
func Example_filesOfRoot() {
	tree, remove := exampleTree()
	defer remove()
	result, err := kustomize.New(tree, kustomize.Options{}).Render(context.Background(), render.Root{Dir: "prod"})
	if err != nil {
		log.Fatal(err)
	}
	for _, name := range result.Inputs {
		if info, err := tree.Stat(name); err == nil && !info.IsDir() {
			fmt.Println(name)
		}
	}
	// Output:
	// base/kustomization.yaml
	// base/web.yaml
	// prod/kustomization.yaml
}
