package concise_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/org/probe-mtls-action/internal/report"
	"github.com/org/probe-mtls-action/internal/report/concise"
	"github.com/org/probe-mtls-action/internal/report/reporttest"
)

func write(t *testing.T, r *report.Report, o concise.Options) string {
	t.Helper()
	var b bytes.Buffer
	if err := concise.Write(&b, r, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestGolden(t *testing.T) {
	t.Parallel()
	for name, r := range reporttest.Samples() {
		reporttest.Golden(t, "testdata/"+name+".txt", write(t, r, concise.Options{}))
	}
	reporttest.Golden(t, "testdata/pull-request-only-new.txt", write(t, reporttest.PullRequest(), concise.Options{OnlyNew: true}))
}

// TestOneLineEach: no name of a manifest breaks a line or begins a workflow
// command.
func TestOneLineEach(t *testing.T) {
	t.Parallel()
	r := reporttest.Hostile()
	text := write(t, r, concise.Options{})
	if got, want := strings.Count(text, "\n"), len(r.Shown(false))+len(r.Skipped); got != want {
		t.Errorf("%d lines, want %d", got, want)
	}
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "::") || strings.Contains(line, "##[") || strings.ContainsRune(line, '\x1b') {
			t.Errorf("not inert: %q", line)
		}
	}
}
