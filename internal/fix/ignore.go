package fix

import (
	"cmp"
	"errors"
	"io"
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/org/probe-mtls-action/internal/check"
	"github.com/org/probe-mtls-action/internal/report"
)

// comment is a suppression comment that a step writes.
type comment struct {
	line int // 1-based
	ids  []string
	why  string
}

// Ignore returns comments that accept findings, with a reason, on the lines of
// the findings, and why some get none. Nothing but comments changes; whether they
// are obeyed is for the caller to see.
func (s *Session) Ignore(items []*report.Item, reason string) (*Choice, map[*report.Item]string) {
	type place struct {
		file string
		line int
	}
	left := map[*report.Item]string{}
	at := map[place][]*report.Item{}
	var order []place
	for _, it := range items {
		p := place{it.At.File, it.At.Start.Line}
		switch {
		case p.line == 0:
			left[it] = "its line is not known: use the annotation " + check.Annotation
		case path.Ext(p.file) == ".json":
			left[it] = "JSON has no comments: use the annotation " + check.Annotation
		default:
			if at[p] == nil {
				order = append(order, p)
			}
			at[p] = append(at[p], it)
		}
	}
	// From below, as a comment above a line moves what follows.
	slices.SortFunc(order, func(a, b place) int { return cmp.Or(cmp.Compare(a.file, b.file), cmp.Compare(b.line, a.line)) })
	ch := &chooser{s: s, draft: s.fresh()}
	for _, p := range order {
		c := &comment{line: p.line, why: reason}
		for _, it := range at[p] {
			c.ids = append(c.ids, it.RuleID)
		}
		slices.Sort(c.ids)
		c.ids = slices.Compact(c.ids)
		plan := (&Plan{Title: "accept " + strings.Join(c.ids, ", "), steps: []step{{file: p.file, comment: c}}}).seal()
		if err := plan.apply(ch.draft); err != nil {
			for _, it := range at[p] {
				left[it] = strings.TrimPrefix(err.Error(), p.file+": ")
			}
			continue
		}
		ch.chosen = append(ch.chosen, &offer{plan: plan})
	}
	return ch.choice(), left
}

// apply writes the comment: at the end of its line, or above a line that has a
// comment already.
func (c *comment) apply(text string) (string, error) {
	lines := strings.SplitAfter(text, "\n")
	if c.line > len(lines) {
		return "", errors.New("the file has no such line any more")
	}
	line, above := lines[c.line-1], ""
	if c.line > 1 {
		above = strings.TrimRight(lines[c.line-2], "\r\n")
	}
	body := strings.TrimRight(line, "\r\n")
	end := line[len(body):]
	if _, _, there := check.IgnoreComment(body, above); there {
		return "", errors.New("there is a suppression comment already: add the rule's ID to it")
	}
	words := "# " + check.Directive + " " + strings.Join(c.ids, ",") + " " + c.why
	if _, content, _ := check.CommentOn(body); content == body {
		lines[c.line-1] = strings.TrimRight(body, " \t") + " " + words + end
	} else {
		if end == "" {
			end = "\n"
		}
		indent := body[:len(body)-len(strings.TrimLeft(body, " \t"))]
		lines[c.line-1] = indent + words + end + line
	}
	after := strings.Join(lines, "")
	if same, err := sameValues(text, after, 0); err != nil || !same {
		return "", errors.New("a comment on this line would change a value: use the annotation " + check.Annotation)
	}
	return after, nil
}

// maxNested bounds how deep texts in texts are compared.
const maxNested = 4

// sameValues reports whether two YAML texts have the same values. Values that are
// YAML texts themselves, such as inline patches, may differ in their comments.
func sameValues(a, b string, depth int) (bool, error) {
	x, y := yaml.NewDecoder(strings.NewReader(a)), yaml.NewDecoder(strings.NewReader(b))
	for {
		var m, n yaml.Node
		errX, errY := x.Decode(&m), y.Decode(&n)
		switch {
		case errors.Is(errX, io.EOF) && errors.Is(errY, io.EOF):
			return true, nil
		case errX != nil || errY != nil:
			return false, cmp.Or(errX, errY)
		case !sameNode(&m, &n, depth):
			return false, nil
		}
	}
}

func sameNode(a, b *yaml.Node, depth int) bool {
	if a.Kind != b.Kind || a.Anchor != b.Anchor || a.ShortTag() != b.ShortTag() || len(a.Content) != len(b.Content) {
		return false
	}
	if a.Kind == yaml.ScalarNode && a.Value != b.Value {
		if a.Style&yaml.LiteralStyle == 0 || depth == maxNested {
			return false
		}
		same, err := sameValues(a.Value, b.Value, depth+1)
		return same && err == nil && !plainText(a.Value)
	}
	for i := range a.Content {
		if !sameNode(a.Content[i], b.Content[i], depth) {
			return false
		}
	}
	return true
}

// plainText reports whether a text is no more than one scalar of YAML.
func plainText(text string) bool {
	var n yaml.Node
	return yaml.Unmarshal([]byte(text), &n) != nil || len(n.Content) == 0 || n.Content[0].Kind == yaml.ScalarNode
}

// Accepts returns where a plan of [Session.Ignore] writes its comment.
func (p *Plan) Accepts() (file string, line int, ids []string) {
	for _, s := range p.steps {
		if s.comment != nil {
			return s.file, s.comment.line, s.comment.ids
		}
	}
	return "", 0, nil
}
