package githubtest

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"

	"github.com/bluekeyes/go-gitdiff/gitdiff"
)

// gitRepo reads a repository by running git, so that the server's idea of a
// diff is git's own and shares no code with the product.
type gitRepo struct{ dir string }

// memo keeps git's output by directory and arguments: commits never change.
var memo sync.Map

func (g gitRepo) run(args ...string) (string, error) {
	key := g.dir + "\x00" + strings.Join(args, "\x00")
	if out, ok := memo.Load(key); ok {
		return out.(string), nil
	}
	cmd := exec.Command("git", append([]string{"-C", g.dir, "-c", "safe.directory=*", "-c", "diff.renames=true", "-c", "core.quotepath=false"}, args...)...)
	cmd.Env = append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "LC_ALL=C")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("git %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(stderr.String()))
	}
	if args[0] != "rev-parse" {
		memo.Store(key, string(out))
	}
	return string(out), nil
}

// verified has the commit IDs by directory that are known to exist.
var verified sync.Map

func (g gitRepo) commit(rev string) (string, error) {
	key := g.dir + "\x00" + rev
	if _, ok := verified.Load(key); ok {
		return rev, nil
	}
	out, err := g.run("rev-parse", "--verify", "--end-of-options", rev+"^{commit}")
	sha := strings.TrimSpace(out)
	if err == nil && sha == rev {
		verified.Store(key, true)
	}
	return sha, err
}

func (g gitRepo) mergeBase(a, b string) (string, error) {
	out, err := g.run("merge-base", a, b)
	return strings.TrimSpace(out), err
}

// isAncestor reports whether a is reachable from b.
func (g gitRepo) isAncestor(a, b string) bool {
	_, err := g.run("merge-base", "--is-ancestor", a, b)
	return err == nil
}

func (g gitRepo) count(from, to string) int {
	out, err := g.run("rev-list", "--count", from+".."+to)
	n := 0
	if err == nil {
		fmt.Sscan(out, &n)
	}
	return n
}

// fileDiff is one file of a diff.
type fileDiff struct {
	name, previous string
	status         string
	added, deleted int
	fragments      []*gitdiff.TextFragment
}

// parsed keeps diffs by directory and commits. Nobody changes them.
var parsed sync.Map

// diff returns the changes from one commit to another with GitHub's three
// lines of context.
func (g gitRepo) diff(from, to string) ([]fileDiff, error) {
	key := g.dir + "\x00" + from + "\x00" + to
	if all, ok := parsed.Load(key); ok {
		return all.([]fileDiff), nil
	}
	out, err := g.run("diff", "--no-color", "--no-ext-diff", "-U3", "-M", from, to)
	if err != nil {
		return nil, err
	}
	files, _, err := gitdiff.Parse(strings.NewReader(out))
	if err != nil {
		return nil, err
	}
	var all []fileDiff
	for _, f := range files {
		d := fileDiff{name: f.NewName, status: "modified", fragments: f.TextFragments}
		switch {
		case f.IsDelete:
			d.name, d.status = f.OldName, "removed"
		case f.IsNew:
			d.status = "added"
		case f.IsRename:
			d.previous, d.status = f.OldName, "renamed"
		}
		for _, t := range f.TextFragments {
			d.added += int(t.LinesAdded)
			d.deleted += int(t.LinesDeleted)
		}
		all = append(all, d)
	}
	parsed.Store(key, all)
	return all, nil
}

// hunk returns the index of the hunk that shows a line on a side, -1 if none.
func (d fileDiff) hunk(line int, side string) int {
	for i, t := range d.fragments {
		o, n := int(t.OldPosition), int(t.NewPosition)
		for _, l := range t.Lines {
			if side == "LEFT" && l.Op == gitdiff.OpDelete && o == line || side != "LEFT" && l.Op != gitdiff.OpDelete && n == line {
				return i
			}
			if l.Op != gitdiff.OpAdd {
				o++
			}
			if l.Op != gitdiff.OpDelete {
				n++
			}
		}
	}
	return -1
}

// patch is what GitHub lists: hunks without file headers.
func (d fileDiff) patch() string {
	var b strings.Builder
	for _, t := range d.fragments {
		b.WriteString(t.String())
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// hunkText is the diff_hunk of a comment.
func (d fileDiff) hunkText(i int) string {
	if i < 0 || i >= len(d.fragments) {
		return ""
	}
	return strings.TrimSuffix(d.fragments[i].String(), "\n")
}

// moved returns where a line of a file at one commit stands at another, 0 if
// it changed or went.
func (g gitRepo) moved(path string, line int, from, to string) int {
	if from == to {
		return line
	}
	out, err := g.run("diff", "--no-color", "--no-ext-diff", "-U0", "--no-renames", from, to, "--", path)
	if err != nil {
		return 0
	}
	files, _, err := gitdiff.Parse(strings.NewReader(out))
	if err != nil || len(files) > 0 && files[0].IsDelete {
		return 0
	}
	shift := 0
	for _, f := range files {
		for _, t := range f.TextFragments {
			first, n := int(t.OldPosition), int(t.OldLines)
			if n == 0 {
				first++ // an insertion stands after its position
			}
			if line >= first && line < first+n {
				return 0
			}
			if line >= first {
				shift += int(t.NewLines) - n
			}
		}
	}
	return line + shift
}
