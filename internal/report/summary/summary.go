// Package summary writes a report as a GitHub job summary: the verdict, every
// finding, a picture of each cause, what was not checked, and the account of
// where each finding was reported.
package summary

import (
	"fmt"
	"io"
	"strings"

	"github.com/org/probe-mtls-action/internal/mesh"
	"github.com/org/probe-mtls-action/internal/report"
	"github.com/org/probe-mtls-action/internal/report/md"
	"github.com/org/probe-mtls-action/internal/report/page"
)

// MaxBytes is what one step may write into its summary; of a longer one GitHub
// keeps nothing (actions/runner, FileCommandManager.cs).
const MaxBytes = 1024 * 1024

// Options are the surroundings of the summary.
type Options struct {
	Links  page.Links
	Policy report.Policy
	// Ledger is the account so far, nil for none. Write records the findings
	// that it lists, and as Log those that no channel has and that do not fit.
	Ledger *report.Ledger
	// Notices are sentences about what became of the results.
	Notices []string
	// Remark is said of a finding beside its channel, "" for nothing; nil says
	// none.
	Remark func(*report.Item) string
	// MaxBytes is the budget; 0 is MaxBytes.
	MaxBytes int
}

const (
	maxListed   = 200 // entries of lists other than the findings
	maxPictures = 8
	slack       = 1024 // for notices and headings
)

// Write writes the summary of r. Where it does not fit, details are left out
// first, then pictures, then findings that another channel has, then the least
// grave ones, each with a count.
func Write(w io.Writer, r *report.Report, o Options) error {
	if o.MaxBytes == 0 {
		o.MaxBytes = MaxBytes
	}
	_, err := io.WriteString(w, text(r, o))
	return err
}

func text(r *report.Report, o Options) string {
	head := "## " + page.Verdict(r, o.Policy) + "\n\n" + page.Counts(r) + "\n\n"
	if missing := r.Missing(); missing != "" {
		head += "> [!WARNING]\n> " + missing + "; see the reasons below.\n\n"
	}
	for _, n := range o.Notices {
		head += "> [!NOTE]\n> " + md.Text(n) + "\n\n"
	}
	rest := o.Links.Fixed(r, maxListed) + o.Links.NotChecked(r, maxListed) + o.Links.Remarks(r, maxListed)
	rest = md.TruncateBytes(rest, o.MaxBytes/3)
	room := o.MaxBytes - len(head) - len(rest) - 2*slack // one for the ledger

	items := r.NewFirst()
	groups := page.ByCause(items)
	listed := o.fit(groups, &room)
	if o.Ledger != nil {
		o.record(items, listed)
	}
	var b strings.Builder
	b.WriteString(head)
	b.WriteString(o.table(groups, listed, len(items)))
	b.WriteString(o.pictures(items, r.Tool.Mesh, &room))
	b.WriteString(o.details(groups, listed, &room))
	b.WriteString(rest)
	b.WriteString(o.ledger())
	return strings.TrimRight(b.String(), "\n") + "\n"
}

// longestChannel stands for any channel while rows are measured.
var longestChannel = strings.Repeat("x", 100)

// fit chooses the causes whose rows fit: first those with findings that no
// better channel has, in their order.
func (o Options) fit(groups [][]*report.Item, room *int) map[*report.Item]bool {
	listed := map[*report.Item]bool{}
	for _, second := range []bool{false, true} {
		for _, g := range groups {
			elsewhere := o.Ledger != nil
			for _, it := range g {
				elsewhere = elsewhere && o.Ledger.Channel(it) != ""
			}
			if elsewhere != second {
				continue
			}
			if n := len(o.Links.CauseTable([][]*report.Item{g}, func([]*report.Item) string { return longestChannel })); n <= *room {
				*room -= n
				for _, it := range g {
					listed[it] = true
				}
			}
		}
	}
	return listed
}

func (o Options) record(items []*report.Item, listed map[*report.Item]bool) {
	for _, it := range items {
		switch {
		case listed[it]:
			o.Ledger.Record(it, report.JobSummary)
		case o.Ledger.Channel(it) == "":
			o.Ledger.Record(it, report.Log)
		}
	}
}

