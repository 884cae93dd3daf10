package config

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/org/probe-mtls-action/render"
	"github.com/org/probe-mtls-action/render/source"
)

// maxSize bounds a configuration or values file; real ones are a few KiB.
const maxSize = 1 << 20

// Load reads a configuration file of a repository. A file that is not there is
// an error that wraps [fs.ErrNotExist]; mistakes in the file are [Errors], all
// of them at once. Load never panics, whatever the file holds.
func Load(tree render.Tree, file string) (*Config, error) {
	data, err := read(tree, file)
	if err != nil {
		return nil, err
	}
	docs, errs := parse(file, data)
	if errs != nil {
		return nil, errs
	}
	d := &decoder{tree: tree}
	cfg := &Config{File: file}
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
		return nil, d.errs
	}
	return cfg, nil
}

func compare(a, b source.Position) int {
	return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
}

func read(tree render.Tree, file string) ([]byte, error) {
	info, err := fs.Stat(tree, file)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, Errors{{At: source.Span{File: file}, Message: "is no regular file"}}
	}
	if info.Size() > maxSize {
		return nil, Errors{{At: source.Span{File: file}, Message: fmt.Sprintf("has %d bytes; at most %d are read", info.Size(), maxSize)}}
	}
	data, err := fs.ReadFile(tree, file)
	if err != nil {
		return nil, err
	}
	if len(data) > maxSize {
		return nil, Errors{{At: source.Span{File: file}, Message: fmt.Sprintf("has %d bytes; at most %d are read", len(data), maxSize)}}
	}
	return data, nil
}

// parse returns the non-empty documents of a YAML file, without aliases and
// merge keys.
func parse(file string, data []byte) ([]*document, Errors) {
	lines := strings.Split(strings.TrimPrefix(string(data), "\ufeff"), "\n")
	decoder := yaml.NewDecoder(strings.NewReader(string(data)))
	var docs []*document
	for {
		var n yaml.Node
		if err := decoder.Decode(&n); err != nil {
			if errors.Is(err, io.EOF) {
				return docs, nil
			}
			return nil, Errors{syntaxError(file, err)}
		}
		if n.Kind != yaml.DocumentNode || len(n.Content) == 0 || isNull(n.Content[0]) {
			continue
		}
		doc := &document{file: file, lines: lines}
		x := expander{doc: doc}
		doc.root = x.expand(n.Content[0], 0)
		if len(x.errs) > 0 {
			return nil, x.errs
		}
		docs = append(docs, doc)
	}
}

var yamlError = regexp.MustCompile(`(?s)^yaml: (?:line (\d+): )?(.*)$`)

func syntaxError(file string, err error) render.Problem {
	p := render.Problem{At: source.Span{File: file}, Message: err.Error()}
	if m := yamlError.FindStringSubmatch(err.Error()); m != nil {
		p.Message = "no valid YAML: " + m[2]
		if line, err := strconv.Atoi(m[1]); err == nil && line > 0 {
			p.At.Start = source.Position{Line: line, Column: 1}
			p.At.End = p.At.Start
		}
	}
	return p
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.Tag == "!!null" }
