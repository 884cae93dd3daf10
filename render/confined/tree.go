package confined

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"

	"github.com/org/probe-mtls-action/render"
)

// maxFile bounds a file on its way, in bytes; a renderer's own bound is lower.
const maxFile = 64 << 20

var errTooBig = errors.New("file is too big")

// answerTree does one operation on the tree.
func answerTree(tree render.Tree, q question) reply {
	r, err := operate(tree, q)
	if err != nil {
		return reply{Failed: treeErrorOf(q.Op, q.Name, err)}
	}
	return r
}

func operate(tree render.Tree, q question) (reply, error) {
	one := func(i fs.FileInfo, err error) (reply, error) {
		if err != nil {
			return reply{}, err
		}
		return reply{Infos: []info{infoOf(i)}}, nil
	}
	switch q.Op {
	case "stat":
		return one(tree.Stat(q.Name))
	case "lstat":
		return one(tree.Lstat(q.Name))
	case "readlink":
		target, err := tree.ReadLink(q.Name)
		return reply{Target: target}, err
	case "readdir":
		entries, err := tree.ReadDir(q.Name)
		if err != nil {
			return reply{}, err
		}
		r := reply{}
		for _, e := range entries {
			r.Infos = append(r.Infos, info{N: e.Name(), M: e.Type()})
		}
		return r, nil
	case "read":
		data, err := read(tree, q.Name)
		return reply{Data: data}, err
	}
	return reply{}, fs.ErrInvalid
}

// read reads a regular file; it opens nothing else.
func read(tree render.Tree, name string) ([]byte, error) {
	i, err := tree.Stat(name)
	if err != nil {
		return nil, err
	}
	if !i.Mode().IsRegular() {
		return nil, errors.New("not a regular file")
	}
	f, err := tree.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(data) > maxFile {
		err = fmt.Errorf("%w: more than %d bytes", errTooBig, maxFile)
	}
	return data, err
}

// remoteTree is the [render.Tree] of the rendering process.
type remoteTree struct {
	ask func(question) (reply, error)
}

var _ render.Tree = (*remoteTree)(nil)

func (t *remoteTree) do(op, name string) (reply, error) {
	r, err := t.ask(question{op, name})
	if err == nil && r.Failed != nil {
		err = r.Failed.error()
	}
	return r, err
}

func (t *remoteTree) info(op, name string) (fs.FileInfo, error) {
	r, err := t.do(op, name)
	if err != nil {
		return nil, err
	}
	if len(r.Infos) != 1 {
		return nil, fs.ErrInvalid
	}
	return r.Infos[0], nil
}

// Stat implements [fs.StatFS].
func (t *remoteTree) Stat(name string) (fs.FileInfo, error) { return t.info("stat", name) }

// Lstat implements [fs.ReadLinkFS].
func (t *remoteTree) Lstat(name string) (fs.FileInfo, error) { return t.info("lstat", name) }

// ReadLink implements [fs.ReadLinkFS].
func (t *remoteTree) ReadLink(name string) (string, error) {
	r, err := t.do("readlink", name)
	return r.Target, err
}

// ReadDir implements [fs.ReadDirFS].
func (t *remoteTree) ReadDir(name string) ([]fs.DirEntry, error) {
	r, err := t.do("readdir", name)
	if err != nil {
		return nil, err
	}
	entries := make([]fs.DirEntry, len(r.Infos))
	for i, one := range r.Infos {
		entries[i] = &entry{info: one, tree: t, name: path.Join(name, one.N)}
	}
	return entries, nil
}

// ReadFile implements [fs.ReadFileFS].
func (t *remoteTree) ReadFile(name string) ([]byte, error) {
	r, err := t.do("read", name)
	return r.Data, err
}

// Open implements [fs.FS], for regular files.
func (t *remoteTree) Open(name string) (fs.File, error) {
	data, err := t.ReadFile(name)
	if err != nil {
		return nil, err
	}
	return &file{Reader: bytes.NewReader(data), info: info{path.Base(name), int64(len(data)), 0o444}}, nil
}

// entry is a directory entry that asks for its info when it is wanted.
type entry struct {
	info
	tree *remoteTree
	name string
}

func (e *entry) Type() fs.FileMode          { return e.M.Type() }
func (e *entry) Info() (fs.FileInfo, error) { return e.tree.Lstat(e.name) }

type file struct {
	*bytes.Reader
	info info
}

func (f *file) Stat() (fs.FileInfo, error) { return f.info, nil }
func (f *file) Close() error               { return nil }

// diskTree is a remoteTree whose directory is known, for renderers that let
// other programs read it.
type diskTree struct {
	remoteTree
	dir string
}

// Dir returns the absolute path of the directory.
func (t *diskTree) Dir() string { return t.dir }
