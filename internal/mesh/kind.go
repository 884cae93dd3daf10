package mesh

import "github.com/org/probe-mtls-action/render"

// Settings are what a user tells of a mesh: a value of the type that the mesh's
// own package has for it.
type Settings any

// Mesh is one service mesh that the product knows: everything about it that is
// needed besides a model. Outside its package nothing else is particular to it
// but the reading of its settings.
type Mesh struct {
	Names
	// Build makes the model of one environment from the objects of all its
	// roots. isContext tells which objects are context only; nil means none is.
	// Settings are of the mesh's own type; nil is how it installs itself. An
	// error is a mistake in them.
	Build func(objects []*render.Object, isContext func(*render.Object) bool, settings Settings) (Model, error)
	// Version is the version that settings say, "" where they leave it open.
	Version func(settings Settings) string
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
	// Governs reports which of the objects that decide can make a probe fail that
	// passes without them: policies, and settings of the mesh.
	Governs func(render.Ref) bool
	// Loose returns the deciding objects of roots that are judged together, if some
	// of them govern no pod among these objects: as far as the roots show, they are
	// there for others. Everywhere tells that such a one is not of a namespace
	// alone. It returns nil where there are none.
	Loose func(objects []*render.Object, settings Settings) (loose []*render.Object, everywhere bool)
}

// Names are what people call a mesh and its parts, in texts and pictures.
type Names struct {
	Name  string // "Istio"
	Proxy string // the container of the sidecar: "istio-proxy"
	Agent string // what answers rewritten probes: "Istio agent"; "" if the mesh rewrites none
}
