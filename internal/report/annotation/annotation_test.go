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
		t.Fatalf("%d lines for %d findings and what was not checked", len(lines), len(taken))
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
	if _, taken = write(t, r, annotation.Options{}); len(taken) != 19 {
		t.Errorf("%d taken where what was not checked takes one place of 20", len(taken))
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
	r.Items[0].Message = strings.Repeat("日", 70000)
	got, _ := write(t, r, annotation.Options{})
	message := got[strings.Index(got[2:], "::")+4:]
	if n := len([]rune(message)); n > 4097 || n < 4000 {
		t.Errorf("%d characters", n)
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestNothingIsTakenWhereNothingIsWritten(t *testing.T) {
	if taken, err := annotation.Write(broken{}, reporttest.Simple(), annotation.Options{}); err == nil || len(taken) > 0 {
		t.Errorf("taken %d, error %v", len(taken), err)
	}
}
