package istio_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/org/probe-mtls-action/internal/mesh"
	"github.com/org/probe-mtls-action/internal/mesh/istio"
)

// TestCases runs the cases in testdata: what each behaviour of Istio means for
// a probe, one small mesh per case. The files are written in the short form
// that testCase describes.
func TestCases(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("testdata", "cases", "*.txt"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no case files: %v", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range parseCases(t, file, string(text)) {
			t.Run(strings.TrimSuffix(filepath.Base(file), ".txt")+"/"+c.name, func(t *testing.T) { c.run(t) })
		}
	}
}

func (c *testCase) run(t *testing.T) {
	m, err := istio.New(mustObjects(t, strings.Join(c.docs, "\n---\n")), nil, c.opts)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.wants) == 0 && len(m.Probes()) == 0 {
		t.Fatal("the case tests nothing: no probes and nothing wanted")
	}
	left := map[int]bool{}
	for i := range c.wants {
		left[i] = true
	}
	for _, p := range m.Probes() {
		j := m.Judge(p)
		name := probeName(p.Container, string(p.Kind))
		expected := want{args: []string{name, string(mesh.OK)}}
		for i, w := range c.wants {
			who := strings.Replace(w.args[0], p.Workload.Name+"/", "", 1)
			if w.what == "want" && who == name && left[i] {
				expected = w
				delete(left, i)
				break
			}
		}
		c.checkJudgement(t, j, expected.args)
		for i, w := range c.wants {
			if w.args[0] != name {
				continue
			}
			text := strings.Join(w.args[1:], " ")
			if w.what == "assume" && strings.Contains(strings.Join(j.Assumed, "\n"), text) {
				delete(left, i)
			}
			for _, r := range j.Remedies {
				if w.what == "remedy" && strings.Contains(r.Title+"\n"+r.YAML, text) {
					delete(left, i)
				}
			}
		}
	}
	for _, n := range m.Notices() {
		found := false
		for i, w := range c.wants {
			if w.what == "notice" && left[i] && w.args[0] == string(n.Kind) && w.args[1] == strings.ReplaceAll(n.Field.String(), " ", ":") &&
				(len(w.args) < 3 || strings.Contains(n.Text, strings.TrimPrefix(strings.Join(w.args[2:], " "), "~"))) {
				delete(left, i)
				found = true
				break
			}
		}
		if !found {
			t.Errorf("unwanted notice %s %s: %s", n.Kind, strings.ReplaceAll(n.Field.String(), " ", ":"), n.Text)
		}
	}
	for _, f := range m.Warnings() {
		for i, w := range c.wants {
			if w.what == "warn" && strings.Contains(f.Text, strings.Join(w.args, " ")) {
				delete(left, i)
			}
		}
	}
	for i := range left {
		t.Errorf("missing: %s %s", c.wants[i].what, strings.Join(c.wants[i].args, " "))
	}
	if t.Failed() {
		t.Logf("line %d of the file:\n%s", c.line, describe(m))
	}
}

func (c *testCase) checkJudgement(t *testing.T, j mesh.Judgement, args []string) {
	t.Helper()
	verdict := args[1]
	cause, text := "", ""
	for _, a := range args[2:] {
		if strings.HasPrefix(a, "~") || text != "" {
			text = strings.TrimSpace(text + " " + strings.TrimPrefix(a, "~"))
		} else {
			cause = a
		}
	}
	if string(j.Verdict) != verdict {
		t.Errorf("%s: verdict %s, want %s", args[0], j.Verdict, verdict)
	}
	if cause != "" && string(j.Cause) != cause || verdict == "ok" && j.Cause != "" {
		t.Errorf("%s: cause %q, want %q", args[0], j.Cause, cause)
	}
	whole := j.Reason
	for _, f := range j.Chain {
		whole += "\n" + f.Text
	}
	if !strings.Contains(whole, text) {
		t.Errorf("%s: neither reason nor chain speaks of %q", args[0], text)
	}
	if j.Reason == "" {
		t.Errorf("%s: no reason", args[0])
	}
	if j.Verdict != mesh.OK && len(j.Remedies) == 0 {
		t.Errorf("%s: no way out", args[0])
	}
}
