package confined

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/org/probe-mtls-action/render"
)

// The two processes speak in gob, one value after the other: a hello, then one
// request at a time, during which the other side may ask for parts of the tree
// before it answers.

type hello struct {
	Setup  Setup
	Dir    string // of the tree on disk, "" where it is to be read through the pipe alone
	Limits Limits
}

// request asks to render a root or to trace a value of it.
type request struct {
	Render *render.Root
	Trace  *traceRequest
}

type traceRequest struct {
	Object int
	Path   render.Path
}

// message is what the rendering process sends: a question about the tree, or the
// answer to the request.
type message struct {
	Question *question
	Answer   *answer
}

type answer struct {
	Result  *result
	Origin  *render.Origin
	Failure *failure
}

// question asks for one operation of a [render.Tree].
type question struct{ Op, Name string }

type reply struct {
	Data   []byte
	Infos  []info
	Target string
	Failed *treeError
}

// info is a [fs.FileInfo] on its way.
type info struct {
	N string
	S int64
	M fs.FileMode
}

func infoOf(i fs.FileInfo) info { return info{i.Name(), i.Size(), i.Mode()} }

func (i info) Name() string       { return i.N }
func (i info) Size() int64        { return i.S }
func (i info) Mode() fs.FileMode  { return i.M }
func (i info) ModTime() time.Time { return time.Time{} }
func (i info) IsDir() bool        { return i.M.IsDir() }
func (i info) Sys() any           { return nil }

// treeError is an error of a tree on its way.
type treeError struct {
	Op, Path, Text string
	Kind           int // index in kinds, or -1
}

var kinds = []error{fs.ErrNotExist, fs.ErrPermission, fs.ErrInvalid, errTooBig, render.ErrOutside, render.ErrGitData}

func treeErrorOf(op, name string, err error) *treeError {
	e := &treeError{Op: op, Path: name, Text: err.Error(), Kind: -1}
	if p := (*fs.PathError)(nil); errors.As(err, &p) {
		e.Text = p.Err.Error()
	}
	for i, kind := range kinds {
		if errors.Is(err, kind) {
			e.Kind = i
		}
	}
	return e
}

func (e *treeError) error() error { return &fs.PathError{Op: e.Op, Path: e.Path, Err: e} }

// Error returns the text alone.
func (e *treeError) Error() string { return e.Text }

// Unwrap returns what kind of error it is.
func (e *treeError) Unwrap() error {
	if e.Kind < 0 || e.Kind >= len(kinds) {
		return nil
	}
	return kinds[e.Kind]
}

// failure is why a root could not be rendered or traced.
type failure struct {
	Root    render.Root
	Problem render.Problem
	Cause   string
	Kind    int // index in refused, or -1
}

// refused are the reasons that a caller may ask for.
var refused = []error{render.ErrOutside, render.ErrRemote, render.ErrHelm, render.ErrPlugins, render.ErrTooBig, render.ErrTooMuch, render.ErrBinary, render.ErrGitData}

func failureOf(root render.Root, err error) *failure {
	f := &failure{root, render.Problem{Message: err.Error()}, err.Error(), slices.IndexFunc(refused, func(kind error) bool { return errors.Is(err, kind) })}
	if e := (*render.Error)(nil); errors.As(err, &e) {
		f.Root, f.Problem = e.Root, e.Problem
	}
	return f
}

func (f *failure) error() error {
	err := errors.New(f.Cause)
	if f.Kind >= 0 && f.Kind < len(refused) {
		err = fmt.Errorf("%w: %s", refused[f.Kind], f.Cause)
	}
	return &render.Error{Root: f.Root, Problem: f.Problem, Err: err}
}

// result is a [render.Result] on its way.
type result struct {
	Rest    render.Result // without its objects
	Objects []object
}

type object struct {
	Ref, Authored render.Ref
	Nodes         []node // in the order of the text
}

// node is a [yaml.Node] with the number of the nodes below it.
type node struct {
	Kind             uint32
	Style            uint32
	Tag, Value       string
	Head, Line, Foot string
	Below            int
}

// resultOf returns r for the pipe, nil if its objects have more than limit values.
func resultOf(r *render.Result, limit int) *result {
	out := &result{Rest: *r}
	out.Rest.Objects = nil
	for _, o := range r.Objects {
		x := object{Ref: o.Ref, Authored: o.Authored}
		x.Nodes = flatten(nil, o.Node)
		if limit -= len(x.Nodes); limit < 0 {
			return nil
		}
		out.Objects = append(out.Objects, x)
	}
	return out
}

func flatten(out []node, n *yaml.Node) []node {
	out = append(out, node{
		Kind: uint32(n.Kind), Style: uint32(n.Style), Tag: n.Tag, Value: n.Value,
		Head: n.HeadComment, Line: n.LineComment, Foot: n.FootComment, Below: len(n.Content),
	})
	for _, c := range n.Content {
		out = flatten(out, c)
	}
	return out
}

// restore makes the result of s again.
func (r *result) restore(s *session) *render.Result {
	out := &r.Rest
	t := &tracer{s: s, index: make(map[*render.Object]int, len(r.Objects))}
	for i, x := range r.Objects {
		n, _ := unflatten(x.Nodes)
		o := &render.Object{Ref: x.Ref, Authored: x.Authored, Root: out.Root, Node: n, Tracer: t}
		t.index[o] = i
		out.Objects = append(out.Objects, o)
	}
	return out
}

func unflatten(in []node) (*yaml.Node, []node) {
	if len(in) == 0 {
		return &yaml.Node{Kind: yaml.MappingNode}, nil
	}
	x := in[0]
	in = in[1:]
	n := &yaml.Node{
		Kind: yaml.Kind(x.Kind), Style: yaml.Style(x.Style), Tag: x.Tag, Value: x.Value,
		HeadComment: x.Head, LineComment: x.Line, FootComment: x.Foot,
	}
	for range x.Below {
		var c *yaml.Node
		c, in = unflatten(in)
		n.Content = append(n.Content, c)
	}
	return n, in
}
