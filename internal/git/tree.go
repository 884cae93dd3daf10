package git

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/org/probe-mtls-action/render"
)

// maxBlob is the size, in bytes, above which a file of a tree is not read.
const maxBlob = 64 << 20

// maxLinks is how many symbolic links one name may go through.
const maxLinks = 40

var errEscapes = errors.New("the symbolic link leads out of the repository")

// Tree is the tree of a commit, read straight from Git's objects. It is safe
// for concurrent use. Submodules are read at their commits where they are checked
// out; another one gives a [*LostError] for what is in it. Files that Git LFS
// keeps elsewhere are the pointers that Git has. An entry named .git, which only
// a crafted commit has, is not content: see [render.ErrGitData].
type Tree struct {
	entries map[string]*entry
	objects *objects
	lost    map[string]*LostError // submodules that cannot be read, by name
	closers []func() error        // of grafted submodules
}

var _ render.Tree = (*Tree)(nil)

// entry is a file, link or directory of a tree, without its content.
type entry struct {
	name  string // full name, "." for the top
	mode  fs.FileMode
	id    string
	names []string // of a directory: its entries, sorted
	tree  *Tree
}

// Tree opens the tree of the commit id. Close it after use.
func (r *Repo) Tree(ctx context.Context, id string) (*Tree, error) {
	if !r.Has(ctx, id) {
		shallow, err := r.Shallow()
		if err != nil {
			return nil, err
		}
		return nil, &MissingError{id, shallow}
	}
	out, err := r.run(ctx, "ls-tree", "-r", "-t", "-z", "--full-tree", id)
	if err != nil {
		return nil, damaged(err)
	}
	t := &Tree{objects: newObjects(ctx, r)}
	submodules, err := t.parse(out)
	if err == nil {
		err = t.graft(ctx, r, submodules)
	}
	if err != nil {
		t.Close()
		return nil, err
	}
	return t, nil
}

// parse reads the output of git ls-tree -rtz: "<mode> <type> <id>\t<name>". It
// returns the commits of submodules by name.
func (t *Tree) parse(out []byte) (submodules map[string]string, err error) {
	submodules = map[string]string{}
	t.entries = make(map[string]*entry, bytes.Count(out, []byte{0})+1)
	t.entries["."] = &entry{name: ".", mode: fs.ModeDir | 0o755, tree: t}
	for line := range bytes.SplitSeq(out, []byte{0}) {
		if len(line) == 0 {
			continue
		}
		info, name, ok := strings.Cut(string(line), "\t")
		fields := strings.Fields(info)
		if !ok || len(fields) != 3 {
			return nil, fmt.Errorf("git ls-tree: unexpected line %q", line)
		}
		if namesGitData(name) {
			continue
		}
		e := &entry{name: name, id: fields[2], mode: modeOf(fields[0]), tree: t}
		if fields[0] == "160000" {
			submodules[name] = e.id
		}
		t.entries[name] = e
		up := t.entries[path.Dir(name)]
		if up == nil {
			return nil, fmt.Errorf("git ls-tree: %q comes before its directory", name)
		}
		up.names = append(up.names, path.Base(name))
	}
	for _, e := range t.entries {
		sort.Strings(e.names)
	}
	return submodules, nil
}

