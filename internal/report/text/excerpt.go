package text

import (
	"fmt"
	"strings"
	"unicode"

	"golang.org/x/text/width"

	"github.com/org/probe-mtls-action/internal/report"
	"github.com/org/probe-mtls-action/internal/report/safe"
)

// tab is how a tab is shown; the caret below stands right in every terminal.
const tab = "    "

// excerpt writes the source line of l with carets below its span, and returns
// how many columns the gutter takes. Without a line it writes nothing.
func (p *printer) excerpt(in string, l report.Location, mark paint) int {
	number := fmt.Sprint(l.Start.Line)
	gutter := len(number) + 3
	if l.Line == "" || l.Start.IsZero() {
		return 4
	}
	text, before, under := window(l, p.width-len(in)-gutter)
	blank := in + strings.Repeat(" ", len(number)) + " " + p.blue("|")
	p.line("%s%s %s", in, p.blue(number+" |"), text)
	p.line("%s %s%s", blank, strings.Repeat(" ", before), mark(strings.Repeat("^", under)))
	return gutter
}

// window returns the part of the line around the span that fits into limit
// columns, and the columns before and under the span.
func window(l report.Location, limit int) (text string, before, under int) {
	limit = max(limit, 20)
	runes := []rune(l.Line)
	start := min(max(l.Start.Column-1, 0), len(runes))
	end := len(runes)
	if l.End.Line == l.Start.Line && l.End.Column-1 < end {
		end = l.End.Column - 1
	}
	end = max(end, start)

	shown := make([]string, len(runes))
	for i, r := range runes {
		shown[i] = show(r)
	}
	wide := func(from, to int) (n int) {
		for _, s := range shown[from:to] {
			n += cells(s)
		}
		return n
	}
	from, to := 0, len(runes)
	ellipsis := [2]string{}
	if wide(0, to) > limit {
		for from < start && wide(from, min(end, start+limit/2)) > limit*2/3 {
			from++
			ellipsis[0] = "…"
		}
		room := limit - len([]rune(ellipsis[0])) - 1
		to = from
		for used := 0; to < len(runes); to++ {
			if used += cells(shown[to]); used > room {
				ellipsis[1] = "…"
				break
			}
		}
		end = max(min(end, to), start)
	}
	text = ellipsis[0] + strings.Join(shown[from:to], "") + ellipsis[1]
	before = len([]rune(ellipsis[0])) + wide(from, start)
	return text, before, max(wide(start, end), 1)
}

func show(r rune) string {
	if r == '\t' {
		return tab
	}
	return safe.Rune(r)
}

// cells returns how many columns s takes in a terminal: two for wide characters
// of East Asia and emoji, none for combining marks.
func cells(s string) (n int) {
	for _, r := range s {
		switch {
		case unicode.In(r, unicode.Mn, unicode.Me):
		case width.LookupRune(r).Kind() == width.EastAsianWide, width.LookupRune(r).Kind() == width.EastAsianFullwidth:
			n += 2
		default:
			n++
		}
	}
	return n
}
