// Package mesh is the vocabulary of a service mesh's verdict on a probe: what
// a mesh decides, and the facts that made it decide so.
package mesh

import (
	"github.com/org/probe-mtls-action/internal/probe"
	"github.com/org/probe-mtls-action/render"
)

// Mode is how a port accepts connections.
type Mode string

// The modes of Istio's PeerAuthentication; the legacy API's are mapped to them.
const (
	ModeUnset      Mode = "UNSET"
	ModeDisable    Mode = "DISABLE"
	ModePermissive Mode = "PERMISSIVE"
	ModeStrict     Mode = "STRICT"
)

// Verdict is what becomes of a probe, or of what a policy means to do.
type Verdict string

// The verdicts. Unknown and Ambiguous are verdicts, not errors: they say that
// the manifests in view do not decide. Ineffective and Exposed are said of
// policies and of misplaced probes.
const (
	OK           Verdict = "ok"
	Breaks       Verdict = "breaks"
	FalseHealthy Verdict = "false-healthy"
	Ambiguous    Verdict = "ambiguous"
	Unknown      Verdict = "unknown"
	Ineffective  Verdict = "ineffective" // what is written has no effect
	Exposed      Verdict = "exposed"     // application traffic loses mTLS
)

// Verdicts are all verdicts.
var Verdicts = []Verdict{OK, Breaks, FalseHealthy, Ambiguous, Unknown, Ineffective, Exposed}

// Cause says which of a mesh's mechanisms made the verdict; rules select by it.
type Cause string

// The causes.
const (
	CauseNone         Cause = ""
	CauseMTLS         Cause = "mtls"           // the port requires a client certificate
	CauseSidecar      Cause = "sidecar"        // the sidecar answers in the application's stead
	CausePortNotFound Cause = "port-not-found" // a named port that the container does not declare
	CauseOrder        Cause = "policy-order"   // equal-ranking policies disagree
	CauseRewrite      Cause = "rewrite"        // the mesh's own probe rewriting breaks it
	CauseNeverRun     Cause = "never-run"      // Kubernetes does not run a handler of that kind
)

// Fact is one step of a decision, in plain words, with the value it rests on.
type Fact struct {
	// Text is a clause without a full stop: "namespace shop is labelled istio-injection=enabled".
	Text string
	// Field is the value the fact rests on; zero for defaults, flags and
	// configuration, which Text then names.
	Field render.Field
	// Deciding marks facts that the outcome hangs on: without any one of them, or
	// with another value of it, the verdict would be another. Only they become
	// related locations.
	Deciding bool
}

// Remedy is one fix as advice, right for the mesh version in question.
type Remedy struct {
	Title string // imperative, one line: "Exempt port 8080 from mTLS"
	YAML  string // ready to paste, "" where the remedy is no manifest
	// Field is the mapping that the YAML is merged into; it need not exist yet.
	// It is zero where the YAML is a whole new object. A remedy without YAML
	// has the field it speaks of, if any.
	Field render.Field
	// Edits are what the remedy changes in the rendered objects. Without any, a
	// remedy with YAML merges it into Field or creates the object, and one
	// without YAML is advice.
	Edits []Edit
	// Broad marks a remedy that changes what holds for others too, such as the
	// mode of a whole namespace: a last resort.
	Broad bool
	// Cost says in one clause what is lost or what must hold besides; "" where
	// no application port loses mTLS and nothing but the probe's path changes.
	Cost string
}

// EditOp is a way to change a rendered object.
type EditOp string

// The ways.
const (
	Merge   EditOp = "merge"   // YAML, a mapping, is merged into the one at Field, which need not exist yet
	Delete  EditOp = "delete"  // the value at Field goes
	Rename  EditOp = "rename"  // the entry at Field gets the key Key
	Create  EditOp = "create"  // YAML is one or more new objects, of the root that Field's object is of
	Replace EditOp = "replace" // YAML, one or more objects, takes the place of Field's object
)

// Edit is one change of a rendered object, whatever text it comes from.
type Edit struct {
	Op    EditOp
	Field render.Field
	YAML  string
	Key   string
}

// Changes returns what r changes; beside is an object of the root that new ones
// belong to. There is nothing for advice.
func (r *Remedy) Changes(beside *render.Object) []Edit {
	switch {
	case len(r.Edits) > 0 || r.YAML == "":
		return r.Edits
	case r.Field.IsZero():
		return []Edit{{Op: Create, Field: render.Field{Object: beside}, YAML: r.YAML}}
	}
	return []Edit{{Op: Merge, Field: r.Field, YAML: r.YAML}}
}

// Judgement is the verdict on one probe and how it came about.
type Judgement struct {
	Probe   *probe.Probe
	Verdict Verdict
	Cause   Cause
	Mode    Mode // of the port, where the decision got that far
	// Reason is one sentence that names the deciding object.
	Reason string
	// Chain is the whole decision in order, first gate first.
	Chain []Fact
	// Assumed are the statements the verdict rests on that nothing in view
	// confirms: "namespace shop is in the mesh (no manifest of it was found)".
	Assumed  []string
	Remedies []Remedy // the shortest first
}

// NoticeKind says what a notice is about; rules select by it.
type NoticeKind string

// The kinds of notice.
const (
	NoticeExceptionNoEffect NoticeKind = "exception-no-effect" // PMTLS007
	NoticeAPINotServed      NoticeKind = "api-not-served"      // PMTLS008
	NoticeAppPortExempt     NoticeKind = "app-port-exempt"     // PMTLS009
)

// Notice is something a mesh has to say of a policy rather than of a probe.
type Notice struct {
	Kind NoticeKind
	// Field is the offending value; its object is the notice's subject.
	Field    render.Field
	Text     string // one sentence: what is wrong and why
	Facts    []Fact
	Assumed  []string
	Remedies []Remedy
}

// Model is a mesh built from the objects of one environment.
type Model interface {
	// Names are what people call the mesh, Version is the one that was judged.
	Names() Names
	Version() string
	// Probes returns the probes and lifecycle handlers of all workloads, in a
	// stable order, and whatever is misplaced or malformed among them.
	Probes() []*probe.Probe
	// Judge is safe for concurrent use.
	Judge(*probe.Probe) Judgement
	// Notices returns what there is to say of policies, in a stable order.
	Notices() []Notice
	// Warnings are remarks on the input that no rule reports: an invalid
	// object treated as absent, a version newer than the newest known.
	Warnings() []Fact
}
