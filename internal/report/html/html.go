// Package html writes a report as one self-contained page: no network, readable
// without JavaScript, by keyboard, in light and dark.
package html

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // style and script
	"encoding/base64"
	"fmt"
	"html"
	"io"
	"slices"
	"strings"

	"github.com/org/probe-mtls-action/internal/check"
	"github.com/org/probe-mtls-action/internal/report"
	"github.com/org/probe-mtls-action/internal/report/safe"
	"github.com/org/probe-mtls-action/internal/report/text"
	"github.com/org/probe-mtls-action/render/source"
)

var (
	//go:embed style.css
	style string
	//go:embed filter.js
	script string
)

// Write writes r. Findings stand by cause, the gravest cause first.
func Write(w io.Writer, r *report.Report) error {
	p := &page{}
	p.head(r)
	shown := r.WorstFirst()
	p.filters(shown)
	p.open("main", "")
	for _, group := range report.ByCause(shown) {
		p.cause(group)
	}
	if len(shown) == 0 {
		p.f("<p>%s</p>\n", esc(text.Total(r)))
	}
	p.close("main")
	p.fixed(r.Fixed)
	p.skipped(r.SkipGroups())
	p.remarks(r.Notes)
	p.suppressed(r.Items)
	p.f("<script>%s</script>\n</body>\n</html>\n", script)
	_, err := w.Write(p.b.Bytes())
	return err
}

type page struct{ b bytes.Buffer }

// f writes markup; every argument that comes from a report went through esc.
func (p *page) f(format string, args ...any) { fmt.Fprintf(&p.b, format, args...) }

// esc makes text of a manifest harmless in markup and in quoted attributes.
func esc(s string) string { return html.EscapeString(safe.Line(s)) }

func (p *page) open(tag, attributes string) {
	if attributes != "" {
		attributes = " " + attributes
	}
	p.f("<%s%s>\n", tag, attributes)
}

func (p *page) close(tag string) { p.f("</%s>\n", tag) }

