package sarif

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/org/probe-mtls-action/internal/report"
	"github.com/org/probe-mtls-action/internal/report/safe"
)

// message is what code scanning shows: plain text whose only markup is links to
// related locations, [text](id).
func message(it *report.Item, related int) string {
	var b strings.Builder
	b.WriteString(escape(sentence(it.Summary)))
	if it.Message != "" {
		b.WriteString(" " + escape(sentence(it.Message)))
	}
	steps, elsewhere := it.Tell()
	if len(steps) > 0 {
		b.WriteString("\n\nWhy:")
	}
	for _, step := range steps {
		if step.Related >= 0 && step.Related < related {
			fmt.Fprintf(&b, "\n- [%s](%d).", escape(step.Text()), step.Related+1)
		} else {
			b.WriteString("\n- " + escape(sentence(step.Text())))
		}
	}
	title := "\n\nDecided by:"
	if len(steps) > 0 {
		title = "\n\nElsewhere decided by:"
	}
	for _, i := range elsewhere {
		if i >= related {
			break
		}
		label := it.Related[i].Message
		if label == "" {
			label = it.Related[i].Span.String()
		}
		fmt.Fprintf(&b, "%s\n- [%s](%d).", title, escape(label), i+1)
		title = ""
	}
	if len(it.Assumed) > 0 {
		b.WriteString("\n\nAssumed: " + escape(sentence(strings.Join(it.Assumed, "; "))))
	}
	if len(it.Roots) > 0 {
		b.WriteString("\n\nIn " + escape(sentence(some(it.Roots, 3))))
	}
	return b.String()
}

func some(all []string, limit int) string {
	if len(all) > limit {
		return strings.Join(all[:limit-1], ", ") + fmt.Sprintf(" and %d more roots", len(all)-limit+1)
	}
	return strings.Join(all, ", ")
}

// escape returns s for a message: on one line, with the brackets that would
// make a link escaped (SARIF 2.1.0, 3.11.6).
func escape(s string) string {
	return strings.NewReplacer(`\`, `\\`, `[`, `\[`, `]`, `\]`).Replace(safe.Line(strings.Join(strings.Fields(s), " ")))
}

// uri returns the relative URI reference of a path (RFC 3986). A colon is
// encoded too, so that no first segment looks like a scheme. The standard input
// is the artifact stdin.
func uri(path string) string {
	if path == "<stdin>" {
		path = "stdin"
	}
	segments := strings.Split(path, "/")
	for i, s := range segments {
		segments[i] = strings.ReplaceAll(url.PathEscape(s), ":", "%3A")
	}
	return strings.Join(segments, "/")
}
