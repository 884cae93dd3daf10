// Package check runs rules over a mesh model and collects what they find.
package check

import (
	"github.com/org/probe-mtls-action/internal/caller"
	"github.com/org/probe-mtls-action/internal/mesh"
	"github.com/org/probe-mtls-action/internal/probe"
	"github.com/org/probe-mtls-action/render"
)

// Severity is how serious a finding is: SARIF's levels.
type Severity string

// The severities.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
	Note    Severity = "note"
)

// Rule is one thing that the product looks for. Rules are values: they do no
// I/O and keep no state.
type Rule struct {
	ID       string // PMTLS001; never reused
	Name     string // LivenessProbeBlockedByMTLS; differs from ID
	Severity Severity
	Summary  string // one line
	// Verdict is that of its findings which name none: those that rest on no
	// judgement of a probe.
	Verdict mesh.Verdict
	Doc     string // the page in docs/rules, Markdown
	// Run reports what it finds through p.Report.
	Run func(p *Pass)
}

// Pass gives a rule everything it may read.
type Pass struct {
	Rule    *Rule
	Objects []*render.Object // of the environment, context included
	Model   mesh.Model
	// Judgements has one entry per probe of Model.Probes, in the same order.
	Judgements []mesh.Judgement
	// Calls has one entry for each other client in view that calls pods without
	// an identity of the mesh, fine ones too.
	Calls  []caller.Judgement
	Report func(Finding)
}

// Subject is what a finding speaks of.
type Subject struct {
	Ref       render.Ref
	Container string     // "" for rules on policies
	Field     probe.Kind // "" for rules on policies
	// Caller is the name of a caller that the object declares, see
	// [caller.Caller]; "" for rules on probes and policies.
	Caller string
}

// SubjectOf is the subject of a finding on a probe.
func SubjectOf(p *probe.Probe) Subject {
	return Subject{Ref: p.Workload.Ref, Container: p.Container, Field: p.Kind}
}

// String returns <namespace>/<Kind>/<name>/<container>/<field>, or
// <namespace>/<Kind>/<name> for policies, with a caller's name behind it for
// callers: SARIF's fullyQualifiedName.
func (s Subject) String() string {
	n := s.Ref.String()
	if s.Container != "" {
		n += "/" + s.Container
	}
	if s.Field != "" {
		n += "/" + string(s.Field)
	}
	if s.Caller != "" {
		n += "/" + s.Caller
	}
	return n
}

// Finding is what a rule reports. It speaks of objects and fields only; which
// file and line they come from is found later.
type Finding struct {
	Rule     *Rule
	Severity Severity // the rule's own where empty
	Verdict  mesh.Verdict
	Subject  Subject
	At       render.Field
	Summary  string      // one line: mTLS and liveness probe incompatible - web
	Message  string      // one paragraph, without the chain
	Steps    []mesh.Fact // the decision, first gate first
	Assumed  []string
	Remedies []mesh.Remedy
	// Suppressed is set where the user asked to be silent about it.
	Suppressed *Suppression
}

// Suppression is a user's wish not to be told, with the reason they gave.
type Suppression struct {
	Reason string
	InFile bool         // by a comment in a source file; else by an annotation
	Field  render.Field // the annotation
}
