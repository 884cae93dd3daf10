package app_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/org/probe-mtls-action/internal/check/checktest"
	"github.com/org/probe-mtls-action/internal/rules"
)

// TestRulePages: the output on each rule's page is what the bad example prints.
func TestRulePages(t *testing.T) {
	t.Parallel()
	for _, r := range rules.All() {
		t.Run(r.ID, func(t *testing.T) {
			t.Parallel()
			example, err := checktest.Example(r.Doc, "Bad")
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			if err := os.CopyFS(dir, example); err != nil {
				t.Fatal(err)
			}
			out, errOut, _ := run(t, dir, "check", ".")
			if errOut != "" {
				t.Errorf("standard error: %s", errOut)
			}
			golden(t, filepath.Join("../../docs/rules", r.ID+".md"), checktest.SetOutput(r.Doc, out))
			log, _, _ := run(t, dir, "check", "--format", "sarif", ".")
			if !strings.Contains(log, `"ruleId": "`+r.ID+`"`) {
				t.Errorf("the bad example is not an example of %s", r.ID)
			}
			checkRoundTrip(t, log)
			good, err := checktest.Example(r.Doc, "Good")
			if err != nil {
				t.Fatal(err)
			}
			dir = t.TempDir()
			if err := os.CopyFS(dir, good); err != nil {
				t.Fatal(err)
			}
			if out, errOut, code := run(t, dir, "check", "--fail-on", "note", "."); code != 0 {
				t.Errorf("the good example ends with exit code %d:\n%s%s", code, out, errOut)
			}
		})
	}
}

var console = regexp.MustCompile("(?s)```console\n\\$ go run ./cmd/probe-mtls-action ([^\n]*)\n(.*?)```")

// TestReadme: the README's commands print what it says.
func TestReadme(t *testing.T) {
	t.Parallel()
	const file = "../../README.md"
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, "fixtures"), os.DirFS(fixtures)); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("git", "init", "-q", dir).CombinedOutput(); err != nil {
		t.Fatalf("git init: %v\n%s", err, out)
	}
	blocks := 0
	got := console.ReplaceAllStringFunc(string(data), func(block string) string {
		blocks++
		args := console.FindStringSubmatch(block)[1]
		out, errOut, _ := run(t, dir, strings.Fields(args)...)
		return "```console\n$ go run ./cmd/probe-mtls-action " + args + "\n" + out + errOut + "```"
	})
	if blocks == 0 {
		t.Fatal("the README shows no command with its output")
	}
	golden(t, file, got)
}
