package report

import (
	"cmp"
	"slices"
	"strings"

	"github.com/org/probe-mtls-action/internal/check"
	"github.com/org/probe-mtls-action/render/source"
)

// Sort puts everything in r into the one order that all outputs use: findings
// by file, position and rule, those that the change hides first of all, the rest
// by place and text.
func (r *Report) Sort() {
	slices.SortStableFunc(r.Items, compareItems)
	slices.SortStableFunc(r.Fixed, compareItems)
	slices.SortStableFunc(r.Skipped, func(a, b Skip) int {
		return cmp.Or(strings.Compare(a.Root, b.Root), compareSpans(a.At, b.At), strings.Compare(a.Message, b.Message))
	})
	slices.SortStableFunc(r.Notes, func(a, b Remark) int {
		return cmp.Or(compareSpans(a.At.Span, b.At.Span), strings.Compare(a.Text, b.Text), slices.Compare(a.Roots, b.Roots))
	})
	slices.Sort(r.Roots)
	slices.Sort(r.Unused)
	slices.SortStableFunc(r.Rules, func(a, b *check.Rule) int { return strings.Compare(a.ID, b.ID) })
}

func compareItems(a, b Item) int {
	return cmp.Or(
		cmp.Compare(shown(a.Hidden), shown(b.Hidden)),
		compareSpans(a.At.Span, b.At.Span),
		strings.Compare(a.RuleID, b.RuleID),
		strings.Compare(a.Subject, b.Subject),
		strings.Compare(a.Fingerprint, b.Fingerprint),
	)
}

func compareSpans(a, b source.Span) int {
	return cmp.Or(
		strings.Compare(a.File, b.File),
		cmp.Compare(a.Start.Line, b.Start.Line),
		cmp.Compare(a.Start.Column, b.Start.Column),
	)
}

// WorstFirst returns the findings that are not suppressed: what the change hides
// first, errors before
// warnings before notes, new before existing, otherwise in r's order. Channels
// that hold only so many take them from the front.
func (r *Report) WorstFirst() []*Item {
	var all []*Item
	for i := range r.Items {
		if r.Items[i].Suppressed == nil {
			all = append(all, &r.Items[i])
		}
	}
	slices.SortStableFunc(all, func(a, b *Item) int {
		return cmp.Or(
			cmp.Compare(shown(a.Hidden), shown(b.Hidden)),
			cmp.Compare(weight(a.Severity), weight(b.Severity)),
			cmp.Compare(age(a.State), age(b.State)),
		)
	})
	return all
}

// shown puts what a change hides in front of everything else.
func shown(h Hiding) int {
	if h != NotHidden {
		return 0
	}
	return 1
}

func weight(s check.Severity) int {
	switch s {
	case check.Error:
		return 0
	case check.Warning:
		return 1
	}
	return 2
}

func age(s State) int {
	if s == Existing {
		return 1
	}
	return 0
}

// NewRoots returns the roots in which a new finding is new, where it is not new
// in all of its roots or for all objects of a root; else nothing. A root that
// has it for several objects, of which some are new, names these.
func (it *Item) NewRoots() []string {
	if it.State != New || !slices.ContainsFunc(it.Occurrences, func(o Occurrence) bool { return !o.New }) {
		return nil
	}
	partly := map[string]bool{}
	for _, o := range it.Occurrences {
		partly[o.Root] = partly[o.Root] || !o.New
	}
	var roots []string
	for _, o := range it.Occurrences {
		switch {
		case !o.New:
		case partly[o.Root]:
			roots = append(roots, o.Root+" ("+o.Subject+")")
		default:
			roots = append(roots, o.Root)
		}
	}
	slices.Sort(roots)
	return slices.Compact(roots)
}

// Shown returns the findings that are not suppressed, in r's order; with onlyNew
// those alone that the base revision lacks.
func (r *Report) Shown(onlyNew bool) []*Item {
	var all []*Item
	for i := range r.Items {
		if it := &r.Items[i]; it.Suppressed == nil && !(onlyNew && it.State == Existing) {
			all = append(all, it)
		}
	}
	return all
}

// NewFirst returns the findings that are not suppressed: what the change hides,
// then new ones before existing ones, each with errors before warnings before
// notes, otherwise in r's order.
func (r *Report) NewFirst() []*Item {
	all := r.WorstFirst()
	slices.SortStableFunc(all, func(a, b *Item) int {
		return cmp.Or(cmp.Compare(shown(a.Hidden), shown(b.Hidden)), cmp.Compare(age(a.State), age(b.State)))
	})
	return all
}
