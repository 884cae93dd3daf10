package locate

import (
	"context"
	"fmt"
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
	ids, reason, _ := l.comment(at)
	if !slices.Contains(ids, f.Rule.ID) {
		return nil, nil
	}
	return &report.Suppression{Kind: "inSource", Reason: reason, At: at}, nil
}

// comment reads the suppression comment that applies to a place. What a line
// says is kept: minified JSON has all findings of a file on one.
func (l *Locator) comment(at report.Location) (ids []string, reason, problem string) {
	if at.File == "" {
		return nil, "", ""
	}
	f := l.files.get(at.File)
	f.mu.Lock()
	defer f.mu.Unlock()
	c, ok := f.comments[at.Start.Line]
	if !ok {
		line, _ := l.files.line(at.File, at.Start.Line)
		above, _ := l.files.line(at.File, at.Start.Line-1)
		c.ids, c.reason, c.problem = check.IgnoreComment(line, above)
		if f.comments == nil {
			f.comments = map[int]comment{}
		}
		f.comments[at.Start.Line] = c
	}
	return c.ids, c.reason, c.problem
}

// comment is what a suppression comment says.
type comment struct {
	ids             []string
	reason, problem string
}

// CommentProblem returns what is wrong with the suppression comment at the
// place of an item, "" when it is right or there is none. known tells whether
// a rule has an ID.
func (l *Locator) CommentProblem(it report.Item, known func(id string) bool) string {
	ids, _, problem := l.comment(it.At)
	if problem != "" {
		return problem
	}
	for _, id := range ids {
		if !known(id) {
			return fmt.Sprintf("the comment names %s, but no rule has that ID", id)
		}
	}
	return ""
}
