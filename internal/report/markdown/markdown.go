// Package markdown writes a report as one GitHub-flavoured Markdown text, for a
// comment or a chat.
package markdown

import (
	"fmt"
	"io"
	"strings"

	"github.com/org/probe-mtls-action/internal/report"
	"github.com/org/probe-mtls-action/internal/report/md"
	"github.com/org/probe-mtls-action/internal/report/page"
)

// MaxCharacters is what fits into a comment on GitHub, with some room for a
// marker: https://github.com refuses bodies over 65,536 characters.
const MaxCharacters = 65_000

// Options are the surroundings of the text.
type Options struct {
	Links  page.Links
	Policy report.Policy
	// MaxCharacters is the budget; 0 is no bound.
	MaxCharacters int
}

const maxListed = 100

// Write writes r and returns the findings that it lists. Where r does not fit,
// details go first, then table rows, each with a count of what was left out.
func Write(w io.Writer, r *report.Report, o Options) (listed []*report.Item, err error) {
	s, listed := text(r, o)
	_, err = io.WriteString(w, s)
	return listed, err
}

func text(r *report.Report, o Options) (_ string, listed []*report.Item) {
	items := r.WorstFirst()
	head := "## " + page.Verdict(r, o.Policy) + "\n\n" + page.Counts(r) + "\n\n"
	tail := o.Links.Fixed(r, maxListed) + o.Links.NotChecked(r, maxListed) + o.Links.Remarks(r, maxListed)
	if o.MaxCharacters > 0 {
		tail = md.Truncate(tail, o.MaxCharacters/2)
	}
	room := o.MaxCharacters - md.Len(head) - md.Len(tail) - 200 // two notices
	fits := func(s string) bool {
		if o.MaxCharacters == 0 {
			return true
		}
		if n := md.Len(s); n <= room {
			room -= n
			return true
		}
		return false
	}
	var b strings.Builder
	b.WriteString(head)
	if groups := page.ByCause(items); len(groups) > 0 {
		lines := strings.SplitAfter(strings.TrimSuffix(o.Links.CauseTable(groups, nil), "\n"), "\n")
		for i, l := range lines {
			if !fits(l) {
				break
			}
			b.WriteString(l)
			if row := i - 2; row >= 0 { // after header and rule
				listed = append(listed, groups[row]...)
			}
		}
		b.WriteString("\n")
		if left := len(items) - len(listed); left > 0 {
			fmt.Fprintf(&b, "\n*and %d more findings that did not fit*\n", left)
		}
		b.WriteString("\n")
		limit := len(items) // names all
		if o.MaxCharacters > 0 {
			limit = maxListed
		}
		left := len(items)
		for _, g := range groups {
			d := o.Links.Detail(g, limit) + "\n"
			if !fits(d) {
				fmt.Fprintf(&b, "*The details of %d more findings did not fit.*\n\n", left)
				break
			}
			b.WriteString(d)
			left -= len(g)
		}
	}
	b.WriteString(tail)
	return strings.TrimRight(b.String(), "\n") + "\n", listed
}
