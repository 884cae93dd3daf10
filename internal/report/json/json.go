// Package json writes a report as JSON for other programs. The format is
// described by docs/schema/report.schema.json; within a format version fields
// are added, never renamed or removed.
package json

import (
	"cmp"
	"encoding/json"
	"io"

	"github.com/org/probe-mtls-action/internal/check"
	"github.com/org/probe-mtls-action/internal/report"
	"github.com/org/probe-mtls-action/render/source"
)

// Version is the format's version.
const Version = 1

// Write writes r as one JSON document, indented, with a line end after it.
// Conclusion is how the run ends under the caller's policy.
func Write(w io.Writer, r *report.Report, conclusion report.Conclusion) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(toDocument(r, conclusion))
}

type document struct {
	FormatVersion int       `json:"formatVersion"`
	Tool          tool      `json:"tool"`
	Conclusion    string    `json:"conclusion"`
	Counts        counts    `json:"counts"`
	Scope         scope     `json:"scope"`
	Findings      []finding `json:"findings"`
	Fixed         []finding `json:"fixed"`
	NotChecked    []skip    `json:"notChecked"`
	// NotLookedAt never changes how the run ends.
	NotLookedAt []report.Unseen `json:"notLookedAt"`
	Remarks     []remark        `json:"remarks"`
}

type tool struct {
	Name         string `json:"name"`
	Version      string `json:"version"`
	Commit       string `json:"commit"`
	IstioVersion string `json:"istioVersion"`
}

type counts struct {
	Findings   int `json:"findings"`
	Errors     int `json:"errors"`
	Warnings   int `json:"warnings"`
	Notes      int `json:"notes"`
	New        int `json:"new"`
	Existing   int `json:"existing"`
	Fixed      int `json:"fixed"`
	Suppressed int `json:"suppressed"`
	Roots      int `json:"roots"`
	NotChecked int `json:"notChecked"`
	Unaffected int `json:"unaffected"`
	Probes     int `json:"probes"`
	Callers    int `json:"callers"`
}

type scope struct {
	Base     string   `json:"base"`
	Head     string   `json:"head"`
	Category string   `json:"category"`
	Shard    string   `json:"shard"`
	Roots    []string `json:"roots"`
	Unused   []string `json:"unused"`
}

type finding struct {
	Rule        string       `json:"rule"`
	RuleName    string       `json:"ruleName"`
	Severity    string       `json:"severity"`
	Verdict     string       `json:"verdict"`
	State       string       `json:"state"`
	Subject     string       `json:"subject"`
	Summary     string       `json:"summary"`
	Message     string       `json:"message"`
	Chain       []string     `json:"chain"`
	Steps       []step       `json:"steps"`
	Assumed     []string     `json:"assumed"`
	Location    location     `json:"location"`
	Related     []location   `json:"related"`
	Roots       []string     `json:"roots"`
	Occurrences []occurrence `json:"occurrences"`
	BaseCauses  []location   `json:"baseCauses"`
	Remedies    []remedy     `json:"remedies"`
	Fixes       []fix        `json:"fixes"`
	Fingerprint string       `json:"fingerprint"`
	Suppression *suppression `json:"suppression"`
}

// step is an entry of chain with its place, where it is deciding and has one.
type step struct {
	Text     string    `json:"text"`
	Deciding bool      `json:"deciding"`
	Location *location `json:"location"`
}

type occurrence struct {
	Root    string `json:"root"`
	Subject string `json:"subject"`
	New     bool   `json:"new"`
}

type location struct {
	place
	Message string   `json:"message"`
	Exact   bool     `json:"exact"`
	Why     string   `json:"why"`
	Text    string   `json:"text"`
	Via     []string `json:"via"`
}

type place struct {
	File  string    `json:"file"`
	Start *position `json:"start"`
	End   *position `json:"end"`
}

type position struct {
	Line   int `json:"line"`
	Column int `json:"column"`
}

type remedy struct {
	Title string `json:"title"`
	YAML  string `json:"yaml"`
	At    *place `json:"at"`
}

type suppression struct {
	Kind   string    `json:"kind"`
	Reason string    `json:"reason"`
	At     *location `json:"at"`
}

type skip struct {
	Root    string `json:"root"`
	At      *place `json:"at"`
	Message string `json:"message"`
	Hint    string `json:"hint"`
	// Partly tells that only a part of the root is missing: the rest was judged.
	Partly bool `json:"partly,omitempty"`
}

