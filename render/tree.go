package render

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
)

// DirTree is the [Tree] of a directory on disk: the one door to the files of a
// work tree. It promises, whatever the directory holds:
//   - nothing outside the directory is opened. Symbolic links are followed inside
//     it; a name that leads out of it gives an error;
//   - Git's own data is not content: an entry named .git, in any spelling that
//     [IsGitName] knows, is neither listed nor opened, by name or through a link,
//     nor is the Git directory that a .git file in the tree points at. The error
//     is [ErrGitData];
//   - of other files, only regular ones are opened: a named pipe would wait
//     forever, a device can do anything;
//   - nothing is written.
type DirTree struct {
	root  *os.Root
	files Tree // the root's files, .git among them

	mu      sync.Mutex
	dirs    map[string]kind // directories known to be no links
	regular map[string]bool // regular files in directories that were listed
	// data finds the Git directories of other names. The whole tree is searched
	// for what points at them when the first directory that looks like one is
	// looked into.
	data func() gitData
}

var _ Tree = (*DirTree)(nil)

// kind says what is known of a directory.
type kind uint8

const (
	unseen kind = iota // nothing
	plain              // it is no Git directory, and not below one
	gitish             // it looks like a Git directory, or is below one that does
)

const maxTreeLinks = 40 // symbolic links that one name may lead through, as in Linux

var errNotRegular = errors.New("not a regular file")

// OpenTree opens the directory dir as a Tree. Close it after use.
func OpenTree(dir string) (*DirTree, error) {
	abs, err := filepath.Abs(dir)
	if err == nil {
		abs, err = filepath.EvalSymlinks(abs)
	}
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", dir, unwrapPath(err))
	}
	root, err := os.OpenRoot(abs)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", dir, unwrapPath(err))
	}
	files := root.FS().(Tree)
	t := &DirTree{root: root, files: files, dirs: map[string]kind{".": plain}, regular: map[string]bool{}}
	t.data = sync.OnceValue(func() gitData { return pointers(dirFiles{files, abs}) })
	return t, nil
}

// dirFiles are all files of a directory on disk.
type dirFiles struct {
	Tree
	dir string
}

func (d dirFiles) Dir() string { return d.dir }

// Dir returns the absolute path of the directory, without symbolic links.
func (t *DirTree) Dir() string { return t.root.Name() }

// Close releases the directory. The tree is of no use afterwards.
func (t *DirTree) Close() error { return t.root.Close() }

// Open opens a file or directory for reading.
func (t *DirTree) Open(name string) (fs.File, error) {
	real, err := t.locate("open", name, true)
	if err != nil {
		return nil, err
	}
	f, err := t.files.Open(real)
	if d, ok := f.(fs.ReadDirFile); ok && err == nil {
		return contentDir{d}, nil
	}
	return f, err
}

// ReadFile returns the content of a file.
func (t *DirTree) ReadFile(name string) ([]byte, error) {
	real, err := t.locate("open", name, true)
	if err != nil {
		return nil, err
	}
	return t.files.ReadFile(real)
}

// ReadDir returns the entries of a directory, sorted by name, without .git.
func (t *DirTree) ReadDir(name string) ([]fs.DirEntry, error) {
	real, err := t.locate("open", name, true)
	if err != nil {
		return nil, err
	}
	entries, err := t.files.ReadDir(real)
	entries = content(entries)
	if t.listed(real, entries) == gitish {
		if refused := t.refuseGitData("open", name, real); refused != nil {
			return nil, refused
		}
	}
	return entries, err
}

// Stat describes a file or directory; links are followed.
func (t *DirTree) Stat(name string) (fs.FileInfo, error) {
	real, err := t.locate("stat", name, true)
	if err != nil {
		return nil, err
	}
	return t.files.Stat(real)
}

// Lstat describes a file, directory or link.
func (t *DirTree) Lstat(name string) (fs.FileInfo, error) {
	real, err := t.locate("lstat", name, false)
	if err != nil {
		return nil, err
	}
	return t.files.Lstat(real)
}

// ReadLink returns where a symbolic link points to, as it is written.
func (t *DirTree) ReadLink(name string) (string, error) {
	real, err := t.locate("readlink", name, false)
	if err != nil {
		return "", err
	}
	return t.files.ReadLink(real)
}

