package page

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/org/probe-mtls-action/internal/report"
	"github.com/org/probe-mtls-action/internal/report/md"
	"github.com/org/probe-mtls-action/internal/report/safe"
)

// Cause is a deciding place and the findings that it decides.
type Cause struct {
	// By is the deciding place; nil where the findings name none.
	By    *report.Location
	Items []*report.Item
}

// Causes groups those findings that have a picture by what decides them, into at
// most limit causes; others is how many findings have yet other causes. A finding
// with several deciding places goes to the one that decides most of the findings,
// so that one policy that breaks a hundred probes is one cause. The largest cause
// is first.
func Causes(items []*report.Item, limit int) (causes []Cause, others int) {
	type place struct {
		by    *report.Location
		items []*report.Item
	}
	left := slices.DeleteFunc(slices.Clone(items), func(it *report.Item) bool { return !drawable(it) })
	for len(left) > 0 && len(causes) < limit {
		places := map[string]*place{}
		var order []string
		for _, it := range left {
			for i := range it.Related {
				l := &it.Related[i]
				k := fmt.Sprintf("%s\x00%08d\x00%s", l.File, l.Start.Line, l.Message)
				if places[k] == nil {
					places[k] = &place{by: l}
					order = append(order, k)
				}
				if p := places[k]; len(p.items) == 0 || p.items[len(p.items)-1] != it {
					p.items = append(p.items, it)
				}
			}
		}
		if len(order) == 0 {
			break
		}
		best := slices.MinFunc(order, func(a, b string) int {
			// The first named stands first: rules name the policy before the rest.
			return cmp.Compare(len(places[b].items), len(places[a].items))
		})
		p := places[best]
		causes = append(causes, Cause{By: p.by, Items: p.items})
		taken := map[*report.Item]bool{}
		for _, it := range p.items {
			taken[it] = true
		}
		left = slices.DeleteFunc(left, func(it *report.Item) bool { return taken[it] })
	}
	if len(left) > 0 && len(causes) < limit {
		return append(causes, Cause{Items: left}), 0
	}
	return causes, len(left)
}

// drawable reports whether a finding is about the path of a probe.
func drawable(it *report.Item) bool {
	_, ok := ways[it.RuleID]
	return ok && strings.Count(it.Subject, "/") >= 4
}

// way is how a probe goes wrong, as pictures show it.
type way struct{ toSidecar, toApp, arrow, sidecar string }

// ways are the ways by rule. The other rules are not about the path of a probe.
var ways = func() map[string]way {
	refused := way{"without a client certificate", "refused: mTLS is required", "-.-x", "sidecar (istio-proxy)"}
	return map[string]way{
		"PMTLS001": refused,
		"PMTLS002": refused,
		"PMTLS003": refused,
		"PMTLS004": refused,
		"PMTLS005": {"connects", "never asked", "-.-x", "sidecar (istio-proxy): accepts by itself"},
		"PMTLS011": {"without a client certificate", "refused or not, by chance", "-.->", "sidecar (istio-proxy)"},
		"PMTLS012": {"rewritten by Istio", "does not get there", "-.-x", "Istio agent"},
	}
}()

// Picture returns a Mermaid flowchart of the cause: kubelet, sidecar, port, and
// what decides.
func (c Cause) Picture() string {
	it := c.Items[0]
	w, parts := ways[it.RuleID], strings.SplitN(it.Subject, "/", 5)
	namespace, kind, name, container, field := parts[0], parts[1], parts[2], parts[3], parts[4]
	app := []string{kind + " " + namespace + "/" + name, "container " + container}
	if port := strings.TrimSpace(it.At.Line); port != "" {
		app = append(app, port)
	}
	if n := len(c.Items) - 1; n > 0 {
		app = append(app, fmt.Sprintf("and %s", count(n, "more finding like this", "more findings like this")))
	}
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, "  "+format+"\n", args...) }
	b.WriteString("flowchart LR\n")
	line("kubelet[%s] -->|%s| sidecar[%s]", Label("kubelet"), Label(field, w.toSidecar), Label(w.sidecar))
	line("sidecar %s|%s| app[%s]", w.arrow, Label(w.toApp), Label(app...))
	if c.By != nil {
		place := c.By.Span.File
		if l := c.By.Start.Line; l > 0 {
			place += fmt.Sprintf(":%d", l)
		}
		line("policy[%s] ==>|%s| sidecar", Label(c.By.Message, place), Label("decides"))
		line("style policy fill:#fff8c5,stroke:#9a6700,color:#4d2d00")
	}
	line("style app fill:#ffebe9,stroke:#cf222e,color:#82071e")
	line("linkStyle 1 stroke:#cf222e,stroke-width:2px")
	return md.Fence("mermaid", b.String())
}

const (
	labelLine  = 34  // characters after which a label's line breaks at a space
	labelLimit = 120 // characters of one text in a label
)

// Label returns a quoted Mermaid label of the given lines. Whatever could mean
// something to Mermaid, HTML or Markdown is an entity, in Mermaid's spelling.
func Label(lines ...string) string {
	var out []string
	for _, s := range lines {
		for _, l := range wrap(safe.Line(clip(s, labelLimit))) {
			out = append(out, entities(l))
		}
	}
	return `"` + strings.Join(out, "<br/>") + `"`
}

func entities(s string) string {
	var b strings.Builder
	for _, r := range s {
		if unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsDigit(r) || strings.ContainsRune(" .,-/", r) {
			b.WriteRune(r)
			continue
		}
		fmt.Fprintf(&b, "#%d;", r)
	}
	return b.String()
}

func wrap(s string) []string {
	var lines []string
	line := ""
	for _, w := range strings.Fields(s) {
		for len([]rune(w)) > labelLine { // a path, say
			r := []rune(w)
			if line != "" {
				lines, line = append(lines, line), ""
			}
			lines, w = append(lines, string(r[:labelLine])), string(r[labelLine:])
		}
		switch {
		case line == "":
			line = w
		case len([]rune(line))+1+len([]rune(w)) > labelLine:
			lines, line = append(lines, line), w
		default:
			line += " " + w
		}
	}
	if line != "" || len(lines) == 0 {
		lines = append(lines, line)
	}
	return lines
}
