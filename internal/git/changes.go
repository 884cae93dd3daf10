package git

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/org/probe-mtls-action/internal/diff"
	"github.com/org/probe-mtls-action/render"
)

// WorkTree stands for the files of the work tree where a commit is expected.
const WorkTree = ""

// maxUntracked is the size, in bytes, above which the lines of a file that Git
// does not know are not listed.
const maxUntracked = 1 << 20

// diffOptions make diffs independent of the repository's configuration. Renames
// and copies are found as GitHub does it: from 50 % likeness on.
var diffOptions = []string{
	"--no-color", "--no-ext-diff", "--no-textconv", "--ignore-submodules=dirty",
	"--find-renames=50%", "--find-copies=50%", "--no-relative",
}

var patchOptions = []string{
	"--patch", "--unified=3", "--inter-hunk-context=0", "--submodule=short",
	"--diff-algorithm=default", "--indent-heuristic", "--src-prefix=a/", "--dst-prefix=b/",
}

// Changes returns what changed from the tree of commit base to that of commit
// head; [WorkTree] as head means the work tree with all its files, untracked
// ones included, but not those that Git ignores. With lines the hunks are read
// as well.
func (r *Repo) Changes(ctx context.Context, base, head string, lines bool) (diff.Changes, error) {
	c := diff.Changes{Base: base, Head: head}
	args, err := r.diffArgs(base, head)
	if err != nil {
		return c, err
	}
	c.Files, err = r.raw(ctx, args)
	if saysAny(err, "promisor", "lazy fetch") {
		// Renames are found by content, which a clone made with a filter may lack.
		args = append(args, "--no-renames")
		c.Files, err = r.raw(ctx, args)
	}
	if err != nil {
		return c, err
	}
	if head == WorkTree && changesAttributes(c.Files) {
		// Git wrote files otherwise than before without a change of their own: the
		// index knows only that nobody has touched them since.
		if _, err := r.run(ctx, "read-tree", "HEAD"); err != nil {
			return c, damaged(err)
		}
		if c.Files, err = r.raw(ctx, args); err != nil {
			return c, err
		}
	}
	if lines && len(c.Files) > 0 {
		patch, err := r.run(ctx, append(args, append(patchOptions, "--")...)...)
		switch {
		case errors.Is(err, errTooLarge):
			for i := range c.Files {
				c.Files[i].NoHunks = "the diff is too large to read its lines"
			}
		case saysAny(err, "promisor", "lazy fetch"):
			for i := range c.Files {
				c.Files[i].NoHunks = "the clone lacks the content of files, as it was made with a filter"
			}
		case err != nil:
			return c, damaged(err)
		default:
			diff.AddPatch(c.Files, patch)
		}
	}
	if head == WorkTree {
		untracked, err := r.untracked(ctx, lines)
		if err != nil {
			return c, err
		}
		inside, err := r.submoduleChanges(ctx, base)
		if err != nil {
			return c, err
		}
		c.Files = append(append(c.Files, untracked...), inside...)
	}
	return c, nil
}

// raw lists the changed files.
func (r *Repo) raw(ctx context.Context, args []string) ([]diff.File, error) {
	out, err := r.run(ctx, append(args[:len(args):len(args)], "--raw", "-z", "--no-abbrev", "--")...)
	if err != nil {
		return nil, damaged(err)
	}
	return diff.ParseRaw(out)
}

func changesAttributes(files []diff.File) bool {
	return slices.ContainsFunc(files, func(f diff.File) bool {
		return strings.EqualFold(path.Base(f.NewName), ".gitattributes") || strings.EqualFold(path.Base(f.OldName), ".gitattributes")
	})
}

// diffArgs returns the command that compares. The private configuration knows no
// filters, so none runs.
func (r *Repo) diffArgs(base, head string) ([]string, error) {
	if head != WorkTree {
		return append([]string{"diff-tree", "-r", base, head}, diffOptions...), nil
	}
	return append([]string{"diff", base}, diffOptions...), r.index()
}

// untracked lists the files that Git neither knows nor ignores.
func (r *Repo) untracked(ctx context.Context, lines bool) ([]diff.File, error) {
	out, err := r.run(ctx, "ls-files", "--others", "--exclude-standard", "-z", "--full-name")
	if err != nil {
		return nil, damaged(err)
	}
	tree, err := render.OpenTree(r.root)
	if err != nil {
		return nil, err
	}
	defer tree.Close()
	var files []diff.File
	for name := range strings.SplitSeq(string(out), "\x00") {
		if name == "" || filepath.Join(r.root, name) == filepath.Dir(r.dir) {
			continue
		}
		// A repository inside this one is listed as a directory.
		f := diff.File{NewName: strings.TrimSuffix(name, "/"), NewMode: "100644", Status: diff.Added}
		if lines {
			f.Hunks, f.NoHunks = allLines(tree, f.NewName)
		}
		files = append(files, f)
	}
	return files, nil
}

// allLines returns a new file's content as one hunk.
func allLines(tree render.Tree, name string) ([]diff.Hunk, string) {
	info, err := tree.Lstat(name)
	switch {
	case err != nil:
		return nil, fmt.Sprintf("the file cannot be read: %v", cause(err))
	case !info.Mode().IsRegular():
		return nil, "it is not a regular file"
	case info.Size() > maxUntracked:
		return nil, "the file is too large"
	}
	data, err := tree.ReadFile(name)
	if err != nil {
		return nil, fmt.Sprintf("the file cannot be read: %v", cause(err))
	}
	if bytes.IndexByte(data, 0) >= 0 || !utf8.Valid(data) {
		return nil, "the file is binary"
	}
	if len(data) == 0 {
		return nil, ""
	}
	text := strings.TrimSuffix(string(data), "\n")
	h := diff.Hunk{Old: diff.Range{}, New: diff.Range{Start: 1}}
	for line := range strings.SplitSeq(text, "\n") {
		h.New.Count++
		h.Lines = append(h.Lines, diff.Line{Op: diff.Add, New: h.New.Count, Text: strings.TrimSuffix(line, "\r")})
	}
	return []diff.Hunk{h}, ""
}
