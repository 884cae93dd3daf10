package review

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/org/probe-mtls-action/internal/report"
	"github.com/org/probe-mtls-action/internal/report/md"
	"github.com/org/probe-mtls-action/internal/report/page"
	"github.com/org/probe-mtls-action/render/source"
)

const (
	maxRows   = 8   // of the table; more are folded away
	maxFolded = 150 // rows and roots that are folded away
	maxClause = 300 // characters of one statement
)

// slots stand for the head commit and the run while the content is hashed: a
// push that changes nothing about a finding must not edit its comment.
var slots = surroundings{commit: strings.Repeat("0", 40), run: "https://slot.invalid/"}

// surroundings are what a comment links and does not speak of.
type surroundings struct{ commit, run string }

// members are the findings that a group's comment tells: those to be told, and
// whatever the comment told before and is still there.
func (r *run) members(v *view, g *group, c *posted) []*finding {
	var all []*finding
	for _, f := range g.findings {
		told := false
		if c != nil {
			e := c.marker.entry(f.key)
			told = e != nil && e.fixed == "" && !c.marker.ended()
		}
		if told || f.quiet == "" && v.leftAlone(f) == "" {
			all = append(all, f)
		}
	}
	return all
}

// body returns a group's comment; c is the one that there is, nil for none.
func (r *run) body(v *view, g *group, c *posted) string {
	members, m := r.content(v, g, c)
	return r.compose(g, members, m, surroundings{r.opt.Head, r.opt.RunURL}) + "\n" + m.String()
}

// content returns what a group's comment tells, and its marker.
func (r *run) content(v *view, g *group, c *posted) ([]*finding, marker) {
	members := r.members(v, g, c)
	m := marker{category: categoryHash(r.rep.Scope.Category)}
	for _, f := range members {
		m.entries = append(m.entries, entry{key: f.key, roots: rootHashes(f.item.Roots)})
	}
	if c != nil {
		m.entries = append(m.entries, r.past(v, c)...)
	}
	content := r.compose(g, members, m, slots)
	for _, e := range m.entries {
		content += e.key + e.fixed + "\n"
	}
	m.state = digest(content, 16)
	return members, m
}

// past are the entries of a comment whose findings are gone: fixed, or not
// known while a root of theirs cannot be checked.
func (r *run) past(v *view, c *posted) []entry {
	alive, stems := map[string]bool{}, map[string]bool{}
	for _, f := range r.findings {
		if f.alive {
			alive[f.key], stems[stem(f.key)] = true, true
		}
	}
	var all []entry
	for _, e := range c.marker.entries {
		if alive[e.key] || e.fixed == "" && stems[stem(e.key)] {
			continue
		}
		if e.fixed == "" && r.mayClose(v) && !r.mayBeAlive(e) {
			e.fixed = short(r.opt.Head)
		}
		if e.fixed != "" {
			e.roots = nil
		}
		all = append(all, e)
	}
	return all
}

// compose writes what happens, why, and what to do; details are folded away.
func (r *run) compose(g *group, members []*finding, m marker, s surroundings) string {
	items := make([]*report.Item, len(members))
	for i, f := range members {
		items[i] = f.item
	}
	if len(items) == 0 {
		return ""
	}
	room := budget - len(m.String())
	head := r.headline(items, m) + r.cause(g, items[0], s)
	tail := md.Truncate(r.fixes(items, s), room/2) + r.why(items, s) + r.footer(items, s)
	if len(items) == 1 {
		head += r.roots(items[0])
		return md.Truncate(head+tail, room)
	}
	head = md.Truncate(head, room/4)
	tail = md.Truncate(tail, room/2)
	return head + r.table(items, s, room-md.Len(head)-md.Len(tail)) + tail
}

// headline is what happens in the cluster.
func (r *run) headline(items []*report.Item, m marker) string {
	fixed := fixedIn(m)
	clause, effects := report.Headline(items, len(items)+len(fixed))
	s := "**" + md.Text(clip(clause, 2*maxClause)) + "**"
	switch {
	case effects != "":
		s += ": " + md.Text(effects) + "."
	case len(items) == 1 && !items[0].Plain():
		s += "\n\n" + md.Text(clip(items[0].Statement(), 2*maxClause))
	default:
		s = strings.TrimSuffix(s, "**") + ".**"
	}
	s += "\n\n"
	if len(fixed) > 0 {
		s += "Fixed: " + tally(fixed) + ".\n\n"
	}
	return s
}

