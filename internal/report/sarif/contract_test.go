package sarif_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/org/probe-mtls-action/internal/report/reporttest"
	"github.com/org/probe-mtls-action/internal/report/sarif"
)

// contracts returns the directory that SARIF's own descriptions are installed
// in: contracts/node_modules, or the one that PROBE_MTLS_CONTRACTS names. Where
// the variable is set, a missing file fails the test; else the test is skipped.
func contracts(t *testing.T, file string) string {
	t.Helper()
	named := os.Getenv("PROBE_MTLS_CONTRACTS")
	dir := named
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		dir = filepath.Join("..", "..", "..", "contracts", "node_modules")
	}
	found, _ := filepath.Glob(filepath.Join(dir, file))
	if len(found) > 0 {
		return found[0]
	}
	if named != "" {
		t.Fatalf("contract test: %s is not below %s", file, dir)
	}
	t.Skipf("contract test: %s is not installed; run make contracts", file)
	return ""
}

func TestOutputFollowsTheOfficialSchema(t *testing.T) {
	schema, err := jsonschema.NewCompiler().Compile(contracts(t, "@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json"))
	if err != nil {
		t.Fatal(err)
	}
	valid := func(data []byte) error {
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		return schema.Validate(doc)
	}
	for name, r := range reporttest.Samples() {
		if err := valid(write(t, r, sarif.Options{})); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := valid(write(t, reporttest.Huge(200), sarif.Options{MaxResults: 50})); err != nil {
		t.Errorf("cut: %v", err)
	}
	broken := bytes.Replace(write(t, reporttest.Simple(), sarif.Options{}), []byte(`"startLine": 21`), []byte(`"startLine": 0`), 1)
	if valid(broken) == nil {
		t.Error("the schema accepts a line 0, so it checks nothing")
	}
}

func TestOutputFollowsGitHubsRules(t *testing.T) {
	contracts(t, "@microsoft/sarif-multitool-*/Sarif.Multitool")
	check := func(data ...[]byte) (string, error) {
		var files []string
		for i, d := range data {
			file := filepath.Join(t.TempDir(), string(rune('a'+i))+".sarif")
			if err := os.WriteFile(file, d, 0o600); err != nil {
				t.Fatal(err)
			}
			files = append(files, file)
		}
		out, err := exec.Command(filepath.Join("..", "..", "..", "scripts", "check-sarif"), files...).CombinedOutput()
		return string(out), err
	}
	var all [][]byte
	for _, r := range reporttest.Samples() {
		all = append(all, write(t, r, sarif.Options{}))
	}
	all = append(all, write(t, reporttest.Huge(200), sarif.Options{MaxResults: 50}))
	if out, err := check(all...); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	broken := bytes.Replace(write(t, reporttest.Simple(), sarif.Options{}), []byte(`"name": "LivenessProbeBlockedByMTLS"`), []byte(`"name": "PMTLS001"`), 1)
	if out, err := check(broken); err == nil {
		t.Errorf("a rule whose name is its ID passes, so nothing is checked\n%s", out)
	}
}
