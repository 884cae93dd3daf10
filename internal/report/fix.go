package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/org/probe-mtls-action/render/source"
)

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

// Terms says on which terms there is the fix: its tier, its proof, what it costs
// and the flag that makes it.
func (f *Fix) Terms() string {
	if f.Safe() {
		return "safe, proven; --fix"
	}
	return "unsafe: " + f.Cost + "; proven; --fix=unsafe"
}

// Sentence is the fix on one line: what it does, where, and on which terms.
func (f *Fix) Sentence() string {
	return f.Title + ", in " + strings.Join(f.Places(), " and ") + " (" + f.Terms() + ")"
}

// InCommon returns the proven fixes that end all of some findings, or else those
// of the first, and tells for whom they are: "" for all.
func InCommon(items []*Item) (fixes []Fix, whose string) {
	for _, f := range items[0].Fixes {
		if !slices.ContainsFunc(items[1:], func(it *Item) bool {
			return !slices.ContainsFunc(it.Fixes, func(o Fix) bool { return o.Key == f.Key })
		}) {
			fixes = append(fixes, f)
		}
	}
	if len(fixes) == 0 {
		return items[0].Fixes, Whose(items)
	}
	return fixes, ""
}

// Whose says that what is said of the first of some findings goes for the others
// in the same way.
func Whose(items []*Item) string {
	return "for " + items[0].Target().Workload + "; the others in the same way"
}

// OnlyAdvice returns what could be done besides the proven fixes.
func (it *Item) OnlyAdvice() []Remedy {
	var out []Remedy
	for _, r := range it.Remedies {
		if !slices.ContainsFunc(it.Fixes, func(f Fix) bool { return f.Title == r.Title }) {
			out = append(out, r)
		}
	}
	return out
}

// Best says on one line how to end findings of one cause, after its label: the
// best proven fix, or what is only advice; both are "" where nothing is known.
func Best(items []*Item) (label, text string) {
	if fixes, whose := InCommon(items); len(fixes) > 0 {
		text = fixes[0].Sentence()
		if whose != "" {
			text += ", " + whose
		}
		return "Fix", text
	}
	if all := items[0].Remedies; len(all) > 0 {
		return "Advice", all[0].Title
	}
	return "", ""
}

// Places names the first place of each file that the fix changes: file:line, or
// the file alone for a new one.
func (f *Fix) Places() []string {
	var out []string
	for _, file := range f.Files {
		if file.New || len(file.Replacements) == 0 {
			out = append(out, file.Name)
			continue
		}
		out = append(out, fmt.Sprintf("%s:%d", file.Name, file.Replacements[0].At.Start.Line))
	}
	return out
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