type remark struct {
	At    *place   `json:"at"`
	Text  string   `json:"text"`
	Level string   `json:"level"`
	Roots []string `json:"roots"`
}

func toDocument(r *report.Report, conclusion report.Conclusion) document {
	c := r.Counts()
	d := document{
		FormatVersion: Version,
		Tool:          tool{"probe-mtls-action", r.Tool.Version, r.Tool.Commit, r.Tool.IstioVersion},
		Conclusion:    string(conclusion),
		Counts: counts{
			Findings: c.Total(), Errors: c.Errors, Warnings: c.Warnings, Notes: c.Notes,
			New: c.New, Existing: c.Existing, Fixed: c.Fixed, Suppressed: c.Suppressed,
			Roots: len(r.Roots), NotChecked: len(r.Skipped), Unaffected: r.Unaffected, Probes: r.Probes, Callers: r.Callers,
		},
		Scope:    scope{r.Scope.Base, r.Scope.Head, r.Scope.Category, r.Scope.Shard, list(r.Roots), list(r.Unused)},
		Findings: []finding{}, Fixed: []finding{}, NotChecked: []skip{}, Remarks: []remark{},
	}
	for i := range r.Items {
		d.Findings = append(d.Findings, toFinding(&r.Items[i]))
	}
	for i := range r.Fixed {
		d.Fixed = append(d.Fixed, toFinding(&r.Fixed[i]))
	}
	d.NotLookedAt = append([]report.Unseen{}, r.Unseen...)
	for _, s := range r.Skipped {
		d.NotChecked = append(d.NotChecked, skip{s.Root, toPlace(s.At), s.Message, s.Hint, s.Hole})
	}
	for _, n := range r.Notes {
		d.Remarks = append(d.Remarks, remark{toPlace(n.At.Span), n.Text, string(cmp.Or(n.Level, check.Note)), list(n.Roots)})
	}
	return d
}

func toFinding(it *report.Item) finding {
	f := finding{
		Rule: it.RuleID, RuleName: it.RuleName, Severity: string(it.Severity), Verdict: string(it.Verdict), State: string(it.State),
		Subject: it.Subject, Summary: it.Summary, Message: it.Message, Chain: list(it.Chain()), Assumed: list(it.Assumed),
		Location: toLocation(it.At), Related: []location{}, Steps: []step{}, Roots: list(it.Roots),
		Occurrences: []occurrence{}, BaseCauses: []location{}, Remedies: []remedy{}, Fixes: []fix{}, Fingerprint: it.Fingerprint,
	}
	for i := range it.Steps {
		s := &it.Steps[i]
		out := step{Text: s.Text(), Deciding: s.Deciding}
		if s.At.File != "" {
			at := toLocation(s.At)
			out.Location = &at
		}
		f.Steps = append(f.Steps, out)
	}
	for _, l := range it.Related {
		f.Related = append(f.Related, toLocation(l))
	}
	for _, o := range it.Occurrences {
		f.Occurrences = append(f.Occurrences, occurrence(o))
	}
	for _, l := range it.BaseCauses {
		f.BaseCauses = append(f.BaseCauses, toLocation(l))
	}
	for _, m := range it.Remedies {
		f.Remedies = append(f.Remedies, remedy{m.Title, m.YAML, toPlace(m.At)})
	}
	for i := range it.Fixes {
		f.Fixes = append(f.Fixes, toFix(&it.Fixes[i]))
	}
	if s := it.Suppressed; s != nil {
		f.Suppression = &suppression{Kind: s.Kind, Reason: s.Reason}
		if !s.At.IsZero() {
			at := toLocation(s.At)
			f.Suppression.At = &at
		}
	}
	return f
}

func toLocation(l report.Location) location {
	p := place{File: l.File}
	if known := toPlace(l.Span); known != nil {
		p = *known
	}
	return location{place: p, Message: l.Message, Exact: l.Exact, Why: l.Why, Text: l.Line, Via: list(l.Via)}
}

// toPlace returns nil for no place; Start and End are nil for a whole file.
func toPlace(s source.Span) *place {
	if s.IsZero() {
		return nil
	}
	return &place{s.File, toPosition(s.Start), toPosition(s.End)}
}

func toPosition(p source.Position) *position {
	if p.IsZero() {
		return nil
	}
	return &position{p.Line, p.Column}
}

// list makes an empty list of a missing one: readers need not look for null.
func list(all []string) []string { return append([]string{}, all...) }
