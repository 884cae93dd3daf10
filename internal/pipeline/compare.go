package pipeline

import (
	"path"
	"slices"
	"strings"

	"github.com/org/probe-mtls-action/internal/report"
)

// Change is what [Compare] needs to know of the change between two runs.
type Change struct {
	// Renamed gives the head's name of a directory or file of the base.
	Renamed func(name string) string
	// Unchanged tells which roots of the head the change cannot reach: all
	// their findings exist already.
	Unchanged func(root string) bool
	// Unchecked tells which roots of the head could not be checked: what they
	// had at the base they may still have.
	Unchecked func(root string) bool
	// Added tells which roots of the head the base does not have, Gone which of
	// the base the head does not, renamed ones left out: an overlay that moved
	// may be too short for Git to know it again.
	Added, Gone func(root string) bool
}

// Compare marks the items of head as new or existing and returns those of base
// that are fixed.
//
// An item is new if any of its occurrences is: the same root did not have it at
// the base revision, by the item's fingerprint or by the rendered object and
// rule, at the same or a worse severity. What a root had that is gone, and one
// that was added has, is not new. An item of the base is fixed if no root of the
// head has it any more, and every root that had it was checked or is gone.
func Compare(head []report.Item, base []report.Item, c Change) (fixed []report.Item) {
	before, moved := make(occurrences), make(moves)
	for i := range base {
		before.add(base[i], c.Renamed)
		moved.add(&base[i], c.Gone)
	}
	after, present := make(occurrences), make(map[string]bool)
	for i := range head {
		it := &head[i]
		after.add(*it, same)
		present[it.Fingerprint] = true
		for j := range it.Occurrences {
			o := &it.Occurrences[j]
			o.New = !c.Unchanged(o.Root) && !before.has(*it, *o)
		}
	}
	moved.settle(head, c.Added)
	for i := range head {
		head[i].State = report.Existing
		if slices.ContainsFunc(head[i].Occurrences, func(o report.Occurrence) bool { return o.New }) {
			head[i].State = report.New
		}
	}
	for i, it := range base {
		if it.Suppressed != nil || present[it.Fingerprint] || after.hasAny(it, c.Renamed) || moved.arrived(&base[i]) || c.unknown(it) {
			continue
		}
		it.State = report.Fixed
		fixed = append(fixed, it)
	}
	return fixed
}

func same(name string) string { return name }

// unknown reports whether a root that had the item was not checked at the head.
func (c Change) unknown(it report.Item) bool {
	return slices.ContainsFunc(it.Occurrences, func(o report.Occurrence) bool { return c.Unchecked(c.Renamed(o.Root)) })
}

// occurrences maps what identifies an occurrence to its severity's rank.
type occurrences map[string]int

func (o occurrences) add(it report.Item, name func(string) string) {
	for _, occ := range it.Occurrences {
		o.note(keys(it, occ, name, true), it)
		if it.Suppressed == nil {
			o.note(keys(it, occ, name, false), it)
		}
	}
}

func (o occurrences) note(keys []string, it report.Item) {
	for _, k := range keys {
		o[k] = max(o[k], it.Severity.Rank())
	}
}

func (o occurrences) has(it report.Item, occ report.Occurrence) bool {
	for _, k := range keys(it, occ, same, it.Suppressed != nil) {
		if rank, ok := o[k]; ok && rank >= it.Severity.Rank() {
			return true
		}
	}
	return false
}

func (o occurrences) hasAny(it report.Item, name func(string) string) bool {
	for _, occ := range it.Occurrences {
		for _, k := range keys(it, occ, name, false) {
			if _, ok := o[k]; ok {
				return true
			}
		}
	}
	return false
}

// keys are what an occurrence is known by: loud, or perhaps suppressed.
func keys(it report.Item, occ report.Occurrence, name func(string) string, quiet bool) []string {
	root := name(occ.Root)
	loudness := "loud"
	if quiet {
		loudness = "quiet"
	}
	return []string{
		strings.Join([]string{"subject", loudness, it.RuleID, root, occ.Subject}, "\x00"),
		strings.Join([]string{"fingerprint", loudness, it.Fingerprint, root}, "\x00"),
	}
}

// Renamed returns the function of [Change.Renamed]: it follows renamed files,
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
