// Package locate turns findings on rendered fields into items at their places
// in the sources.
package locate

import (
	"context"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/org/probe-mtls-action/internal/check"
	"github.com/org/probe-mtls-action/internal/mesh"
	"github.com/org/probe-mtls-action/internal/report"
	"github.com/org/probe-mtls-action/render"
)

// Locator finds the places of findings in one tree. It is safe for concurrent use.
type Locator struct {
	files *fileCache
}

// New returns a Locator that reads the lines it shows from tree.
func New(tree render.Tree) *Locator {
	return &Locator{files: newFileCache(tree)}
}

// Item returns f at its source place, as found in root. An error means that
// ctx ended.
func (l *Locator) Item(ctx context.Context, root render.Root, f check.Finding) (report.Item, error) {
	at, err := l.Field(ctx, f.At, "")
	if err != nil {
		return report.Item{}, err
	}
	it := report.Item{
		RuleID:      f.Rule.ID,
		RuleName:    f.Rule.Name,
		Severity:    f.Severity,
		Verdict:     f.Verdict,
		Subject:     f.Subject.String(),
		Summary:     f.Summary,
		Message:     f.Message,
		Assumed:     f.Assumed,
		At:          at,
		Roots:       []string{root.Dir},
		Occurrences: []report.Occurrence{{Root: root.Dir, Subject: f.Subject.String()}},
	}
	if it.Severity == "" {
		it.Severity = f.Rule.Severity
	}
	for _, fact := range f.Steps {
		step, err := l.Step(ctx, fact, fact.Deciding)
		if err != nil {
			return report.Item{}, err
		}
		it.Steps = append(it.Steps, step)
		if fact.Field.String() != f.At.String() {
			it.Related = appendLocation(it.Related, step.At)
		}
	}
	for _, r := range f.Remedies {
		rem, err := l.remedy(ctx, r)
		if err != nil {
			return report.Item{}, err
		}
		it.Remedies = append(it.Remedies, rem)
	}
	if it.Suppressed, err = l.suppression(ctx, f, at); err != nil {
		return report.Item{}, err
	}
	it.Fingerprint = fingerprint(f, at)
	return it, nil
}

// Step returns a step of a decision at its source place, which is looked for
// only if place is set: what it is costs an experiment, and few steps show it.
func (l *Locator) Step(ctx context.Context, fact mesh.Fact, place bool) (report.Step, error) {
	step := report.Step{At: report.Location{Message: fact.Text}, Deciding: fact.Deciding}
	if fact.Field.IsZero() {
		return step, nil
	}
	step.Basis = fact.Field.String()
	if n := fact.Field.Node(); n != nil && n.Kind == yaml.ScalarNode {
		step.Basis += "=" + n.Value
	}
	if !place {
		return step, nil
	}
	at, err := l.Field(ctx, fact.Field, fact.Text)
	step.At = at
	return step, err
}

// Field returns the place of one rendered field, saying message about it.
func (l *Locator) Field(ctx context.Context, f render.Field, message string) (report.Location, error) {
	if f.IsZero() {
		return report.Location{Message: message}, nil
	}
	o, err := f.Object.Trace(ctx, f.Path)
	if err != nil {
		return report.Location{}, err
	}
	loc := report.Location{Span: o.Span, Message: message, Exact: o.Exact, Why: o.Why, Via: o.Via}
	l.files.describe(&loc)
	return loc, nil
}

// Problem returns the place of a problem in the sources.
func (l *Locator) Problem(p render.Problem) report.Location {
	loc := report.Location{Span: p.At, Message: p.Message, Exact: true}
	l.files.describe(&loc)
	return loc
}

func (l *Locator) remedy(ctx context.Context, r mesh.Remedy) (report.Remedy, error) {
	out := report.Remedy{Title: r.Title, YAML: r.YAML}
	if r.Field.IsZero() {
		return out, nil
	}
	out.YAML = nest(r.Field.Path, r.YAML)
	at, err := l.Field(ctx, deepest(r.Field, r.YAML), "")
	out.At = at.Span
	return out, err
}

// deepest follows text, which is to be merged into f, as far as its one way
// down exists there already: to the annotation that is to change, say.
func deepest(f render.Field, text string) render.Field {
	var n yaml.Node
	if yaml.Unmarshal([]byte(text), &n) != nil || len(n.Content) == 0 {
		return f
	}
	for at := n.Content[0]; at.Kind == yaml.MappingNode && len(at.Content) == 2; at = at.Content[1] {
		below := f.Key(at.Content[0].Value)
		if below.Node() == nil {
			break
		}
		f = below
	}
	return f
}

// nest indents text, which is to be merged into the mapping at path, below the
// keys that lead there, so that a reader sees where it belongs. A path through
// a list leaves it as it is: an index is no place that a person finds.
func nest(path render.Path, text string) string {
	if text == "" {
		return ""
	}
	for _, s := range path {
		if s.Index >= 0 {
			return text
		}
	}
	lines := strings.SplitAfter(strings.TrimSuffix(text, "\n"), "\n")
	var b strings.Builder
	for i, s := range path {
		fmt.Fprintf(&b, "%s%s:\n", strings.Repeat("  ", i), s.Key)
	}
	for _, line := range lines {
		b.WriteString(strings.Repeat("  ", len(path)) + line)
	}
	b.WriteString("\n")
	return b.String()
}

// fingerprint identifies a finding over commits: by what it speaks of and the
// file it stands in, not by line, message or overlay.
func fingerprint(f check.Finding, at report.Location) string {
	o := f.At.Object
	return report.Digest(
		f.Rule.ID, at.File,
		o.Authored.Group, o.Authored.Kind, o.Authored.Namespace, o.Authored.Name,
		f.Subject.Container, string(f.Subject.Field)+f.Subject.Caller, identityPath(f),
	)
}

// identityPath tells several findings of one rule on one policy apart.
func identityPath(f check.Finding) string {
	if f.Subject.Container != "" || f.Subject.Caller != "" {
		return ""
	}
	return f.At.Path.String()
}

func appendLocation(to []report.Location, loc report.Location) []report.Location {
	if loc.File == "" {
		return to
	}
	for i := range to {
		if to[i].Span == loc.Span {
			return to
		}
	}
	return append(to, loc)
}
