package checktest_test

import (
	"io/fs"
	"strings"
	"testing"

	"github.com/org/probe-mtls-action/internal/check/checktest"
)

const page = "# R\n\n## Bad\n\nWords.\n\n`a.yaml`\n\n```yaml\na: 1\n```\n\n`b/c.yaml`\n\n```yaml\nb: 2\n```\n\n```yaml\nno: file\n```\n\n## Output\n\n<!-- output -->\n\n## Good\n\nNothing.\n"

func TestExample(t *testing.T) {
	t.Parallel()
	files, err := checktest.Example(page, "Bad")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"a.yaml": "a: 1\n", "b/c.yaml": "b: 2\n", "kustomization.yaml": "resources:\n- a.yaml\n- b/c.yaml\n"} {
		if got, err := fs.ReadFile(files, name); err != nil || string(got) != want {
			t.Errorf("%s: %q %v, want %q", name, got, err, want)
		}
	}
	if entries, err := fs.ReadDir(files, "."); err != nil || len(entries) != 3 {
		t.Errorf("entries %v %v, want no others", entries, err)
	}
	if _, err := checktest.Example(page, "Good"); err == nil {
		t.Error("a section without files is no error")
	}
	if _, err := checktest.Example(page, "Ugly"); err == nil {
		t.Error("a missing section is no error")
	}
}

func TestOutput(t *testing.T) {
	t.Parallel()
	if got := checktest.Output(page); got != "" {
		t.Errorf("output %q, want none", got)
	}
	once := checktest.SetOutput(page, "a.yaml:1:4\n")
	if got := checktest.Output(once); got != "a.yaml:1:4\n" {
		t.Errorf("output %q", got)
	}
	twice := checktest.SetOutput(once, "b\nc\n")
	if got := checktest.Output(twice); got != "b\nc\n" {
		t.Errorf("output %q", got)
	}
	if !strings.HasSuffix(twice, "<!-- output -->\n\n```text\nb\nc\n```\n\n## Good\n\nNothing.\n") {
		t.Errorf("page %q", twice)
	}
}