// modeOf translates a mode of Git; a submodule is a directory.
func modeOf(mode string) fs.FileMode {
	switch mode {
	case "040000", "160000":
		return fs.ModeDir | 0o755
	case "120000":
		return fs.ModeSymlink | 0o777
	case "100755":
		return 0o755
	}
	return 0o644
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// namesGitData reports whether an element of the name stands for .git.
func namesGitData(name string) bool {
	for elem := range strings.SplitSeq(name, "/") {
		if render.IsGitName(elem) {
			return true
		}
	}
	return false
}

// Close ends the processes that read the objects.
func (t *Tree) Close() error {
	t.objects.close()
	var err error
	for _, c := range t.closers {
		err = errors.Join(err, c())
	}
	return err
}

// find returns the entry of a name; links are followed, the last one only if
// last is set.
func (t *Tree) find(op, name string, last bool) (*entry, error) {
	fail := func(err error) (*entry, error) {
		return nil, &fs.PathError{Op: op, Path: name, Err: err}
	}
	if !fs.ValidPath(name) {
		return fail(fs.ErrInvalid)
	}
	if e := t.entries[name]; e != nil && (e.mode&fs.ModeSymlink == 0 || !last) {
		return e, nil
	}
	at, rest := t.entries["."], name
	for links := 0; rest != "" && rest != "."; {
		head, tail, _ := strings.Cut(rest, "/")
		if render.IsGitName(head) {
			return fail(render.ErrGitData)
		}
		if lost := t.lost[at.name]; lost != nil {
			return fail(lost)
		}
		next := t.entries[path.Join(at.name, head)]
		if next == nil || !at.mode.IsDir() {
			return fail(fs.ErrNotExist)
		}
		if next.mode&fs.ModeSymlink == 0 || tail == "" && !last {
			at, rest = next, tail
			continue
		}
		if links++; links > maxLinks {
			return fail(errors.New("too many symbolic links, or a circle of them"))
		}
		target, err := next.tree.objects.read(next.id, 4096)
		if err != nil {
			return fail(err)
		}
		if path.IsAbs(string(target)) {
			return fail(errEscapes)
		}
		// A link counts from its own directory; at holds no links.
		rest = path.Join(at.name, string(target), tail)
		if rest == ".." || strings.HasPrefix(rest, "../") {
			return fail(errEscapes)
		}
		at = t.entries["."]
	}
	return at, nil
}

// ReadFile returns the content of a file.
func (t *Tree) ReadFile(name string) ([]byte, error) {
	e, err := t.find("read", name, true)
	if err != nil {
		return nil, err
	}
	if e.mode.IsDir() {
		return nil, &fs.PathError{Op: "read", Path: name, Err: errors.New("is a directory")}
	}
	data, err := e.tree.objects.read(e.id, maxBlob)
	if err != nil {
		return nil, &fs.PathError{Op: "read", Path: name, Err: err}
	}
	return data, nil
}

// ReadDir returns the entries of a directory, sorted by name.
func (t *Tree) ReadDir(name string) ([]fs.DirEntry, error) {
	e, err := t.find("readdir", name, true)
	if err != nil {
		return nil, err
	}
	if lost := t.lost[e.name]; lost != nil {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: lost}
	}
	if !e.mode.IsDir() {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: errors.New("not a directory")}
	}
	list := make([]fs.DirEntry, len(e.names))
	for i, n := range e.names {
		list[i] = fs.FileInfoToDirEntry(t.entries[path.Join(e.name, n)])
	}
	return list, nil
}

// Stat describes a file or directory; links are followed.
func (t *Tree) Stat(name string) (fs.FileInfo, error) {
	e, err := t.find("stat", name, true)
	if err != nil {
		return nil, err
	}
	return e, nil
}

// Lstat describes a file, directory or link.
func (t *Tree) Lstat(name string) (fs.FileInfo, error) {
	e, err := t.find("lstat", name, false)
	if err != nil {
		return nil, err
	}
	return e, nil
}

// ReadLink returns where a symbolic link points to, as it is written.
func (t *Tree) ReadLink(name string) (string, error) {
	e, err := t.find("readlink", name, false)
	if err != nil {
		return "", err
	}
	if e.mode&fs.ModeSymlink == 0 {
		return "", &fs.PathError{Op: "readlink", Path: name, Err: fs.ErrInvalid}
	}
	target, err := e.tree.objects.read(e.id, 4096)
	if err != nil {
		return "", &fs.PathError{Op: "readlink", Path: name, Err: err}
	}
	return string(target), nil
}

// Open opens a file or directory for reading.
func (t *Tree) Open(name string) (fs.File, error) {
	e, err := t.find("open", name, true)
	if err != nil {
		return nil, err
	}
	if e.mode.IsDir() {
		list, err := t.ReadDir(e.name)
		return &openDir{e, list}, err
	}
	data, err := t.ReadFile(e.name)
	if err != nil {
		return nil, err
	}
	return &openFile{e, bytes.NewReader(data)}, nil
}

// entry is its own fs.FileInfo. Objects have no time.
func (e *entry) Name() string       { return path.Base(e.name) }
func (e *entry) Mode() fs.FileMode  { return e.mode }
func (e *entry) IsDir() bool        { return e.mode.IsDir() }
func (e *entry) ModTime() time.Time { return time.Time{} }
func (e *entry) Sys() any           { return nil }

// Size reads the object, as a tree does not say how large its files are; it is
// 0 for what cannot be read.
func (e *entry) Size() int64 {
	if e.mode.IsDir() {
		return 0
	}
	data, err := e.tree.objects.read(e.id, maxBlob)
	if err != nil {
		return 0
	}
	return int64(len(data))
}

type openFile struct {
	info *entry
	*bytes.Reader
}

func (f *openFile) Stat() (fs.FileInfo, error) { return f.info, nil }
func (f *openFile) Close() error               { return nil }

type openDir struct {
	info *entry
	rest []fs.DirEntry
}

func (d *openDir) Stat() (fs.FileInfo, error) { return d.info, nil }
func (d *openDir) Close() error               { return nil }
func (d *openDir) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: d.info.name, Err: errors.New("is a directory")}
}

func (d *openDir) ReadDir(n int) ([]fs.DirEntry, error) {
	if n <= 0 {
		list := d.rest
		d.rest = nil
		return list, nil
	}
	if len(d.rest) == 0 {
		return nil, io.EOF
	}
	n = min(n, len(d.rest))
	list := d.rest[:n]
	d.rest = d.rest[n:]
	return list, nil
}
