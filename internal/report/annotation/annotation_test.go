package annotation_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/org/probe-mtls-action/internal/check"
	"github.com/org/probe-mtls-action/internal/report"
	"github.com/org/probe-mtls-action/internal/report/annotation"
	"github.com/org/probe-mtls-action/internal/report/reporttest"
)

func write(t *testing.T, r *report.Report, o annotation.Options) (string, []*report.Item) {
	t.Helper()
	var b bytes.Buffer
	taken, err := annotation.Write(&b, r, o)
	if err != nil {
		t.Fatal(err)
	}
	return b.String(), taken
}

func TestGolden(t *testing.T) {
	for name, r := range reporttest.Samples() {
		t.Run(name, func(t *testing.T) {
			got, _ := write(t, r, annotation.Options{})
			reporttest.Golden(t, "testdata/"+name+".txt", got)
		})
	}
}

// TestOneCommandPerLine: no name from a manifest adds a line or a command.
func TestOneCommandPerLine(t *testing.T) {
	got, taken := write(t, reporttest.Hostile(), annotation.Options{})
	lines := strings.Split(strings.TrimSuffix(got, "\n"), "\n")
	if len(lines) != len(taken)+1 {
		t.Fatalf("%d lines for %d findings and one reason of what was not checked", len(lines), len(taken))
	}
	for _, l := range lines {
		if !strings.HasPrefix(l, "::error ") && !strings.HasPrefix(l, "::warning ") {
			t.Errorf("no command: %s", l)
		}
		properties := strings.SplitN(l[2:], "::", 2)[0]
		if n := strings.Count(properties, ","); n > 5 {
			t.Errorf("a name adds properties: %s", properties)
		}
	}
}

func TestCaps(t *testing.T) {
	r := reporttest.Huge(60) // 40 errors, 20 warnings
	got, taken := write(t, r, annotation.Options{})
	if e, w := strings.Count(got, "::error "), strings.Count(got, "::warning "); e != 10 || w != 10 || len(taken) != 20 {
		t.Errorf("%d errors, %d warnings, %d taken", e, w, len(taken))
	}
	_, taken = write(t, r, annotation.Options{Used: map[check.Severity]int{check.Error: 7, check.Warning: 12}})
	if len(taken) != 3 {
		t.Errorf("%d taken where three more fit", len(taken))
	}
	first := r.WorstFirst()[0]
	_, taken = write(t, r, annotation.Options{Skip: func(it *report.Item) bool { return it == first }})
	if len(taken) != 20 || taken[0] == first {
		t.Errorf("a skipped finding is taken, or takes a place")
	}
	r.Skipped = reporttest.OnlySkipped().Skipped
	if _, taken = write(t, r, annotation.Options{}); len(taken) != 18 {
		t.Errorf("%d taken where two reasons of what was not checked take two places of 20", len(taken))
	}
}

func TestNewComesBeforeExisting(t *testing.T) {
	r := reporttest.Huge(60)
	for i := range r.Items {
		r.Items[i].State = report.Existing
	}
	r.Items[57].State = report.New
	if _, taken := write(t, r, annotation.Options{}); taken[0] != &r.Items[57] {
		t.Errorf("%s is first", taken[0].Subject)
	}
}

func TestLongMessageIsCutAtTheLimit(t *testing.T) {
	r := reporttest.Simple()
	it := &r.Items[0]
	it.Related[1].Message = strings.Repeat("日", 70000)
	it.Assumed = []string{strings.Repeat("日", 70000)}
	it.Roots = []string{strings.Repeat("x", 5000)}
	got, _ := write(t, r, annotation.Options{Remark: func(*report.Item) string { return "somebody resolved the conversation" }})
	message := got[strings.Index(got[2:], "::")+4:]
	if n := len([]rune(message)); n > 4097 || n < 1000 {
		t.Errorf("%d characters", n)
	}
	if n := strings.Count(message, "%0A") + 1; n > 6 || !strings.Contains(message, "somebody resolved") {
		t.Errorf("%d lines:\n%s", n, message)
	}
}

// TestPlacement: annotations stand where comments would, on the head's lines;
// findings of one line and cause are one.
func TestPlacement(t *testing.T) {
	r := reporttest.Huge(4)
	for i := range r.Items {
		r.Items[i].RuleID, r.Items[i].Severity, r.Items[i].State = "PMTLS001", check.Error, report.New
	}
	policy := &report.Placement{Kind: report.OnDeciding, Path: "mesh/strict.yaml", Line: 8, Side: report.Right}
	r.Items[0].Placement, r.Items[1].Placement = policy, policy
	r.Items[2].Placement = &report.Placement{Kind: report.OnProbe, Path: r.Items[2].At.File, Line: 31, Side: report.Right}
	r.Items[3].Placement = &report.Placement{Kind: report.OnDeciding, Path: "mesh/exempt.yaml", Line: 5, Side: report.Left}
	got, taken := write(t, r, annotation.Options{HeadLine: func(_ string, line int) int { return line + 10 }})
	lines := strings.Split(strings.TrimSpace(got), "\n")
	if len(taken) != 4 || len(lines) != 3 {
		t.Fatalf("%d taken in %d annotations:\n%s", len(taken), len(lines), got)
	}
	for i, want := range []string{"file=mesh/strict.yaml,line=8,", "file=apps/app-00002/deployment.yaml,line=31,", "file=mesh/exempt.yaml,title="} {
		if !strings.Contains(lines[i], want) {
			t.Errorf("annotation %d lacks %s: %s", i, want, lines[i])
		}
	}
	if !strings.Contains(lines[0], "After the merge, 2 probes of 2 workloads fail: containers restart forever.") {
		t.Errorf("the annotation does not say what happens: %s", lines[0])
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestNothingIsTakenWhereNothingIsWritten(t *testing.T) {
	if taken, err := annotation.Write(broken{}, reporttest.Simple(), annotation.Options{}); err == nil || len(taken) > 0 {
		t.Errorf("taken %d, error %v", len(taken), err)
	}
}
