// Package report holds located results: what every output is made from.
package report

import (
	"github.com/org/probe-mtls-action/internal/check"
	"github.com/org/probe-mtls-action/internal/mesh"
	"github.com/org/probe-mtls-action/render"
	"github.com/org/probe-mtls-action/render/source"
)

// State is a finding's relation to the base revision.
type State string

// The states. None is a run without a base.
const (
	None     State = ""
	New      State = "new"
	Existing State = "existing"
	Fixed    State = "fixed"
)

// Location is a place in the sources, ready to be shown.
type Location struct {
	source.Span
	Message string // what stands there, for related locations
	Exact   bool
	Why     string // why it is inexact
	// Line is the source line that holds Start, without line end, cut to a
	// bounded length; "" where the file could not be read.
	Line string
	// LineHash is GitHub's primaryLocationLineHash of the line, "" if unknown.
	LineHash string
	// Via lists the kustomization files through which the value came.
	Via []string
}

// Remedy is a fix as text: advice, which nobody has proven.
type Remedy struct {
	Title string
	YAML  string
	// At is where the YAML belongs; zero for a new object.
	At source.Span
}

// Item is one finding at one place in the sources, for all roots it breaks.
type Item struct {
	RuleID, RuleName string
	Severity         check.Severity
	Verdict          mesh.Verdict
	// Subject is <namespace>/<Kind>/<name>/<container>/<field> in the first root.
	Subject string
	Summary string
	Message string
	Steps   []Step // the decision, first gate first
	Assumed []string
	At      Location
	// Related are the places that decide besides At, each once: those of the
	// steps, then those of other roots.
	Related []Location
	// Roots are the directories of all roots that have this finding, sorted.
	Roots []string
	// Occurrences are the rendered objects that have it, sorted by root and
	// subject: a base used by two overlays has two.
	Occurrences []Occurrence
	Remedies    []Remedy
	// Fixes are changes of files that are proven to end the finding, the best
	// first; nil where none was asked for or proven.
	Fixes []Fix
	// Fingerprint identifies the finding over commits: 32 hexadecimal digits.
	Fingerprint string
	State       State
	Suppressed  *Suppression
	// Hidden is set for a new finding that only the change's own configuration,
	// baseline or suppression hides; At is the line that hides it.
	Hidden Hiding
	// BaseCauses are, for a new finding, the places of the base tree that
	// decided otherwise before the change: a port exemption that is gone now.
	BaseCauses []Location
	// Placement is where the finding goes on a pull request; nil outside one.
	Placement *Placement
}

// Occurrence is one rendered object with a finding.
type Occurrence struct {
	Root    string
	Subject string // as in Item
	// New tells that the base revision did not have this occurrence.
	New bool
}

// Hiding says what becomes of a finding that the change hides which makes it.
type Hiding string

// The ways.
const (
	NotHidden   Hiding = ""
	HiddenWarns Hiding = "warns" // it is told, and does not fail the run
	HiddenFails Hiding = "fails" // it fails the run like any new finding
)

// Suppression is a user's wish not to be told.
type Suppression struct {
	Kind   string // inSource, or external: SARIF's words
	Reason string
	At     Location
}

// Side is a side of a diff, in GitHub's words.
type Side string

// The sides.
const (
	Right Side = "RIGHT" // the head: added and context lines
	Left  Side = "LEFT"  // the base: deleted lines
)

// PlacementKind says how well a finding fits the diff.
type PlacementKind string

// The kinds, best first.
const (
	OnProbe    PlacementKind = "probe-line"    // the finding's own line is in a hunk
	OnDeciding PlacementKind = "deciding-line" // a deciding line is in a hunk
	OnFile     PlacementKind = "file"          // a comment on a changed file
	InSummary  PlacementKind = "summary"       // no place in the diff
)

// Placement is where a finding goes on a pull request.
type Placement struct {
	Kind PlacementKind
	Path string // the head's path; the base's for a deleted file
	Line int    // 1-based, of the head commit (or of the base for Left); 0 for OnFile and InSummary
	Side Side
	Note string // "this line came with the base branch", say
}

// Skip is something that could not be checked.
type Skip struct {
	Root string // directory, "" when it is no root
	render.Problem
	// State is Existing where the base could not check it either, New where it
	// could, None without a base.
	State State
	// Cut tells that a limit or a defect of this program ended it, not what the
	// root holds.
	Cut bool
	// Hole tells that only a part of the root is missing: the rest was judged.
	Hole bool
}

// Report is the result of a run.
type Report struct {
	Tool  Tool
	Rules []*check.Rule
	Items []Item // sorted by file, position, rule
	// Fixed are findings of the base that are gone.
	Fixed   []Item
	Skipped []Skip
	// Unseen was not looked at; it never changes how the run ends.
	Unseen []Unseen
	// Notes are remarks that are no findings: refusals of kustomize, an
	// unknown newer version, invalid objects treated as absent.
	Notes []Remark
	Roots []string // all roots checked, sorted
	// Affected are the roots of those checked that the change reaches, where all
	// were checked; nil: those that were checked are.
	Affected []string
	// Unaffected counts the roots left out because the change cannot reach them.
	Unaffected int
	// Unused are roots left out because they only serve as a base of others.
	Unused []string
	Probes int // probes judged
	// Callers are the other clients without an identity of the mesh that were
	// judged.
	Callers int
	// Interrupted tells that the run was told to end before all was checked.
	Interrupted bool
	// Judged are all probes that were judged, sorted; nil unless asked for.
	Judged []Occurrence
	Scope  Scope
}

// Remark is a note on the input.
type Remark struct {
	At    Location // zero when no place is known
	Text  string
	Roots []string
	// Level is Warning for a wish of the user that is not fulfilled; else it is
	// Note or empty. No remark counts for what fails a run.
	Level check.Severity
}

// Tool is this program.
type Tool struct {
	Version, Commit string
	// Mesh names the mesh that was judged, IstioVersion its version, which wire
	// formats call so.
	Mesh         mesh.Names
	IstioVersion string
}

// Scope says what was compared.
type Scope struct {
	Base, Head string // commit IDs, "" without a base
	// Category tells runs of one workflow apart (a matrix, say).
	Category string
	// Several tells that there may be other categories beside it, so that
	// people are told which one this is.
	Several bool
	Shard   string // "I/N", "" when unsharded
}

// Counts is how many findings there are, suppressed ones left out.
type Counts struct {
	Errors, Warnings, Notes int
	New, Existing, Fixed    int
	Suppressed              int
}
