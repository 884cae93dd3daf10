package git

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"path"
	"slices"
	"sort"
	"strings"

	"github.com/org/probe-mtls-action/render"
)

// Complete returns tree, the repository's work tree, together with the files that
// a sparse checkout leaves out: they are read from the index. Close what it
// returns as well, if it is an io.Closer.
func (r *Repo) Complete(ctx context.Context, tree render.Tree) (render.Tree, error) {
	if !r.tracked || !r.sparse {
		return tree, nil
	}
	if err := r.index(); err != nil {
		return nil, err
	}
	out, err := r.run(ctx, "ls-files", "-t", "--stage", "-z")
	if err != nil {
		return nil, damaged(err)
	}
	rest := &Tree{objects: newObjects(ctx, r), entries: map[string]*entry{}}
	rest.entries["."] = &entry{name: ".", mode: fs.ModeDir | 0o755, tree: rest}
	for line := range bytes.SplitSeq(out, []byte{0}) {
		info, name, ok := strings.Cut(string(line), "\t")
		fields := strings.Fields(info) // S, mode, id, stage
		if ok && len(fields) == 4 && fields[0] == "S" && !namesGitData(name) {
			rest.add(name, fields[1], fields[2])
		}
	}
	for _, e := range rest.entries {
		sort.Strings(e.names)
	}
	return &completed{tree, rest}, nil
}

// add adds a file and the directories above it.
func (t *Tree) add(name, mode, id string) {
	t.entries[name] = &entry{name: name, id: id, mode: modeOf(mode), tree: t}
	for ; name != "."; name = path.Dir(name) {
		up := t.entries[path.Dir(name)]
		known := up != nil
		if !known {
			up = &entry{name: path.Dir(name), mode: fs.ModeDir | 0o755, tree: t}
			t.entries[up.name] = up
		}
		up.names = append(up.names, path.Base(name))
		if known {
			return
		}
	}
}

// completed is a work tree with the files that it leaves out.
type completed struct {
	disk render.Tree
	rest *Tree
}

// Close ends the processes that read the files left out, and the work tree.
func (c *completed) Close() error {
	err := c.rest.Close()
	if d, ok := c.disk.(interface{ Close() error }); ok {
		err = errors.Join(err, d.Close())
	}
	return err
}

// locate returns the name without symbolic links of what name leads to: a link
// on one side may lead to the other.
func (c *completed) locate(op, name string, last bool) (string, error) {
	fail := func(err error) (string, error) { return "", &fs.PathError{Op: op, Path: name, Err: err} }
	if !fs.ValidPath(name) {
		return fail(fs.ErrInvalid)
	}
	at, links := ".", 0
	for rest := name; rest != "" && rest != "."; {
		head, tail, _ := strings.Cut(rest, "/")
		next := path.Join(at, head)
		info, err := c.lstat(next)
		if err != nil {
			return fail(reason(err))
		}
		if info.Mode()&fs.ModeSymlink == 0 || tail == "" && !last {
			at, rest = next, tail
			continue
		}
		if links++; links > maxLinks {
			return fail(errors.New("too many symbolic links, or a circle of them"))
		}
		target, err := c.readLink(next)
		if err != nil {
			return fail(reason(err))
		}
		if rest = path.Join(at, target, tail); path.IsAbs(target) || rest == ".." || strings.HasPrefix(rest, "../") {
			return fail(errEscapes)
		}
		at = "."
	}
	return at, nil
}

func reason(err error) error {
	if p := (*fs.PathError)(nil); errors.As(err, &p) {
		return p.Err
	}
	return err
}

func (c *completed) lstat(name string) (fs.FileInfo, error) {
	info, err := c.disk.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return c.rest.Lstat(name)
	}
	return info, err
}

func (c *completed) readLink(name string) (string, error) {
	target, err := c.disk.ReadLink(name)
	if errors.Is(err, fs.ErrNotExist) {
		return c.rest.ReadLink(name)
	}
	return target, err
}

// Open opens a file or directory for reading.
func (c *completed) Open(name string) (fs.File, error) {
	real, err := c.locate("open", name, true)
	if err != nil {
		return nil, err
	}
	f, err := c.disk.Open(real)
	if errors.Is(err, fs.ErrNotExist) {
		return c.rest.Open(real)
	}
	return f, err
}

// ReadFile returns the content of a file.
func (c *completed) ReadFile(name string) ([]byte, error) {
	real, err := c.locate("read", name, true)
	if err != nil {
		return nil, err
	}
	data, err := c.disk.ReadFile(real)
	if errors.Is(err, fs.ErrNotExist) {
		return c.rest.ReadFile(real)
	}
	return data, err
}

// ReadDir returns the entries of a directory on either side, sorted by name.
func (c *completed) ReadDir(name string) ([]fs.DirEntry, error) {
	real, err := c.locate("readdir", name, true)
	if err != nil {
		return nil, err
	}
	entries, err := c.disk.ReadDir(real)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	more, moreErr := c.rest.ReadDir(real)
	if err != nil {
		return more, moreErr
	}
	for _, e := range more {
		if !slices.ContainsFunc(entries, func(have fs.DirEntry) bool { return have.Name() == e.Name() }) {
			entries = append(entries, e)
		}
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return entries, nil
}

// Stat describes a file or directory; links are followed.
func (c *completed) Stat(name string) (fs.FileInfo, error) {
	real, err := c.locate("stat", name, true)
	if err != nil {
		return nil, err
	}
	return c.lstat(real)
}

// Lstat describes a file, directory or link.
func (c *completed) Lstat(name string) (fs.FileInfo, error) {
	real, err := c.locate("lstat", name, false)
	if err != nil {
		return nil, err
	}
	return c.lstat(real)
}

// ReadLink returns where a symbolic link points to, as it is written.
func (c *completed) ReadLink(name string) (string, error) {
	real, err := c.locate("readlink", name, false)
	if err != nil {
		return "", err
	}
	return c.readLink(real)
}
