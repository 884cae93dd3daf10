package fix

import (
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/org/probe-mtls-action/render"
)

// draft is a tree with some files changed and some added, in memory alone.
type draft struct {
	render.Tree
	files map[string]string
	// original reads a file of the tree as it was when it was first read.
	original func(name string) ([]byte, error)
}

// source is the text of a file that a change is made in.
func (d *draft) source(name string) ([]byte, error) {
	if text, ok := d.text(name); ok {
		return []byte(text), nil
	}
	return d.original(name)
}

func (d *draft) text(name string) (string, bool) {
	text, ok := d.files[path.Clean(name)]
	return text, ok
}

// Open implements [fs.FS].
func (d *draft) Open(name string) (fs.File, error) {
	if text, ok := d.text(name); ok {
		return &draftFile{Reader: strings.NewReader(text), info: info{path.Base(name), int64(len(text))}}, nil
	}
	return d.Tree.Open(name)
}

// ReadFile implements [fs.ReadFileFS].
func (d *draft) ReadFile(name string) ([]byte, error) {
	if text, ok := d.text(name); ok {
		return []byte(text), nil
	}
	return d.Tree.ReadFile(name)
}

// ReadDir implements [fs.ReadDirFS].
func (d *draft) ReadDir(name string) ([]fs.DirEntry, error) {
	entries, err := d.Tree.ReadDir(name)
	if err != nil {
		return nil, err
	}
	for file, text := range d.files {
		if path.Dir(file) != path.Clean(name) || slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return e.Name() == path.Base(file) }) {
			continue
		}
		entries = append(entries, fs.FileInfoToDirEntry(info{path.Base(file), int64(len(text))}))
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return entries, nil
}

// Stat implements [fs.StatFS].
func (d *draft) Stat(name string) (fs.FileInfo, error) {
	if text, ok := d.text(name); ok {
		return info{path.Base(name), int64(len(text))}, nil
	}
	return d.Tree.Stat(name)
}

// Lstat implements [fs.ReadLinkFS].
func (d *draft) Lstat(name string) (fs.FileInfo, error) {
	if _, ok := d.text(name); ok {
		return d.Stat(name)
	}
	return d.Tree.Lstat(name)
}

// info describes a file of a draft.
type info struct {
	name string
	size int64
}

func (i info) Name() string     { return i.name }
func (i info) Size() int64      { return i.size }
func (info) Mode() fs.FileMode  { return 0o644 }
func (info) ModTime() time.Time { return time.Time{} }
func (info) IsDir() bool        { return false }
func (info) Sys() any           { return nil }

// draftFile is an open file of a draft.
type draftFile struct {
	io.Reader
	info info
}

func (f *draftFile) Stat() (fs.FileInfo, error) { return f.info, nil }
func (*draftFile) Close() error                 { return nil }