// fixedIn has the commits of the fixed entries, in their order.
func fixedIn(m marker) []string {
	var all []string
	for _, e := range m.entries {
		if e.fixed != "" {
			all = append(all, e.fixed)
		}
	}
	return all
}

// tally counts the fixed findings by commit.
func tally(commits []string) string {
	count := map[string]int{}
	var order []string
	for _, c := range commits {
		if count[c] == 0 {
			order = append(order, c)
		}
		count[c]++
	}
	if len(order) > 5 {
		return fmt.Sprintf("%d, the last in %s", len(commits), md.Code(order[len(order)-1]))
	}
	parts := make([]string, len(order))
	for i, c := range order {
		parts[i] = fmt.Sprintf("%d in %s", count[c], md.Code(c))
	}
	return md.List(parts)
}

// cause names what decides, and how this line comes into it.
func (r *run) cause(g *group, it *report.Item, s surroundings) string {
	var b strings.Builder
	p := it.Placement
	d := it.Decider()
	here := r.here(it, g.draft.Line)
	switch {
	case !it.Plain():
	case p != nil && p.Side == report.Left && len(it.BaseCauses) > 0:
		fmt.Fprintf(&b, "The line removed here prevented that: %s.", clause(it.BaseCauses[0].Message))
		if d != nil {
			fmt.Fprintf(&b, " Now %s decides: %s.", r.link(*d, s.commit), clause(d.Message))
		}
	case here != nil:
		fmt.Fprintf(&b, "Cause: this line. %s.", sentence(here.Message))
		if d != here {
			fmt.Fprintf(&b, " With it, %s: %s.", r.link(*d, s.commit), clause(d.Message))
		}
	case d != nil:
		fmt.Fprintf(&b, "Cause: %s: %s.", r.link(*d, s.commit), clause(d.Message))
	case it.Because() != "":
		fmt.Fprintf(&b, "Cause: %s.", clause(it.Because()))
	}
	if p != nil && p.Kind != report.OnProbe && len(g.findings) == 1 {
		what := "probe"
		if it.Call() {
			what = "caller"
		}
		fmt.Fprintf(&b, " The %s is at %s.", what, r.link(it.At, s.commit))
	}
	if p != nil && p.Note != "" {
		b.WriteString(" Note: " + md.Text(strings.TrimRight(p.Note, ".")) + ".")
	}
	if !it.At.Exact && it.At.Why != "" && len(g.findings) == 1 {
		b.WriteString(" The place is not exact: " + clause(it.At.Why) + ".")
	}
	if len(it.Assumed) > 0 {
		b.WriteString(" Assumed: " + clause(strings.Join(it.Assumed, "; ")) + ".")
	}
	if b.Len() == 0 {
		return ""
	}
	return strings.TrimSpace(b.String()) + "\n\n"
}

// here returns the deciding place that the comment's line is, nil if it is none.
func (r *run) here(it *report.Item, line int) *report.Location {
	p := it.Placement
	if p == nil || p.Kind != report.OnDeciding || p.Side == report.Left {
		return nil
	}
	for i := len(it.Related) - 1; i >= 0; i-- {
		l := &it.Related[i]
		if r.headLine(*l) == line && l.Message != "" && (l.File == p.Path || r.opt.HeadLine != nil) {
			return l
		}
	}
	return nil
}

// roots names the roots of a single finding.
func (r *run) roots(it *report.Item) string {
	switch n := len(it.Roots); {
	case n == 0:
		return ""
	case n > 3:
		return md.Details(fmt.Sprintf("In %d roots", n), md.Some(codes(it.Roots), maxFolded)) + "\n"
	}
	return "In " + md.List(codes(it.Roots)) + ".\n\n"
}

