package pipeline

import (
	"context"
	"slices"

	"github.com/org/probe-mtls-action/internal/check"
	"github.com/org/probe-mtls-action/internal/report"
	"github.com/org/probe-mtls-action/render"
)

// wish is a suppression by annotation at its source place.
type wish struct {
	at   report.Location
	id   string
	used bool
	root string
}

// wishes locates the suppressions by annotation of a group's own objects.
func (r *run) wishes(ctx context.Context, objects []*render.Object, findings []check.Finding, isContext func(*render.Object) bool) ([]wish, error) {
	var out []wish
	for _, w := range check.Wishes(r.Rules, objects, findings) {
		if isContext(w.Field.Object) {
			continue
		}
		at, err := r.locator.Field(ctx, w.Field, "")
		if err != nil {
			return nil, err
		}
		out = append(out, wish{at, w.ID, w.Used, w.Field.Object.Root.Dir})
	}
	return out, nil
}

// suppressions tells of suppressions that have no effect or that suppress
// nothing, once all findings are located. A file that other roots read too, which
// this run does not check, is not called useless.
func (r *run) suppressions(parts []part) []report.Remark {
	known := func(id string) bool {
		return slices.ContainsFunc(r.Rules, func(rule *check.Rule) bool { return rule.ID == id })
	}
	type key struct{ at, id string }
	used := map[key]bool{}
	var inputs []string
	for _, p := range parts {
		inputs = append(inputs, p.inputs...)
		for _, w := range p.wishes {
			used[key{w.at.Span.String(), w.id}] = used[key{w.at.Span.String(), w.id}] || w.used
		}
	}
	var out []report.Remark
	for _, p := range parts {
		for _, w := range p.wishes {
			if used[key{w.at.Span.String(), w.id}] || !r.Complete(w.at.File) {
				continue
			}
			out = append(out, report.Remark{
				At: w.at, Roots: []string{w.root}, Level: check.Warning,
				Text: check.Annotation + " suppresses nothing: no finding of " + w.id + " is reported on the object; remove it",
			})
		}
	}
	slices.Sort(inputs)
	for _, file := range slices.Compact(inputs) {
		out = append(out, r.locator.Comments(file, r.Complete(file), known)...)
	}
	return out
}
