package outfile_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/org/probe-mtls-action/internal/outfile"
)

// tree makes a directory with the repository r in it, and changes to it.
func tree(t *testing.T) {
	t.Helper()
	t.Chdir(t.TempDir())
	for _, dir := range []string{"r/.git", "r/sub", "outside"} {
		if err := os.MkdirAll(dir, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	put(t, "outside/victim", "precious")
	put(t, "r/.git/config", "precious")
}

func put(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o640); err != nil {
		t.Fatal(err)
	}
}

func link(t *testing.T, target, name string) {
	t.Helper()
	if err := os.Symlink(target, name); err != nil {
		t.Skip(err)
	}
}

func content(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// TestReplaces: a regular file gets new content under a new inode, which nobody
// who holds the old one sees, and keeps its permissions.
func TestReplaces(t *testing.T) {
	tree(t)
	for _, name := range []string{"r/out", "r/sub/out", "outside/out"} {
		put(t, name, "old")
		before, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := outfile.Write(name, outfile.Options{}, []byte("new")); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		after, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if content(t, name) != "new" || after.Mode() != before.Mode() || os.SameFile(before, after) {
			t.Errorf("%s: %q, mode %v after %v, same file %t", name, content(t, name), after.Mode(), before.Mode(), os.SameFile(before, after))
		}
	}
	if err := outfile.Write("r/new/deep/out", outfile.Options{Repository: "r", MakeDirs: true}, nil); err != nil {
		t.Error(err)
	}
	if err := outfile.Write("r/none/out", outfile.Options{}, nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	leftovers(t)
}

// leftovers finds files that were begun and not ended.
func leftovers(t *testing.T) {
	t.Helper()
	filepath.WalkDir(".", func(name string, _ fs.DirEntry, _ error) error {
		if strings.HasSuffix(name, ".tmp") {
			t.Errorf("%s was left behind", name)
		}
		return nil
	})
}

// TestRefuses: nothing that a pull request can commit leads a result elsewhere.
func TestRefuses(t *testing.T) {
	tree(t)
	link(t, "../outside/victim", "r/out")
	link(t, "sub/target", "r/inside")
	link(t, "missing", "r/dangling")
	link(t, ".git/config", "r/config")
	link(t, "../outside", "r/dir")
	link(t, ".git", "r/git")
	link(t, "sub", "r/near")
	link(t, "r/.git/config", "mine")
	if err := os.MkdirAll("plain", 0o777); err != nil {
		t.Fatal(err)
	}
	link(t, "../outside/victim", "plain/out")
	for name, o := range map[string]outfile.Options{
		"r/out": {}, "r/inside": {}, "r/dangling": {}, "r/config": {}, "r/dir/victim": {}, "r/dir/new": {}, "r/git/config": {},
		"r/git/hooks/new": {Repository: "r", MakeDirs: true}, "r/dir/deep/new": {Repository: "r", MakeDirs: true},
		"r/.git/config": {}, "r/.GIT/config": {}, "r/sub/.git": {}, "r/GIT~1/x": {}, "r/.git /x": {}, "r/.g\u200cit/x": {},
		"mine": {}, "r/sub": {}, "outside": {}, "plain/out": {Repository: "plain"},
	} {
		var refused *outfile.RefusedError
		if err := outfile.Check(name, o); !errors.As(err, &refused) {
			t.Errorf("%s: Check returns %v", name, err)
		}
		if err := outfile.Write(name, o, []byte("attack")); !errors.As(err, &refused) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if got := content(t, "outside/victim") + content(t, "r/.git/config"); got != "preciousprecious" {
		t.Errorf("overwritten: %q", got)
	}
	for _, name := range []string{"outside/new", "outside/deep", "r/missing", "r/sub/target", "r/.git/hooks"} {
		if _, err := os.Lstat(name); err == nil {
			t.Errorf("%s was made", name)
		}
	}
	if err := outfile.Write("r/near/out", outfile.Options{}, nil); err != nil {
		t.Errorf("a directory of the same repository: %v", err)
	}
	leftovers(t)
}

// TestUsersOwn: outside a repository links and devices are the user's.
func TestUsersOwn(t *testing.T) {
	tree(t)
	link(t, "outside/victim", "mine")
	if err := outfile.Write("mine", outfile.Options{}, []byte("new")); err != nil || content(t, "outside/victim") != "new" {
		t.Errorf("%v, %q", err, content(t, "outside/victim"))
	}
	if info, err := os.Lstat("mine"); err != nil || info.Mode()&fs.ModeSymlink == 0 {
		t.Errorf("the link was replaced: %v", err)
	}
	if err := outfile.Write(os.DevNull, outfile.Options{}, []byte("new")); err != nil {
		t.Error(err)
	}
	if runtime.GOOS != "linux" {
		return
	}
	if err := outfile.Write("/dev/full", outfile.Options{}, []byte("new")); err == nil {
		t.Error("a full disk is not noticed")
	}
}

// TestAbort: what ends early leaves the old content.
func TestAbort(t *testing.T) {
	tree(t)
	put(t, "r/out", "old")
	f, err := outfile.Create("r/out", outfile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write([]byte("half")); err != nil {
		t.Fatal(err)
	}
	f.Abort()
	if content(t, "r/out") != "old" {
		t.Errorf("got %q", content(t, "r/out"))
	}
	leftovers(t)
}
