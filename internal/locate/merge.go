package locate

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/org/probe-mtls-action/internal/report"
)

// maxRelated bounds the related places of an item: GitHub keeps 100 locations
// a result, and a reader far fewer.
const maxRelated = 50

// Merge makes one item of the same finding in several roots and sorts the
// items by place and rule. Findings are the same when their fingerprint and
// their place are.
func Merge(items []report.Item) []report.Item {
	type key struct {
		fingerprint string
		at          string
		suppressed  bool
	}
	index := make(map[key]int)
	var out []report.Item
	for _, it := range items {
		k := key{it.Fingerprint, it.At.Span.String(), it.Suppressed != nil}
		i, ok := index[k]
		if !ok {
			index[k] = len(out)
			out = append(out, it)
			continue
		}
		join(&out[i], it)
	}
	for i := range out {
		finish(&out[i])
	}
	sorted := report.Report{Items: out}
	sorted.Sort()
	number(sorted.Items)
	return sorted.Items
}

// join adds what b found elsewhere to a. The worse severity wins with the text
// that goes with it.
func join(a *report.Item, b report.Item) {
	if b.Severity.Rank() > a.Severity.Rank() {
		a.Severity, a.Verdict = b.Severity, b.Verdict
		a.Subject, a.Summary, a.Message = b.Subject, b.Summary, b.Message
		a.Chain, a.Assumed, a.Remedies = b.Chain, b.Assumed, b.Remedies
	}
	a.Roots = append(a.Roots, b.Roots...)
	a.Occurrences = append(a.Occurrences, b.Occurrences...)
	for _, r := range b.Related {
		if len(a.Related) < maxRelated {
			a.Related = appendLocation(a.Related, r)
		}
	}
}

func finish(it *report.Item) {
	slices.Sort(it.Roots)
	it.Roots = slices.Compact(it.Roots)
	slices.SortFunc(it.Occurrences, func(a, b report.Occurrence) int {
		return cmp.Or(cmp.Compare(a.Root, b.Root), cmp.Compare(a.Subject, b.Subject))
	})
	it.Occurrences = slices.Compact(it.Occurrences)
}

// number keeps fingerprints unique: two places of one file can carry the same
// finding (two patches for two overlays), and a comment is found by it.
func number(sorted []report.Item) {
	seen := make(map[string]int)
	for i := range sorted {
		it := &sorted[i]
		n := seen[it.Fingerprint]
		seen[it.Fingerprint]++
		if n > 0 {
			it.Fingerprint = digest(it.Fingerprint, strconv.Itoa(n))
		}
	}
}
