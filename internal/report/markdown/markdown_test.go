package markdown_test

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/org/probe-mtls-action/internal/check"
	"github.com/org/probe-mtls-action/internal/report"
	"github.com/org/probe-mtls-action/internal/report/markdown"
	"github.com/org/probe-mtls-action/internal/report/page"
	"github.com/org/probe-mtls-action/internal/report/reporttest"
)

func write(t *testing.T, r *report.Report, max int) string {
	t.Helper()
	var b bytes.Buffer
	o := markdown.Options{
		Links:         page.Links{Server: "https://github.com", Repository: "org/repo", Commit: strings.Repeat("2", 40)},
		Policy:        report.Policy{FailOn: check.Threshold(check.Error), OnlyNew: true},
		MaxCharacters: max,
	}
	if _, err := markdown.Write(&b, r, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestGolden(t *testing.T) {
	for name, r := range reporttest.Samples() {
		t.Run(name, func(t *testing.T) {
			reporttest.Golden(t, "testdata/"+name+".md", write(t, r, markdown.MaxCharacters))
		})
	}
}

// TestFits: whatever the number of findings, the text fits, and every finding
// that is not in it is counted.
func TestFits(t *testing.T) {
	for _, n := range []int{1, 30, 150, 300, 3000} {
		got := write(t, reporttest.Huge(n), markdown.MaxCharacters)
		if c := utf8.RuneCountInString(got); c > markdown.MaxCharacters {
			t.Errorf("%d findings: %d characters", n, c)
		}
		if strings.Count(got, "<details>") != strings.Count(got, "</details>") || strings.Count(got, "\n```")%2 != 0 {
			t.Errorf("%d findings: a block is open", n)
		}
		rows, cut := 0, 0
		for _, row := range regexp.MustCompile(`(?m)^\| (?:🔴|🟡)[^|]*\| ([0-9]+ probes of)?`).FindAllStringSubmatch(got, -1) {
			together := 1
			fmt.Sscan(row[1], &together)
			rows += together
		}
		if m := regexp.MustCompile(`and (\d+) more findings that did not fit`).FindStringSubmatch(got); m != nil {
			fmt.Sscan(m[1], &cut)
		}
		if rows+cut != n {
			t.Errorf("%d findings: %d in rows and %d cut", n, rows, cut)
		}
	}
	whole := write(t, reporttest.Huge(3000), 0)
	for i := range 3000 {
		if name := fmt.Sprintf("apps/app-%05d/", i); !strings.Contains(whole, name) {
			t.Fatalf("without a bound %s is left out", name)
		}
	}
}
