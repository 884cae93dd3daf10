package check_test

import (
	"strings"
	"testing"

	"github.com/org/probe-mtls-action/internal/check"
	"github.com/org/probe-mtls-action/render"
)

func TestAnnotation(t *testing.T) {
	t.Parallel()
	rules := []*check.Rule{rule("PMTLS001"), rule("PMTLS002")}
	for _, c := range []struct {
		what, metadata string
		reasons        map[string]string // by rule ID
		remark         string            // part of the one remark, "" for none
	}{
		{"none", "", nil, ""},
		{"one rule", "  annotations:\n    probe-mtls.dev/ignore: 'PMTLS001: moves out next week'\n",
			map[string]string{"PMTLS001": "moves out next week"}, ""},
		{"without a colon", "  annotations:\n    probe-mtls.dev/ignore: PMTLS001 moves out\n",
			map[string]string{"PMTLS001": "moves out"}, ""},
		{"several, by semicolon", "  annotations:\n    probe-mtls.dev/ignore: 'PMTLS001: one; PMTLS002: two: three;'\n",
			map[string]string{"PMTLS001": "one", "PMTLS002": "two: three"}, ""},
		{"several, by line", "  annotations:\n    probe-mtls.dev/ignore: |\n      PMTLS001: one\n\n      PMTLS002: two\n",
			map[string]string{"PMTLS001": "one", "PMTLS002": "two"}, ""},
		{"several of one reason", "  annotations:\n    probe-mtls.dev/ignore: 'PMTLS001, PMTLS002: both'\n",
			map[string]string{"PMTLS001": "both", "PMTLS002": "both"}, ""},
		{"on the pod template", "spec:\n  template:\n    metadata:\n      annotations:\n        probe-mtls.dev/ignore: 'PMTLS002: two'\n",
			map[string]string{"PMTLS002": "two"}, ""},
		{"no reason", "  annotations:\n    probe-mtls.dev/ignore: 'PMTLS001:  '\n", nil, "PMTLS001 has no reason"},
		{"ID alone", "  annotations:\n    probe-mtls.dev/ignore: PMTLS001\n", nil, "PMTLS001 has no reason"},
		{"no ID", "  annotations:\n    probe-mtls.dev/ignore: all of it\n", nil, `"all of it" does not begin with a rule's ID`},
		{"unknown ID", "  annotations:\n    probe-mtls.dev/ignore: 'PMTLS999: why not'\n", nil, "no rule has the ID PMTLS999"},
		{"too long an ID", "  annotations:\n    probe-mtls.dev/ignore: 'PMTLS0011: why not'\n", nil, "does not begin with a rule's ID"},
		{"empty", "  annotations:\n    probe-mtls.dev/ignore: ''\n", nil, "it is empty"},
		{"a list", "  annotations:\n    probe-mtls.dev/ignore: [PMTLS001]\n", nil, "its value is not a string"},
		{"small letters", "  annotations:\n    probe-mtls.dev/ignore: 'pmtls001: why not'\n", nil, "PMTLS001 is written in capitals"},
		{"one good, one bad", "  annotations:\n    probe-mtls.dev/ignore: 'PMTLS001: one; PMTLS002'\n",
			map[string]string{"PMTLS001": "one"}, "PMTLS002 has no reason"},
		{"on another place", "spec:\n  annotations:\n    probe-mtls.dev/ignore: 'PMTLS001: one'\n", nil, ""},
	} {
		t.Run(c.what, func(t *testing.T) {
			t.Parallel()
			objects := []*render.Object{deployment(t, "web", c.metadata), deployment(t, "other", "")}
			for _, f := range check.Run(rules, objects, model{objects}) {
				want, suppressed := c.reasons[f.Rule.ID]
				suppressed = suppressed && f.At.Object == objects[0]
				switch {
				case suppressed != (f.Suppressed != nil):
					t.Errorf("%s %s suppressed: %v, want %v", f.Rule.ID, f.Subject, !suppressed, suppressed)
				case suppressed && f.Suppressed.Reason != want:
					t.Errorf("%s: reason %q, want %q", f.Rule.ID, f.Suppressed.Reason, want)
				case suppressed && (f.Suppressed.InFile || f.Suppressed.Field.Node() == nil):
					t.Errorf("%s: suppressed by %s, want the annotation", f.Rule.ID, f.Suppressed.Field)
				}
			}
			remarks := check.Remarks(rules, objects)
			if c.remark == "" {
				if len(remarks) > 0 {
					t.Errorf("remark %q", remarks[0].Text)
				}
				return
			}
			if len(remarks) != 1 || !strings.Contains(remarks[0].Text, c.remark) || remarks[0].Field.Node() == nil {
				t.Errorf("remarks %+v, want one that says %q", remarks, c.remark)
			}
		})
	}
}