func (p *page) head(r *report.Report) {
	sum := sha256.Sum256([]byte(script))
	policy := "default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	p.f(`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="%s">
<title>Probes under mTLS</title>
<style>
%s</style>
</head>
<body>
<header>
<h1>Probes under mTLS</h1>
<p>%s</p>
<p class="soft">probe-mtls-action %s, %s %s</p>
</header>
`, html.EscapeString(policy), style, esc(text.Total(r)), esc(r.Tool.Version), esc(r.Tool.Mesh.Name), esc(r.Tool.IstioVersion))
}

// filters writes the form that the script shows; without it all is shown.
func (p *page) filters(items []*report.Item) {
	var rules, namespaces, roots, states []string
	for _, it := range items {
		rules = append(rules, it.RuleID)
		namespaces = append(namespaces, namespace(it))
		roots = append(roots, it.Roots...)
		states = append(states, string(it.State))
	}
	p.open("form", `class="filters" aria-label="Filters" hidden`)
	p.choice("rule", "Rule", rules)
	p.choice("namespace", "Namespace", namespaces)
	p.choice("root", "Root", roots)
	p.choice("state", "New or existing", states)
	p.f("<label>Text <input name=\"text\" type=\"search\" autocomplete=\"off\"></label>\n")
	p.f("<button type=\"reset\">Show all</button>\n<output id=\"shown\" aria-live=\"polite\"></output>\n")
	p.close("form")
}

func (p *page) choice(name, label string, values []string) {
	slices.Sort(values)
	values = slices.DeleteFunc(slices.Compact(values), func(s string) bool { return s == "" })
	p.f("<label>%s <select name=\"%s\"><option value=\"\">all</option>", label, name)
	for _, v := range values {
		p.f("<option>%s</option>", esc(v))
	}
	p.f("</select></label>\n")
}

func namespace(it *report.Item) string {
	n, _, _ := strings.Cut(it.Subject, "/")
	return n
}

func (p *page) cause(items []*report.Item) {
	it := items[0]
	p.open("section", `class="cause"`)
	if len(items) == 1 {
		p.title("h2", it)
	} else {
		clause, effects := report.Clause(items, 0)
		if effects != "" {
			clause += ": " + effects
		}
		p.f("<h2>%s %s</h2>\n", level(it.Severity), esc(clause))
	}
	p.way(it)
	if d := it.Decider(); d != nil && d.File != "" && len(items) > 1 {
		p.f("<p>Cause: <code>%s</code> %s</p>\n", esc(d.Span.String()), esc(d.Message))
		p.source(*d)
	}
	for _, it := range items {
		p.finding(it, len(items) > 1)
	}
	p.close("section")
}

// way is the picture of a call: who asks, what stands in the way, what is asked.
func (p *page) way(it *report.Item) {
	t := it.Target()
	if !it.Plain() || it.Because() == "" || it.Call() {
		return
	}
	port := it.Value()
	if port != "" {
		port = ", port " + port
	}
	p.f("<ol class=\"way\" aria-label=\"The way of the probe\"><li>kubelet, without a client certificate</li><li class=\"stop\">sidecar: %s</li><li>container %s%s</li></ol>\n",
		esc(it.Because()), esc(t.Container), esc(port))
}

// title is the consequence of one finding with its rule.
func (p *page) title(tag string, it *report.Item) {
	p.f("<%s>%s %s <a href=\"%s\">%s</a>%s</%s>\n", tag, level(it.Severity), esc(it.Consequence()), esc(report.RulePage(it.RuleID)), esc(it.RuleID), state(it), tag)
}

func (p *page) finding(it *report.Item, titled bool) {
	p.f("<article class=\"finding\" data-rule=\"%s\" data-namespace=\"%s\" data-state=\"%s\" data-roots=\"%s\">\n",
		esc(it.RuleID), esc(namespace(it)), esc(string(it.State)), rootList(it.Roots))
	if titled {
		p.title("h3", it)
	}
	p.f("<p><code>%s</code></p>\n", esc(it.At.Span.String()))
	p.source(it.At)
	if !it.At.Exact && it.At.Why != "" {
		p.f("<p class=\"soft\">The nearest known place: %s.</p>\n", esc(it.At.Why))
	}
	if label, text := report.Best([]*report.Item{it}); text != "" {
		p.f("<p>%s: %s</p>\n", label, esc(text))
	}
	p.f("<details><summary>Why, layers, fixes</summary>\n<dl>\n")
	steps, rest := it.Tell()
	for _, s := range steps {
		place := ""
		if s.Related >= 0 {
			place = it.Related[s.Related].Span.String()
		}
		p.fact("step", s.Text(), place)
	}
	for _, i := range rest {
		p.fact("decides", it.Related[i].Message, it.Related[i].Span.String())
	}
	for _, l := range it.BaseCauses {
		p.fact("before", l.Message, l.Span.String())
	}
	for _, a := range it.Assumed {
		p.fact("assumed", a, "")
	}
	if len(it.At.Via) > 0 {
		p.fact("layers", strings.Join(it.At.Via, " → ")+" → "+it.At.File, "")
	}
	p.fact("roots", strings.Join(it.Roots, ", "), "")
	p.f("</dl>\n")
	for i := range it.Fixes {
		p.f("<p>Fix: %s</p>\n", esc(it.Fixes[i].Sentence()))
		if also := it.Fixes[i].Also; len(also) > 0 {
			p.f("<p>It also changes %s.</p>\n", esc(strings.Join(also, ", ")))
		}
		p.f("<pre tabindex=\"0\"><code>%s</code></pre>\n", html.EscapeString(safe.Block(it.Fixes[i].Diff)))
	}
	for _, r := range it.OnlyAdvice() {
		p.f("<p>Advice: %s</p>\n", esc(r.Title))
		if r.YAML != "" {
			p.f("<pre tabindex=\"0\"><code>%s</code></pre>\n", html.EscapeString(safe.Block(r.YAML)))
		}
	}
	p.f("</details>\n</article>\n")
}

// rootList separates roots by line ends, which no escaped name holds.
func rootList(roots []string) string {
	all := make([]string, len(roots))
	for i, r := range roots {
		all[i] = esc(r)
	}
	return strings.Join(all, "\n")
}

func (p *page) fact(name, says, place string) {
	if place != "" {
		says = "<code>" + esc(place) + "</code> " + esc(says)
	} else {
		says = esc(says)
	}
	p.f("<dt>%s</dt><dd>%s</dd>\n", name, says)
}

// source shows the line of a place with the span marked.
func (p *page) source(l report.Location) {
	if l.Line == "" {
		return
	}
	line := []rune(l.Line)
	from := min(max(l.Start.Column-1, 0), len(line))
	to := len(line)
	if l.End.Line == l.Start.Line && l.End.Column > l.Start.Column {
		to = min(l.End.Column-1, len(line))
	}
	tabs := func(r []rune) string {
		return html.EscapeString(strings.ReplaceAll(safe.Block(string(r)), "\t", "    "))
	}
	p.f("<pre tabindex=\"0\"><code><span class=\"soft\">%d</span> %s<mark>%s</mark>%s</code></pre>\n", l.Start.Line, tabs(line[:from]), tabs(line[from:to]), tabs(line[to:]))
}

func level(s check.Severity) string {
	return `<span class="level ` + string(s) + `">` + string(s) + `</span>`
}

func state(it *report.Item) string {
	if it.State == report.None {
		return ""
	}
	return ` <span class="soft">` + string(it.State) + `</span>`
}

func (p *page) fixed(all []report.Item) {
	if len(all) == 0 {
		return
	}
	p.f("<section><h2 class=\"good\">Fixed by this change</h2>\n<ul>\n")
	for i := range all {
		p.f("<li><code>%s</code> %s</li>\n", esc(all[i].At.Span.String()), esc(all[i].Consequence()))
	}
	p.f("</ul></section>\n")
}

func (p *page) skipped(all []report.SkipGroup) {
	if len(all) == 0 {
		return
	}
	p.f("<section><h2 class=\"warning\">Not checked</h2>\n<ul>\n")
	for _, s := range all {
		p.f("<li>%s%s", where(s.At), esc(s.Message))
		if s.Hole {
			p.f(" (partly checked)")
		}
		if s.Hint != "" {
			p.f(" <span class=\"soft\">Fix: %s</span>", esc(s.Hint))
		}
		if len(s.Roots) > 0 {
			p.f("<details><summary>%d roots</summary><ul>", len(s.Roots))
			for _, r := range s.Roots {
				p.f("<li><code>%s</code></li>", esc(r))
			}
			p.f("</ul></details>")
		}
		p.f("</li>\n")
	}
	p.f("</ul></section>\n")
}

// where shows a place in front of a text, nothing where none is known.
func where(s source.Span) string {
	if s.IsZero() {
		return ""
	}
	return "<code>" + esc(s.String()) + "</code> "
}

func (p *page) remarks(all []report.Remark) {
	if len(all) == 0 {
		return
	}
	p.f("<section><h2>Remarks</h2>\n<ul>\n")
	for _, n := range all {
		p.f("<li>%s%s</li>\n", where(n.At.Span), esc(n.Text))
	}
	p.f("</ul></section>\n")
}

func (p *page) suppressed(all []report.Item) {
	var b strings.Builder
	for i := range all {
		if s := all[i].Suppressed; s != nil {
			fmt.Fprintf(&b, "<li><code>%s</code> %s <span class=\"soft\">%s</span></li>\n", esc(all[i].At.Span.String()), esc(all[i].Consequence()), esc(s.Reason))
		}
	}
	if b.Len() > 0 {
		p.f("<section><h2>Suppressed</h2>\n<ul>\n%s</ul></section>\n", b.String())
	}
}
