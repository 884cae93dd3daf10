package git_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/org/probe-mtls-action/internal/diff"
	"github.com/org/probe-mtls-action/internal/git"
	"github.com/org/probe-mtls-action/internal/git/gittest"
)

func open(t *testing.T, dir string, opts ...git.Option) *git.Repo {
	t.Helper()
	r, err := git.Open(t.Context(), dir, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

// describe prints changes, one a line, with quoted names.
func describe(c diff.Changes) string {
	var lines []string
	for _, f := range c.Files {
		line := fmt.Sprintf("%s %q %q %s>%s", f.Status, f.OldName, f.NewName, f.OldMode, f.NewMode)
		for _, h := range f.Hunks {
			line += fmt.Sprintf(" -%d,%d+%d,%d", h.Old.Start, h.Old.Count, h.New.Start, h.New.Count)
		}
		if f.NoHunks != "" {
			line += " (" + f.NoHunks + ")"
		}
		lines = append(lines, line)
	}
	sort.Strings(lines)
	return strings.Join(lines, "\n")
}

func TestOpen(t *testing.T) {
	src := gittest.New(t)
	src.Write("a/b/c.yaml", "x")
	r := open(t, filepath.Join(src.Dir, "a/b/c.yaml"))
	if r.Root() != src.Dir || !r.Tracked() {
		t.Errorf("Root = %s, Tracked = %v; want %s, true", r.Root(), r.Tracked(), src.Dir)
	}
	for name, want := range map[string]string{
		src.Dir:                              ".",
		filepath.Join(src.Dir, "a/b/"):       "a/b",
		filepath.Join(src.Dir, "a/../gone/"): "gone",
		filepath.Dir(src.Dir):                "error",
	} {
		got, err := r.Rel(name)
		if err != nil {
			got = "error"
		}
		if got != want {
			t.Errorf("Rel(%q) = %q, %v; want %q", name, got, err, want)
		}
	}

	plain := t.TempDir()
	r = open(t, plain)
	if r.Tracked() {
		t.Errorf("%s counts as tracked", plain)
	}
	if _, err := r.Resolve(t.Context(), "main"); err == nil || !strings.Contains(err.Error(), "not in a Git repository") {
		t.Errorf("Resolve outside Git: %v", err)
	}
	if _, err := git.Open(t.Context(), filepath.Join(plain, "missing")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Open of a missing path: %v", err)
	}
}

func TestOpenBadRepositories(t *testing.T) {
	broken := gittest.New(t)
	broken.Write(".git/HEAD", "rubbish\n")
	if _, err := git.Open(t.Context(), broken.Dir); err == nil || !strings.Contains(err.Error(), "git fsck") {
		t.Errorf("broken HEAD: %v", err)
	}
	src := gittest.New(t)
	if _, err := git.Open(t.Context(), filepath.Join(src.Dir, ".git")); err == nil || !strings.Contains(err.Error(), "work tree") {
		t.Errorf("inside .git: %v", err)
	}
	away := gittest.New(t)
	away.Git("config", "core.worktree", t.TempDir())
	if r := open(t, away.Dir); r.Root() != away.Dir {
		t.Errorf("the root is at %s, where the configuration puts it", r.Root())
	}
}

// TestOwner reads the repository of another user, which git by itself refuses: its
// configuration could run programs. Here it takes no effect.
func TestOwner(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can give files away")
	}
	src := gittest.New(t)
	src.Write("a", "1")
	src.Commit("one")
	err := filepath.Walk(src.Dir, func(p string, _ fs.FileInfo, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(p, 12345, 12345)
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("SUDO_UID", "")
	r := open(t, src.Dir)
	if _, err := r.Resolve(t.Context(), "HEAD"); err != nil || !r.Tracked() {
		t.Error(err)
	}
}

func TestResolve(t *testing.T) {
	src := gittest.New(t)
	src.Write("a", "1")
	one := src.Commit("one")
	src.Write("a", "2")
	two := src.Commit("two")
	src.Git("branch", "feature", one)
	r := open(t, src.Dir)
	for rev, want := range map[string]string{"HEAD": two, "HEAD~1": one, "main": two, "feature": one, two[:10]: two} {
		if got, err := r.Resolve(t.Context(), rev); got != want {
			t.Errorf("Resolve(%q) = %q, %v; want %q", rev, got, err, want)
		}
	}
	for rev, want := range map[string]string{
		"nothing":               "git fetch",
		"HEAD~5":                "git fetch",
		"--all":                 "not a revision",
		"":                      "not a revision",
		"a\nb":                  "not a revision",
		strings.Repeat("1", 40): "git fetch",
	} {
		if _, err := r.Resolve(t.Context(), rev); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Resolve(%q): %v; want %q", rev, err, want)
		}
	}
	shallow := open(t, src.Checkout(two, "1").Dir)
	var missing *git.MissingError
	if _, err := shallow.Resolve(t.Context(), "HEAD~1"); !errors.As(err, &missing) || !missing.Shallow || !strings.Contains(err.Error(), "fetch-depth: 2") {
		t.Errorf("shallow HEAD~1: %v", err)
	}
	if parents, err := shallow.Parents(t.Context(), two); err != nil || len(parents) != 1 || parents[0] != one {
		t.Errorf("Parents = %v, %v; want the parent that the clone lacks", parents, err)
	}
	full := open(t, src.Checkout(two, "0").Dir)
	if got, err := full.Resolve(t.Context(), "feature"); got != one {
		t.Errorf("Resolve of origin's branch = %q, %v", got, err)
	}
	if got, err := full.MergeBase(t.Context(), one, two); got != one {
		t.Errorf("MergeBase = %q, %v", got, err)
	}
	src.Git("checkout", "--quiet", "--orphan", "other")
	other := src.Commit("other")
	if got, err := r.MergeBase(t.Context(), other, two); got != "" || err != nil {
		t.Errorf("MergeBase without common history = %q, %v", got, err)
	}
}

func TestTree(t *testing.T) {
	sub := gittest.New(t)
	sub.Write("x", "1")
	sub.Commit("sub")

	src := gittest.New(t)
	src.Write("a/b/c.yaml", "c: 1\n", "empty", "", "crlf", "a\r\n", "with space/\"q\"", "q", "line\nbreak", "n", "bad\xff", "b",
		"lfs.bin", "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")
	src.Link("link", "a/b/c.yaml")
	src.Link("a/up", "../a/b")
	src.Link("away", "../outside")
	src.Link("abs", "/etc/passwd")
	src.Link("loop", "loop")
	src.Git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", sub.URL(), "sub")
	id := src.Commit("one")
	src.Remove("a") // the tree must not read the work tree

	r := open(t, src.Dir)
	tree, err := r.Tree(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	defer tree.Close()
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			for name, want := range map[string]string{
				"a/b/c.yaml": "c: 1\n", "link": "c: 1\n", "a/up/c.yaml": "c: 1\n", "empty": "", "crlf": "a\r\n",
				"with space/\"q\"": "q", "line\nbreak": "n",
				"lfs.bin": "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
			} {
				got, err := tree.ReadFile(name)
				if err != nil || string(got) != want {
					t.Errorf("ReadFile(%q) = %q, %v; want %q", name, got, err, want)
				}
			}
		})
	}
	wait.Wait()
	for name, want := range map[string]error{"missing": fs.ErrNotExist, "a/b/c.yaml/x": fs.ErrNotExist, "../x": fs.ErrInvalid, "/etc/passwd": fs.ErrInvalid, "": fs.ErrInvalid} {
		if _, err := tree.Stat(name); !errors.Is(err, want) {
			t.Errorf("Stat(%q): %v; want %v", name, err, want)
		}
	}
	// Go's file systems take names in UTF-8 only; others are seen, not read.
	list, err := tree.ReadDir(".")
	if err != nil || !slices.ContainsFunc(list, func(e fs.DirEntry) bool { return e.Name() == "bad\xff" }) {
		t.Errorf("ReadDir = %v, %v; want a name that is not UTF-8 among them", list, err)
	}
	for _, name := range []string{"bad\xff", "away", "abs", "loop", "a", "sub"} {
		if _, err := tree.ReadFile(name); err == nil {
			t.Errorf("ReadFile(%q) has no error", name)
		}
	}
	if got, err := tree.ReadLink("a/up"); got != "../a/b" || err != nil {
		t.Errorf("ReadLink = %q, %v", got, err)
	}
	if text, err := tree.ReadFile("sub/x"); string(text) != "1" || err != nil {
		t.Errorf("a file of a submodule = %q, %v", text, err)
	}
	if info, err := tree.Stat("link"); err != nil || info.Size() != 5 || info.IsDir() {
		t.Errorf("Stat(link) = %v, %v", info, err)
	}
}

