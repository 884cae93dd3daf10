package mesh

import "github.com/org/probe-mtls-action/internal/kube"

// Speech is what a client says when it opens a connection.
type Speech string

// The ways of clients that the mesh does not handle.
const (
	Plaintext Speech = "plaintext"
	// TLS is TLS without a certificate of the mesh.
	TLS Speech = "TLS"
	// MeshTLS is TLS with a certificate of the mesh, but without its protocol
	// (ALPN): what Prometheus makes of the certificates that its sidecar wrote.
	MeshTLS Speech = "TLS with a certificate of the mesh"
)

// Manner says how a client speaks, behind a verb: "in plaintext", "over TLS".
func (s Speech) Manner() string {
	if s == Plaintext {
		return "in plaintext"
	}
	return "over " + string(s)
}

// Call is a request that a client which is no sidecar sends to a pod.
type Call struct {
	Client string // with its article: "the API server", "Prometheus"
	Speech Speech
	Pod    *kube.Pod // one of [Answering.Pods]
	Port   int       // of the pod, not of a Service
}

// Membership is how a pod takes part in the mesh.
type Membership string

// The memberships.
const (
	Outside Membership = "outside" // surely: the manifests in view say so
	Sidecar Membership = "sidecar" // it has a sidecar, or one is assumed
	Ambient Membership = "ambient" // the node's proxy stands in for one
	Refused Membership = "refused" // it is never created
)

// Pod is a pod, or the pods of one template, as the mesh runs it.
type Pod struct {
	*kube.Pod
	Name   string       // for people: "Deployment shop/web"
	Labels kube.Strings // those that it runs with
	In     Membership
	Facts  []Fact // why
	// Assumed are the statements that In rests on and that nothing in view
	// confirms.
	Assumed []string
	// Merge are ways to make the mesh serve the pod's metrics, where it could but
	// does not.
	Merge []Remedy
	// Metrics is set where the mesh serves the pod's metrics itself, in place of
	// what its annotations say, and MetricsPort is the port that it does so on;
	// Why tells what decides that, in either case.
	Metrics     bool
	MetricsPort int
	Why         Fact
}

// Answering is a [Model] that can also judge the calls of clients without an
// identity of the mesh. Its methods are safe for concurrent use.
type Answering interface {
	Model
	// Pods returns all pods in view, those of the context included, in a stable
	// order.
	Pods() []*Pod
	// Enrol returns how a pod that is not one of Pods takes part in the mesh:
	// one that an operator makes.
	Enrol(*kube.Pod) *Pod
	// Services returns all Services in view.
	Services() []*kube.Service
	// Answer judges a call. Its judgement has no probe.
	Answer(Call) Judgement
	// DeclaredHTTP reports whether the mesh takes a Service's port for HTTP, by
	// what the Service says of it.
	DeclaredHTTP(*kube.Service, kube.ServicePort) bool
}
