package report

import "slices"

// SkipGroup is one reason for which things could not be checked.
type SkipGroup struct {
	Skip           // Root is that of the first
	Roots []string // of all, sorted; empty where the reason is about no root
}

// SkipGroups returns r's skips with those that have the same place, message and
// hint as one: a broken base keeps every root that uses it from being checked.
func (r *Report) SkipGroups() []SkipGroup {
	var groups []SkipGroup
	at := map[Skip]int{}
	for _, s := range r.Skipped {
		k := s
		k.Root = ""
		i, ok := at[k]
		if !ok {
			i = len(groups)
			at[k] = i
			groups = append(groups, SkipGroup{Skip: s})
		}
		if s.Root != "" {
			groups[i].Roots = append(groups[i].Roots, s.Root)
		}
	}
	for i := range groups {
		slices.Sort(groups[i].Roots)
		groups[i].Roots = slices.Compact(groups[i].Roots)
	}
	return groups
}
