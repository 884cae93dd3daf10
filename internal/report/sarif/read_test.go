package sarif_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/org/probe-mtls-action/internal/check"
	"github.com/org/probe-mtls-action/internal/report"
	"github.com/org/probe-mtls-action/internal/report/reporttest"
	"github.com/org/probe-mtls-action/internal/report/sarif"
)

// lossless are the parts of a report that a log does not carry on purpose.
var lossless = cmp.Options{
	cmpopts.EquateEmpty(),
	cmpopts.IgnoreFields(check.Rule{}, "Doc", "Run"),
	cmpopts.IgnoreFields(report.Item{}, "Placement"),
}

func TestReadReturnsWhatWriteWrote(t *testing.T) {
	for name, want := range reporttest.Samples() {
		t.Run(name, func(t *testing.T) {
			got, err := sarif.Read(bytes.NewReader(write(t, want, sarif.Options{})), sarif.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(want, got, lossless); d != "" {
				t.Errorf("(-written +read)\n%s", d)
			}
		})
	}
}

// TestReadRefuses changes one value of a good log at a time.
func TestReadRefuses(t *testing.T) {
	good := write(t, reporttest.PullRequest(), sarif.Options{})
	for _, c := range []struct {
		name, at string
		value    any
		want     string
	}{
		{"another version", "version", "2.0.0", "want \"2.1.0\""},
		{"another tool", "runs.0.tool.driver.name", "other", "want \"probe-mtls-action\""},
		{"a path that climbs", "runs.0.results.0.locations.0.physicalLocation.artifactLocation.uri", "../../etc/passwd", "not a path inside the repository"},
		{"an encoded path that climbs", "runs.0.results.0.locations.0.physicalLocation.artifactLocation.uri", "%2e%2e/%2e%2e/etc", "not a path inside the repository"},
		{"an absolute path", "runs.0.results.0.relatedLocations.0.physicalLocation.artifactLocation.uri", "/etc/passwd", "not a path inside the repository"},
		{"an address", "runs.0.results.0.locations.0.physicalLocation.artifactLocation.uri", "https:x", "not a path inside the repository"},
		{"an empty path", "runs.0.results.0.locations.0.physicalLocation.artifactLocation.uri", "", "not a path inside the repository"},
		{"a root that climbs", "runs.0.results.0.properties.roots.0", "..", "not a path inside the repository"},
		{"a fingerprint that ends a comment", "runs.0.results.0.partialFingerprints.probeMtls/v1", "--><script>", "not of the form"},
		{"a rule that is none", "runs.0.results.0.ruleId", "PMTLS001 -->", "not of the form"},
		{"a level that is none", "runs.0.results.0.level", "fatal", "want error, warning or note"},
		{"a verdict that is none", "runs.0.results.0.properties.verdict", "fine", "not a verdict"},
		{"a state that is none", "runs.0.results.0.properties.state", "old", "want new, existing or fixed"},
		{"a line before the first", "runs.0.results.0.locations.0.physicalLocation.region.startLine", -4, "want a line or column"},
		{"no location", "runs.0.results.0.locations", []any{}, "want one location"},
		{"a commit that is none", "runs.0.properties.head", "main; rm -rf /", "not of the form"},
		{"a failure without reason", "runs.0.invocations.0.toolExecutionNotifications", []any{}, "does not say what was not checked"},
		{"a suppression of no kind", "runs.0.results.4.suppressions.0.kind", "x", "want inSource or external"},
		{"a number as a path", "runs.0.results.0.ruleId", 7, "not a SARIF log"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := sarif.Read(bytes.NewReader(set(t, good, c.at, c.value)), sarif.Limits{})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got error %v, want one that contains %q", err, c.want)
			}
		})
	}
}

// set returns the JSON document with the value at a path of keys and indexes
// replaced. The results are indexed as reports are sorted; a suppressed one is
// looked up by its suppression.
func set(t *testing.T, doc []byte, at string, value any) []byte {
	t.Helper()
	var root any
	if err := json.Unmarshal(doc, &root); err != nil {
		t.Fatal(err)
	}
	steps := strings.Split(at, ".")
	node := root
	for i, s := range steps {
		last := i == len(steps)-1
		switch n := node.(type) {
		case map[string]any:
			if last {
				n[s] = value
			}
			node = n[s]
		case []any:
			k := int(s[0] - '0')
			if s == "4" { // the suppressed one
				for j, r := range n {
					if _, ok := r.(map[string]any)["suppressions"]; ok {
						k = j
					}
				}
			}
			if last {
				n[k] = value
			}
			node = n[k]
		default:
			t.Fatalf("%s: nothing at step %q", at, s)
		}
	}
	out, err := json.Marshal(root)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestReadIsBounded(t *testing.T) {
	good := write(t, reporttest.PullRequest(), sarif.Options{})
	for name, c := range map[string]struct {
		limits sarif.Limits
		want   string
	}{
		"bytes":   {sarif.Limits{Bytes: 1000}, "larger than 1000 bytes"},
		"results": {sarif.Limits{Results: 2}, "no more than 2 are read"},
		"list":    {sarif.Limits{List: 3}, "no more than 3 are read"},
		"text":    {sarif.Limits{Text: 20}, "longer than 20 bytes"},
	} {
		if _, err := sarif.Read(bytes.NewReader(good), c.limits); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got error %v, want one that contains %q", name, err, c.want)
		}
	}
}

// TestCut leaves out the least grave findings and says so, to people and to Read.
func TestCut(t *testing.T) {
	all := reporttest.Huge(600)
	errors := all.Counts().Errors
	for name, o := range map[string]sarif.Options{
		"by number": {MaxResults: errors},
		"by size":   {MaxCompressed: 9000},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := sarif.Read(bytes.NewReader(write(t, all, o)), sarif.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			if n := len(got.Items); n == 0 || n >= 600 {
				t.Fatalf("%d findings are left", n)
			}
			if w := got.Counts().Warnings; w > 0 && got.Counts().Errors < errors {
				t.Errorf("%d warnings are left but only %d of %d errors", w, got.Counts().Errors, errors)
			}
			if len(got.Skipped) != 1 || !strings.Contains(got.Skipped[0].Message, "findings are not in the SARIF log") {
				t.Errorf("the cut is not told: %v", got.Skipped)
			}
		})
	}
}

func FuzzRead(f *testing.F) {
	simple := reporttest.Simple()
	simple.Rules = nil
	f.Add(write(f, simple, sarif.Options{}))
	f.Add(write(f, reporttest.OnlySkipped(), sarif.Options{}))
	f.Add([]byte(`{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"probe-mtls-action"}},"invocations":[{"executionSuccessful":true}]}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := sarif.Read(bytes.NewReader(data), sarif.Limits{Bytes: 1 << 20})
		if err != nil {
			return
		}
		again, err := sarif.Read(bytes.NewReader(write(t, r, sarif.Options{})), sarif.Limits{})
		if err != nil {
			t.Fatalf("what was read and written cannot be read: %v", err)
		}
		if d := cmp.Diff(r, again, lossless); d != "" {
			t.Fatalf("(-read +read again)\n%s", d)
		}
	})
}
