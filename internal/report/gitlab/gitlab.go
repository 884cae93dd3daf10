// Package gitlab writes a report as GitLab's Code Quality artifact: a subset of
// the Code Climate specification (GitLab docs, ci/testing/code_quality).
package gitlab

import (
	"encoding/json"
	"io"

	"github.com/org/probe-mtls-action/internal/check"
	"github.com/org/probe-mtls-action/internal/report"
	"github.com/org/probe-mtls-action/internal/report/safe"
)

// issue is one entry of the artifact. All fields are required by GitLab.
type issue struct {
	Description string   `json:"description"`
	CheckName   string   `json:"check_name"`
	Fingerprint string   `json:"fingerprint"`
	Severity    string   `json:"severity"`
	Location    location `json:"location"`
}

type location struct {
	Path  string `json:"path"` // relative to the repository, without a leading ./
	Lines lines  `json:"lines"`
}

type lines struct {
	Begin int `json:"begin"` // 1-based
}

var severities = map[check.Severity]string{check.Error: "critical", check.Warning: "minor", check.Note: "info"}

// Options choose what is shown.
type Options struct {
	// OnlyNew leaves out findings that the base revision has too.
	OnlyNew bool
}

// Write writes findings that are not suppressed, and what was not checked as
// issues of severity major, so that a merge request shows them too.
func Write(w io.Writer, r *report.Report, o Options) error {
	issues := []issue{}
	for _, it := range r.Shown(o.OnlyNew) {
		issues = append(issues, issue{
			Description: safe.Line(it.Consequence()),
			CheckName:   it.RuleID,
			Fingerprint: it.Fingerprint,
			Severity:    severities[it.Severity],
			Location:    location{it.At.File, lines{max(it.At.Start.Line, 1)}},
		})
	}
	for _, s := range r.Skipped {
		path := s.At.File
		if path == "" {
			path = s.Root
		}
		issues = append(issues, issue{
			Description: safe.Line(s.Word() + ": " + s.Message),
			CheckName:   "not-checked",
			Fingerprint: report.Digest("not-checked", s.Root, s.At.File, s.Message),
			Severity:    "major",
			Location:    location{path, lines{max(s.At.Start.Line, 1)}},
		})
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(issues)
}