// locate returns the name without symbolic links of what name leads to; with
// follow unset its last element may be a link. What it returns is content.
func (t *DirTree) locate(op, name string, follow bool) (string, error) {
	fail := func(err error) (string, error) { return "", &fs.PathError{Op: op, Path: name, Err: err} }
	if !fs.ValidPath(name) {
		return fail(fs.ErrInvalid)
	}
	at, links := ".", 0
	for todo := strings.Split(name, "/"); len(todo) > 0; {
		elem := todo[0]
		todo = todo[1:]
		switch {
		case elem == "" || elem == ".":
			continue
		case elem == "..": // of a link's target
			if at == "." {
				return fail(ErrOutside)
			}
			at = path.Dir(at)
			continue
		case IsGitName(elem):
			return fail(ErrGitData)
		}
		next := path.Join(at, elem)
		if len(todo) == 0 && !follow {
			at = next
			break
		}
		if dir, file := t.known(next); dir || file && len(todo) == 0 {
			at = next
			continue
		}
		info, err := t.files.Lstat(next)
		switch {
		case err != nil:
			return fail(unwrapPath(err))
		case info.Mode()&fs.ModeSymlink != 0:
			if links++; links > maxTreeLinks {
				return fail(errors.New("too many symbolic links, or a circle of them"))
			}
			target, err := t.files.ReadLink(next)
			if err != nil {
				return fail(unwrapPath(err))
			}
			target = filepath.ToSlash(target)
			if path.IsAbs(target) || filepath.IsAbs(target) {
				return fail(ErrOutside)
			}
			todo = append(strings.Split(target, "/"), todo...)
			continue
		case info.IsDir():
			t.note(next, unseen)
		case len(todo) > 0:
			return fail(syscall.ENOTDIR)
		case op == "open" && !info.Mode().IsRegular():
			return fail(errNotRegular)
		}
		at = next
	}
	if t.isGitish(path.Dir(at)) {
		return at, t.refuseGitData(op, name, at)
	}
	return at, nil
}

// known reports whether name is known to be a directory or a regular file, and no
// link.
func (t *DirTree) known(name string) (dir, file bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	_, dir = t.dirs[name]
	return dir, t.regular[name]
}

// note notes that name is a directory and not a link.
func (t *DirTree) note(name string, k kind) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.dirs[name] = max(k, t.dirs[name])
}

// listed notes what the list of a directory's entries tells, and returns what
// the directory is.
func (t *DirTree) listed(dir string, entries []fs.DirEntry) kind {
	var head, more bool
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, e := range entries {
		head = head || e.Name() == "HEAD"
		more = more || e.Name() == "objects" || e.Name() == "commondir"
		switch name := path.Join(dir, e.Name()); {
		case e.IsDir():
			t.dirs[name] = max(unseen, t.dirs[name])
		case e.Type().IsRegular():
			t.regular[name] = true
		}
	}
	if t.dirs[dir] == unseen {
		switch up := t.dirs[path.Dir(dir)]; {
		case head && more:
			t.dirs[dir] = gitish
		case up != unseen:
			t.dirs[dir] = up
		}
	}
	return t.dirs[dir]
}

// isGitish reports whether the directory dir looks like a Git directory or lies
// below one that does.
func (t *DirTree) isGitish(dir string) bool {
	t.mu.Lock()
	k := t.dirs[dir]
	t.mu.Unlock()
	if k == unseen {
		k = plain
		if t.isGitish(path.Dir(dir)) || t.holds(dir, "HEAD") && (t.holds(dir, "objects") || t.holds(dir, "commondir")) {
			k = gitish
		}
		t.note(dir, k)
	}
	return k == gitish
}

func (t *DirTree) holds(dir, name string) bool {
	_, err := t.files.Lstat(path.Join(dir, name))
	return err == nil
}

func (t *DirTree) refuseGitData(op, name, real string) error {
	if data := t.data(); data.hold(real) {
		return &fs.PathError{Op: op, Path: name, Err: ErrGitData}
	}
	return nil
}

// content leaves Git's own entries out.
func content(entries []fs.DirEntry) []fs.DirEntry {
	kept := entries[:0]
	for _, e := range entries {
		if !IsGitName(e.Name()) {
			kept = append(kept, e)
		}
	}
	return kept
}

// contentDir is an open directory without Git's own entries.
type contentDir struct{ fs.ReadDirFile }

func (d contentDir) ReadDir(n int) ([]fs.DirEntry, error) {
	for {
		entries, err := d.ReadDirFile.ReadDir(n)
		if entries = content(entries); n <= 0 || len(entries) > 0 || err != nil {
			return entries, err
		}
	}
}

func unwrapPath(err error) error {
	if p := (*fs.PathError)(nil); errors.As(err, &p) {
		return p.Err
	}
	return err
}
