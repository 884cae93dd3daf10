package report_test

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/org/probe-mtls-action/internal/check"
	"github.com/org/probe-mtls-action/internal/report"
	"github.com/org/probe-mtls-action/internal/report/reporttest"
)

func TestCounts(t *testing.T) {
	got := reporttest.PullRequest().Counts()
	want := report.Counts{Errors: 2, Warnings: 1, Notes: 1, New: 3, Existing: 1, Fixed: 1, Suppressed: 1}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got.Total() != 4 {
		t.Errorf("total %d", got.Total())
	}
}

func TestConclude(t *testing.T) {
	existing := reporttest.Simple()
	existing.Items[0].State = report.Existing
	suppressed := reporttest.Simple()
	suppressed.Items[0].Suppressed = &report.Suppression{Kind: "external", Reason: "x"}
	skipped := reporttest.Simple()
	skipped.Skipped = reporttest.OnlySkipped().Skipped

	errors := check.Threshold(check.Error)
	skippedBefore := reporttest.OnlySkipped()
	for i := range skippedBefore.Skipped {
		skippedBefore.Skipped[i].State = report.Existing
	}
	for _, c := range []struct {
		name   string
		r      *report.Report
		policy report.Policy
		want   report.Conclusion
		exit   int
	}{
		{"clean", reporttest.Clean(), report.Policy{FailOn: errors}, report.Success, 0},
		{"an error", reporttest.Simple(), report.Policy{FailOn: errors}, report.Failure, 1},
		{"an error, and never to fail", reporttest.Simple(), report.Policy{FailOn: check.Never}, report.Success, 0},
		{"existing, all count", existing, report.Policy{FailOn: errors}, report.Failure, 1},
		{"existing, new ones count", existing, report.Policy{FailOn: errors, OnlyNew: true}, report.Success, 0},
		{"suppressed", suppressed, report.Policy{FailOn: errors}, report.Success, 0},
		{"nothing could be checked", reporttest.OnlySkipped(), report.Policy{FailOn: errors}, report.Incomplete, 3},
		{"nothing could be checked, and never to fail", reporttest.OnlySkipped(), report.Policy{FailOn: check.Never, Unchecked: report.UncheckedAlways}, report.Success, 0},
		{"nothing could be checked, which never fails", reporttest.OnlySkipped(), report.Policy{FailOn: errors, Unchecked: report.UncheckedNever}, report.Success, 0},
		{"nothing could be checked, as before", skippedBefore, report.Policy{FailOn: errors}, report.Success, 0},
		{"nothing could be checked, as before, and it counts", skippedBefore, report.Policy{FailOn: errors, Unchecked: report.UncheckedAlways}, report.Incomplete, 3},
		{"an error, and not all checked", skipped, report.Policy{FailOn: errors}, report.Failure, 1},
	} {
		if got := c.r.Conclude(c.policy); got != c.want || got.ExitCode() != c.exit {
			t.Errorf("%s: got %s (%d), want %s (%d)", c.name, got, got.ExitCode(), c.want, c.exit)
		}
	}
}

