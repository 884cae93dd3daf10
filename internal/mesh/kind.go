package mesh

import "github.com/org/probe-mtls-action/render"

// Mesh is one service mesh that the product knows: everything about it that
// must be told before a model is built.
type Mesh struct {
	// Name is its name for people: "Istio".
	Name string
	// Decides reports whether an object so named can change the verdict on a
	// probe of another object: a policy, a namespace, a Service, a setting of
	// the mesh. A workload decides only for itself, so it is none. An empty Name
	// or Namespace is one that is not known, as where kustomize generates or
	// renames the object: then the answer is true if any name would make it so.
	// The apiVersion's version does not matter. It is a pure function.
	Decides func(render.Ref) bool
	// Selects reports which of the objects that decide do so for no other pods
	// than those of their own namespace that they select by labels: Services.
	Selects func(render.Ref) bool
}