// Pod templates of other kinds stand elsewhere.
func TestAnnotationOnATemplate(t *testing.T) {
	t.Parallel()
	rules := []*check.Rule{rule("PMTLS001"), rule("PMTLS002")}
	o := deployment(t, "web", "spec: {jobTemplate: {spec: {template: {metadata: {annotations: {probe-mtls.dev/ignore: 'PMTLS002: two; PMTLS003: three'}}}}}}\n")
	o.Kind = "CronJob"
	objects := []*render.Object{o}
	findings := check.Run(rules, objects, model{objects})
	for _, f := range findings {
		if (f.Suppressed != nil) != (f.Rule.ID == "PMTLS002") {
			t.Errorf("%s: suppressed by %+v", f.Rule.ID, f.Suppressed)
		}
	}
	rules = append(rules, rule("PMTLS003"))
	wishes := check.Wishes(rules, objects, findings)
	if len(wishes) != 2 || wishes[0].ID != "PMTLS002" || !wishes[0].Used || wishes[1].ID != "PMTLS003" || wishes[1].Used || wishes[1].Field.Node() == nil {
		t.Errorf("wishes %+v", wishes)
	}
}

func TestIgnoreComment(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		what, line, above    string
		ids, reason, problem string
	}{
		{"on the line", "port: 8080 # probe-mtls:ignore PMTLS001 by hand", "", "PMTLS001", "by hand", ""},
		{"above", "port: 8080", "  # probe-mtls:ignore PMTLS001 by hand", "PMTLS001", "by hand", ""},
		{"above, where the value is opened", "  port: 8080", "httpGet: # probe-mtls:ignore PMTLS001 by hand", "PMTLS001", "by hand", ""},
		{"above, in a list", "  port: 8080", "- # probe-mtls:ignore PMTLS001 by hand", "PMTLS001", "by hand", ""},
		{"above, of another value", "8081: {}", "8080: {} # probe-mtls:ignore PMTLS001 by hand", "", "", ""},
		{"the line before the line above", "port: 8080 # probe-mtls:ignore PMTLS001 here", "# probe-mtls:ignore PMTLS002 there", "PMTLS001", "here", ""},
		{"several", "port: 8080 # probe-mtls:ignore PMTLS001,PMTLS002 PMTLS005 by hand", "", "PMTLS001 PMTLS002 PMTLS005", "by hand", ""},
		{"with colons", "port: 8080 #probe-mtls:ignore: PMTLS001: by: hand  \r", "", "PMTLS001", "by: hand", ""},
		{"no reason", "port: 8080 # probe-mtls:ignore PMTLS001", "", "", "", "PMTLS001 has no reason"},
		{"no ID", "port: 8080 # probe-mtls:ignore", "", "", "", "does not begin with a rule's ID"},
		{"misspelt ID", "port: 8080 # probe-mtls:ignore PMTSL001 by hand", "", "", "", "does not begin with a rule's ID"},
		{"small letters", "port: 8080 # probe-mtls:ignore pmtls001 by hand", "", "", "", "PMTLS001 is written in capitals"},
		{"another word", "port: 8080 # probe-mtls:ignored PMTLS001 by hand", "", "", "", "begins with"},
		{"a space too many", "port: 8080 # probe-mtls: ignore PMTLS001 by hand", "", "", "", "begins with"},
		{"a hyphen for the colon", "port: 8080 # probe-mtls-ignore PMTLS001 by hand", "", "", "", "begins with"},
		{"capitals", "port: 8080 # Probe-MTLS:Ignore PMTLS001 by hand", "", "", "", "begins with"},
		{"behind other words", "port: 8080 # see probe-mtls:ignore PMTLS001 x", "", "", "", "begins with"},
		{"a comment about the tool", "port: 8080 # probe-mtls reports this as PMTLS001", "", "", "", ""},
		{"in double quotes", `path: "a # probe-mtls:ignore PMTLS001 x"`, "", "", "", ""},
		{"in double quotes with an escape", `path: "a\" # probe-mtls:ignore PMTLS001 x"`, "", "", "", ""},
		{"in single quotes", `path: 'it''s # probe-mtls:ignore PMTLS001 x'`, "", "", "", ""},
		{"after quotes", `port: "http" # probe-mtls:ignore PMTLS001 x`, "", "PMTLS001", "x", ""},
		{"after an apostrophe", `note: it's # probe-mtls:ignore PMTLS001 x`, "", "PMTLS001", "x", ""},
		{"in a flow mapping", `p: {port: 'http'} # probe-mtls:ignore PMTLS001 x`, "", "PMTLS001", "x", ""},
		{"no comment without a blank", `path: a# probe-mtls:ignore PMTLS001 x`, "", "", "", ""},
		{"nothing", "", "", "", "", ""},
	} {
		got, above, ok := check.IgnoreComment(c.line, c.above)
		if strings.Join(got.IDs, " ") != c.ids || got.Reason != c.reason {
			t.Errorf("%s: got %q %q, want %q %q", c.what, got.IDs, got.Reason, c.ids, c.reason)
		}
		if (got.Problem == "") != (c.problem == "") || !strings.Contains(got.Problem, c.problem) {
			t.Errorf("%s: problem %q, want %q", c.what, got.Problem, c.problem)
		}
		if ok != (c.ids != "" || c.problem != "") || above && c.above == "" {
			t.Errorf("%s: found %v, above %v", c.what, ok, above)
		}
	}
}

func FuzzIgnoreComment(f *testing.F) {
	f.Add("port: 8080 # probe-mtls:ignore PMTLS001 x", "")
	f.Add(`a: "\`, `'`)
	f.Fuzz(func(t *testing.T, line, above string) {
		c, _, ok := check.IgnoreComment(line, above)
		if len(c.IDs) > 0 && (c.Reason == "" || c.Problem != "" || !ok) {
			t.Errorf("obeyed without a reason: %+v", c)
		}
	})
}
