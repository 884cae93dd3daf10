// Package checktest runs rules on fixtures of manifests and compares what they
// find with comments on the offending source lines:
//
//	port: 8080 # want PMTLS001 "regular expression"
package checktest

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/org/probe-mtls-action/internal/check"
	"github.com/org/probe-mtls-action/render"
)

// Run checks every fixture in dir: each folder and each .txtar archive is one
// repository, with its .probe-mtls.yaml if it has one. A repository without a
// kustomization is taken as one root that lists all its manifests.
//
// Each finding must be named by a want comment on its line, and each want
// comment by a finding. A comment names one or more rules, each with an
// optional regular expression for summary, message and chain. Findings that
// are suppressed do not count, nor do those of other rules.
func Run(t *testing.T, dir string, rules ...*check.Rule) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) == 0 {
		t.Fatalf("no fixtures in %s: %v", dir, err)
	}
	for _, e := range entries {
		name := filepath.Join(dir, e.Name())
		t.Run(strings.TrimSuffix(e.Name(), ".txtar"), func(t *testing.T) {
			t.Parallel()
			if !e.IsDir() {
				archive, err := txtar.ParseFile(name)
				if err != nil {
					t.Fatal(err)
				}
				files := fstest.MapFS{}
				for _, f := range archive.Files {
					files[f.Name] = &fstest.MapFile{Data: f.Data, Mode: 0o644}
				}
				Check(t, files, rules...)
				return
			}
			tree, err := render.OpenTree(name)
			if err != nil {
				t.Fatal(err)
			}
			defer tree.Close()
			Check(t, tree, rules...)
		})
	}
}

// Check compares the findings in one repository with its want comments.
func Check(t *testing.T, tree render.Tree, rules ...*check.Rule) {
	t.Helper()
	wants := readWants(t, tree)
	for _, f := range Findings(t, tree, rules...) {
		if f.Suppressed != nil {
			continue
		}
		text := f.Summary + "\n" + f.Message
		for _, s := range f.Steps {
			text += "\n" + s.Text
		}
		if !wants.take(f.Line(), f.Rule.ID, text) {
			t.Errorf("%s: unexpected %s: %s\n%s", f.Line(), f.Rule.ID, f.Summary, f.Message)
		}
	}
	for _, miss := range wants.left() {
		t.Error(miss)
	}
}

// want is one item of a want comment.
type want struct {
	at, rule string
	text     *regexp.Regexp
}

type wants struct{ items []want }

var (
	wantComment = regexp.MustCompile(`#\s*want\s+(PMTLS.*)$`)
	wantItem    = regexp.MustCompile(`^(PMTLS\d{3})(?:\s+"((?:[^"\\]|\\.)*)")?\s*`)
)

func readWants(t *testing.T, tree render.Tree) *wants {
	t.Helper()
	var w wants
	err := fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(tree, name)
		if err != nil {
			return err
		}
		for i, line := range strings.Split(string(data), "\n") {
			if m := wantComment.FindStringSubmatch(line); m != nil {
				if err := w.add(fmt.Sprintf("%s:%d", path.Clean(name), i+1), m[1]); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return &w
}

func (w *wants) add(at, items string) error {
	for items != "" {
		m := wantItem.FindStringSubmatch(items)
		if m == nil {
			return fmt.Errorf("%s: malformed want comment at %q", at, items)
		}
		re, err := regexp.Compile(m[2])
		if err != nil {
			return fmt.Errorf("%s: %w", at, err)
		}
		w.items = append(w.items, want{at, m[1], re})
		items = items[len(m[0]):]
	}
	return nil
}

// take removes the item that a finding answers; false if there is none.
func (w *wants) take(at, rule, text string) bool {
	i := slices.IndexFunc(w.items, func(x want) bool { return x.at == at && x.rule == rule && x.text.MatchString(text) })
	if i < 0 {
		return false
	}
	w.items = slices.Delete(w.items, i, i+1)
	return true
}

// left describes the items that no finding answered.
func (w *wants) left() []string {
	var out []string
	for _, x := range w.items {
		out = append(out, fmt.Sprintf("%s: no %s matching %q", x.at, x.rule, x.text))
	}
	return out
}