func (o Options) table(groups [][]*report.Item, listed map[*report.Item]bool, total int) string {
	if total == 0 {
		return ""
	}
	var rows [][]*report.Item
	shown := 0
	for _, g := range groups {
		if listed[g[0]] {
			rows = append(rows, g)
			shown += len(g)
		}
	}
	var channel func([]*report.Item) string
	if o.Ledger != nil {
		channel = o.channels
	}
	t := o.Links.CauseTable(rows, channel)
	if left := total - shown; left > 0 {
		t += fmt.Sprintf("\n*and %d more findings that did not fit; the log and the SARIF file have them all*\n", left)
	}
	return t + "\n"
}

// channels counts where the findings of one cause were reported.
func (o Options) channels(g []*report.Item) string {
	count := map[report.Channel]int{}
	var order []report.Channel
	remarks := map[string]bool{}
	text := ""
	for _, it := range g {
		c := o.Ledger.Channel(it)
		if count[c]++; count[c] == 1 {
			order = append(order, c)
		}
		if o.Remark != nil {
			if r := o.Remark(it); r != "" && !remarks[r] {
				remarks[r] = true
				text += ". " + strings.TrimSuffix(r, ".")
			}
		}
	}
	parts := make([]string, len(order))
	for i, c := range order {
		parts[i] = string(c)
		if len(order) > 1 {
			parts[i] = c.Count(count[c])
		}
	}
	return strings.Join(parts, ", ") + text
}

func (o Options) pictures(items []*report.Item, names mesh.Names, room *int) string {
	causes, left := page.Causes(items, names, maxPictures)
	var b strings.Builder
	for _, c := range causes {
		title := md.Truncate(md.Text(c.Text), 400)
		if title == "" {
			title = "What decides"
		}
		if c.By != nil {
			title += ", at " + o.Links.Place(c.By.Span)
		}
		if len(c.Items) < len(items) {
			title += fmt.Sprintf(" (%d of %d findings)", len(c.Items), len(items))
		}
		s := title + ":\n\n" + c.Picture() + "\n"
		if len(s) > *room {
			left += len(c.Items)
			continue
		}
		*room -= len(s)
		b.WriteString(s)
	}
	if b.Len() == 0 {
		return ""
	}
	if left > 0 {
		fmt.Fprintf(&b, "*and %d more findings with other causes*\n\n", left)
	}
	return "### Why\n\n" + b.String()
}

func (o Options) details(groups [][]*report.Item, listed map[*report.Item]bool, room *int) string {
	var b strings.Builder
	left := 0
	for _, g := range groups {
		if !listed[g[0]] {
			continue
		}
		d := o.Links.Detail(g, maxListed) + "\n"
		if len(d) > *room || left > 0 {
			left += len(g)
			continue
		}
		*room -= len(d)
		b.WriteString(d)
	}
	if left > 0 {
		fmt.Fprintf(&b, "*The details of %d more findings did not fit.*\n\n", left)
	}
	if b.Len() == 0 {
		return ""
	}
	return "### Findings, fixes and reasons\n\n" + b.String()
}

// ledger is the account as a table.
func (o Options) ledger() string {
	if o.Ledger == nil || o.Ledger.Findings() == 0 {
		return ""
	}
	var rows [][]string
	for _, r := range o.Ledger.Rows() {
		if r.Count > 0 {
			rows = append(rows, []string{string(r.Channel), fmt.Sprint(r.Count)})
		}
	}
	rows = append(rows, []string{"**all**", fmt.Sprintf("**%d**", o.Ledger.Findings())})
	s := "### Where findings were reported\n\nEach counts once, for the best place that it reached.\n\n" + md.Table("lr", []string{"reported as", "findings"}, rows)
	if err := o.Ledger.Check(); err != nil {
		s += "\n> [!CAUTION]\n> " + md.Truncate(md.Text(err.Error()), slack/2) + "\n"
	}
	return s
}
