package page_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/org/probe-mtls-action/internal/check"
	"github.com/org/probe-mtls-action/internal/mesh"
	"github.com/org/probe-mtls-action/internal/report"
	"github.com/org/probe-mtls-action/internal/report/page"
	"github.com/org/probe-mtls-action/internal/report/reporttest"
)

func TestVerdict(t *testing.T) {
	with := func(r *report.Report, change func(*report.Report)) *report.Report {
		change(r)
		return r
	}
	policy := report.Policy{FailOn: check.Threshold(check.Error), OnlyNew: true}
	for _, c := range []struct {
		name string
		r    *report.Report
		want string
	}{
		{"clean", reporttest.Clean(), "✅ No findings"},
		{"clean, but not all checked", with(reporttest.Clean(), func(r *report.Report) { r.Skipped = reporttest.OnlySkipped().Skipped }), "⚠️ 3 not checked; nothing in the rest fails the check"},
		{"nothing could be checked", reporttest.OnlySkipped(), "⚠️ Nothing could be checked"},
		{"nothing there", &report.Report{}, "⚠️ Nothing was checked"},
		{"nothing affected", &report.Report{Unaffected: 9}, "✅ The change affects nothing that is checked"},
		{"one error", reporttest.Simple(), "❌ 1 finding fails the check"},
		{"a pull request", reporttest.PullRequest(), "❌ 1 new finding fails the check, and 3 not checked"},
		{"existing only", with(reporttest.Simple(), func(r *report.Report) { r.Items[0].State = report.Existing }), "✅ No new findings; 1 existing one"},
		{"a warning only", with(reporttest.Simple(), func(r *report.Report) { r.Items[0].Severity = check.Warning }), "✅ No findings to fail on; 1 finding to look at"},
	} {
		if got := page.Verdict(c.r, policy); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

// TestCauses: one policy that breaks many probes is one cause; what goes wrong
// in another way is another cause, whatever decides it.
func TestCauses(t *testing.T) {
	r := reporttest.Huge(9) // every third is about a policy and has no picture
	r.Items[3].RuleID = "PMTLS005"
	for i := 6; i < 9; i++ {
		r.Items[i].Related = nil
	}
	causes, others := page.Causes(r.WorstFirst(), r.Tool.Mesh, 3)
	if len(causes) != 3 || others != 0 {
		t.Fatalf("%d causes and %d other findings", len(causes), others)
	}
	first := causes[0]
	if len(first.Items) != 3 || first.By == nil || first.By.File != "mesh/strict.yaml" {
		t.Errorf("first cause: %d findings by %v", len(first.Items), first.By)
	}
	if limited, others := page.Causes(r.WorstFirst(), r.Tool.Mesh, 2); len(limited) != 2 || others != 2 {
		t.Errorf("%d causes and %d other findings", len(limited), others)
	}
	second := causes[2]
	if len(second.Items) != 2 || second.By != nil || !strings.HasPrefix(second.Text, "PeerAuthentication istio-system/default says STRICT") {
		t.Errorf("second cause: %d findings by %v, %q", len(second.Items), second.By, second.Text)
	}
}

func TestPictureLeavesOutComments(t *testing.T) {
	r := reporttest.Simple()
	r.Items[0].At.Line += " # keep in step with the Service"
	causes, _ := page.Causes(r.WorstFirst(), r.Tool.Mesh, 1)
	if got := causes[0].Picture(); !strings.Contains(got, "port#58; 8080") || strings.Contains(got, "Service") {
		t.Error(got)
	}
}

// FuzzLabel: a label is one quoted text without anything that means something to
// Mermaid or HTML, but for the line breaks of our own.
func FuzzLabel(f *testing.F) {
	for _, s := range []string{"", "web", `"`, "`x`", "<b>", "%%{init}%%", "end", "a;b", "#35;", "]]--x", "$$x$$", "\n", strings.Repeat("x", 500), "日本語 e\u0301", "&lt;"} {
		f.Add(s, "x")
	}
	form := regexp.MustCompile(`^"(?:[\p{L}\p{M}\p{Nd} .,/-]|#[0-9]+;|<br/>)*"$`)
	f.Fuzz(func(t *testing.T, a, b string) {
		got := page.Label(a, b)
		if !form.MatchString(got) {
			t.Fatalf("%q", got)
		}
		if len([]rune(got)) > 2*121*9+400 {
			t.Fatalf("%d characters", len(got))
		}
	})
}

// TestCallersPicture: a picture of callers shows who calls, and their objects.
func TestCallersPicture(t *testing.T) {
	at := report.Location{Message: "the mesh requires mTLS"}
	items := []*report.Item{
		{RuleID: "PMTLS013", Subject: "/ValidatingWebhookConfiguration/guard/webhooks/a.example.com", Summary: "it is not reached", Related: []report.Location{at}},
		{RuleID: "PMTLS014", Subject: "/APIService/v1.example.com", Summary: "it is not reached", Related: []report.Location{at}},
		{RuleID: "PMTLS007", Subject: "shop/PeerAuthentication/web", Summary: "it has no effect"},
	}
	names := mesh.Names{Name: "Istio", Proxy: "istio-proxy"}
	if causes, _ := page.Causes(items, names, 10); len(causes) != 1 || len(causes[0].Items) != 2 {
		t.Fatalf("%d causes, want one of both callers", len(causes))
	}
	for i, want := range [][]string{
		{"API server", "webhooks/a.example.com<br/>without a certificate of<br/>Istio", "called by", "ValidatingWebhookConfigura"},
		{"API server", "|\"without a certificate of<br/>Istio\"|", "APIService"},
	} {
		causes, _ := page.Causes(items[i:i+1], names, 10)
		for _, part := range want {
			if got := causes[0].Picture(); !strings.Contains(got, part) {
				t.Errorf("the picture lacks %q:\n%s", part, got)
			}
		}
	}
}
