package app

import (
	"fmt"
	"slices"
	"strings"

	"github.com/org/probe-mtls-action/internal/affected"
	"github.com/org/probe-mtls-action/internal/check"
	"github.com/org/probe-mtls-action/internal/report"
	"github.com/org/probe-mtls-action/render/kustomize/graph"
)

// lowerBases makes notes of findings that only roots have which serve as a base
// of others, where the overlays that use them were checked too and do not have
// the finding: what is deployed is the overlay.
//
// before is the graph of the base, nil without one.
func (r *repository) lowerBases(rep *report.Report, before *graph.Graph) error {
	if !worthLowering(rep) {
		return nil
	}
	g, err := r.graph()
	if err != nil {
		return notChecked(err)
	}
	bases, checked := set(affected.BaseOnly(before, g, nil)), set(rep.Roots)
	for i := range rep.Items {
		it := &rep.Items[i]
		if it.Hidden != report.NotHidden {
			continue
		}
		users := checkedUsers(g, it, bases, checked)
		if len(users) == 0 {
			continue
		}
		it.Severity = check.Note
		it.Assumed = append(it.Assumed, fmt.Sprintf("%s is deployed by itself; as far as this repository shows it is only a base of %s, where this finding does not occur",
			strings.Join(it.Roots, ", "), some(users)))
	}
	return nil
}

// worthLowering reports whether there is a finding to lower and more than its
// own roots were checked: the graph of a large repository takes a while.
func worthLowering(rep *report.Report) bool {
	for _, it := range rep.Items {
		if it.Suppressed == nil && it.Severity != check.Note && len(it.Roots) < len(rep.Roots) {
			return true
		}
	}
	return false
}

// checkedUsers returns the overlays that build on the item's roots, directly or
// not, and were checked; none if any root of the item is deployed by itself.
func checkedUsers(g *graph.Graph, it *report.Item, bases, checked map[string]bool) []string {
	var users []string
	for _, root := range it.Roots {
		if !bases[root] {
			return nil
		}
		for _, u := range g.Above(root) {
			if checked[u] && !bases[u] && !slices.Contains(users, u) {
				users = append(users, u)
			}
		}
	}
	slices.Sort(users)
	return users
}

// some names the first few of many.
func some(names []string) string {
	const most = 3
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}