// table lists what one place breaks, a row for each container.
func (r *run) table(items []*report.Item, s surroundings, room int) string {
	rows := r.rows(items, s)
	head := []string{"workload", "probes", "port", "where", "in"}
	if items[0].Call() {
		head = []string{"object", "caller", "calls", "where", "in"}
	}
	shown := md.Table("lllll", head, rows[:min(len(rows), maxRows)]) + "\n"
	if len(rows) <= maxRows {
		return shown
	}
	rest := rows[maxRows:]
	cut := min(len(rest), maxFolded)
	for ; cut > 0; cut = cut * 3 / 4 {
		folded := md.Table("lllll", head, rest[:cut])
		if left := len(rest) - cut; left > 0 {
			folded += fmt.Sprintf("\n%d more are in the summary of the run.\n", left)
		}
		folded = md.Details(fmt.Sprintf("%d more", len(rest)), folded) + "\n"
		if md.Len(shown)+md.Len(folded) <= room {
			return shown + folded
		}
	}
	return shown + fmt.Sprintf("%d more are in the summary of the run.\n\n", len(rest))
}

func (r *run) rows(items []*report.Item, s surroundings) [][]string {
	type row struct {
		target               report.Target
		probes, ports, where []string
		roots                []string
	}
	var rows []*row
	at := map[string]*row{}
	add := func(list *[]string, text string) {
		if text != "" && !slices.Contains(*list, text) {
			*list = append(*list, text)
		}
	}
	for _, it := range items {
		t := it.Target()
		k := t.Workload + "/" + t.Container + "\x00" + it.At.File
		w := at[k]
		if w == nil {
			w = &row{target: t}
			at[k] = w
			rows = append(rows, w)
		}
		add(&w.probes, md.Text(strings.TrimSuffix(t.Noun(), " probe")))
		if v := it.Value(); v != "" {
			add(&w.ports, md.Code(clip(v, 40)))
		}
		add(&w.where, r.link(it.At, s.commit))
		for _, root := range it.Roots {
			add(&w.roots, root)
		}
	}
	out := make([][]string, len(rows))
	for i, w := range rows {
		kind, name, _ := strings.Cut(w.target.Workload, " ")
		who := md.Text(kind)
		if name != "" {
			who += " " + md.Code(clip(name, 200))
		}
		out[i] = []string{who, strings.Join(w.probes, ", "), strings.Join(w.ports, ", "),
			strings.Join(w.where[:min(len(w.where), 2)], ", "), md.Some(codes(w.roots), 2)}
	}
	return out
}

// fixes says how to end the findings of a comment.
func (r *run) fixes(items []*report.Item, s surroundings) string {
	return page.Fixes{
		Place:   func(at source.Span) string { return r.link(report.Location{Span: at}, s.commit) },
		Suggest: func(f *report.Fix) (string, bool) { return suggestion(items[0], f) },
	}.Text(items)
}

// why folds the decision away, step by step, each with its place.
func (r *run) why(items []*report.Item, s surroundings) string {
	it := items[0]
	steps, elsewhere := it.Tell()
	if len(steps)+len(elsewhere) == 0 {
		return ""
	}
	var b strings.Builder
	for i, step := range steps {
		fmt.Fprintf(&b, "%d. %s", i+1, md.Text(clip(step.Text(), 2000)))
		if step.Related >= 0 {
			b.WriteString(", at " + r.link(it.Related[step.Related], s.commit))
		}
		b.WriteString("\n")
	}
	if len(elsewhere) > 0 {
		b.WriteString("\nElsewhere:\n\n")
	}
	for i, k := range elsewhere {
		if i == maxFolded/3 {
			fmt.Fprintf(&b, "- and %d more\n", len(elsewhere)-i)
			break
		}
		l := it.Related[k]
		fmt.Fprintf(&b, "- %s: %s\n", r.link(l, s.commit), clause(l.Message))
	}
	title := "Why, step by step"
	if len(items) > 1 {
		title += ", for " + md.Text(clip(it.Target().Workload, 200))
	}
	return md.Details(title, md.Truncate(b.String(), budget/4)) + "\n"
}

