package page

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/org/probe-mtls-action/internal/mesh"
	"github.com/org/probe-mtls-action/internal/report"
	"github.com/org/probe-mtls-action/internal/report/md"
	"github.com/org/probe-mtls-action/internal/report/safe"
)

// Cause is what decides a number of findings in the same way.
type Cause struct {
	mesh mesh.Names
	// By is the deciding place; nil where a default or a setting decides.
	By *report.Location
	// Text says what decides.
	Text  string
	Items []*report.Item
}

// Causes groups those findings that have a picture by what decides them, in the
// order of their first finding, and returns at most limit causes; others is how many
// findings have yet other causes. Of a finding's deciding places the last one
// counts: related places are in the order in which a mesh decides, and its
// policy comes last.
func Causes(items []*report.Item, names mesh.Names, limit int) (causes []Cause, others int) {
	at := map[string]int{}
	for _, it := range items {
		if !drawable(it) {
			continue
		}
		c := Cause{mesh: names}
		if n := len(it.Related); n > 0 {
			c.By = &it.Related[n-1]
			c.Text = c.By.Message
		} else if n := len(it.Steps); n > 0 {
			c.Text = it.Steps[n-1].Text()
		}
		key := fmt.Sprintf("%s\x00%s", ways[it.RuleID], c.Text)
		if c.By != nil {
			key += "\x00" + c.By.Span.String()
		}
		i, ok := at[key]
		if !ok {
			i = len(causes)
			at[key] = i
			causes = append(causes, c)
		}
		causes[i].Items = append(causes[i].Items, it)
	}
	for _, c := range causes[min(limit, len(causes)):] {
		others += len(c.Items)
	}
	return causes[:min(limit, len(causes))], others
}

// drawable reports whether a finding is about the path of a probe or a call.
func drawable(it *report.Item) bool {
	_, ok := ways[it.RuleID]
	return ok && (it.Call() || it.Target().Field != "")
}

// way is how a probe or a call goes wrong, as pictures show it.
type way struct{ who, toSidecar, toApp, arrow, sidecar string }

// ways are the ways by rule. The other rules are not about the path of a probe or a call.
// MESH, PROXY and AGENT stand for what people call the mesh and its parts.
var ways = func() map[string]way {
	refused := way{"kubelet", "without a client certificate", "refused: mTLS is required", "-.-x", "sidecar (PROXY)"}
	return map[string]way{
		"PMTLS001": refused,
		"PMTLS002": refused,
		"PMTLS003": refused,
		"PMTLS004": refused,
		"PMTLS005": {"kubelet", "connects", "never asked", "-.-x", "sidecar (PROXY) accepts"},
		"PMTLS011": {"kubelet", "without a client certificate", "refused or not, by chance", "-.->", "sidecar (PROXY)"},
		"PMTLS012": {"kubelet", "rewritten by MESH", "does not get there", "-.-x", "AGENT"},
		"PMTLS013": call("API server"),
		"PMTLS014": call("API server"),
		"PMTLS015": call("Prometheus"),
		"PMTLS016": call("client outside the mesh"),
	}
}()

// call is the way of a client without an identity of the mesh.
func call(who string) way {
	return way{who, "without a certificate of MESH", "not let in", "-.-x", "the pod's proxy"}
}

// Picture returns a Mermaid flowchart of the cause: who asks, sidecar, port, and
// what decides.
func (c Cause) Picture() string {
	it := c.Items[0]
	w, t := ways[it.RuleID], it.Target()
	named := strings.NewReplacer("MESH", c.mesh.Name, "PROXY", c.mesh.Proxy, "AGENT", c.mesh.Agent)
	app, asks := []string{t.Workload, "container " + t.Container}, []string{string(t.Field), named.Replace(w.toSidecar)}
	if it.Call() {
		app, asks[0] = []string{"called by " + t.Workload}, t.Caller
		if t.Caller == "" {
			asks = asks[1:]
		}
	}
	line, _, _ := strings.Cut(it.At.Line, " #")
	if port := strings.TrimSpace(line); port != "" {
		app = append(app, port)
	}
	if n := len(c.Items) - 1; n > 0 {
		app = append(app, fmt.Sprintf("and %d more like this", n))
	}
	var b strings.Builder
	add := func(format string, args ...any) { fmt.Fprintf(&b, "  "+format+"\n", args...) }
	b.WriteString("flowchart LR\n")
	add("kubelet[%s] -->|%s| sidecar[%s]", Label(w.who), Label(asks...), Label(named.Replace(w.sidecar)))
	add("sidecar %s|%s| app[%s]", w.arrow, Label(w.toApp), Label(app...))
	if c.Text != "" {
		decides := []string{c.Text}
		if c.By != nil {
			place := c.By.Span.File
			if l := c.By.Start.Line; l > 0 {
				place += fmt.Sprintf(":%d", l)
			}
			decides = append(decides, place)
		}
		add("policy[%s] ==>|%s| sidecar", Label(decides...), Label("decides"))
		add("style policy fill:#fff8c5,stroke:#9a6700,color:#4d2d00")
	}
	if label, title := c.best(); title != "" {
		add("fix[%s] -.-> app", Label(label+": "+title))
		add("style fix fill:#dafbe1,stroke:#1a7f37,color:#0a3d1a")
	}
	add("style app fill:#ffebe9,stroke:#cf222e,color:#82071e")
	add("linkStyle 1 stroke:#cf222e,stroke-width:2px")
	return md.Fence("mermaid", b.String())
}

