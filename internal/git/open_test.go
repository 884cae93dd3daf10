package git_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/org/probe-mtls-action/internal/git"
	"github.com/org/probe-mtls-action/internal/git/gittest"
	"github.com/org/probe-mtls-action/render"
)

// bare makes a directory of content look like a bare repository whose
// configuration reaches for everything that it can.
func bare(src *gittest.Repo, dir string) {
	src.Write(dir+"/HEAD", "ref: refs/heads/main\n", dir+"/objects/keep", "", dir+"/refs/keep", "", dir+"/info/exclude", "*\n",
		dir+"/config", "[core]\n\trepositoryformatversion = 0\n\tbare = false\n\tworktree = /\n\tignoreStat = true\n[http]\n\tproxy = http://127.0.0.1:1\n\tsslVerify = false\n")
}

func TestOpenTakesNoBareDirectory(t *testing.T) {
	src := gittest.New(t)
	bare(src, "overlays/prod")
	src.Write("overlays/prod/x/y", "1")
	src.Git("--git-dir=.git", "--work-tree=.", "add", "--all")
	src.Git("--git-dir=.git", "--work-tree=.", "commit", "--quiet", "--message", "one")
	for _, p := range []string{"overlays/prod", "overlays/prod/x", "overlays/prod/config", "overlays/prod/objects", "."} {
		r := open(t, filepath.Join(src.Dir, p))
		if r.Root() != src.Dir || !r.Tracked() {
			t.Errorf("%s: root %s", p, r.Root())
		}
		if got, err := r.Resolve(t.Context(), "HEAD"); err != nil || got != src.Head() {
			t.Errorf("%s: HEAD = %s, %v", p, got, err)
		}
	}
	// Outside Git, too.
	src.Remove(".git")
	if r := open(t, filepath.Join(src.Dir, "overlays/prod")); r.Tracked() {
		t.Errorf("outside Git: tracked, root %s", r.Root())
	}
}

func TestOpenLinks(t *testing.T) {
	other := gittest.New(t)
	other.Write("k/x", "1")
	other.Commit("one")
	plain := t.TempDir()
	src := gittest.New(t)
	src.Write("real/k/x", "1", "nested/x", "1")
	src.Link("inside", "real/k")
	src.Link("out", other.Dir+"/k")
	src.Link("repo", other.Dir)
	src.Link("plain", plain)
	src.Link("up", "..")
	src.Link("round/about", "../repo/k")
	nested := &gittest.Repo{Dir: filepath.Join(src.Dir, "nested")}
	src.Git("init", "--quiet", nested.Dir)
	src.Link("to-nested", "nested")
	src.Link("into-git", ".git/objects")
	for name, want := range map[string]string{
		"inside": src.Dir, "nested": nested.Dir, "real/k/x": src.Dir,
		"out": "links out", "repo": "links out", "repo/k": "links out", "plain": "links out", "up": "links out",
		"round/about": "links out", "to-nested": "links out", "into-git": "Git directory",
	} {
		for _, opts := range [][]git.Option{nil, {git.Within(src.Dir)}} {
			r, err := git.Open(t.Context(), filepath.Join(src.Dir, name), opts...)
			got := ""
			if err == nil {
				got = r.Root()
				r.Close()
			} else {
				got = err.Error()
			}
			if !strings.Contains(got, want) {
				t.Errorf("%s, %d options: %s; want %s", name, len(opts), got, want)
			}
		}
	}
	// A link that stands in no repository is its owner's.
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(src.Dir, link); err != nil {
		t.Fatal(err)
	}
	if r := open(t, filepath.Join(link, "real")); r.Root() != src.Dir {
		t.Errorf("through a link of the user: root %s", r.Root())
	}
	if r := open(t, filepath.Join(link, "real"), git.Within(link)); r.Root() != src.Dir {
		t.Errorf("in a linked workspace: root %s", r.Root())
	}
}

