// Package edit changes values in YAML and JSON text without touching any other
// byte: comments, quoting, indentation, line ends, anchors and the style of
// collections stay as they are.
//
// A [Change] names what it changes by its place in the text's structure, not by
// its position, so that several changes can be made to one file one after the
// other. Each change is proven when it is made: the text that it gives is parsed
// again and must hold exactly what was intended.
package edit

import (
	"errors"
	"fmt"
	"regexp"

	"go.yaml.in/yaml/v3"

	"github.com/org/probe-mtls-action/render"
	"github.com/org/probe-mtls-action/render/source"
	"github.com/org/probe-mtls-action/render/source/yamldoc"
)

// Op is a kind of change.
type Op string

// The kinds of change.
const (
	// Set gives the value at the place another value.
	Set Op = "set"
	// Add puts a new key with a value at the end of the mapping at the place,
	// which may be a null.
	Add Op = "add"
	// Append puts a value at the end of the list at the place, which may be a
	// null.
	Append Op = "append"
	// Delete removes the entry or list item at the place, and the mappings and
	// lists around it that hold nothing else.
	Delete Op = "delete"
	// Rename gives the entry at the place another key.
	Rename Op = "rename"
)

// Place is where a value stands in a text of one or more YAML documents.
type Place struct {
	// Doc is the number of the document, from 0.
	Doc int
	// Path leads from the document's value to the value itself. Steps follow
	// aliases; a merge key (<<) is a key like any other.
	Path render.Path
	// In, if set, is a place in the YAML text that the scalar at Path holds: an
	// inline patch, say.
	In *Place
}

// Change is one change of a text.
type Change struct {
	Op  Op
	At  Place
	Key string // of Add and Rename
	// Value is the new value of Set, Add and Append. Its styles are heeded where
	// the text around it allows them.
	Value *yaml.Node
}

// ErrUnsupported is why a change cannot be made without touching other bytes.
var ErrUnsupported = errors.New("the text cannot be changed in place")

func unsupported(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrUnsupported, fmt.Sprintf(format, args...))
}

// otherLines are the line ends of YAML that editors and Git take for none.
var otherLines = regexp.MustCompile("\r[^\n]|\r$|\u0085|\u2028|\u2029")

// splice replaces the bytes from start up to end.
type splice struct {
	start, end int
	text       string
}

func (sp splice) apply(s string) string { return s[:sp.start] + sp.text + s[sp.end:] }

// Apply returns text with the change made. The error tells why the place does
// not exist, or why the change cannot be made in place.
func (c Change) Apply(text string) (string, error) {
	if otherLines.MatchString(text) {
		return "", unsupported("its lines do not end in LF or CRLF")
	}
	docs, err := parse(text)
	if err != nil {
		return "", err
	}
	if c.At.Doc < 0 || c.At.Doc >= len(docs) {
		return "", unsupported("there is no document %d", c.At.Doc)
	}
	d := docs[c.At.Doc]
	t, err := find(d, c.At.Path)
	if err != nil {
		return "", err
	}
	own := c
	if c.At.In != nil {
		if own, err = c.inside(t); err != nil {
			return "", err
		}
	}
	if own.Op == Delete {
		t = t.alone()
		own.At.Path = t.path
	}
	sp, err := own.splice(t, jsonText(text))
	if err != nil {
		return "", err
	}
	sp.start, sp.end = d.Text.Offset(sp.start), d.Text.Offset(sp.start)+sp.end-sp.start
	after := sp.apply(text)
	return after, own.verify(text, after)
}

// inside turns a change of the text that a scalar holds into a change of the
// scalar.
func (c Change) inside(t *target) (Change, error) {
	n := t.node
	if n.Kind != yaml.ScalarNode {
		return c, unsupported("the value at %s is not text", t.path)
	}
	inner := c
	inner.At = *c.At.In
	value, err := inner.Apply(n.Value)
	if errors.Is(err, errNothingLeft) {
		// The text holds nothing else: what names it goes, too.
		path := t.path
		for len(path) > 1 && path[len(path)-1].Index < 0 {
			path = path[:len(path)-1]
		}
		up, err := find(t.doc, path)
		if err != nil {
			return c, err
		}
		*t = *up
		return Change{Op: Delete, At: Place{Doc: c.At.Doc, Path: path}}, nil
	}
	if err != nil {
		return c, err
	}
	return Change{Op: Set, At: Place{Doc: c.At.Doc, Path: c.At.Path}, Value: &yaml.Node{
		Kind: yaml.ScalarNode, Tag: n.ShortTag(), Value: value,
	}}, nil
}

func (c Change) splice(t *target, json bool) (splice, error) {
	w := writer{json: json, eol: lineEnd(t.s), dashes: dashIndent(t.doc)}
	switch c.Op {
	case Set:
		return t.set(c.Value, w)
	case Add:
		return t.add(c.Key, c.Value, w)
	case Append:
		return t.append(c.Value, w)
	case Delete:
		return t.remove()
	case Rename:
		return t.rename(c.Key)
	}
	return splice{}, unsupported("no change is called %q", c.Op)
}

func parse(text string) ([]*yamldoc.Doc, error) {
	docs, err := yamldoc.ParseAll(yamldoc.Whole(source.NewFile("", []byte(text))))
	if err != nil {
		return nil, unsupported("it is not YAML: %s", err)
	}
	return docs, nil
}

// Get returns the value at a place of text, without aliases; nil where there is
// none. It is read-only.
func Get(text string, at Place) *yaml.Node {
	docs, err := parse(text)
	if err != nil || at.Doc < 0 || at.Doc >= len(docs) {
		return nil
	}
	t, err := find(docs[at.Doc], at.Path)
	if err != nil {
		return nil
	}
	if at.In != nil {
		if t.node.Kind != yaml.ScalarNode {
			return nil
		}
		return Get(t.node.Value, *at.In)
	}
	return t.node
}

// Below returns the place that the steps lead to from p.
func (p Place) Below(steps ...render.Step) Place {
	if p.In != nil {
		in := p.In.Below(steps...)
		p.In = &in
		return p
	}
	p.Path = p.Path.Join(steps)
	return p
}

// Up returns the place n steps above p, within the same text.
func (p Place) Up(n int) Place {
	if p.In != nil {
		in := p.In.Up(n)
		p.In = &in
		return p
	}
	p.Path = p.Path[:max(len(p.Path)-n, 0)]
	return p
}

// Last returns the last step to p within its text; false for a text's own value.
func (p Place) Last() (render.Step, bool) {
	if p.In != nil {
		return p.In.Last()
	}
	if len(p.Path) == 0 {
		return render.Step{}, false
	}
	return p.Path[len(p.Path)-1], true
}