// best is the title of the best fix, or of what is only advice.
func (c Cause) best() (label, title string) {
	if fixes, _ := report.InCommon(c.Items); len(fixes) > 0 {
		return "Fix", fixes[0].Title
	}
	if all := c.Items[0].Remedies; len(all) > 0 {
		return "Advice", all[0].Title
	}
	return "", ""
}

const (
	labelLine  = 26  // characters after which a label's line breaks at a space
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
			cut := labelLine
			for i := labelLine; i > labelLine/3; i-- {
				if r[i-1] == '/' {
					cut = i
					break
				}
			}
			lines, w = append(lines, string(r[:cut])), string(r[cut:])
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

// ByCause groups findings that have the same cause, level and state, in the
// order of their first.
func ByCause(items []*report.Item) [][]*report.Item {
	return report.Group(items, func(it *report.Item) string {
		if !it.Plain() {
			return ""
		}
		return string(it.Severity) + "\x00" + string(it.State) + "\x00" + it.CauseKey()
	})
}

// CauseTable returns a table with a row for each cause. Channel, if not nil,
// adds a column that says where its findings were reported.
func (l Links) CauseTable(groups [][]*report.Item, channel func([]*report.Item) string) string {
	head := []string{"", "What happens", "Cause", "Where"}
	if channel != nil {
		head = append(head, "Reported as")
	}
	rows := make([][]string, len(groups))
	for i, g := range groups {
		it := g[0]
		clause, effects := report.Clause(g, 0)
		if effects != "" {
			clause += ": " + effects
		}
		cause := ""
		if d := it.Decider(); d != nil {
			cause = l.Place(d.Span)
		} else if it.Plain() {
			cause = md.Text(clip(it.Because(), maxName))
		}
		rows[i] = []string{
			Sign(it.Severity) + " " + string(it.Severity) + state(it.State),
			md.Text(clip(report.Capital(clause), 2*maxName)) + " " + rulePages(g) + verdict(it.Verdict),
			cause, l.wheres(g),
		}
		if channel != nil {
			rows[i] = append(rows[i], md.Text(channel(g)))
		}
	}
	return md.Table("lllll"[:len(head)], head, rows)
}

// rulePages links the rules of findings.
func rulePages(g []*report.Item) string {
	ids := ruleIDs(g)
	for i, id := range ids {
		ids[i] = md.Link(md.Text(id), report.RulePage(id))
	}
	return strings.Join(ids, ", ")
}

// wheres names the first places of findings, and their roots.
func (l Links) wheres(g []*report.Item) string {
	var all []string
	seen := map[string]bool{}
	for _, it := range g {
		if p := l.Place(it.At.Span); !seen[p] {
			seen[p] = true
			all = append(all, p)
		}
	}
	s := md.Some(all, 3)
	switch in := rootsOf(g); {
	case len(in) > 2:
		s += fmt.Sprintf(", in %d roots", len(in))
	case len(in) > 0 && (len(in) > 1 || in[0] != "."):
		s += ", in " + roots(in, 2)
	}
	return s
}

func rootsOf(g []*report.Item) []string {
	var all []string
	seen := map[string]bool{}
	for _, it := range g {
		for _, r := range it.Roots {
			if !seen[r] {
				seen[r] = true
				all = append(all, r)
			}
		}
	}
	return all
}
