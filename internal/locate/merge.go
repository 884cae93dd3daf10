package locate

import (
	"strconv"

	"github.com/org/probe-mtls-action/internal/report"
)

// Merge makes one item of the same finding in several roots, see [report.Join],
// and sorts the items by place and rule.
func Merge(items []report.Item) []report.Item {
	sorted := report.Report{Items: report.Join(items)}
	sorted.Sort()
	number(sorted.Items)
	return sorted.Items
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
			it.Fingerprint = report.Digest(it.Fingerprint, strconv.Itoa(n))
		}
	}
}