func TestOpenWithin(t *testing.T) {
	outer := gittest.New(t)
	outer.Write("ws/app/x", "1", "ws/plain/x", "1", "other/x", "1")
	ws := filepath.Join(outer.Dir, "ws")
	outer.Git("init", "--quiet", filepath.Join(ws, "app"))
	if err := os.Symlink(filepath.Join(outer.Dir, "other"), filepath.Join(ws, "link")); err != nil {
		t.Fatal(err)
	}
	if r := open(t, filepath.Join(ws, "app"), git.Within(ws)); r.Root() != filepath.Join(ws, "app") || !r.Tracked() {
		t.Errorf("a checkout with path: %s", r.Root())
	}
	if r := open(t, filepath.Join(ws, "plain"), git.Within(ws)); r.Tracked() {
		t.Errorf("the repository around the workspace counts: %s", r.Root())
	}
	for _, p := range []string{"link", "..", "../other"} {
		_, err := git.Open(t.Context(), filepath.Join(ws, p), git.Within(ws))
		if out := (*git.OutsideError)(nil); !errors.As(err, &out) {
			t.Errorf("%s: %v", p, err)
		}
	}
}

func TestOpenWorktree(t *testing.T) {
	src := gittest.New(t)
	src.Write("a", "1\n")
	one := src.Commit("one")
	src.Write("a", "2\n")
	two := src.Commit("two")
	for _, dir := range []string{filepath.Join(t.TempDir(), "w"), filepath.Join(src.Dir, "w")} {
		src.Git("worktree", "add", "--quiet", "--detach", dir, one)
		dir, err := filepath.EvalSymlinks(dir)
		if err != nil {
			t.Fatal(err)
		}
		r := open(t, dir)
		if r.Root() != dir {
			t.Errorf("root %s, want %s", r.Root(), dir)
		}
		if got, err := r.Resolve(t.Context(), "HEAD"); got != one || err != nil {
			t.Errorf("HEAD = %s, %v", got, err)
		}
		if got, err := r.Resolve(t.Context(), "main"); got != two || err != nil {
			t.Errorf("main = %s, %v", got, err)
		}
		if got, err := r.Resolve(t.Context(), "HEAD@{0}"); got != one || err != nil {
			t.Errorf("HEAD@{0} = %s, %v", got, err)
		}
		if got, err := r.Changes(t.Context(), two, git.WorkTree, true); err != nil || describe(got) != `modified "a" "a" 100644>100644 -1,1+1,1` {
			t.Errorf("changes: %s, %v", describe(got), err)
		}
	}
}

func TestOpenSubmodule(t *testing.T) {
	sub := gittest.New(t)
	sub.Write("x", "1")
	sub.Commit("one")
	src := gittest.New(t)
	src.Write("y", "1")
	src.Git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", sub.URL(), "sub")
	dir := filepath.Join(src.Dir, "sub")
	if r := open(t, dir); r.Root() != src.Dir {
		t.Errorf("a submodule that no commit records: root %s", r.Root())
	}
	src.Commit("one")
	// Its own configuration is as little trusted.
	src.Git("-C", dir, "config", "core.worktree", t.TempDir())
	r := open(t, dir)
	if r.Root() != dir {
		t.Errorf("root %s, want %s", r.Root(), dir)
	}
	if got, err := r.Resolve(t.Context(), "HEAD"); got != sub.Head() || err != nil {
		t.Errorf("HEAD = %s, %v", got, err)
	}
	// A file .git that names content.
	bare(src, "evil")
	src.Write("overlay/.git", "gitdir: ../evil\n", "overlay/x", "1")
	if r := open(t, filepath.Join(src.Dir, "overlay")); r.Root() != src.Dir {
		t.Errorf("a .git file that points at content: root %s", r.Root())
	}
	// A Git directory elsewhere, made with --separate-git-dir.
	away := filepath.Join(t.TempDir(), "away")
	src.Git("init", "--quiet", "--separate-git-dir="+away, filepath.Join(src.Dir, "own"))
	if r := open(t, filepath.Join(src.Dir, "own")); r.Root() != filepath.Join(src.Dir, "own") {
		t.Errorf("a Git directory elsewhere: root %s", r.Root())
	}
}

