package locate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/org/probe-mtls-action/internal/check"
	"github.com/org/probe-mtls-action/internal/report"
	"github.com/org/probe-mtls-action/render/source"
)

// suppression tells whether the user asked to be silent about f, by an
// annotation (which the finding knows) or by a comment at its place.
func (l *Locator) suppression(ctx context.Context, f check.Finding, at report.Location) (*report.Suppression, error) {
	if s := f.Suppressed; s != nil {
		loc, err := l.Field(ctx, s.Field, "")
		return &report.Suppression{Kind: "inSource", Reason: s.Reason, At: loc}, err
	}
	c := l.comment(at)
	if !slices.Contains(c.IDs, f.Rule.ID) {
		return nil, nil
	}
	l.files.get(at.File).use(c.line, f.Rule.ID)
	return &report.Suppression{Kind: "inSource", Reason: c.Reason, At: l.commentPlace(at, c)}, nil
}

// comment is a suppression comment and the line that it stands on.
type comment struct {
	check.Ignore
	line int
}

// commentPlace returns where a comment that applies to a place stands: on its
// line, or on the one above.
func (l *Locator) commentPlace(at report.Location, c comment) report.Location {
	if c.line == at.Start.Line {
		return at
	}
	above := report.Location{Span: source.Span{File: at.File, Start: source.Position{Line: c.line, Column: 1}}, Exact: true}
	l.files.describe(&above)
	return above
}

// Silences reports whether a suppression comment at a place names the rule.
func (l *Locator) Silences(at report.Location, rule string) bool {
	return slices.Contains(l.comment(at).IDs, rule)
}

// comment reads the suppression comment that applies to a place. What a line
// says is kept: minified JSON has all findings of a file on one.
func (l *Locator) comment(at report.Location) comment {
	if at.File == "" {
		return comment{}
	}
	f := l.files.get(at.File)
	f.mu.Lock()
	defer f.mu.Unlock()
	c, ok := f.comments[at.Start.Line]
	if !ok {
		line, _ := l.files.line(at.File, at.Start.Line)
		before, _ := l.files.line(at.File, at.Start.Line-1)
		above := false
		c.Ignore, above, _ = check.IgnoreComment(line, before)
		if c.line = at.Start.Line; above {
			c.line--
		}
		if f.comments == nil {
			f.comments = map[int]comment{}
		}
		f.comments[at.Start.Line] = c
	}
	return c
}

// use notes that the comment on a line suppressed a finding of a rule.
func (f *file) use(line int, id string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.used == nil {
		f.used = map[int][]string{}
	}
	f.used[line] = append(f.used[line], id)
}

// Comments tells of every suppression comment in a file that has no effect,
// and, if all findings in the file were located (complete), of those that
// suppress nothing. known tells whether a rule has an ID.
func (l *Locator) Comments(name string, complete bool, known func(id string) bool) []report.Remark {
	switch path.Ext(name) {
	case ".yaml", ".yml":
	default:
		if path.Base(name) != "Kustomization" {
			return nil
		}
	}
	if !l.files.mentions(name, toolName) {
		return nil
	}
	f := l.files.get(name)
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []report.Remark
	var genuine map[string]bool // comments of the file
	for i, line := range f.lines {
		if !strings.Contains(line, "#") {
			continue
		}
		c, content, ok := check.CommentOn(line)
		if !ok {
			continue
		}
		if genuine == nil {
			genuine = comments(strings.Join(f.lines, "\n"))
		}
		text := line[len(content):]
		if len(genuine) > 0 && !genuine[strings.TrimSpace(text)] {
			continue // within a text of several lines
		}
		remark := func(format string, args ...any) {
			at := source.Position{Line: i + 1, Column: len([]rune(content)) + 1}
			end := source.Position{Line: i + 1, Column: len([]rune(line)) + 1}
			loc := report.Location{Span: source.Span{File: name, Start: at, End: end}, Exact: true}
			l.files.describeIn(f, &loc)
			out = append(out, report.Remark{At: loc, Text: fmt.Sprintf(format, args...), Level: check.Warning})
		}
		if c.Problem != "" {
			remark("%s", c.Problem)
		}
		for _, id := range c.IDs {
			switch {
			case !known(id):
				remark("the comment has no effect: no rule has the ID %s", id)
			case complete && !slices.Contains(f.used[i+1], id):
				remark("the comment suppresses nothing: no finding of %s is reported at this place; remove it, or move it to the reported line", id)
			}
		}
	}
	return out
}

// toolName is in every suppression comment, however it is spelt.
var toolName = regexp.MustCompile(`(?i)probe[-_ ]?mtls`)

// comments returns the lines of all comments in a YAML text; nothing if it
// cannot be parsed.
func comments(text string) map[string]bool {
	out := map[string]bool{}
	add := func(comment string) {
		for _, line := range strings.Split(comment, "\n") {
			out[strings.TrimSpace(line)] = true
		}
	}
	var walk func(n *yaml.Node)
	walk = func(n *yaml.Node) {
		add(n.HeadComment)
		add(n.LineComment)
		add(n.FootComment)
		for _, c := range n.Content {
			walk(c)
		}
	}
	dec := yaml.NewDecoder(strings.NewReader(text))
	for {
		var doc yaml.Node
		if err := dec.Decode(&doc); err != nil {
			delete(out, "")
			if errors.Is(err, io.EOF) {
				return out
			}
			return nil
		}
		walk(&doc)
	}
}
