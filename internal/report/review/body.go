package review

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/org/probe-mtls-action/internal/report"
	"github.com/org/probe-mtls-action/internal/report/md"
)

const (
	maxShownRoots = 5    // more are folded away
	maxListed     = 200  // roots, related places
	maxYAML       = 8000 // characters; half a manifest cannot be pasted
	foldedYAML    = 15   // lines; longer fixes are folded away
)

// commitSlot stands for the head commit while the content is hashed: a push
// that changes nothing about a finding must not edit its comment.
const commitSlot = "0000000000000000000000000000000000000000"

// body returns a finding's comment and the hash of its content. It also gives
// the draft a suggestion's lines.
func (r *run) body(f *finding) (text, state string) {
	tail := ""
	if s, ok := f.suggestion(r.opt); ok {
		f.draft.StartLine, f.draft.Line = s.StartLine, s.Line
		if s.StartLine == s.Line {
			f.draft.StartLine = 0
		}
		tail = md.Fence("suggestion", s.Text)
	}
	m := marker{key: f.key, category: categoryHash(r.rep.Scope.Category), roots: rootHashes(f.item.Roots)}
	m.state = digest(r.compose(f.item, commitSlot, tail), 16)
	return r.compose(f.item, r.opt.Head, tail) + "\n" + m.String(), m.state
}

// compose writes what breaks, why, where, and the way out. The two texts of
// unbounded length get the room that the rest leaves.
func (r *run) compose(it report.Item, commit, suggestion string) string {
	title := fmt.Sprintf("**%s: %s**\n\n", md.Text(string(it.Severity)), md.Truncate(md.Text(it.Summary), 1000))
	rest := suggestion + r.places(it, commit) + remedies(it.Remedies) + r.footer(it)
	chain := r.decision(it, commit)
	message := md.Text(it.Message)

	room := budget - md.Len(title) - md.Len(rest) - 2*maxMarker
	message = md.Truncate(message, max(room-md.Len(chain), room/2))
	chain = md.Truncate(chain, room-md.Len(message))
	if len(it.Chain) > 5 {
		chain = md.Details("Why, step by step", chain) + "\n"
	}
	return md.Truncate(title+message+"\n\n"+chain+rest, budget-maxMarker)
}

// maxMarker is longer than any marker.
const maxMarker = 200 + 9*maxMarkerRoots

// decision lists the steps of the decision, each with its place.
func (r *run) decision(it report.Item, commit string) string {
	steps, _ := it.Steps()
	if len(steps) == 0 {
		return ""
	}
	var b strings.Builder
	for i, s := range steps {
		fmt.Fprintf(&b, "%d. %s", i+1, md.Text(s.Text))
		if s.Related >= 0 {
			b.WriteString(", at " + r.link(it.Related[s.Related], commit))
		}
		b.WriteString("\n")
	}
	return b.String() + "\n"
}

// places lists where the probe and the deciding facts stand, and the overlays.
func (r *run) places(it report.Item, commit string) string {
	var b strings.Builder
	if p := it.Placement; p != nil && p.Kind != report.OnProbe {
		fmt.Fprintf(&b, "Found at %s.\n\n", r.link(it.At, commit))
	}
	if p := it.Placement; p != nil && p.Note != "" {
		b.WriteString("Note: " + md.Text(strings.TrimRight(p.Note, ".")) + ".\n\n")
	}
	if !it.At.Exact && it.At.Why != "" {
		b.WriteString("The place is not exact: " + md.Text(it.At.Why) + "\n\n")
	}
	if _, elsewhere := it.Steps(); len(elsewhere) > 0 {
		b.WriteString(decidedBy(it) + "\n")
		for i, k := range elsewhere {
			if i == maxListed/4 {
				fmt.Fprintf(&b, "- and %d more\n", len(elsewhere)-i)
				break
			}
			l := it.Related[k]
			fmt.Fprintf(&b, "- %s: %s\n", r.link(l, commit), md.Truncate(md.Text(l.Message), 500))
		}
		b.WriteString("\n")
	}
	switch n := len(it.Roots); {
	case n > maxShownRoots:
		b.WriteString(md.Details(fmt.Sprintf("Affects %d overlays", n), md.Some(codes(it.Roots), maxListed)) + "\n")
	case n > 0:
		b.WriteString("Affects " + md.List(codes(it.Roots)) + ".\n\n")
	}
	return b.String()
}

// decidedBy heads the places that no step of the decision names.
func decidedBy(it report.Item) string {
	if len(it.Chain) > 0 {
		return "Elsewhere decided by"
	}
	return "Decided by"
}