// TestRepositoryIsLeftAlone looks at every file of .git before and after.
func TestRepositoryIsLeftAlone(t *testing.T) {
	src := gittest.New(t)
	src.Write("a", "1\n", "b", "1\n")
	one := src.Commit("one")
	src.Write("a", "2\n")
	two := src.Commit("two")
	src.Write("a", "3\n", "c", "1\n")
	clone := src.Checkout(two, "1")
	if err := os.Chtimes(filepath.Join(clone.Dir, "b"), testTime, testTime); err != nil { // the index must be refreshed
		t.Fatal(err)
	}
	before := snapshot(t, clone.Dir)
	t.Setenv("TMPDIR", t.TempDir())
	r, err := git.Open(t.Context(), clone.Dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Fetch(t.Context(), src.URL(), "", one); err != nil {
		t.Fatal(err)
	}
	if got, err := r.Changes(t.Context(), one, git.WorkTree, true); err != nil || describe(got) != `modified "a" "a" 100644>100644 -1,1+1,1` {
		t.Errorf("changes: %s, %v", describe(got), err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	after := snapshot(t, clone.Dir)
	for name, data := range after {
		if !bytes.Equal(before[name], data) {
			t.Errorf("%s changed", name)
		}
	}
	if len(after) != len(before) {
		t.Errorf("%d files, before %d", len(after), len(before))
	}
	left, err := filepath.Glob(filepath.Join(os.TempDir(), "probe-mtls-git-*"))
	if err == nil && len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// TestIndexIsNotBelieved marks files in the index to be taken for unchanged.
func TestIndexIsNotBelieved(t *testing.T) {
	for _, mark := range []string{"--assume-unchanged", "--skip-worktree"} {
		src := gittest.New(t)
		src.Write("a", "1\n", "b", "1\n", "with\nline end", "1\n")
		base := src.Commit("one")
		src.Git("update-index", mark, "a", "with\nline end")
		src.Write("a", "2\n", "with\nline end", "2\n", ".git/info/exclude", "*\n", "new", "1\n")
		src.Git("config", "core.ignoreStat", "true")
		src.Git("config", "core.excludesFile", filepath.Join(src.Dir, ".git/info/exclude"))
		got, err := open(t, src.Dir).Changes(t.Context(), base, git.WorkTree, false)
		if err != nil {
			t.Fatal(err)
		}
		want := "added \"\" \"new\" >100644\nmodified \"a\" \"a\" 100644>100644\nmodified \"with\\nline end\" \"with\\nline end\" 100644>100644"
		if describe(got) != want {
			t.Errorf("%s: %s", mark, describe(got))
		}
	}
}

// TestAttributesAreNotBelieved has attributes that hide lines, and some by which
// Git writes files otherwise without a change of their own.
func TestAttributesAreNotBelieved(t *testing.T) {
	src := gittest.New(t)
	src.Write("a", "1\n", "id", "x: $Id$\n", "crlf", "1\n2\n", "same", "1\n")
	base := src.Commit("one")
	src.Write(".gitattributes", "* -diff\na binary\nid ident\ncrlf text eol=crlf\n", "a", "2\n")
	head := src.Commit("two")
	got, err := open(t, src.Checkout(head, "0").Dir).Changes(t.Context(), base, head, true)
	if err != nil {
		t.Fatal(err)
	}
	want := "added \"\" \".gitattributes\" >100644 -0,0+1,4\nmodified \"a\" \"a\" 100644>100644 -1,1+1,1"
	if describe(got) != want {
		t.Errorf("between commits: %s", describe(got))
	}
	got, err = open(t, src.Checkout(head, "0").Dir).Changes(t.Context(), base, git.WorkTree, false)
	if err != nil {
		t.Fatal(err)
	}
	want = "added \"\" \".gitattributes\" >100644"
	for _, name := range []string{"a", "crlf", "id"} {
		want += fmt.Sprintf("\nmodified %q %q 100644>100644", name, name)
	}
	if describe(got) != want {
		t.Errorf("in the work tree: %s", describe(got))
	}
}

// TestObjectsAreWhatTheyAre has another commit stand in for the base.
func TestObjectsAreWhatTheyAre(t *testing.T) {
	src := gittest.New(t)
	src.Write("a", "1\n")
	one := src.Commit("one")
	src.Write("a", "2\n")
	two := src.Commit("two")
	src.Git("replace", one, two)
	src.Write(".git/info/grafts", two+"\n")
	r := open(t, src.Dir)
	if got, err := r.Changes(t.Context(), one, git.WorkTree, false); err != nil || len(got.Files) != 1 {
		t.Errorf("changes since a replaced commit: %s, %v", describe(got), err)
	}
	if got, err := r.MergeBase(t.Context(), one, two); got != one || err != nil {
		t.Errorf("merge base over a graft: %s, %v", got, err)
	}
}

func TestUpstream(t *testing.T) {
	src := gittest.New(t)
	src.Write("a", "1\n")
	one := src.Commit("one")
	clone := filepath.Join(t.TempDir(), "clone")
	src.Git("clone", "--quiet", src.URL(), clone)
	src.Git("-C", clone, "commit", "--quiet", "--allow-empty", "--message", "two")
	r := open(t, clone)
	for _, rev := range []string{"@{upstream}", "origin/main", "HEAD~1", "origin/HEAD", "HEAD@{1}"} {
		if got, err := r.Resolve(t.Context(), rev); got != one || err != nil {
			t.Errorf("%s = %s, %v", rev, got, err)
		}
	}
}

func TestOtherFormats(t *testing.T) {
	dir := filepath.Join(t.TempDir(), `sha"256 ü`)
	src := gittest.New(t)
	src.Git("init", "--quiet", "--object-format=sha256", dir)
	if err := os.WriteFile(filepath.Join(dir, "a"), []byte("1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	src.Git("-C", dir, "add", "--all")
	src.Git("-C", dir, "commit", "--quiet", "--message", "one")
	r := open(t, dir)
	id, err := r.Resolve(t.Context(), "HEAD")
	if err != nil || len(id) != 64 {
		t.Fatalf("HEAD = %s, %v", id, err)
	}
	tree, err := r.Tree(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	defer tree.Close()
	if data, err := tree.ReadFile("a"); string(data) != "1\n" || err != nil {
		t.Errorf("%q, %v", data, err)
	}
	// Objects that are borrowed from yet another repository.
	shared := filepath.Join(t.TempDir(), "shared")
	src.Write("b", "1\n")
	head := src.Commit("one")
	src.Git("clone", "--quiet", "--shared", src.Dir, shared)
	if got, err := open(t, shared).Resolve(t.Context(), "HEAD"); got != head || err != nil {
		t.Errorf("with alternates: %s, %v", got, err)
	}
}

// TestTreeHoldsNoGitData reads a commit that no porcelain makes.
func TestTreeHoldsNoGitData(t *testing.T) {
	src := gittest.New(t)
	src.Write("x", "secret")
	blob := src.Git("hash-object", "-w", "x")
	write := func(lines string) string {
		src.Write(".git/lines", lines)
		return src.Git("-c", "alias.m=!git mktree <.git/lines", "m")
	}
	inner := write("100644 blob " + blob + "\tconfig\n")
	top := write("040000 tree " + inner + "\t.git\n040000 tree " + inner + "\t.GIT\n040000 tree " + inner + "\tgit~1\n100644 blob " + blob + "\tgood\n")
	commit := src.Git("commit-tree", "-m", "one", top)
	tree, err := open(t, src.Dir).Tree(t.Context(), commit)
	if err != nil {
		t.Fatal(err)
	}
	defer tree.Close()
	for _, name := range []string{".git", ".git/config", ".GIT/config", "git~1/config"} {
		if _, err := tree.ReadFile(name); !errors.Is(err, render.ErrGitData) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if list, err := tree.ReadDir("."); err != nil || len(list) != 1 {
		t.Errorf("ReadDir = %v, %v", list, err)
	}
}

// TestFetchFollowsNoRedirect counts what reaches the host that the server names.
func TestFetchFollowsNoRedirect(t *testing.T) {
	asked := 0
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked++ }))
	defer other.Close()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, strings.Replace(other.URL, "127.0.0.1", "localhost", 1)+r.URL.Path, http.StatusFound)
	}))
	defer server.Close()
	for _, proxy := range []string{"http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"} {
		t.Setenv(proxy, "")
	}
	src := gittest.New(t)
	src.Commit("one")
	src.Git("config", "http.followRedirects", "true")
	src.Git("config", "http."+server.URL+".followRedirects", "true")
	src.Git("config", "url."+other.URL+".insteadOf", server.URL)
	src.Git("config", "http.proxy", other.URL)
	src.Git("config", "http."+server.URL+".proxy", other.URL)
	if err := open(t, src.Dir).Fetch(t.Context(), server.URL+"/org/repo.git", "token", strings.Repeat("1", 40)); err == nil {
		t.Error("the fetch succeeds")
	}
	if asked > 0 {
		t.Errorf("the other host was asked %d times", asked)
	}
}

var testTime = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)

// snapshot returns the files below the Git directory of dir with their content.
func snapshot(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	err := filepath.WalkDir(filepath.Join(dir, ".git"), func(name string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			files[name], err = os.ReadFile(name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