func TestTreeIsAFileSystem(t *testing.T) {
	src := gittest.New(t)
	src.Write("a/b", "1", "a/c", "2", "d", "3")
	id := src.Commit("one")
	tree, err := open(t, src.Dir).Tree(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	defer tree.Close()
	if err := fstest.TestFS(tree, "a/b", "a/c", "d"); err != nil {
		t.Error(err)
	}
}

func TestTreeOfDamagedRepository(t *testing.T) {
	src := gittest.New(t)
	src.Write("a", "some content\n")
	id := src.Commit("one")
	blob := src.Git("rev-parse", "HEAD:a")
	src.Remove(".git/objects/" + blob[:2] + "/" + blob[2:])
	r := open(t, src.Dir)
	tree, err := r.Tree(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	defer tree.Close()
	if _, err := tree.ReadFile("a"); err == nil || !strings.Contains(err.Error(), "git fsck") {
		t.Errorf("missing object: %v", err)
	}
	var missing *git.MissingError
	if _, err := r.Tree(t.Context(), strings.Repeat("2", 40)); !errors.As(err, &missing) {
		t.Errorf("missing commit: %v", err)
	}
}

func TestPartialClone(t *testing.T) {
	src := gittest.New(t)
	src.Write("a", "1\n")
	one := src.Commit("one")
	src.Write("a", "2\n")
	src.Commit("two")
	clone := filepath.Join(t.TempDir(), "clone")
	src.Git("clone", "--quiet", "--filter=blob:none", src.URL(), clone)
	r := open(t, clone)
	tree, err := r.Tree(t.Context(), one)
	if err != nil {
		t.Fatal(err)
	}
	defer tree.Close()
	if data, err := tree.ReadFile("a"); err == nil || !strings.Contains(err.Error(), "filter") {
		t.Errorf("ReadFile = %q, %v; want an error that names the filter, and no fetch", data, err)
	}
}

func TestChanges(t *testing.T) {
	long := strings.Repeat("line\n", 30)
	src := gittest.New(t)
	src.Write("keep", long, "edit", long, "old name", "one\ntwo\nthree\nfour\n", "gone", "x\n", "mode", "m\n", "type", "t\n",
		"bin", "a\x00b", "q\"u\no\te", "1\n", "bad\xff", "1\n", "näme", "1\n", "copied", long+"copy\n")
	base := src.Commit("base")
	src.Write("edit", "first\n"+long+"last\n", "new", "alpha\nbeta\n", "bin", "a\x00c", "q\"u\no\te", "2\n", "bad\xff", "2\n", "näme", "2\n", "copied", long+"changed\n", "copy of it", long+"copy\n")
	src.Git("mv", "old name", "dir-new name")
	src.Remove("gone", "type")
	src.Link("type", "keep")
	if err := os.Chmod(filepath.Join(src.Dir, "mode"), 0o755); err != nil {
		t.Fatal(err)
	}
	want := strings.TrimSpace(`
added "" "new" >100644 -0,0+1,2
copied "copied" "copy of it" 100644>100644
modified "bad\xff" "bad\xff" 100644>100644 -1,1+1,1
modified "bin" "bin" 100644>100644 (the file is binary)
modified "copied" "copied" 100644>100644 -28,4+28,4
modified "edit" "edit" 100644>100644 -1,3+1,4 -28,3+29,4
modified "mode" "mode" 100644>100755
modified "näme" "näme" 100644>100644 -1,1+1,1
modified "q\"u\no\te" "q\"u\no\te" 100644>100644 -1,1+1,1
modified "type" "type" 100644>120000 (the file changed its type)
removed "gone" "" 100644> -1,1+0,0
renamed "old name" "dir-new name" 100644>100644
`)
	r := open(t, src.Dir)
	// In the work tree, new files have nothing to be compared with.
	work := strings.Replace(want, `copied "copied" "copy of it" 100644>100644`, `added "" "copy of it" >100644 -0,0+1,31`, 1)
	sorted := strings.Split(work, "\n")
	sort.Strings(sorted)
	got, err := r.Changes(t.Context(), base, git.WorkTree, true)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(strings.Join(sorted, "\n"), describe(got)); d != "" {
		t.Errorf("work tree (-want +got):\n%s", d)
	}
	head := src.Commit("head")
	if got, err = r.Changes(t.Context(), base, head, true); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, describe(got)); d != "" {
		t.Errorf("commits (-want +got):\n%s", d)
	}
}

func TestChangesIgnoresConfiguration(t *testing.T) {
	src := gittest.New(t)
	src.Write("a.txt", "1\n", ".gitattributes", "*.txt filter=evil diff=evil\n")
	base := src.Commit("base")
	mark := filepath.Join(t.TempDir(), "mark")
	for _, key := range []string{"core.fsmonitor", "diff.external", "diff.evil.textconv", "diff.evil.command", "filter.evil.clean", "filter.evil.process", "filter.evil.smudge", "core.pager", "core.sshCommand", "credential.helper", "core.alternateRefsCommand"} {
		src.Git("config", key, "touch "+mark+"; cat")
	}
	src.Git("config", "filter.evil.required", "true")
	src.Git("config", "diff.noprefix", "true")
	src.Git("config", "diff.context", "0")
	src.Git("config", "color.ui", "always")
	src.Write("a.txt", "1\n2\n", "new.txt", "1\n")
	r := open(t, src.Dir)
	got, err := r.Changes(t.Context(), base, git.WorkTree, true)
	if err != nil {
		t.Fatal(err)
	}
	want := "added \"\" \"new.txt\" >100644 -0,0+1,1\nmodified \"a.txt\" \"a.txt\" 100644>100644 -1,1+1,2"
	if d := cmp.Diff(want, describe(got)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if _, err := os.Stat(mark); err == nil {
		t.Error("git ran a program that the repository's configuration names")
	}
}

func TestChangesOfSubmodule(t *testing.T) {
	sub := gittest.New(t)
	sub.Write("x", "1")
	sub.Commit("one")
	src := gittest.New(t)
	src.Git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", sub.URL(), "sub")
	base := src.Commit("base")
	s := filepath.Join(src.Dir, "sub")
	src.Git("-C", s, "commit", "--quiet", "--allow-empty", "--message", "two")
	head := src.Commit("head")
	got, err := open(t, src.Dir).Changes(t.Context(), base, head, true)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(`modified "sub" "sub" 160000>160000 -1,1+1,1`, describe(got)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if !got.Files[0].Submodule() {
		t.Error("Submodule() is false")
	}
}

func TestHugeDiff(t *testing.T) {
	src := gittest.New(t)
	var b strings.Builder
	for i := range 200_000 {
		fmt.Fprintf(&b, "line: %d\n", i)
	}
	src.Write("big.yaml", b.String(), "small.yaml", "1\n")
	base := src.Commit("base")
	src.Write("big.yaml", strings.ReplaceAll(b.String(), "line", "l"), "small.yaml", "2\n")
	head := src.Commit("head")
	got, err := open(t, src.Dir).Changes(t.Context(), base, head, true)
	if err != nil {
		t.Fatal(err)
	}
	want := "modified \"big.yaml\" \"big.yaml\" 100644>100644 -1,200000+1,200000\nmodified \"small.yaml\" \"small.yaml\" 100644>100644 -1,1+1,1"
	if d := cmp.Diff(want, describe(got)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestFetch(t *testing.T) {
	src := gittest.New(t)
	src.Write("a", "1\n")
	one := src.Commit("one")
	src.Write("a", "2\n")
	two := src.Commit("two")
	src.Write("a", "3\n")
	three := src.Commit("three")

	clone := src.Checkout(three, "1")
	r := open(t, clone.Dir)
	if r.Has(t.Context(), one) {
		t.Fatal("the shallow clone has all history")
	}
	if err := r.Fetch(t.Context(), src.URL(), "", one, two); err != nil {
		t.Fatal(err)
	}
	if !r.Has(t.Context(), one) || !r.Has(t.Context(), two) {
		t.Error("the commits were not fetched")
	}
	got, err := r.Changes(t.Context(), one, three, false)
	if err != nil || len(got.Files) != 1 {
		t.Errorf("Changes = %v, %v", got, err)
	}

	// A whole clone keeps its history.
	whole := src.Checkout(two, "0")
	r = open(t, whole.Dir)
	if err := r.Fetch(t.Context(), src.URL(), "", three); err != nil {
		t.Fatal(err)
	}
	if shallow, _ := open(t, whole.Dir).Shallow(); shallow {
		t.Error("the fetch made a whole clone shallow")
	}

	for _, remote := range []string{"https://user:secret@example.com/x", "ssh://example.com/x", "ext::sh -c true", "--upload-pack=true"} {
		if err := r.Fetch(t.Context(), remote, "", one); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("Fetch(%q): %v", remote, err)
		}
	}
	if err := r.Fetch(t.Context(), src.URL(), "", "--upload-pack=x"); err == nil {
		t.Error("an option is taken for a commit")
	}
}
