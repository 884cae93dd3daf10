package locate

import (
	"context"
	"slices"

	"github.com/org/probe-mtls-action/internal/check"
	"github.com/org/probe-mtls-action/internal/report"
)

// suppression tells whether the user asked to be silent about f, by an
// annotation (which the finding knows) or by a comment at its place.
func (l *Locator) suppression(ctx context.Context, f check.Finding, at report.Location) (*report.Suppression, error) {
	if s := f.Suppressed; s != nil {
		loc, err := l.Field(ctx, s.Field, "")
		return &report.Suppression{Kind: "inSource", Reason: s.Reason, At: loc}, err
	}
	line, _ := l.files.line(at.File, at.Start.Line)
	above, _ := l.files.line(at.File, at.Start.Line-1)
	ids, reason, _ := check.IgnoreComment(line, above)
	if !slices.Contains(ids, f.Rule.ID) {
		return nil, nil
	}
	return &report.Suppression{Kind: "inSource", Reason: reason, At: at}, nil
}

// CommentProblem returns what is wrong with the suppression comment at the
// place of an item, "" when it is right or there is none.
func (l *Locator) CommentProblem(it report.Item) string {
	line, _ := l.files.line(it.At.File, it.At.Start.Line)
	above, _ := l.files.line(it.At.File, it.At.Start.Line-1)
	_, _, problem := check.IgnoreComment(line, above)
	return problem
}
