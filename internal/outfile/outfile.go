// Package outfile is the one door to the files that results are written to. It
// promises, whatever a repository holds:
//   - a regular file is written beside and renamed, with the permissions of the
//     one that it replaces: under its name there is the old content or all of the
//     new one, never a part;
//   - a name in a repository is written in that repository: a symbolic link of
//     that name is refused, and so is a directory that leads out of it;
//   - nothing is written to Git's own data, whatever the spelling of .git;
//   - a device or a pipe outside any repository, which only the user can have
//     named (/dev/stdout, /dev/null, a FIFO), is written as it is.
//
// A repository is any directory with an entry named .git, and every directory
// that the caller says is one.
package outfile

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/org/probe-mtls-action/render"
)

// RefusedError says why a name is not written to.
type RefusedError struct{ Name, Why string }

// Error returns the reason, with what to do.
func (e *RefusedError) Error() string { return e.Why + "; name a regular file of its own" }

// Options say more of where a file is.
type Options struct {
	// Repository is a directory that is taken for a repository; "" for none.
	Repository string
	// MakeDirs makes the directories in a repository that are missing.
	MakeDirs bool
}

// Write writes data to the file name. The error is a [*RefusedError] for a name
// that is not written to.
func Write(name string, o Options, data []byte) error {
	f, err := Create(name, o)
	if err != nil {
		return err
	}
	if _, err := f.Write(data); err != nil {
		f.Abort()
		return err
	}
	return f.Close()
}

// Check returns the error of [Create] for a name that is refused, and changes
// nothing.
func Check(name string, o Options) error {
	o.MakeDirs = false
	p, err := find(name, o)
	if refused := (*RefusedError)(nil); errors.As(err, &refused) {
		return err
	}
	if err == nil {
		p.close()
	}
	return nil
}

// File is a file that is being written. Close gives it its name.
type File struct {
	*os.File
	place *place
	temp  string // "" for what is written as it is
	done  bool
}

// Create begins to write the file name, see [Write].
func Create(name string, o Options) (*File, error) {
	p, err := find(name, o)
	if err != nil {
		return nil, err
	}
	f, err := p.create()
	if err != nil {
		p.close()
		return nil, err
	}
	return f, nil
}

// Publish gives the file its name now; what is written later follows.
func (f *File) Publish() error {
	if f.done || f.temp == "" {
		return nil
	}
	f.done = true
	return f.place.dir.Rename(f.temp, f.place.base)
}

// Close ends the file. When it cannot, the name stays as it was.
func (f *File) Close() error {
	defer f.place.close()
	err := f.File.Close()
	if err == nil {
		err = f.Publish()
	}
	if err != nil {
		f.drop()
	}
	return err
}

// Abort leaves the name as it was.
func (f *File) Abort() {
	f.File.Close()
	f.drop()
	f.place.close()
}

func (f *File) drop() {
	if f.temp != "" && !f.done {
		f.place.dir.Remove(f.temp)
	}
}

// place is where a file is to be written.
type place struct {
	dir  *os.Root // the directory, nil for what is written as it is
	base string
	mode fs.FileMode // of the file that is replaced, 0 without one
	name string      // of a device or a pipe
}

func (p *place) close() {
	if p.dir != nil {
		p.dir.Close()
	}
}

func (p *place) create() (*File, error) {
	if p.dir == nil {
		f, err := os.OpenFile(p.name, os.O_WRONLY|os.O_APPEND, 0)
		return &File{File: f, place: p}, err
	}
	for range 100 {
		temp := fmt.Sprintf(".%.40s.%08x.tmp", p.base, rand.Uint32())
		f, err := p.dir.OpenFile(temp, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o666)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if p.mode != 0 {
			err = f.Chmod(p.mode.Perm())
		}
		out := &File{File: f, place: p, temp: temp}
		if err != nil && !errors.Is(err, errors.ErrUnsupported) {
			f.Close()
			out.drop()
			return nil, err
		}
		return out, nil
	}
	return nil, &fs.PathError{Op: "create", Path: p.base, Err: fs.ErrExist}
}

