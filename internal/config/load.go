package config

import (
	"cmp"
	"fmt"
	"io/fs"
	"slices"
	"unicode/utf8"

	"github.com/org/probe-mtls-action/render"
	"github.com/org/probe-mtls-action/render/source"
	"github.com/org/probe-mtls-action/render/source/yamldoc"
)

// maxSize bounds a configuration or values file; real ones are a few KiB.
const maxSize = 1 << 20

// Load reads a configuration file of a repository. A file that is not there is
// an error that wraps [fs.ErrNotExist]; mistakes in the file are [Errors], all
// of them at once. Load never panics, whatever the file holds.
func Load(tree render.Tree, file string) (*Config, error) {
	text, err := read(tree, file)
	if err != nil {
		return nil, err
	}
	docs, errs := parse(text)
	if errs != nil {
		return nil, errs
	}
	d := &decoder{tree: tree, files: []string{file}}
	cfg := &Config{File: file, Files: d.files}
	switch len(docs) {
	case 0:
		return cfg, nil
	case 1:
		d.doc = docs[0]
		d.config(cfg, d.doc.root)
	default:
		return nil, Errors{{
			At:      docs[1].at(docs[1].root),
			Message: "a second YAML document begins here",
			Hint:    "write everything in one document",
		}}
	}
	if len(d.errs) > 0 {
		slices.SortStableFunc(d.errs, func(a, b render.Problem) int {
			return cmp.Or(cmp.Compare(a.At.File, b.At.File), compare(a.At.Start, b.At.Start))
		})
		if d.full() {
			d.errs = append(d.errs, render.Problem{At: source.Span{File: file}, Message: "there may be more mistakes; these are the first"})
		}
		return nil, d.errs
	}
	slices.Sort(d.files)
	cfg.Files = slices.Compact(d.files)
	return cfg, nil
}

func compare(a, b source.Position) int {
	return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
}

// read returns the text of a file of a bounded size.
func read(tree render.Tree, file string) (text yamldoc.Text, err error) {
	tooLarge := func(size int64) error {
		return Errors{{At: source.Span{File: file}, Message: fmt.Sprintf("has %d bytes; at most %d are read", size, maxSize)}}
	}
	info, err := fs.Stat(tree, file)
	switch {
	case err != nil:
		return text, err
	case !info.Mode().IsRegular():
		return text, Errors{{At: source.Span{File: file}, Message: "is not a regular file"}}
	case info.Size() > maxSize:
		return text, tooLarge(info.Size())
	}
	data, err := fs.ReadFile(tree, file)
	switch {
	case err != nil:
		return text, err
	case len(data) > maxSize: // it grew
		return text, tooLarge(int64(len(data)))
	case !utf8.Valid(data):
		return text, Errors{{At: source.Span{File: file}, Message: "is no UTF-8 text"}}
	}
	return yamldoc.Whole(source.NewFile(file, data)), nil
}
