package page

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/org/probe-mtls-action/internal/report"
	"github.com/org/probe-mtls-action/internal/report/md"
	"github.com/org/probe-mtls-action/render/source"
)

const (
	maxChange = 8000 // characters; half a manifest cannot be pasted
	unfolded  = 14   // lines of the first change; longer ones are folded away
	maxCost   = 300  // characters of one statement
)

// Fixes says how fixes are shown.
type Fixes struct {
	// Place names a place, linked if that is possible.
	Place func(source.Span) string
	// Suggest returns a fix as a block that GitHub offers to commit; nil: none is.
	Suggest func(*report.Fix) (string, bool)
}

// change is one way to end findings, as Markdown.
type change struct {
	label, title string
	body         string // a fence; "" for none
	fold         string // what the body is called where it is folded away, "" where it never is
}

// Text says how to end findings of one cause: the best proven fix in full, or
// what is only advice where none is proven; all others are folded away. It is ""
// where nothing is known.
func (x Fixes) Text(items []*report.Item) string {
	all := append(x.proven(items), x.advice(items)...)
	if len(all) == 0 {
		return ""
	}
	room := 2 * maxChange
	limit := unfolded
	if len(items) > 4 { // a table stands before it
		limit /= 2
	}
	var b strings.Builder
	for i, c := range all {
		body := c.body
		if n := md.Len(body); n > maxChange || n > room {
			body = "It is too long to be shown here: `probe-mtls-action check -v` prints it.\n"
		} else {
			room -= n
		}
		if i == 0 {
			if c.fold != "" && strings.Count(body, "\n") > limit {
				body = md.Details(c.fold, body)
			}
			fmt.Fprintf(&b, "**%s:** %s\n\n%s", c.label, c.title, body)
			if body != "" {
				b.WriteString("\n")
			}
			if len(all) > 1 {
				b.WriteString("<details><summary>" + others(all[1:]) + "</summary>\n\n")
			}
			continue
		}
		if c.label != "Fix" {
			c.title = c.label + ": " + c.title
		}
		fmt.Fprintf(&b, "- %s\n", c.title)
		if body != "" {
			b.WriteString("\n" + md.Indent(body, 2))
		}
		if b.Len() > 2*maxChange && i+1 < len(all) {
			fmt.Fprintf(&b, "- and %d more\n", len(all)-i-1)
			break
		}
	}
	if len(all) > 1 {
		b.WriteString("\n</details>\n\n")
	}
	return b.String()
}

// others says what is folded away.
func others(all []change) string {
	proven := 0
	for _, c := range all {
		if c.label == "Fix" {
			proven++
		}
	}
	switch advice := len(all) - proven; {
	case advice == 0:
		return count(proven, "other fix", "other fixes")
	case proven == 0:
		return "More advice, not proven"
	default:
		return count(proven, "other fix", "other fixes") + ", and advice that is not proven"
	}
}

// proven are the fixes that were proven.
func (x Fixes) proven(items []*report.Item) []change {
	var out []change
	fixes, whose := report.InCommon(items)
	for i, f := range fixes {
		title := md.Text(clip(f.Title, maxCost)) + terms(&f)
		if whose != "" {
			title += ", " + md.Text(clip(whose, maxName))
		}
		c := change{label: "Fix", title: title, body: md.Fence("diff", f.Diff), fold: "The change"}
		if i == 0 && x.Suggest != nil {
			if s, ok := x.Suggest(&f); ok {
				c.body, c.fold = s, ""
			}
		}
		out = append(out, c)
	}
	return out
}

// terms says how the fix was proven, what it costs and what else it changes.
func terms(f *report.Fix) string {
	out := " (proven by rendering " + roots(f.Roots, 3) + " again; "
	if f.Safe() {
		out += "keeps mTLS on every application port)"
	} else {
		out += "it costs: " + md.Text(clip(f.Cost, maxCost)) + ")"
	}
	if len(f.Also) > 0 {
		out += "; it also changes " + roots(f.Also, 3)
	}
	return out
}

// advice is what could be done besides, which is not proven: first what is good
// for all findings.
func (x Fixes) advice(items []*report.Item) []change {
	all := slices.Clone(items[0].OnlyAdvice())
	common := func(r report.Remedy) bool {
		return !slices.ContainsFunc(items[1:], func(it *report.Item) bool {
			return !slices.ContainsFunc(it.Remedies, func(o report.Remedy) bool { return o.Title == r.Title })
		})
	}
	if slices.ContainsFunc(all, common) { // else the first one's shows how
		slices.SortStableFunc(all, func(a, b report.Remedy) int { return cmp.Compare(bit(!common(a)), bit(!common(b))) })
	}
	var out []change
	for _, r := range all {
		c := change{label: "Advice", title: md.Text(clip(r.Title, maxCost)), fold: "What to write"}
		if !common(r) {
			c.title += ", " + md.Text(clip(report.Whose(items), maxName))
		}
		if r.At.File != "" {
			c.title += ", at " + x.Place(r.At)
		}
		if r.YAML != "" {
			c.body = md.Fence("yaml", r.YAML)
		}
		out = append(out, c)
	}
	return out
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}
