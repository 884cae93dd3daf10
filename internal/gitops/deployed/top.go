package deployed

import (
	"errors"
	"io/fs"
	"strings"

	"github.com/org/probe-mtls-action/render"
	"github.com/org/probe-mtls-action/render/source"
)

// topDir is the directory below which a topTree has the tree. Kustomize takes no
// directory as the base of one within it, so that a written kustomization cannot
// build on the repository's top directory as it stands.
const topDir = ".repository-top"

// topTree is a tree below one directory.
type topTree struct{ tree render.Tree }

func (t topTree) at(op, name string) (string, error) {
	if name == topDir {
		return ".", nil
	}
	if rest, ok := strings.CutPrefix(name, topDir+"/"); ok {
		return rest, nil
	}
	return "", &fs.PathError{Op: op, Path: name, Err: fs.ErrNotExist}
}

// Open implements [fs.FS].
func (t topTree) Open(name string) (fs.File, error) {
	real, err := t.at("open", name)
	if err != nil {
		return nil, err
	}
	return t.tree.Open(real)
}

// ReadFile implements [fs.ReadFileFS].
func (t topTree) ReadFile(name string) ([]byte, error) {
	real, err := t.at("read", name)
	if err != nil {
		return nil, err
	}
	return t.tree.ReadFile(real)
}

// ReadDir implements [fs.ReadDirFS].
func (t topTree) ReadDir(name string) ([]fs.DirEntry, error) {
	real, err := t.at("readdir", name)
	if err != nil {
		return nil, err
	}
	return t.tree.ReadDir(real)
}

// Stat implements [fs.StatFS].
func (t topTree) Stat(name string) (fs.FileInfo, error) {
	real, err := t.at("stat", name)
	if err != nil {
		return t.top(name, err)
	}
	return t.tree.Stat(real)
}

// Lstat implements [fs.ReadLinkFS].
func (t topTree) Lstat(name string) (fs.FileInfo, error) {
	real, err := t.at("lstat", name)
	if err != nil {
		return t.top(name, err)
	}
	return t.tree.Lstat(real)
}

// ReadLink implements [fs.ReadLinkFS].
func (t topTree) ReadLink(name string) (string, error) {
	real, err := t.at("readlink", name)
	if err != nil {
		return "", err
	}
	target, err := t.tree.ReadLink(real)
	if err == nil && strings.Contains(target, topDir) {
		err = errors.New("the link leads to a name that stands for the repository")
	}
	return target, err
}

func (t topTree) top(name string, err error) (fs.FileInfo, error) {
	if name == "." {
		return info{".", 0, fs.ModeDir | 0o555}, nil
	}
	return nil, err
}

// lift returns a place in a topTree as it is in its tree.
func lift(s source.Span) source.Span {
	s.File = liftName(s.File)
	return s
}

func liftName(name string) string {
	if name == topDir {
		return "."
	}
	return strings.TrimPrefix(name, topDir+"/")
}
