// Package affected tells which roots a change can reach: every root whose
// render reads a changed file, at the base or at the head, and every root whose
// verdicts rest on what such a root renders.
package affected

import (
	"slices"
	"strings"

	"github.com/org/probe-mtls-action/internal/diff"
	"github.com/org/probe-mtls-action/render"
	"github.com/org/probe-mtls-action/render/kustomize/graph"
)

// maxReasons is how many reasons are kept for a root; more are counted.
const maxReasons = 3

// Input is what the answer depends on.
type Input struct {
	Changes *diff.Changes
	// Base and Head are the graphs of the two trees. Base may be nil when the
	// base tree cannot be read.
	Base, Head *graph.Graph
	// Paths are the directories to look at, relative to the repository; none
	// means all of it.
	Paths []string
	// Excluded tells which roots are left out; nil means none.
	Excluded func(dir string) bool
	// AllRoots also takes roots that only serve as a base of others, see
	// [BaseOnly].
	AllRoots bool
	// Everywhere holds for all roots: context and configuration files.
	Everywhere Group
	// Groups are roots judged together; a root is in one of them or in none.
	Groups []Group
	// Shares tells whether what a root renders, at the base or at the head, can
	// change the verdicts on other roots of its group. files are the changed
	// files that reach the root, nil where it may change as a whole. A nil Shares
	// means: always. See [Shares].
	Shares func(root string, files []string) bool
	// Calls tells whether a root may hold clients that call pods of other roots:
	// what those roots run decides about such clients. A nil Calls means: never.
	// See [Calls].
	Calls func(root string) bool
	// Refused are the kinds of opaque inputs that the renderer refuses to use:
	// Helm where it is off, say. A root that needs one fails whatever changes,
	// so that alone does not make it affected.
	Refused []graph.OpaqueKind
}

// Group is a set of roots that are judged together.
type Group struct {
	Name string
	// Roots are directories, those of the base and of the head.
	Roots []string
	// Context are directories and files that are rendered with every root:
	// directories of kustomizations, or plain manifests.
	Context []string
	// Files are configuration: a change of one reaches every root.
	Files []string
	// Before and After are those of Roots that are judged together at the base
	// and at the head: a root may join or leave although none of its files change.
	Before, After []string
	// Only says that the others rest on the roots of From alone.
	Only bool
	From []string
}

// Result is the answer.
type Result struct {
	// Roots are the affected roots of the head, sorted by directory.
	Roots []Root
	// Removed are the roots of the base that the head has no more, sorted.
	Removed []render.Root
	// Unaffected counts the roots of the head that the change cannot reach.
	Unaffected int
	// Unused are roots left out because they only serve as a base of others,
	// sorted.
	Unused []string
}

// Root is an affected root.
type Root struct {
	render.Root
	// New is true for a root that the base does not have.
	New bool
	// Reasons say why, the first ones found; More is how many are left out.
	Reasons []Reason
	More    int
	// CannotTell is true where the only reason is that the files which the root
	// reads cannot be told: the change need not reach it.
	CannotTell bool
	// Cost is an estimate of the work to render the root, to compare with that
	// of others.
	Cost int
}

// Reason is why a root is affected.
type Reason struct {
	File string // the changed file; "" where no file is to blame
	// Edges lead from the root to the file; empty for the root's own
	// kustomization file, and where Text explains.
	Edges []graph.Edge
	Text  string // "the list of changes is not complete", say; "" with Edges
}

// String says the reason in one line.
func (r Reason) String() string {
	var parts []string
	if r.File != "" {
		parts = append(parts, r.File)
	}
	for _, e := range slices.Backward(r.Edges) {
		parts = append(parts, e.String())
	}
	if r.Text != "" {
		parts = append(parts, r.Text)
	}
	return strings.Join(parts, " <- ")
}
