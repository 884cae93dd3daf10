package actions_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/org/probe-mtls-action/internal/actions"
	"github.com/org/probe-mtls-action/internal/report"
)

// parseFileCommands reads an outputs file as the runner does: a line holds
// name=value, or name<<delimiter with the value up to a line that equals the
// delimiter, whichever sign comes first.
func parseFileCommands(t interface{ Fatalf(string, ...any) }, text string) map[string]string {
	out := map[string]string{}
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	for i := 0; i < len(lines); i++ {
		if lines[i] == "" {
			continue
		}
		equals, heredoc := strings.Index(lines[i], "="), strings.Index(lines[i], "<<")
		switch {
		case equals >= 0 && (heredoc < 0 || equals < heredoc):
			out[lines[i][:equals]] = lines[i][equals+1:]
		case heredoc >= 0:
			name, delimiter := lines[i][:heredoc], lines[i][heredoc+2:]
			var value []string
			for i++; i < len(lines) && lines[i] != delimiter; i++ {
				value = append(value, lines[i])
			}
			if i == len(lines) {
				t.Fatalf("the value of %s does not end", name)
			}
			out[name] = strings.Join(value, "\n")
		default:
			t.Fatalf("line %q is no output", lines[i])
		}
	}
	return out
}

func TestSetOutputs(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "output")
	r := actions.New(&bytes.Buffer{}, env{"GITHUB_OUTPUT": file}.get)
	err := r.SetOutputs(actions.Outputs{
		Conclusion: report.Failure, Findings: 6, Errors: 3, Warnings: 2, Notes: 1,
		SARIFFile: "probe-mtls.sarif", AffectedRoots: []string{"overlays/prod", "überlay/<a>"},
	})
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"conclusion": "failure", "findings": "6", "errors": "3", "warnings": "2", "notes": "1",
		"sarif-file": "probe-mtls.sarif", "affected-roots": `["overlays/prod","überlay/\u003ca\u003e"]`,
	}
	if diff := cmp.Diff(want, parseFileCommands(t, string(text))); diff != "" {
		t.Errorf("outputs differ (-want +got):\n%s", diff)
	}
}

func TestNoRootsIsAnEmptyList(t *testing.T) {
	t.Parallel()
	for _, output := range (actions.Outputs{}).List() {
		if output.Name == "affected-roots" && output.Value != "[]" {
			t.Errorf("affected-roots is %s, want [], which fromJSON can read", output.Value)
		}
	}
}

func TestOutputsCannotBeInjected(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	hostile := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{
		"x\nconclusion=success", "x\r\nconclusion<<E\nsuccess\nE", "_GitHubActionsFileCommandDelimeter_\nconclusion=success",
		"end_\nfindings=0", "\x00", "a=b", "<<",
	}))
	rapid.Check(t, func(t *rapid.T) {
		file := filepath.Join(dir, "output")
		if err := os.RemoveAll(file); err != nil {
			t.Fatal(err)
		}
		roots := rapid.SliceOf(hostile).Draw(t, "roots")
		o := actions.Outputs{Conclusion: report.Failure, Findings: 1, AffectedRoots: roots, SARIFFile: hostile.Draw(t, "sarif")}
		if err := actions.New(&bytes.Buffer{}, env{"GITHUB_OUTPUT": file}.get).SetOutputs(o); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		got := parseFileCommands(t, string(text))
		if len(got) != len(o.List()) || got["conclusion"] != "failure" || got["findings"] != "1" || got["sarif-file"] != o.SARIFFile {
			t.Errorf("outputs are %q", got)
		}
		if strings.ContainsAny(got["affected-roots"], "\r\n") {
			t.Errorf("affected-roots has several lines: %q", got["affected-roots"])
		}
		var back []string
		if err := json.Unmarshal([]byte(got["affected-roots"]), &back); err != nil || len(back) != len(roots) {
			t.Errorf("affected-roots is %s: %v", got["affected-roots"], err)
		}
	})
}

func TestOutputsWithoutARunner(t *testing.T) {
	t.Parallel()
	r := actions.New(&bytes.Buffer{}, env{}.get)
	if err := r.SetOutputs(actions.Outputs{}); err != nil {
		t.Errorf("SetOutputs: %v", err)
	}
	if err := r.AppendSummary("x"); err != nil {
		t.Errorf("AppendSummary: %v", err)
	}
}

func TestUnwritableFilesAreErrors(t *testing.T) {
	t.Parallel()
	missing := filepath.Join(t.TempDir(), "gone", "file")
	r := actions.New(&bytes.Buffer{}, env{"GITHUB_OUTPUT": missing, "GITHUB_STEP_SUMMARY": missing}.get)
	if err := r.SetOutputs(actions.Outputs{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("SetOutputs: %v", err)
	}
	if err := r.AppendSummary("x"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("AppendSummary: %v", err)
	}
}

func TestSummaryIsWrittenWholeOrNotAtAll(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "summary")
	r := actions.New(&bytes.Buffer{}, env{"GITHUB_STEP_SUMMARY": file}.get)
	if err := r.AppendSummary("# one"); err != nil {
		t.Fatal(err)
	}
	if want, got := actions.MaxSummary-len("# one\n"), r.SummaryRoom(); got != want {
		t.Errorf("room is %d, want %d", got, want)
	}
	var tooLong *actions.SummaryTooLongError
	if err := r.AppendSummary(strings.Repeat("x", actions.MaxSummary)); !errors.As(err, &tooLong) {
		t.Fatalf("error is %v, want SummaryTooLongError", err)
	}
	if err := r.AppendSummary(strings.Repeat("y", tooLong.Room-1)); err != nil {
		t.Errorf("what fits exactly is refused: %v", err)
	}
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	if info.Size() != actions.MaxSummary || r.SummaryRoom() != 0 {
		t.Errorf("size is %d, room %d", info.Size(), r.SummaryRoom())
	}
}
