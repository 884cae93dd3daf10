package fix

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/org/probe-mtls-action/render"
)

// TestWriteRefuses: whatever became of a file since it was read, or is in the way
// of writing it, its plan is left out as a whole and told, the others are made,
// and nothing half-written stays.
func TestWriteRefuses(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 250) + ".yaml" // no room for the name of a temporary file
	for name, c := range map[string]struct {
		file string // of the plan that is refused
		then func(t *testing.T, dir string)
		why  string
	}{
		"vanished":     {"a/one.yaml", func(t *testing.T, dir string) { must(t, os.Remove(filepath.Join(dir, "a/one.yaml"))) }, "it is gone since it was read"},
		"changed":      {"a/one.yaml", func(t *testing.T, dir string) { writeIn(t, dir, "a/one.yaml", "b: 2\n") }, "it changed since it was read"},
		"read-only":    {"a/one.yaml", func(t *testing.T, dir string) { must(t, os.Chmod(filepath.Join(dir, "a/one.yaml"), 0o444)) }, "it is read-only"},
		"a link":       {"a/one.yaml", func(t *testing.T, dir string) { link(t, dir, "a/one.yaml") }, "it is a symbolic link"},
		"below a link": {"a/one.yaml", func(t *testing.T, dir string) { link(t, dir, "a") }, "a is a symbolic link"},
		"a directory": {"a/one.yaml", func(t *testing.T, dir string) {
			must(t, os.Remove(filepath.Join(dir, "a/one.yaml")))
			must(t, os.Mkdir(filepath.Join(dir, "a/one.yaml"), 0o755))
		}, "it is not a regular file"},
		"in a submodule":    {"a/one.yaml", func(t *testing.T, dir string) { writeIn(t, dir, "a/.git", "gitdir: elsewhere\n") }, "a is another repository, such as a submodule"},
		"came since":        {"a/new.yaml", func(t *testing.T, dir string) { writeIn(t, dir, "a/new.yaml", "mine: 1\n") }, "it came since it was looked for"},
		"cannot be written": {"a/" + long, func(*testing.T, string) {}, "file name too long"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			writeIn(t, dir, "a/one.yaml", "a: 1\n")
			writeIn(t, dir, "a/zero.yaml", "a: 1\n")
			writeIn(t, dir, "b/two.yaml", "a: 1\n")
			if c.file != "a/one.yaml" && c.file != "a/new.yaml" {
				writeIn(t, dir, c.file, "a: 1\n")
			}
			tree, err := render.OpenTree(dir)
			must(t, err)
			defer tree.Close()
			s := New(tree, func(string) []string { return nil })
			after := "a: 9\n"
			change := func(file string) step {
				if file == "a/new.yaml" {
					return step{file: file, text: &after}
				}
				return step{file: file, document: &after}
			}
			ch := &chooser{s: s, draft: s.fresh()}
			for _, p := range []*Plan{
				(&Plan{Title: "two files", steps: []step{change("a/zero.yaml"), change(c.file)}}).seal(),
				(&Plan{Title: "another", steps: []step{change("b/two.yaml")}}).seal(),
			} {
				must(t, p.apply(ch.draft))
				ch.chosen = append(ch.chosen, &offer{plan: p})
			}
			c.then(t, dir)
			made, refused := s.Write(dir, ch.choice())
			if len(made.Plans) != 1 || made.Plans[0].Title != "another" || len(refused) != 1 || refused[0].File != c.file && c.why != "a is a symbolic link" || !strings.Contains(refused[0].Err.Error(), c.why) {
				t.Errorf("made %d plans, refused %v, want one of each and %q", len(made.Plans), refused, c.why)
			}
			if got := readIn(t, dir, "b/two.yaml"); got != after {
				t.Errorf("the other plan was not made: %q", got)
			}
			if got := readIn(t, dir, "a/zero.yaml"); got != "a: 1\n" {
				t.Errorf("half of the refused plan was made: %q", got)
			}
			if left, _ := filepath.Glob(filepath.Join(dir, "*", ".*.tmp")); len(left) > 0 {
				t.Errorf("temporary files stay: %v", left)
			}
		})
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func writeIn(t *testing.T, dir, name, text string) {
	t.Helper()
	file := filepath.Join(dir, name)
	must(t, os.MkdirAll(filepath.Dir(file), 0o755))
	must(t, os.WriteFile(file, []byte(text), 0o644))
}

func readIn(t *testing.T, dir, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, name))
	must(t, err)
	return string(data)
}

// link moves a file or directory away and leaves a link to it.
func link(t *testing.T, dir, name string) {
	t.Helper()
	file := filepath.Join(dir, name)
	must(t, os.Rename(file, file+"-moved"))
	must(t, os.Symlink(filepath.Base(file)+"-moved", file))
}