// find looks where name is to be written.
func find(name string, o Options) (*place, error) {
	abs, err := filepath.Abs(name)
	if err != nil {
		return nil, err
	}
	refuse := func(why string) (*place, error) { return nil, &RefusedError{name, why} }
	if slices.ContainsFunc(elements(abs), render.IsGitName) {
		return refuse("it lies in Git's own data")
	}
	if repository := around(abs, o.Repository); repository != "" {
		return findIn(repository, abs, o.MakeDirs, refuse)
	}
	return findOutside(abs, refuse)
}

// findIn looks for a name in a repository.
func findIn(repository, abs string, makeDirs bool, refuse func(string) (*place, error)) (*place, error) {
	rel, err := filepath.Rel(repository, abs)
	if err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(repository)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	parent, base := filepath.Split(rel)
	parent = filepath.Clean(parent)
	if leadsToGit(repository, parent) {
		return refuse("its directory leads to Git's own data")
	}
	if makeDirs && parent != "." {
		err := root.MkdirAll(parent, 0o777)
		if errors.Is(err, syscall.ENOSPC) || errors.Is(err, fs.ErrPermission) {
			return nil, err
		}
	}
	dir, err := root.OpenRoot(parent)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrPermission):
		return nil, err
	case err != nil:
		return refuse("its directory leads out of the repository, or is none")
	}
	p := &place{dir: dir, base: base}
	info, err := dir.Lstat(base)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return p, nil
	case err != nil:
		dir.Close()
		return nil, err
	case info.Mode()&fs.ModeSymlink != 0:
		dir.Close()
		return refuse("it is a symbolic link in the repository")
	case !info.Mode().IsRegular():
		dir.Close()
		return refuse("it is not a regular file")
	}
	p.mode = info.Mode()
	return p, nil
}

// leadsToGit reports whether the directory parent of a repository, or what there
// is of it, is in Git's own data without links.
func leadsToGit(repository, parent string) bool {
	for dir := parent; ; dir = filepath.Dir(dir) {
		real, err := filepath.EvalSymlinks(filepath.Join(repository, dir))
		if err == nil {
			return slices.ContainsFunc(elements(real), render.IsGitName)
		}
		if dir == "." {
			return false
		}
	}
}

// findOutside looks for a name outside any repository, where all links are the
// user's own.
func findOutside(abs string, refuse func(string) (*place, error)) (*place, error) {
	if strings.HasPrefix(abs, "/dev/") || strings.HasPrefix(abs, "/proc/") {
		return &place{name: abs}, nil // /dev/stdout, also where it is a file that the shell opened
	}
	info, err := os.Stat(abs)
	if err == nil && !info.Mode().IsRegular() {
		if info.IsDir() {
			return refuse("it is a directory")
		}
		return &place{name: abs}, nil
	}
	real := abs
	if err == nil {
		if real, err = filepath.EvalSymlinks(abs); err != nil {
			return nil, err
		}
	} else if _, lstat := os.Lstat(abs); lstat == nil {
		return refuse("it is a symbolic link that leads nowhere")
	} else if parent, err := filepath.EvalSymlinks(filepath.Dir(abs)); err == nil {
		real = filepath.Join(parent, filepath.Base(abs))
	}
	if slices.ContainsFunc(elements(real), render.IsGitName) {
		return refuse("it leads to Git's own data")
	}
	if repository := around(real, ""); repository != "" {
		return findIn(repository, real, false, refuse)
	}
	dir, err := os.OpenRoot(filepath.Dir(real))
	if err != nil {
		return nil, err
	}
	p := &place{dir: dir, base: filepath.Base(real)}
	if info != nil {
		p.mode = info.Mode()
	}
	return p, nil
}

// around returns the outermost directory that abs lies in, by its name, and that
// is a repository: has an entry named .git, or is within; "" if there is none.
func around(abs, within string) string {
	var inside fs.FileInfo
	if within != "" {
		inside, _ = os.Stat(within)
	}
	found := ""
	for dir := filepath.Dir(abs); ; dir = filepath.Dir(dir) {
		if _, err := os.Lstat(filepath.Join(dir, ".git")); err == nil {
			found = dir
		} else if inside != nil {
			if info, err := os.Stat(dir); err == nil && os.SameFile(info, inside) {
				found = dir
			}
		}
		if dir == filepath.Dir(dir) {
			return found
		}
	}
}

// elements are the names that a path is made of.
func elements(path string) []string {
	return strings.FieldsFunc(path, func(r rune) bool { return r == '/' || r == filepath.Separator })
}
