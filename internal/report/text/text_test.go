package text_test

import (
	"bytes"
	"strings"
	"testing"
	"unicode"

	"github.com/org/probe-mtls-action/internal/report"
	"github.com/org/probe-mtls-action/internal/report/reporttest"
	"github.com/org/probe-mtls-action/internal/report/text"
)

func write(t *testing.T, r *report.Report, o text.Options) string {
	t.Helper()
	var b bytes.Buffer
	if err := text.Write(&b, r, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestGolden(t *testing.T) {
	for name, r := range reporttest.Samples() {
		t.Run(name, func(t *testing.T) {
			reporttest.Golden(t, "testdata/"+name+".txt", write(t, r, text.Options{}))
		})
	}
	t.Run("verbose", func(t *testing.T) {
		reporttest.Golden(t, "testdata/pull-request-verbose.txt", write(t, reporttest.PullRequest(), text.Options{Verbose: true}))
	})
	t.Run("only-new", func(t *testing.T) {
		reporttest.Golden(t, "testdata/pull-request-only-new.txt", write(t, reporttest.PullRequest(), text.Options{OnlyNew: true}))
	})
	t.Run("color", func(t *testing.T) {
		reporttest.Golden(t, "testdata/simple-color.txt", write(t, reporttest.Simple(), text.Options{Color: true}))
	})
}

// TestHostileNamesStayInert: nothing from a manifest reaches the terminal that
// it would obey or hide.
func TestHostileNamesStayInert(t *testing.T) {
	for _, o := range []text.Options{{}, {Verbose: true}} {
		for _, r := range write(t, reporttest.Hostile(), o) {
			if r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r)) {
				t.Fatalf("%U is printed (verbose %v)", r, o.Verbose)
			}
		}
	}
}

// TestNoWorkflowCommands: no line is one that the runner of a job would obey.
func TestNoWorkflowCommands(t *testing.T) {
	for line := range strings.Lines(write(t, reporttest.Hostile(), text.Options{Verbose: true})) {
		if strings.HasPrefix(strings.TrimSpace(line), "::") || strings.Contains(line, "##[") {
			t.Errorf("a workflow command: %s", line)
		}
	}
}

// TestLastLineNeverReadsAsClean: where something was not checked, the last line
// says so, and the words for a clean run do not stand alone.
func TestLastLineNeverReadsAsClean(t *testing.T) {
	for name, r := range reporttest.Samples() {
		lines := strings.Split(strings.TrimSpace(write(t, r, text.Options{})), "\n")
		last := lines[len(lines)-1]
		if len(r.Skipped) > 0 && !strings.Contains(last, "not checked") {
			t.Errorf("%s: %q does not say that something was not checked", name, last)
		}
		if clean := strings.HasSuffix(last, ": no findings"); clean != (name == "clean") {
			t.Errorf("%s: last line %q", name, last)
		}
	}
}
