package rules_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/org/probe-mtls-action/internal/check"
	"github.com/org/probe-mtls-action/internal/check/checktest"
	"github.com/org/probe-mtls-action/internal/rules"
)

func TestValid(t *testing.T) {
	t.Parallel()
	if err := check.Validate(rules.All()); err != nil {
		t.Error(err)
	}
}

// TestFixtures runs each rule alone on the repositories in testdata/ID.
func TestFixtures(t *testing.T) {
	t.Parallel()
	for _, r := range rules.All() {
		t.Run(r.ID, func(t *testing.T) {
			t.Parallel()
			checktest.Run(t, filepath.Join("testdata", r.ID), r)
		})
	}
}

// TestComplete compares the list with the folders of fixtures and the pages.
func TestComplete(t *testing.T) {
	t.Parallel()
	dirs, err := filepath.Glob("testdata/PMTLS*")
	if err != nil {
		t.Fatal(err)
	}
	all := rules.All()
	if len(dirs) != len(all) {
		t.Fatalf("%d rules with %d folders of fixtures", len(all), len(dirs))
	}
	for i, dir := range dirs {
		if id := filepath.Base(dir); all[i].ID != id {
			t.Errorf("rule %d is %s, want %s: the list is in the order of the IDs", i, all[i].ID, id)
		}
		if fixtures, err := os.ReadDir(dir); err != nil || len(fixtures) < 2 {
			t.Errorf("%s has fewer than two fixtures", dir)
		}
	}
	index, err := os.ReadFile("../../docs/rules/README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range all {
		row := fmt.Sprintf("| [%s](%s.md) | %s | %s | %s |\n", r.ID, r.ID, r.Name, r.Severity, r.Summary)
		if !strings.Contains(string(index), row) {
			t.Errorf("docs/rules/README.md lacks the row %s", row)
		}
	}
	pages, err := filepath.Glob("../../docs/rules/PMTLS*.md")
	if err != nil || len(pages) != len(all) {
		t.Errorf("%d pages for %d rules", len(pages), len(all))
	}
}

// TestPages holds each page to its rule: title, severity and sections, a bad
// example with findings on just the lines that say so, a good one without any.
func TestPages(t *testing.T) {
	t.Parallel()
	for _, r := range rules.All() {
		t.Run(r.ID, func(t *testing.T) {
			t.Parallel()
			for _, part := range []string{
				fmt.Sprintf("# %s: %s\n", r.ID, r.Name),
				fmt.Sprintf("\nSeverity: **%s**.", r.Severity),
				"\n## What it reports\n", "\n## Why it matters\n", "\n## Output\n\n<!-- output -->\n", "\n## How to fix\n",
				"\n## How to suppress\n", "# probe-mtls:ignore " + r.ID + " ", `probe-mtls.dev/ignore: "` + r.ID + `: `, "\n## Since\n",
			} {
				if !strings.Contains(r.Doc, part) {
					t.Errorf("the page lacks %q", part)
				}
			}
			bad, err := checktest.Example(r.Doc, "Bad")
			if err != nil {
				t.Fatal(err)
			}
			wanted := false
			err = fs.WalkDir(bad, ".", func(name string, d fs.DirEntry, err error) error {
				if err != nil || d.IsDir() {
					return err
				}
				data, err := fs.ReadFile(bad, name)
				wanted = wanted || strings.Contains(string(data), "# want "+r.ID)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			if !wanted {
				t.Error("the bad example has no line that the rule reports")
			}
			checktest.Check(t, bad, rules.All()...)

			good, err := checktest.Example(r.Doc, "Good")
			if err != nil {
				t.Fatal(err)
			}
			checktest.Check(t, good, rules.All()...)
		})
	}
}