// footer links the rule and the run, and says how to accept the finding.
func (r *run) footer(items []*report.Item, s surroundings) string {
	var ids []string
	for _, it := range items {
		if !slices.Contains(ids, it.RuleID) {
			ids = append(ids, it.RuleID)
		}
	}
	slices.Sort(ids)
	var parts []string
	for _, id := range ids {
		parts = append(parts, md.Link(md.Text(id), report.RulePage(id)))
	}
	if s.run != "" {
		parts = append(parts, md.Link("summary of the run", s.run))
	}
	parts = append(parts, "accept with "+md.Code("# probe-mtls:ignore "+ids[0]+" reason"))
	if r.rep.Scope.Several {
		parts = append(parts, md.Text(clip(r.rep.Scope.Category, 200)))
	}
	return strings.Join(parts, " · ") + "\n"
}

// headLine is the line of the head commit.
func (r *run) headLine(l report.Location) int {
	if r.opt.HeadLine != nil && l.Start.Line > 0 {
		return r.opt.HeadLine(l.File, l.Start.Line)
	}
	return l.Start.Line
}

// link names a place and links it at the head commit.
func (r *run) link(l report.Location, commit string) string {
	text := clip(l.File, 300)
	if l.Start.Line > 0 {
		text += ":" + strconv.Itoa(l.Start.Line)
	}
	if r.opt.ServerURL == "" || r.opt.Repository == "" || l.File == "" {
		return md.Code(text)
	}
	return md.Link(md.Code(text), md.Blob(r.opt.ServerURL, r.opt.Repository, commit, l.File, r.headLine(l), 0))
}

func codes(all []string) []string {
	spans := make([]string, len(all))
	for i, s := range all {
		spans[i] = md.Code(clip(s, 300))
	}
	return spans
}

// clause is a bounded statement without a full stop.
func clause(s string) string { return md.Text(clip(strings.TrimRight(s, ". "), maxClause)) }

// sentence is a clause with a capital letter.
func sentence(s string) string { return clause(report.Capital(s)) }

func clip(s string, max int) string {
	if r := []rune(s); len(r) > max {
		return string(r[:max]) + "…"
	}
	return s
}

// lastWords is the body of a comment that says no more.
func (r *run) lastWords(e ending) string {
	m := e.p.marker
	m.state = e.state
	var head string
	switch e.state {
	case stateDuplicate:
		head = "This repeats " + md.Link("another comment", e.by.URL) + "."
	case stateMoved:
		head = "**Moved**: the diff shows the place elsewhere now."
		if e.by != nil {
			head = "**Moved** to " + md.Link("another comment", e.by.URL) + ": the diff shows the place elsewhere now."
		}
	default:
		commit := md.Code(short(r.opt.Head))
		if r.opt.ServerURL != "" && r.opt.Repository != "" {
			commit = md.Link(commit, strings.TrimRight(r.opt.ServerURL, "/")+"/"+r.opt.Repository+"/commit/"+r.opt.Head)
		}
		word := "Fixed"
		for _, f := range r.findings {
			if m.entry(f.key) != nil && f.item.Suppressed != nil {
				word = "Suppressed"
			}
		}
		head = "**" + word + " in** " + commit
		for i := range m.entries {
			if m.entries[i].fixed == "" {
				m.entries[i].fixed = short(r.opt.Head)
			}
		}
	}
	end := "\n" + m.String()
	was := md.Truncate(withoutMarker(e.p.Body), budget-md.Len(head)-md.Len(end)-100)
	return head + "\n\n" + md.Details("What it was", was) + end
}

// reviewBody heads the review that carries comments, and remembers their
// findings out of sight.
func (r *run) reviewBody(v *view, batch []*group) string {
	var keys []string
	for _, g := range batch {
		for _, f := range r.fresh(v, g) {
			keys = append(keys, f.key)
		}
	}
	s := "probe-mtls-action: " + count(len(keys), "finding")
	if len(keys) != len(batch) {
		s += " in " + count(len(batch), "comment")
	}
	s += " on lines of this change."
	if r.opt.RunURL != "" {
		s += " " + md.Link("Summary of the run", r.opt.RunURL)
	}
	return s + "\n\n" + postedMarker(categoryHash(r.rep.Scope.Category), keys)
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
