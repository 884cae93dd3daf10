package app_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/org/probe-mtls-action/internal/app"
	"github.com/org/probe-mtls-action/internal/report/sarif"
	"github.com/org/probe-mtls-action/internal/rules"
)

var update = flag.Bool("update", false, "rewrite the expected outputs")

const fixtures = "../../fixtures"

// fixture is fixtures/<case>/case.yaml. The repository to check is the folder
// repo beside it; want.txt is the expected output; comments such as
//
//	port: 8080 # want PMTLS001 "regular expression for the summary"
//
// stand on the source lines that are to be reported, and on no others.
type fixture struct {
	Title string   `json:"title"`
	Args  []string `json:"args"`
	Exit  int      `json:"exit"`
	// Wants stands in for want comments, as "file:line PMTLS001", where the
	// source is to be shown without them.
	Wants []string `json:"wants"`
}

func TestFixtures(t *testing.T) {
	t.Parallel()
	cases, err := filepath.Glob(filepath.Join(fixtures, "*", "case.yaml"))
	if err != nil || len(cases) == 0 {
		t.Fatalf("no fixtures found: %v", err)
	}
	for _, file := range cases {
		dir := filepath.Dir(file)
		t.Run(filepath.Base(dir), func(t *testing.T) {
			t.Parallel()
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var c fixture
			if err := yaml.UnmarshalStrict(data, &c); err != nil {
				t.Fatal(err)
			}
			repo := copyRepo(t, filepath.Join(dir, "repo"))
			stdout, stderr, code := run(t, repo, c.Args...)
			if code != c.Exit {
				t.Errorf("exit code %d, want %d\n%s%s", code, c.Exit, stdout, stderr)
			}
			golden(t, filepath.Join(dir, "want.txt"), stdout+stderr)
			log, _, _ := run(t, repo, append(append([]string{}, c.Args...), "--format", "sarif")...)
			checkWants(t, filepath.Join(dir, "repo"), c.Wants, log)
			checkRoundTrip(t, log)
		})
	}
}

// checkRoundTrip reads a log as the second half of a fork's two workflows does,
// and writes it again: nothing may be refused or lost.
func checkRoundTrip(t *testing.T, log string) {
	t.Helper()
	rep, err := sarif.Read(strings.NewReader(log), sarif.Limits{})
	if err != nil {
		t.Errorf("the SARIF log is refused by its own reader: %v", err)
		return
	}
	for i := range rep.Items {
		if rep.Items[i].Verdict == "" {
			t.Errorf("%s of %s has no verdict", rep.Items[i].RuleID, rep.Items[i].Subject)
		}
	}
	rep.Rules = rules.All()
	var again bytes.Buffer
	if err := sarif.Write(&again, rep, sarif.Options{}); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(log, again.String()); d != "" {
		t.Errorf("the SARIF log does not survive reading (-written +again):\n%s", d)
	}
}

// run calls the command in process, as a shell in dir would.
func run(t *testing.T, dir string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, errOut bytes.Buffer
	code = app.Main(t.Context(), app.Env{
		Args:    args,
		Dir:     dir,
		Stdout:  &out,
		Stderr:  &errOut,
		Getenv:  func(string) string { return "" },
		Self:    self(),
		Environ: os.Environ(),
		Version: "v0.0.0-test",
	})
	return out.String(), errOut.String(), code
}

// copyRepo makes a Git repository of a fixture's files.
func copyRepo(t *testing.T, from string) string {
	t.Helper()
	to := t.TempDir()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("git", "init", "-q", to).CombinedOutput(); err != nil {
		t.Fatalf("git init: %v\n%s", err, out)
	}
	return to
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v (run go test with -update)", err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("output differs from %s (-want +got):\n%s", file, diff)
	}
}

var wantComment = regexp.MustCompile(`# want (.*)$`)
var wantItem = regexp.MustCompile(`(PMTLS\d{3})(?:\s+"((?:[^"\\]|\\.)*)")?`)

// checkWants compares the results with the want comments, both ways.
func checkWants(t *testing.T, repo string, listed []string, sarif string) {
	t.Helper()
	type want struct {
		rule    string
		summary *regexp.Regexp
	}
	wants := make(map[string][]want)
	for _, w := range listed {
		at, rule, _ := strings.Cut(w, " ")
		wants[at] = append(wants[at], want{rule, regexp.MustCompile("")})
	}
	err := fs.WalkDir(os.DirFS(repo), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(filepath.Join(repo, name))
		if err != nil {
			return err
		}
		for i, line := range strings.Split(string(data), "\n") {
			m := wantComment.FindStringSubmatch(line)
			if m == nil {
				continue
			}
			at := path.Clean(name) + ":" + strconv.Itoa(i+1)
			for _, item := range wantItem.FindAllStringSubmatch(m[1], -1) {
				wants[at] = append(wants[at], want{item[1], regexp.MustCompile(item[2])})
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}

	var log struct {
		Runs []struct {
			Results []struct {
				RuleID       string
				Message      struct{ Text string }
				Suppressions []any
				Locations    []struct {
					PhysicalLocation struct {
						ArtifactLocation struct{ URI string }
						Region           struct{ StartLine int }
					}
				}
			}
		}
	}
	if err := json.Unmarshal([]byte(sarif), &log); err != nil {
		t.Fatalf("SARIF: %v\n%.500s", err, sarif)
	}
	for _, run := range log.Runs {
	results:
		for _, r := range run.Results {
			if len(r.Suppressions) > 0 {
				continue
			}
			at := r.Locations[0].PhysicalLocation.ArtifactLocation.URI + ":" + strconv.Itoa(r.Locations[0].PhysicalLocation.Region.StartLine)
			for i, w := range wants[at] {
				if w.rule == r.RuleID && w.summary.MatchString(r.Message.Text) {
					wants[at] = append(wants[at][:i], wants[at][i+1:]...)
					continue results
				}
			}
			t.Errorf("%s: unexpected %s: %s", at, r.RuleID, r.Message.Text)
		}
	}
	var missing []string
	for at, ws := range wants {
		for _, w := range ws {
			missing = append(missing, at+": no "+w.rule+" matching "+w.summary.String())
		}
	}
	sort.Strings(missing)
	for _, m := range missing {
		t.Error(m)
	}
}
