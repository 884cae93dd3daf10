package unified_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/org/probe-mtls-action/internal/fix/unified"
)

func TestDiff(t *testing.T) {
	t.Parallel()
	before, after := "a\nb\nc\nd\ne\nf\ng\nh\n", "a\nb\nC\nd\ne\nf\ng\nh\n"
	want := "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1,6 +1,6 @@\n a\n b\n-c\n+C\n d\n e\n f\n"
	if got := unified.Diff("x", &before, &after); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got := unified.Diff("x", &before, &before); got != "" {
		t.Errorf("a text differs from itself: %s", got)
	}
}

// TestGitApply: Git takes what Diff writes, and makes of the one text the other.
func TestGitApply(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if out, err := exec.Command("git", "init", "-q", dir).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	text := rapid.Custom(func(t *rapid.T) string {
		s := strings.Join(rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c ", "", "x\r", "é", "--- x", "+y"}), 0, 25).Draw(t, "lines"), "\n")
		return s + rapid.SampledFrom([]string{"", "\n"}).Draw(t, "end")
	})
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.SampledFrom([]string{"f", "dir/g.yaml", "with blank", "é.yaml", "tab\tname", `quo"te`}).Draw(t, "name")
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		defer os.Remove(file)
		before, after := text.Draw(t, "before"), text.Draw(t, "after")
		old, now := &before, &after
		switch rapid.IntRange(0, 4).Draw(t, "side") {
		case 0:
			old = nil
		case 1:
			now = nil
		}
		if old != nil {
			if err := os.WriteFile(file, []byte(before), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		patch := unified.Diff(name, old, now)
		if patch == "" {
			return
		}
		cmd := exec.Command("git", "-C", dir, "-c", "core.autocrlf=false", "apply", "--whitespace=nowarn", "-")
		cmd.Stdin = strings.NewReader(patch)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s\n%s", err, out, patch)
		}
		got, err := os.ReadFile(file)
		if (err != nil) != (now == nil) || now != nil && string(got) != after {
			t.Fatalf("%v: got %q, want %q\n%s", err, got, after, patch)
		}
	})
}