func TestWorstFirst(t *testing.T) {
	var got []string
	for _, it := range reporttest.PullRequest().WorstFirst() {
		got = append(got, string(it.Severity)+" "+string(it.State))
	}
	want := []string{"error new", "error existing", "warning new", "note new"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestLedgerAddsUp(t *testing.T) {
	r := reporttest.PullRequest()
	l := report.NewLedger(r)
	items := r.WorstFirst()
	if l.Findings() != len(items) {
		t.Fatalf("%d findings are due, the report has %d", l.Findings(), len(items))
	}
	err := l.Check()
	if err == nil || strings.Count(err.Error(), "reached no channel") != len(items) {
		t.Fatalf("an empty ledger: %v", err)
	}
	for _, it := range items {
		l.Record(it, report.JobSummary)
	}
	l.Record(items[0], report.ReviewComment)
	l.Record(items[1], report.Annotation)
	l.Record(items[1], report.Annotation) // twice is once
	if err := l.Check(); err != nil {
		t.Fatal(err)
	}
	if got, want := l.String(), "4 findings = 1 review comment + 1 annotation + 2 in the job summary"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	want := []report.Row{{report.ReviewComment, 1, 0}, {report.Annotation, 1, 0}, {report.JobSummary, 2, 2}}
	if got := l.Rows(); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestLedgerRefusesWhatIsNotDue(t *testing.T) {
	r := reporttest.Simple()
	stranger := r.Items[0]
	stranger.Fingerprint = strings.Repeat("f", 32)
	for name, do := range map[string]func(*report.Ledger){
		"a finding that is not in the report": func(l *report.Ledger) { l.Record(&stranger, report.Annotation) },
		"a channel that is none":              func(l *report.Ledger) { l.Record(&r.Items[0], "pigeon") },
	} {
		l := report.NewLedger(r)
		l.Record(&r.Items[0], report.Annotation)
		do(l)
		if l.Check() == nil {
			t.Errorf("%s is accepted", name)
		}
	}
	r.Items = append(r.Items, r.Items[0])
	l := report.NewLedger(r)
	l.Record(&r.Items[0], report.Annotation)
	if l.Check() == nil {
		t.Error("a report with one finding twice is accepted")
	}
}

// TestMergeOfShardsIsTheWhole splits a report by roots in any way and order.
func TestMergeOfShardsIsTheWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		whole := reporttest.PullRequest()
		n := rapid.IntRange(1, 5).Draw(t, "shards")
		shardOf := map[string]int{}
		for _, root := range whole.Roots {
			shardOf[root] = rapid.IntRange(0, n-1).Draw(t, root)
		}
		parts := make([]*report.Report, n)
		for i := range parts {
			p := reporttest.PullRequest()
			p.Scope.Shard = string(rune('1'+i)) + "/" + string(rune('0'+n))
			p.Probes = 0
			here := func(roots []string) (out []string) {
				for _, r := range roots {
					if shardOf[r] == i {
						out = append(out, r)
					}
				}
				return out
			}
			p.Roots = here(p.Roots)
			p.Items = slices.DeleteFunc(p.Items, func(it report.Item) bool { return len(here(it.Roots)) == 0 })
			for j := range p.Items {
				p.Items[j].Roots = here(p.Items[j].Roots)
			}
			parts[i] = p
		}
		parts[0].Probes = whole.Probes
		order := rapid.Permutation(parts).Draw(t, "order")
		got, err := report.Merge(order)
		if err != nil {
			t.Fatal(err)
		}
		if len(got.Items) != len(whole.Items) || got.Counts() != whole.Counts() || !slices.Equal(got.Roots, whole.Roots) ||
			got.Probes != whole.Probes || len(got.Skipped) != len(whole.Skipped) || len(got.Notes) != len(whole.Notes) {
			t.Fatalf("got %+v, want %+v", got.Counts(), whole.Counts())
		}
		for i := range whole.Items {
			if !slices.Equal(got.Items[i].Roots, whole.Items[i].Roots) {
				t.Errorf("%s: roots %v", whole.Items[i].Subject, got.Items[i].Roots)
			}
		}
	})
}

func TestMerge(t *testing.T) {
	t.Run("a missing shard is not checked", func(t *testing.T) {
		a, b := reporttest.Clean(), reporttest.Clean()
		a.Scope.Shard, b.Scope.Shard = "1/4", "3/4"
		got, err := report.Merge([]*report.Report{a, b})
		if err != nil {
			t.Fatal(err)
		}
		if len(got.Skipped) != 1 || !strings.Contains(got.Skipped[0].Message, "shards 2, 4 of 4 are missing") {
			t.Errorf("got %v", got.Skipped)
		}
	})
	t.Run("fixed in one shard but present in another is not fixed", func(t *testing.T) {
		a, b := reporttest.Clean(), reporttest.Simple()
		gone := b.Items[0]
		gone.State = report.Fixed
		a.Fixed = []report.Item{gone}
		got, err := report.Merge([]*report.Report{a, b})
		if err != nil {
			t.Fatal(err)
		}
		if len(got.Fixed) != 0 || len(got.Items) != 1 {
			t.Errorf("fixed %d, present %d", len(got.Fixed), len(got.Items))
		}
	})
	t.Run("what is suppressed in one root only stays a finding in the others", func(t *testing.T) {
		a, b := reporttest.Simple(), reporttest.Simple()
		a.Items[0].Suppressed = &report.Suppression{Kind: "external", Reason: "x"}
		b.Items[0].Roots = []string{"overlays/test"}
		got, err := report.Merge([]*report.Report{a, b})
		if err != nil {
			t.Fatal(err)
		}
		if c := got.Counts(); c.Total() != 1 || c.Suppressed != 1 {
			t.Errorf("got %+v", c)
		}
	})
	for name, change := range map[string]func(*report.Report){
		"another commit":  func(r *report.Report) { r.Scope.Head = strings.Repeat("3", 40) },
		"another version": func(r *report.Report) { r.Tool.IstioVersion = "1.4" },
	} {
		a, b := reporttest.PullRequest(), reporttest.PullRequest()
		change(b)
		if _, err := report.Merge([]*report.Report{a, b}); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
	a, b := reporttest.PullRequest(), reporttest.PullRequest()
	a.Scope.Category, b.Scope.Category = "shard-0", "shard-1" // as code scanning wants it
	if got, err := report.Merge([]*report.Report{a, b}); err != nil || got.Scope.Category != "" {
		t.Errorf("shards with a category each: %v, %v", got, err)
	}
	if _, err := report.Merge(nil); err == nil {
		t.Error("no report at all is accepted")
	}
}
