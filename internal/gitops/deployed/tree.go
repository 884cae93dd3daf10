package deployed

import (
	"bytes"
	"io"
	"io/fs"
	"path"
	"time"

	"github.com/org/probe-mtls-action/render"
)

// overTree is a tree with one more file, which may stand in a new directory of
// one level.
type overTree struct {
	render.Tree
	name string
	data []byte
}

// info describes the file, or its directory.
type info struct {
	name string
	size int64
	mode fs.FileMode
}

func (i info) Name() string       { return i.name }
func (i info) Size() int64        { return i.size }
func (i info) Mode() fs.FileMode  { return i.mode }
func (i info) ModTime() time.Time { return time.Time{} }
func (i info) IsDir() bool        { return i.mode.IsDir() }
func (i info) Sys() any           { return nil }

// open is the file, opened.
type open struct {
	io.Reader
	info info
}

func (o open) Stat() (fs.FileInfo, error) { return o.info, nil }
func (o open) Close() error               { return nil }

func (t *overTree) info(name string) (info, bool) {
	switch {
	case name == t.name:
		return info{path.Base(name), int64(len(t.data)), 0o444}, true
	case name != "." && name == path.Dir(t.name):
		if i, err := t.Tree.Lstat(name); err == nil && i.IsDir() {
			return info{}, false
		}
		return info{path.Base(name), 0, fs.ModeDir | 0o555}, true
	}
	return info{}, false
}

// Open implements [fs.FS].
func (t *overTree) Open(name string) (fs.File, error) {
	if i, ok := t.info(name); ok && !i.IsDir() {
		return open{bytes.NewReader(t.data), i}, nil
	}
	return t.Tree.Open(name)
}

// ReadFile implements [fs.ReadFileFS].
func (t *overTree) ReadFile(name string) ([]byte, error) {
	if name == t.name {
		return bytes.Clone(t.data), nil
	}
	return t.Tree.ReadFile(name)
}

// Stat implements [fs.StatFS].
func (t *overTree) Stat(name string) (fs.FileInfo, error) {
	if i, ok := t.info(name); ok {
		return i, nil
	}
	return t.Tree.Stat(name)
}

// Lstat implements [fs.ReadLinkFS].
func (t *overTree) Lstat(name string) (fs.FileInfo, error) {
	if i, ok := t.info(name); ok {
		return i, nil
	}
	return t.Tree.Lstat(name)
}
