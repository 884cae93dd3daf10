package concise_test

import (
	"io"
	"strings"
	"testing"

	"github.com/org/probe-mtls-action/internal/report"
	"github.com/org/probe-mtls-action/internal/report/concise"
	"github.com/org/probe-mtls-action/internal/report/reporttest"
)

func all(w io.Writer, r *report.Report) error { return concise.Write(w, r, concise.Options{}) }

func onlyNew(w io.Writer, r *report.Report) error {
	return concise.Write(w, r, concise.Options{OnlyNew: true})
}

func TestGolden(t *testing.T) {
	t.Parallel()
	reporttest.GoldenSamples(t, ".txt", all)
	reporttest.Golden(t, "testdata/pull-request-only-new.txt", reporttest.String(t, reporttest.PullRequest(), onlyNew))
}

// TestOneLineEach: no name of a manifest breaks a line or begins a workflow
// command.
func TestOneLineEach(t *testing.T) {
	t.Parallel()
	r := reporttest.Hostile()
	text := reporttest.String(t, r, all)
	if got, want := strings.Count(text, "\n"), len(r.Shown(false))+len(r.Skipped); got != want {
		t.Errorf("%d lines, want %d", got, want)
	}
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "::") || strings.Contains(line, "##[") || strings.ContainsRune(line, '\x1b') {
			t.Errorf("not inert: %q", line)
		}
	}
}
