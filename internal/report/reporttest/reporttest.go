// Package reporttest holds sample reports, plain and hostile, and compares what
// reporters make of them with golden files.
package reporttest

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/org/probe-mtls-action/internal/check"
	"github.com/org/probe-mtls-action/internal/mesh"
	"github.com/org/probe-mtls-action/internal/report"
	"github.com/org/probe-mtls-action/render"
	"github.com/org/probe-mtls-action/render/source"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// Golden compares got with the file, or writes it with -update.
func Golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v (run the test with -update to write it)", err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s differs (-want +got; -update rewrites it):\n%s", file, d)
	}
}

// GoldenSamples compares what a reporter makes of every sample with the golden
// files in testdata, NAME and the extension.
func GoldenSamples(t *testing.T, extension string, write func(io.Writer, *report.Report) error) {
	t.Helper()
	for name, r := range Samples() {
		Golden(t, "testdata/"+name+extension, String(t, r, write))
	}
}

// String is what a reporter makes of r.
func String(t *testing.T, r *report.Report, write func(io.Writer, *report.Report) error) string {
	t.Helper()
	var b bytes.Buffer
	if err := write(&b, r); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// Rules are rules as reports carry them.
func Rules() []*check.Rule {
	return []*check.Rule{
		{
			ID: "PMTLS001", Name: "LivenessProbeBlockedByMTLS", Severity: check.Error,
			Summary: "The liveness probe cannot pass: mTLS is required on its port",
			Doc: "# PMTLS001 LivenessProbeBlockedByMTLS\n\nThe kubelet probes a Pod without a client certificate. Where mTLS is required on the probe's port, the probe fails.\n\n" +
				"## Bad\n\n```yaml\nlivenessProbe:\n  httpGet:\n    port: 8080\n```\n\n## Fix\n\nUse an `exec` probe, or exempt the port.\n",
		},
		{
			ID: "PMTLS002", Name: "ReadinessProbeBlockedByMTLS", Severity: check.Error,
			Summary: "The readiness probe cannot pass: mTLS is required on its port",
			Doc:     "# PMTLS002 ReadinessProbeBlockedByMTLS\n\nLike PMTLS001, for readiness.\n",
		},
		{
			ID: "PMTLS007", Name: "MTLSExceptionHasNoEffect", Severity: check.Warning,
			Summary: "A policy means to exempt a probe's port but cannot",
			Doc:     "# PMTLS007 MTLSExceptionHasNoEffect\n\nA `portLevelMtls` entry counts for container ports, not Service ports.\n",
		},
		{
			ID: "PMTLS009", Name: "MTLSDisabledOnApplicationPort", Severity: check.Note,
			Summary: "A port exempted from mTLS for a probe also carries application traffic",
			Doc:     "# PMTLS009 MTLSDisabledOnApplicationPort\n\nUse a port of its own for health.\n",
		},
	}
}

// Samples are reports by name.
func Samples() map[string]*report.Report {
	return map[string]*report.Report{
		"simple":       Simple(),
		"pull-request": PullRequest(),
		"hostile":      Hostile(),
		"unicode":      Unicode(),
		"clean":        Clean(),
		"only-skipped": OnlySkipped(),
		"nothing":      {Tool: report.Tool{Version: "devel", Mesh: Istio, IstioVersion: "1.31"}, Rules: Rules()},
	}
}

func tool() report.Tool {
	return report.Tool{Version: "1.2.3", Commit: "0123456789abcdef0123456789abcdef01234567", Mesh: Istio, IstioVersion: "1.31"}
}

// Span is a span on one line.
func Span(file string, line, column, end int) source.Span {
	return source.Span{File: file, Start: source.Position{Line: line, Column: column}, End: source.Position{Line: line, Column: end}}
}

// Simple is the classic finding: one probe, one policy, one root.
func Simple() *report.Report {
	return &report.Report{
		Tool: tool(), Rules: Rules(), Roots: []string{"overlays/prod"}, Probes: 1,
		Items: []report.Item{Liveness()},
	}
}

// Istio is the mesh of the samples.
var Istio = mesh.Names{Name: "Istio", Proxy: "istio-proxy", Agent: "Istio agent"}

// Liveness is the classic finding.
func Liveness() report.Item {
	annotation := report.Location{Span: Span("base/deployment.yaml", 12, 52, 59), Exact: true, Line: "        sidecar.istio.io/rewriteAppHTTPProbers: \"false\"", Message: "rewriteAppHTTPProbers is \"false\", so the probe is not sent to the agent on port 15020"}
	policy := report.Location{Span: Span("mesh/strict.yaml", 8, 11, 17), Exact: true, Line: "    mode: STRICT", Message: "PeerAuthentication istio-system/default says STRICT for the whole mesh, and nothing nearer says otherwise"}
	return report.Item{
		RuleID: "PMTLS001", RuleName: "LivenessProbeBlockedByMTLS", Severity: check.Error, Verdict: mesh.Breaks,
		Subject: "shop/Deployment/web/web/livenessProbe",
		Summary: "mTLS and liveness probe incompatible - web",
		Message: "The Deployment web in namespace shop uses liveness probe which is incompatible with mTLS. Consider disabling the liveness probe or mTLS, or disabling mTLS for the port of the liveness probe.",
		Steps: append(report.Texts(
			"the kubelet sends httpGet /healthz to port 8080 of the pod, without a client certificate",
			"namespace shop is labelled istio-injection=enabled, so the pod has a sidecar, which takes in all ports",
		), report.Step{At: annotation, Deciding: true}, report.Step{At: policy, Deciding: true}),
		At: report.Location{
			Span: Span("base/deployment.yaml", 21, 19, 23), Exact: true, Line: "            port: 8080",
			LineHash: "8b7cf3e952e7aeb2:1", Via: []string{"overlays/prod/kustomization.yaml", "base/kustomization.yaml"},
		},
		Related: []report.Location{annotation, policy},
		Roots:   []string{"overlays/prod"},
		Remedies: []report.Remedy{
			{Title: "Let Istio rewrite the probe: set the annotation to \"true\"", YAML: "sidecar.istio.io/rewriteAppHTTPProbers: \"true\"\n", At: Span("base/deployment.yaml", 12, 52, 59)},
			{Title: "Exempt port 8080 from mTLS", YAML: "apiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata:\n  name: web-health\n  namespace: shop\nspec:\n  selector:\n    matchLabels:\n      app: web\n  portLevelMtls:\n    \"8080\":\n      mode: DISABLE\n"},
			{Title: "Use an exec probe"},
		},
		Fingerprint: "0123456789abcdef0123456789abcdef",
	}
}

// PullRequest has findings of all severities and states, many overlays, a fixed
// and a suppressed finding, something not checked and a remark.
func PullRequest() *report.Report {
	r := Simple()
	r.Scope = report.Scope{Base: "1111111111111111111111111111111111111111", Head: "2222222222222222222222222222222222222222"}
	r.Probes = 163
	r.Roots = nil
	for i := 1; i <= 40; i++ {
		r.Roots = append(r.Roots, fmt.Sprintf("overlays/region-%02d", i))
	}
	r.Unused, r.Unaffected = []string{"base"}, 412
	r.Items[0].Roots, r.Items[0].State = r.Roots, report.New
	for i, root := range r.Roots {
		r.Items[0].Occurrences = append(r.Items[0].Occurrences, report.Occurrence{Root: root, Subject: r.Items[0].Subject, New: i < 2})
	}
	r.Items[0].Occurrences[1].Subject = "shop/Deployment/web-two/web/livenessProbe"
	r.Items[0].BaseCauses = []report.Location{{Span: Span("overlays/region-01/exempt.yaml", 10, 13, 20), Exact: true, Line: "      mode: DISABLE", Message: "PeerAuthentication shop/web exempted port 8080"}}
	r.Items[0].Assumed = []string{"namespace shop is in the mesh (no manifest of it was found)"}

	r.Items[0].Fixes = []report.Fix{{
		Key: "f1", Title: r.Items[0].Remedies[0].Title, Roots: r.Roots[:1], Also: []string{"Deployment shop/web-two"},
		Files: []report.FileFix{{Name: "base/deployment.yaml", Replacements: []report.Replacement{{At: Span("base/deployment.yaml", 12, 50, 57), Text: "\"true\""}}}},
		Diff: "diff --git a/base/deployment.yaml b/base/deployment.yaml\n--- a/base/deployment.yaml\n+++ b/base/deployment.yaml\n@@ -12 +12 @@\n" +
			"-        sidecar.istio.io/rewriteAppHTTPProbers: \"false\"\n+        sidecar.istio.io/rewriteAppHTTPProbers: \"true\"\n",
	}, {
		Key: "f2", Title: "Make mTLS optional in PeerAuthentication istio-system/default", Cost: "the whole mesh accepts plaintext from any client", Roots: r.Roots[:1],
		Files: []report.FileFix{{Name: "mesh/strict.yaml", Replacements: []report.Replacement{{At: Span("mesh/strict.yaml", 8, 11, 17), Text: "PERMISSIVE"}}}},
		Diff:  "diff --git a/mesh/strict.yaml b/mesh/strict.yaml\n--- a/mesh/strict.yaml\n+++ b/mesh/strict.yaml\n@@ -8 +8 @@\n-    mode: STRICT\n+    mode: PERMISSIVE\n",
	}}

	second := Liveness()
	second.RuleID, second.RuleName = "PMTLS002", "ReadinessProbeBlockedByMTLS"
	second.Subject = "shop/StatefulSet/db/db/readinessProbe"
	second.Summary = "mTLS and readiness probe incompatible - db"
	second.Message = "The StatefulSet db in namespace shop uses readiness probe which is incompatible with mTLS. Consider disabling the readiness probe or mTLS, or disabling mTLS for the port of the readiness probe."
	second.At = report.Location{Span: Span("overlays/region-07/db.yaml", 9, 17, 21), Line: "          port: 5432", Why: "a JSON patch moved the value; this is the patch's operation"}
	second.Related = second.Related[1:]
	second.Steps = append(second.Steps[:2:2], second.Steps[3])
	second.Roots, second.State, second.Fingerprint = []string{"overlays/region-07"}, report.Existing, "1123456789abcdef0123456789abcdef"
	second.Remedies = second.Remedies[1:]

	third := report.Item{
		RuleID: "PMTLS007", RuleName: "MTLSExceptionHasNoEffect", Severity: check.Warning, Verdict: mesh.Ineffective,
		Subject: "shop/PeerAuthentication/web", Summary: "mTLS exception has no effect - web",
		Message: "PeerAuthentication web in namespace shop names port 80, which no container listens on; portLevelMtls counts container ports. The Service web sends port 80 to container port 8080.",
		At:      report.Location{Span: Span("overlays/region-01/policy.yaml", 11, 5, 7), Exact: true, Line: "    80:"},
		Related: []report.Location{{Span: Span("base/service.yaml", 10, 17, 21), Exact: true, Line: "    targetPort: 8080", Message: "the Service sends port 80 to 8080"}},
		Roots:   []string{"overlays/region-01", "overlays/region-02"}, State: report.New, Fingerprint: "2123456789abcdef0123456789abcdef",
		Remedies: []report.Remedy{{Title: "Name the container port", YAML: "portLevelMtls:\n  \"8080\":\n    mode: DISABLE\n", At: Span("overlays/region-01/policy.yaml", 11, 5, 7)}},
	}
	fourth := report.Item{
		RuleID: "PMTLS009", RuleName: "MTLSDisabledOnApplicationPort", Severity: check.Note, Verdict: mesh.Exposed,
		Subject: "shop/PeerAuthentication/api", Summary: "mTLS is off on an application port - api",
		Message: "Port 8080 of api is exempted from mTLS and also serves the application.",
		At:      report.Location{Span: Span("overlays/region-03/policy.yaml", 12, 13, 20), Exact: true, Line: "      mode: DISABLE"},
		Roots:   []string{"overlays/region-03"}, State: report.New, Fingerprint: "3123456789abcdef0123456789abcdef",
	}
	quiet := Liveness()
	quiet.Subject, quiet.Summary = "shop/Job/migrate/migrate/livenessProbe", "mTLS and liveness probe incompatible - migrate"
	quiet.At.Span = Span("base/job.yaml", 19, 19, 23)
	quiet.Roots, quiet.State, quiet.Fingerprint = r.Roots, report.Existing, "4123456789abcdef0123456789abcdef"
	quiet.Suppressed = &report.Suppression{Kind: "inSource", Reason: "runs outside the mesh until June", At: report.Location{Span: Span("base/job.yaml", 18, 1, 40), Exact: true, Line: "# probe-mtls:ignore PMTLS001 runs outside the mesh until June"}}

	r.Items = append(r.Items, second, third, fourth, quiet)
	gone := Liveness()
	gone.Subject, gone.Summary = "shop/Deployment/cart/cart/livenessProbe", "mTLS and liveness probe incompatible - cart"
	gone.At.Span, gone.State, gone.Fingerprint = Span("base/cart.yaml", 20, 19, 23), report.Fixed, "5123456789abcdef0123456789abcdef"
	r.Fixed = []report.Item{gone}
	r.Skipped = []report.Skip{
		{Root: "overlays/broken", Problem: render.Problem{At: Span("overlays/broken/kustomization.yaml", 4, 5, 18), Message: "resource ../../missing does not exist", Hint: "create it, or take the entry out of resources"}},
		{Root: "overlays/uses-broken", Problem: render.Problem{At: Span("overlays/broken/kustomization.yaml", 4, 5, 18), Message: "resource ../../missing does not exist", Hint: "create it, or take the entry out of resources"}},
		{Root: "overlays/remote", Problem: render.Problem{Message: "https://example.com/base is a remote base, and the network is off", Hint: "pass --allow-remote"}},
	}
	r.Notes = []report.Remark{
		{At: report.Location{Span: Span("overlays/region-04/policy.yaml", 11, 7, 11), Exact: true, Line: "      8080:"}, Text: "kustomize build refuses integer map keys; quote it: \"8080\"", Roots: []string{"overlays/region-04"}},
		{At: report.Location{Span: Span("base/job.yaml", 31, 1, 44), Exact: true, Line: "# probe-mtls-ignore PMTLS001 until June"}, Level: check.Warning, Text: "the comment has no effect", Roots: []string{"overlays/region-04"}},
		{Text: "Istio 1.32 is newer than the newest known, 1.31, whose behaviour is assumed"},
	}
	r.Sort()
	return r
}

// Hostile has names that try to break out of every output.
func Hostile() *report.Report {
	it := Liveness()
	evil := "a`b|c<img src=x onerror=alert(1)>@octocat #1 **x** [l](https://evil.example) ::error::x%0A\x1b[31m\u202etxt\r\n| x | ``` </details> --> \x00"
	name := strings.NewReplacer("/", "%", "\x00", "").Replace(evil)
	it.Subject, it.Summary, it.Message = "shop/Deployment/"+name+"/"+name+"/livenessProbe", evil, "Message "+evil
	it.Steps = report.Texts(evil, "```\n# heading\n```", "\x1b]8;;https://evil.example\x07link\x1b]8;;\x07")
	it.Assumed = []string{evil}
	it.At.File, it.At.Line = "a b/`x`|<y>,:%&;\"'#é\n.yaml", "\tport:\t\"8080\u202e\" # \x1b[2J"
	it.At.Start.Column, it.At.End.Column = 8, 15
	it.At.Start.Line, it.At.End.Line = 3, 3
	it.Related[1].File, it.Related[1].Message = "::error file=x::/..hidden/[x](y).yaml", evil
	it.Related[0].File = "##[stop-commands]x/c.yaml"
	it.Steps[0] = report.Step{At: it.Related[1], Deciding: true}
	it.Roots = []string{"overlays/$(id)", "overlays/@team/`x`"}
	it.Remedies = []report.Remedy{{Title: evil, YAML: "a: |\n  ````\n  </details>\n  %%{init}%%\n"}}
	it.Fixes = []report.Fix{{
		Key: "f1", Title: evil, Cost: evil, Roots: it.Roots, Also: []string{evil}, Diff: "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-" + strings.ReplaceAll(evil, "\x00", "") + "\n",
		Files: []report.FileFix{{Name: it.At.File, Replacements: []report.Replacement{{At: it.At.Span, Text: evil}}}},
	}}
	it.State = report.New
	return &report.Report{
		Tool: tool(), Rules: Rules(), Items: []report.Item{it}, Roots: it.Roots, Probes: 1,
		Scope:   report.Scope{Base: "1111111111111111111111111111111111111111", Head: "2222222222222222222222222222222222222222"},
		Skipped: []report.Skip{{Root: "overlays/" + name, Problem: render.Problem{At: source.Span{File: it.At.File}, Message: evil, Hint: evil}}},
		Notes:   []report.Remark{{Text: evil, At: it.Related[1]}},
	}
}

// Unicode has wide characters, combining characters, tabs and a long line before
// the place.
func Unicode() *report.Report {
	wide, tabs, key := Liveness(), Liveness(), Liveness()
	wide.At.Span, wide.At.Line = Span("base/日本語.yaml", 7, 11, 13), "名前: 値 e\u0301, 80"
	wide.Fingerprint = "6123456789abcdef0123456789abcdef"
	tabs.At.Span, tabs.At.Line = Span("base/tabs.yaml", 1234, 9, 13), "\t\tport:\t8080"
	tabs.Fingerprint = "7123456789abcdef0123456789abcdef"
	key.At.Span, key.At.Line = source.Span{File: "base/whole.yaml"}, ""
	key.At.Exact, key.At.Why = false, "a generator made the object; this is its file"
	key.Fingerprint = "8123456789abcdef0123456789abcdef"
	r := &report.Report{Tool: tool(), Rules: Rules(), Items: []report.Item{wide, tabs, key}, Roots: []string{"overlays/prod"}, Probes: 3}
	r.Sort()
	return r
}

// Clean has nothing to report.
func Clean() *report.Report {
	return &report.Report{Tool: tool(), Rules: Rules(), Roots: []string{"overlays/dev", "overlays/prod"}, Probes: 9}
}

// OnlySkipped could check nothing.
func OnlySkipped() *report.Report {
	return &report.Report{Tool: tool(), Rules: Rules(), Skipped: PullRequest().Skipped}
}

// Huge has n findings in n files.
func Huge(n int) *report.Report {
	r := &report.Report{Tool: tool(), Rules: Rules(), Probes: n, Roots: []string{"overlays/prod"}}
	for i := range n {
		it := Liveness()
		it.At.File = fmt.Sprintf("apps/app-%05d/deployment.yaml", i)
		it.Subject = fmt.Sprintf("shop/Deployment/app-%05d/web/livenessProbe", i)
		it.Summary = fmt.Sprintf("mTLS and liveness probe incompatible - app-%05d", i)
		it.Fingerprint = fmt.Sprintf("%032x", i)
		if i%3 == 1 {
			it.RuleID, it.RuleName, it.Severity = "PMTLS007", "MTLSExceptionHasNoEffect", check.Warning
		}
		r.Items = append(r.Items, it)
	}
	r.Sort()
	return r
}
