package report

import "github.com/org/probe-mtls-action/render/source"

// Fix is a change of source files that was proven: with it the findings are gone,
// none came, and no rendered value changed but those that it means.
type Fix struct {
	// Key tells fixes apart: equal keys are the same change.
	Key   string
	Title string // imperative, one line
	// Cost says what is lost or what must hold besides, as a clause; "" for a
	// safe fix: no application port loses mTLS, and nothing but the probe's path
	// changes.
	Cost string
	// Roots are the roots in which it ends the finding, sorted.
	Roots []string
	// Also names what else it changes, sorted: workloads that share the place.
	Also  []string
	Files []FileFix
	// Diff is the same change as a unified diff that `git apply` takes.
	Diff string
}

// Safe reports whether the fix is of the safe tier.
func (f *Fix) Safe() bool { return f.Cost == "" }

// Tier returns safe or unsafe.
func (f *Fix) Tier() string {
	if f.Safe() {
		return "safe"
	}
	return "unsafe"
}

// FileFix is what a fix changes in one file.
type FileFix struct {
	Name string
	New  bool // the file does not exist yet; Replacements has its text
	// Replacements are in order and do not overlap.
	Replacements []Replacement
}

// Replacement puts a text in the place of a region, which may be empty.
type Replacement struct {
	At   source.Span
	Text string
}
