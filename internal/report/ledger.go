package report

import (
	"fmt"
	"slices"
	"strings"
)

// Channel is a way by which a finding reaches people.
type Channel string

// The channels, best first. A finding counts for the best one that it reached.
const (
	ReviewComment Channel = "review comment"       // on a line of the diff
	FileComment   Channel = "file comment"         // on a changed file
	PRComment     Channel = "pull request comment" // in one comment for all
	CheckRun      Channel = "check run annotation" // of a check run of its own
	Annotation    Channel = "annotation"           // of the workflow run
	JobSummary    Channel = "job summary"
	SARIFFile     Channel = "SARIF file"
	Log           Channel = "log" // printed in the job's log, the last resort
)

// Count says how many findings are in a channel: "18 review comments".
func (c Channel) Count(n int) string {
	switch c {
	case JobSummary, SARIFFile, Log:
		return fmt.Sprintf("%d in the %s", n, c)
	}
	if n != 1 {
		c += "s"
	}
	return fmt.Sprintf("%d %s", n, string(c))
}

var channels = []Channel{ReviewComment, FileComment, PRComment, CheckRun, Annotation, JobSummary, SARIFFile, Log}

// Ledger is the account of where each finding went. Its numbers must add up: no
// finding may be lost, and none may be made up.
type Ledger struct {
	due    map[string]string // key to a name for messages
	order  []string          // keys of due, in the report's order
	gone   map[string]map[Channel]bool
	doubts []string
}

// NewLedger opens the account of r: each finding that is not suppressed is due.
func NewLedger(r *Report) *Ledger {
	l := &Ledger{due: map[string]string{}, gone: map[string]map[Channel]bool{}}
	for i := range r.Items {
		it := &r.Items[i]
		if it.Suppressed != nil {
			continue
		}
		k := it.Key()
		if _, twice := l.due[k]; twice {
			l.doubts = append(l.doubts, fmt.Sprintf("%s is in the report twice", name(it)))
			continue
		}
		l.due[k] = name(it)
		l.order = append(l.order, k)
	}
	return l
}

// Key tells the findings of one report apart: a fingerprint names a cause, which
// may show at several places.
func (it *Item) Key() string { return it.Fingerprint + " " + it.At.Span.String() }

func name(it *Item) string { return fmt.Sprintf("%s %s at %s", it.RuleID, it.Subject, it.At.Span) }

// Record notes that it reached c. It may be called again for further channels.
func (l *Ledger) Record(it *Item, c Channel) {
	k := it.Key()
	switch {
	case !slices.Contains(channels, c):
		l.doubts = append(l.doubts, fmt.Sprintf("%s went to %q, which is not a channel", name(it), c))
	case l.due[k] == "":
		l.doubts = append(l.doubts, fmt.Sprintf("%s went to the %s but is not in the report", name(it), c))
	case l.gone[k] == nil:
		l.gone[k] = map[Channel]bool{c: true}
	default:
		l.gone[k][c] = true
	}
}

// Channel returns the best channel that it reached, "" if it reached none.
func (l *Ledger) Channel(it *Item) Channel { return l.best(it.Key()) }

func (l *Ledger) best(key string) Channel {
	for _, c := range channels {
		if l.gone[key][c] {
			return c
		}
	}
	return ""
}

// Row is one line of the account.
type Row struct {
	Channel Channel
	Count   int // findings for which this is the best channel
	Also    int // findings that are here too
}

// Rows returns the account, best channel first, without channels that nothing
// reached. The counts add up to Findings once every finding has a channel.
func (l *Ledger) Rows() []Row {
	var rows []Row
	for _, c := range channels {
		r := Row{Channel: c}
		for _, k := range l.order {
			switch {
			case l.best(k) == c:
				r.Count++
			case l.gone[k][c]:
				r.Also++
			}
		}
		if r.Count+r.Also > 0 {
			rows = append(rows, r)
		}
	}
	return rows
}

// Findings is how many findings are due.
func (l *Ledger) Findings() int { return len(l.order) }

// Check returns an error that names each finding that no channel took, and
// whatever else does not add up.
func (l *Ledger) Check() error {
	problems := slices.Clone(l.doubts)
	for _, k := range l.order {
		if l.best(k) == "" {
			problems = append(problems, l.due[k]+" reached no channel")
		}
	}
	sum := 0
	for _, r := range l.Rows() {
		sum += r.Count
	}
	if len(problems) == 0 && sum == l.Findings() {
		return nil
	}
	return fmt.Errorf("the ledger does not add up: %d findings, %d delivered:\n  %s",
		l.Findings(), sum, strings.Join(problems, "\n  "))
}

// String returns the account on one line: "5 findings = 3 review comments + 2 in
// the job summary".
func (l *Ledger) String() string {
	var parts []string
	for _, r := range l.Rows() {
		if r.Count > 0 {
			parts = append(parts, r.Channel.Count(r.Count))
		}
	}
	findings := "findings"
	if l.Findings() == 1 {
		findings = "finding"
	}
	if len(parts) == 0 {
		return fmt.Sprintf("%d %s", l.Findings(), findings)
	}
	return fmt.Sprintf("%d %s = %s", l.Findings(), findings, strings.Join(parts, " + "))
}
