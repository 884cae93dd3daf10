package app

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/org/probe-mtls-action/internal/report"
	"github.com/org/probe-mtls-action/render"
	"github.com/org/probe-mtls-action/render/source"
)

// lost tells of roots of the base in whose place a link stands now that cannot be
// followed inside the repository: whoever builds them gets something, but nobody
// knows what.
func (c *comparison) lost() []report.Skip {
	var out []report.Skip
	for _, r := range c.reached.Removed {
		link, target := deadLink(c.repo.tree, r.Dir)
		if link == "" {
			continue
		}
		out = append(out, report.Skip{Root: r.Dir, Problem: render.Problem{
			At:      source.Span{File: link},
			Message: fmt.Sprintf("the root is a link now, to %q, which is not a directory of the repository", target),
			Hint:    "Put a directory there, or a link to one within the repository; remove the link to remove the root.",
		}})
	}
	return out
}

// deadLink returns the symbolic link in name that does not lead to anything in the
// tree, and what it points at; "" where there is none.
func deadLink(tree render.Tree, name string) (link, target string) {
	elems := strings.Split(name, "/")
	for i := range elems {
		at := path.Join(elems[:i+1]...)
		info, err := tree.Lstat(at)
		if err != nil {
			return "", "" // there is nothing any more
		}
		if info.Mode()&fs.ModeSymlink == 0 {
			continue
		}
		if target, err = tree.ReadLink(at); err != nil {
			return "", ""
		}
		info, err = tree.Stat(at)
		if errors.Is(err, fs.ErrPermission) || err == nil && info.IsDir() {
			continue
		}
		return at, target
	}
	return "", ""
}