func codes(all []string) []string {
	spans := make([]string, len(all))
	for i, s := range all {
		spans[i] = md.Code(clip(s, 300))
	}
	return spans
}

// link names a place and links it at the head commit.
func (r *run) link(l report.Location, commit string) string {
	line := l.Start.Line
	text := clip(l.File, 300)
	if line > 0 {
		text += ":" + strconv.Itoa(line)
	}
	if r.opt.HeadLine != nil && line > 0 {
		line = r.opt.HeadLine(l.File, line)
	}
	if r.opt.ServerURL == "" || r.opt.Repository == "" || l.File == "" {
		return md.Code(text)
	}
	return md.Link(md.Code(text), md.Blob(r.opt.ServerURL, r.opt.Repository, commit, l.File, line, 0))
}

// remedies writes the shortest way out in full and folds the others away.
func remedies(all []report.Remedy) string {
	var first, others strings.Builder
	for i, rem := range all {
		b := &first
		if i > 0 {
			b = &others
		}
		title := md.Truncate(md.Text(rem.Title), 500)
		where := ""
		if rem.At.File != "" {
			where = " (in " + md.Code(clip(rem.At.File, 300)) + ")"
		}
		switch {
		case rem.YAML == "":
			fmt.Fprintf(b, "- %s%s\n", title, where)
		case md.Len(rem.YAML) > maxYAML:
			fmt.Fprintf(b, "- %s%s: the manifest is too long for a comment; `probe-mtls-action check` prints it.\n", title, where)
		case i == 0 && strings.Count(rem.YAML, "\n") > foldedYAML:
			b.WriteString(md.Details("Fix: "+title+where, md.Fence("yaml", rem.YAML)) + "\n")
		case i == 0:
			fmt.Fprintf(b, "Fix: %s%s\n\n%s\n", title, where, md.Fence("yaml", rem.YAML))
		default:
			fmt.Fprintf(b, "- %s%s\n\n%s\n", title, where, md.Indent(md.Fence("yaml", rem.YAML), 2))
		}
		if others.Len() > 3*maxYAML {
			fmt.Fprintf(&others, "- and %d more\n", len(all)-i-1)
			break
		}
	}
	s := first.String()
	if s != "" && !strings.HasSuffix(s, "\n\n") {
		s += "\n"
	}
	if others.Len() > 0 {
		s += md.Details("Other ways out", others.String()) + "\n"
	}
	return s
}

func (r *run) footer(it report.Item) string {
	parts := []string{md.Text(it.RuleID + " " + it.RuleName)}
	if it.Subject != "" {
		parts = append(parts, md.Code(clip(it.Subject, 600)))
	}
	if len(it.Assumed) > 0 {
		parts = append(parts, "assumed: "+md.Truncate(md.Text(strings.Join(it.Assumed, "; ")), 1000))
	}
	return "<sub>" + strings.Join(parts, " · ") + "</sub>\n"
}

func clip(s string, max int) string {
	if r := []rune(s); len(r) > max {
		return string(r[:max]) + "…"
	}
	return s
}

// goneBody is the comment of a finding that is no longer told, where its thread
// cannot be resolved.
func (r *run) goneBody(c *posted) string {
	m := c.marker
	m.state = stateFixed
	commit := md.Code(short(r.opt.Head))
	if r.opt.ServerURL != "" && r.opt.Repository != "" {
		commit = md.Link(commit, strings.TrimRight(r.opt.ServerURL, "/")+"/"+r.opt.Repository+"/commit/"+r.opt.Head)
	}
	word := "Fixed"
	for _, f := range r.findings {
		if f.key == m.key && f.item.Suppressed != nil {
			word = "Suppressed"
		}
	}
	head := "**" + word + " in** " + commit + "\n\n"
	was := md.Truncate(withoutMarker(c.Body), budget-md.Len(head)-2*maxMarker)
	return head + md.Details("What it was", was) + "\n" + m.String()
}

// duplicateBody is the comment of a finding that another comment tells, where
// it cannot be folded away.
func duplicateBody(original string, m marker) string {
	m.state = stateDuplicate
	return "This repeats " + md.Link("another comment", original) + ": two runs wrote at the same time.\n\n" + m.String()
}

// reviewBody heads the review that carries comments.
func (r *run) reviewBody(comments, part, parts int) string {
	s := fmt.Sprintf("probe-mtls-action: %s on lines of this change.", count(comments, "finding"))
	if parts > 1 {
		s = fmt.Sprintf("probe-mtls-action: %s on lines of this change (part %d of %d).", count(comments, "finding"), part, parts)
	}
	return s
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
