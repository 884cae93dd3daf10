package render_test

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/org/probe-mtls-action/render"
)

func TestIsGitName(t *testing.T) {
	for _, name := range []string{".git", ".GIT", ".Git", ".git ", ".git.", ".git . .", ".git::$INDEX_ALLOCATION", ".git:x",
		"git~1", "GIT~1", "Git~2 ", ".g\u200cit", ".\ufeffgit", ".gi\u200dt\u2060", "\u200e.git", ".git\\config", "a\\.GIT", "\u200bgit~1"} {
		if !render.IsGitName(name) {
			t.Errorf("%q is not taken for .git", name)
		}
	}
	for _, name := range []string{"", ".", "..", "git", ".gitignore", ".github", ".gitmodules", "x.git", "git~", "git~10", "git~x", ".gi", " .git", ".git-x", "kustomization.yaml"} {
		if render.IsGitName(name) {
			t.Errorf("%q is taken for .git", name)
		}
	}
}

// workTree makes files, and links where the text begins with "->".
func workTree(t *testing.T, files map[string]string) *render.DirTree {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		text = strings.ReplaceAll(text, "DIR", dir)
		var err error
		if target, ok := strings.CutPrefix(text, "->"); ok {
			err = os.Symlink(target, file)
		} else {
			err = os.WriteFile(file, []byte(text), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	tree, err := render.OpenTree(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tree.Close() })
	return tree
}

// open tries every way to get at what a name leads to.
func open(tree render.Tree, name string) map[string]error {
	out := map[string]error{}
	_, out["ReadFile"] = tree.ReadFile(name)
	_, out["Open"] = tree.Open(name)
	_, out["Stat"] = tree.Stat(name)
	_, out["ReadDir"] = tree.ReadDir(name)
	return out
}

func TestGitDataIsNoContent(t *testing.T) {
	tree := workTree(t, map[string]string{
		".git/config": "secret", ".git/modules/sub/config": "secret", "sub/.git": "gitdir: ../.git/modules/sub\n", "sub/x.yaml": "x",
		".GIT/config": "secret", "git~1/config": "secret", "a/.g\u200cit/config": "secret",
		"link": "->.git", "file": "->.git/config", "a/far": "->../link", "a/up": "->../a/../.git/config", "round": "->a/../link/config",
		"abs": "->DIR/.git/config", "out": "->../x",
		// Git directories of other names, which .git files and links point at.
		"meta/HEAD": "ref: refs/heads/main\n", "meta/objects/x": "", "meta/config": "secret", "other/.git": "gitdir: ../meta\n", "to-meta": "->meta/config",
		"bare/HEAD": "x", "bare/objects/x": "", "bare/config": "secret", "bare/worktrees/w/HEAD": "x", "bare/worktrees/w/commondir": "../..\n",
		"w/.git": "gitdir: DIR/bare/worktrees/w\n", "linked/HEAD": "x", "linked/objects/x": "", "linked/config": "secret", "l/.git": "->../linked",
		// What only looks like one is content.
		"overlay/HEAD": "ref: refs/heads/main\n", "overlay/objects/x": "", "overlay/refs/x": "", "overlay/config": "content", "overlay/k/y.yaml": "y",
	})
	for _, name := range []string{
		".git", ".git/config", ".git/modules/sub/config", "sub/.git", ".GIT/config", ".GIT", "git~1/config", "a/.g\u200cit/config",
		"link", "link/config", "file", "a/far", "a/far/config", "a/up", "round", "abs", "out",
		"meta/config", "meta/objects/x", "to-meta", "bare/config", "bare/worktrees/w/HEAD", "linked/config", "l/.git/config",
	} {
		for how, err := range open(tree, name) {
			if name != "abs" && name != "out" && how != "ReadDir" && !errors.Is(err, render.ErrGitData) || err == nil {
				t.Errorf("%s(%q): %v", how, name, err)
			}
		}
		if f, err := tree.Lstat(name); err == nil && f.Mode()&fs.ModeSymlink == 0 {
			t.Errorf("Lstat(%q) works", name)
		}
	}
	for name, want := range map[string]string{"overlay/config": "content", "overlay/k/y.yaml": "y", "sub/x.yaml": "x"} {
		if data, err := tree.ReadFile(name); err != nil || string(data) != want {
			t.Errorf("%s: %q, %v", name, data, err)
		}
	}
	err := fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		if render.IsGitName(d.Name()) {
			t.Errorf("%q is listed", name)
		}
		if err != nil && !errors.Is(err, render.ErrGitData) {
			t.Errorf("%s: %v", name, err)
		}
		if err == nil && d.Type().IsRegular() {
			if data, _ := tree.ReadFile(name); string(data) == "secret" {
				t.Errorf("%s: Git's data is read", name)
			}
		}
		if err != nil {
			return fs.SkipDir
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	dir, err := tree.Open(".")
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	for {
		entries, err := dir.(fs.ReadDirFile).ReadDir(1)
		if err != nil {
			break
		}
		if render.IsGitName(entries[0].Name()) {
			t.Errorf("an open directory lists %q", entries[0].Name())
		}
	}
}

func TestDirTreeIsAFileSystem(t *testing.T) {
	tree := workTree(t, map[string]string{"a/b": "1", "a/c/d": "2", "e": "3", "l": "->a/c", "m": "->l/d", "n": "->l/../b"})
	if err := fstest.TestFS(tree, "a/b", "a/c/d", "e", "m", "l", "n"); err != nil {
		t.Error(err)
	}
	for name, want := range map[string]string{"m": "2", "n": "1", "l/d": "2"} {
		if data, err := tree.ReadFile(name); string(data) != want || err != nil {
			t.Errorf("%s: %q, %v", name, data, err)
		}
	}
	for _, name := range []string{"e/x", "../x", "/e", "x", "a/"} {
		if _, err := tree.ReadFile(name); err == nil {
			t.Errorf("%q is read", name)
		}
	}
}

func TestSpecialFilesAreNotOpened(t *testing.T) {
	tree := workTree(t, map[string]string{"link": "->pipe"})
	if out, err := exec.Command("mkfifo", filepath.Join(tree.Dir(), "pipe")).CombinedOutput(); err != nil {
		t.Skipf("mkfifo: %v %s", err, out)
	}
	for _, name := range []string{"pipe", "link"} {
		if _, err := tree.ReadFile(name); err == nil {
			t.Errorf("%s is read", name)
		}
		if _, err := tree.Open(name); err == nil {
			t.Errorf("%s is opened", name)
		}
	}
}
