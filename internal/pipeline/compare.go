package pipeline

import (
	"path"
	"strings"

	"github.com/org/probe-mtls-action/internal/report"
)

// Compare marks the items of head as new or existing and returns those of base
// that are fixed. An item is new if any of its occurrences is: the same root
// did not have it at the base revision, by the item's fingerprint or by the
// rendered object and rule, at the same or a worse severity. renamed gives the
// head's name of a directory or file of the base.
//
// Roots that base did not check (see checkedAtBase) and that are not new are
// unchanged: all their findings exist already.
func Compare(head []report.Item, base []report.Item, renamed func(string) string, unchanged func(root string) bool) (fixed []report.Item) {
	before := make(occurrences)
	for _, it := range base {
		before.add(it, renamed)
	}
	after := make(occurrences)
	for i := range head {
		it := &head[i]
		after.add(*it, func(s string) string { return s })
		it.State = report.Existing
		for j := range it.Occurrences {
			o := &it.Occurrences[j]
			if unchanged(o.Root) || before.has(*it, *o) {
				continue
			}
			o.New = true
			it.State = report.New
		}
	}
	for _, it := range base {
		if it.Suppressed != nil || after.hasAny(it, renamed) {
			continue
		}
		it.State = report.Fixed
		fixed = append(fixed, it)
	}
	return fixed
}

// occurrences maps what identifies an occurrence to its severity's rank.
type occurrences map[string]int

func (o occurrences) add(it report.Item, name func(string) string) {
	for _, occ := range it.Occurrences {
		for _, k := range keys(it, occ, name) {
			o[k] = max(o[k], it.Severity.Rank())
		}
	}
}

func (o occurrences) has(it report.Item, occ report.Occurrence) bool {
	for _, k := range keys(it, occ, func(s string) string { return s }) {
		if rank, ok := o[k]; ok && rank >= it.Severity.Rank() {
			return true
		}
	}
	return false
}

func (o occurrences) hasAny(it report.Item, name func(string) string) bool {
	for _, occ := range it.Occurrences {
		for _, k := range keys(it, occ, name) {
			if _, ok := o[k]; ok {
				return true
			}
		}
	}
	return false
}

func keys(it report.Item, occ report.Occurrence, name func(string) string) []string {
	root := name(occ.Root)
	suppressed := ""
	if it.Suppressed != nil {
		suppressed = "suppressed"
	}
	return []string{
		strings.Join([]string{"subject", it.RuleID, root, occ.Subject, suppressed}, "\x00"),
		strings.Join([]string{"fingerprint", it.Fingerprint, root, suppressed}, "\x00"),
	}
}

// Renamed returns the function that Compare needs: it follows renamed files,
// and directories whose kustomization file was renamed.
func Renamed(files map[string]string) func(string) string {
	names := make(map[string]string, 2*len(files))
	for old, new := range files {
		names[old] = new
		if path.Base(old) == path.Base(new) && strings.HasPrefix(strings.ToLower(path.Base(old)), "kustomization") {
			names[path.Dir(old)] = path.Dir(new)
		}
	}
	return func(name string) string {
		if new, ok := names[name]; ok {
			return new
		}
		return name
	}
}
