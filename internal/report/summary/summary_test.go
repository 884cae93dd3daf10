package summary_test

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/org/probe-mtls-action/internal/check"
	"github.com/org/probe-mtls-action/internal/report"
	"github.com/org/probe-mtls-action/internal/report/page"
	"github.com/org/probe-mtls-action/internal/report/reporttest"
	"github.com/org/probe-mtls-action/internal/report/summary"
)

func write(t *testing.T, r *report.Report, l *report.Ledger, max int) string {
	t.Helper()
	var b bytes.Buffer
	o := summary.Options{
		Links:  page.Links{Server: "https://github.com", Repository: "org/repo", Commit: strings.Repeat("2", 40)},
		Policy: report.Policy{FailOn: check.Threshold(check.Error), OnlyNew: true},
		Ledger: l, MaxBytes: max,
	}
	if err := summary.Write(&b, r, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestGolden(t *testing.T) {
	for name, r := range reporttest.Samples() {
		t.Run(name, func(t *testing.T) {
			l := report.NewLedger(r)
			if items := r.WorstFirst(); len(items) > 1 {
				l.Record(items[0], report.ReviewComment)
				l.Record(items[1], report.Annotation)
			}
			reporttest.Golden(t, "testdata/"+name+".md", write(t, r, l, 0))
			if err := l.Check(); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestNothingIsLost: of any number of findings in any room, each is in a channel,
// the summary fits, and the numbers in it add up.
func TestNothingIsLost(t *testing.T) {
	for _, n := range []int{1, 40, 300, 9000} {
		for _, max := range []int{8 << 10, 64 << 10, summary.MaxBytes} {
			if n == 9000 && max != summary.MaxBytes {
				continue // 300 do not fit there either
			}
			r := reporttest.Huge(n)
			l := report.NewLedger(r)
			for i, it := range r.WorstFirst() {
				if i < 5 {
					l.Record(it, report.ReviewComment)
				}
			}
			got := write(t, r, l, max)
			if len(got) > max {
				t.Errorf("%d findings, %d bytes allowed: %d written", n, max, len(got))
			}
			if err := l.Check(); err != nil {
				t.Errorf("%d findings, %d bytes allowed: %v", n, max, err)
			}
			rows := 0
			for _, row := range regexp.MustCompile(`(?m)^\| (?:🔴|🟡)[^|]*\| ([0-9]+ probes of)?`).FindAllStringSubmatch(got, -1) {
				together := 1
				fmt.Sscan(row[1], &together)
				rows += together
			}
			cut := 0
			if m := regexp.MustCompile(`and (\d+) more findings that did not fit`).FindStringSubmatch(got); m != nil {
				fmt.Sscan(m[1], &cut)
			}
			if rows+cut != n {
				t.Errorf("%d findings, %d bytes allowed: %d in rows and %d cut", n, max, rows, cut)
			}
			if !strings.Contains(got, fmt.Sprintf("| **all** | **%d** |", n)) {
				t.Errorf("%d findings, %d bytes allowed: the ledger is missing", n, max)
			}
			if strings.Count(got, "<details>") != strings.Count(got, "</details>") || strings.Count(got, "\n```")%2 != 0 {
				t.Errorf("%d findings, %d bytes allowed: a block is open", n, max)
			}
		}
	}
}

// TestBrokenLedgerIsShown: a ledger that does not add up is told in the summary.
func TestBrokenLedgerIsShown(t *testing.T) {
	r := reporttest.Simple()
	l := report.NewLedger(r)
	stranger := r.Items[0]
	stranger.Fingerprint = strings.Repeat("f", 32)
	l.Record(&stranger, report.Annotation)
	if got := write(t, r, l, 0); !strings.Contains(got, "does not add up") {
		t.Errorf("the summary does not say so:\n%s", got)
	}
}
