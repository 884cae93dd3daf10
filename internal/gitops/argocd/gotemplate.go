package argocd

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"text/template/parse"
)

// Bounds of one template: what a hostile one could otherwise make dear.
const (
	maxSteps  = 20_000
	maxOutput = 64 << 10 // bytes
)

// unknown is a value that only the cluster knows: a name, an address, a label.
type unknown struct{}

// mark stands for an unknown value in text. It is a private code point, which no
// name or path holds.
const mark = "\uf8ff"

var errDear = errors.New("the template takes too many steps")

// goTemplate evaluates a Go template, as ApplicationSets with goTemplate write
// them. It knows the language of text/template and the functions in funcs, and
// no template within a template. A key that data does not have is an error with
// strict, and unknown with open.
func goTemplate(text string, data map[string]any, strict, open bool) (string, error) {
	if !strings.Contains(text, "{{") {
		return text, nil
	}
	tree := parse.New("template")
	tree.Mode = parse.SkipFuncCheck
	sets := make(map[string]*parse.Tree)
	if _, err := tree.Parse(text, "", "", sets); err != nil {
		return "", fmt.Errorf("its template is not valid: %s", strings.TrimPrefix(err.Error(), "template: "))
	}
	if len(sets) > 1 {
		return "", errors.New("its template defines others, which is not supported")
	}
	e := &evaluator{strict: strict, open: open, root: data, vars: []variable{{"$", data}}}
	if err := e.list(data, tree.Root); err != nil {
		return "", err
	}
	return e.out.String(), nil
}

type variable struct {
	name  string
	value any
}

type evaluator struct {
	strict, open bool
	root         any
	vars         []variable
	steps        int
	out          strings.Builder
}

func (e *evaluator) step() error {
	if e.steps++; e.steps > maxSteps || e.out.Len() > maxOutput {
		return errDear
	}
	return nil
}

func (e *evaluator) list(dot any, l *parse.ListNode) error {
	if l == nil {
		return nil
	}
	for _, n := range l.Nodes {
		if err := e.node(dot, n); err != nil {
			return err
		}
	}
	return nil
}

func (e *evaluator) node(dot any, n parse.Node) error {
	if err := e.step(); err != nil {
		return err
	}
	switch n := n.(type) {
	case *parse.TextNode:
		e.out.Write(n.Text)
	case *parse.CommentNode:
	case *parse.ActionNode:
		v, err := e.pipe(dot, n.Pipe)
		if err != nil {
			return err
		}
		if len(n.Pipe.Decl) == 0 {
			e.out.WriteString(print(v))
		}
	case *parse.IfNode:
		return e.branch(dot, &n.BranchNode, false)
	case *parse.WithNode:
		return e.branch(dot, &n.BranchNode, true)
	case *parse.RangeNode:
		return e.loop(dot, n)
	default:
		return fmt.Errorf("its template uses %q, which is not supported", n.String())
	}
	return nil
}

func (e *evaluator) branch(dot any, n *parse.BranchNode, rebind bool) error {
	defer func(k int) { e.vars = e.vars[:k] }(len(e.vars))
	v, err := e.pipe(dot, n.Pipe)
	if err != nil {
		return err
	}
	if _, ok := v.(unknown); ok {
		return errors.New("its template decides by a value that only the cluster knows")
	}
	if !truth(v) {
		return e.list(dot, n.ElseList)
	}
	if rebind {
		dot = v
	}
	return e.list(dot, n.List)
}

func (e *evaluator) loop(dot any, n *parse.RangeNode) error {
	defer func(k int) { e.vars = e.vars[:k] }(len(e.vars))
	v, err := e.pipe(dot, n.Pipe)
	if err != nil {
		return err
	}
	var keys, items []any
	switch v := v.(type) {
	case []any:
		for i, item := range v {
			keys, items = append(keys, i), append(items, item)
		}
	case map[string]any:
		for _, k := range sortedKeys(v) {
			keys, items = append(keys, k), append(items, v[k])
		}
	case nil:
	case unknown:
		return errors.New("its template goes through a value that only the cluster knows")
	default:
		return fmt.Errorf("its template cannot go through %s", kindOf(v))
	}
	if len(items) == 0 {
		return e.list(dot, n.ElseList)
	}
	for i := range items {
		mark := len(e.vars)
		switch decl := n.Pipe.Decl; len(decl) {
		case 1:
			e.vars = append(e.vars, variable{decl[0].Ident[0], items[i]})
		case 2:
			e.vars = append(e.vars, variable{decl[0].Ident[0], keys[i]}, variable{decl[1].Ident[0], items[i]})
		}
		if err := e.list(items[i], n.List); err != nil {
			return err
		}
		e.vars = e.vars[:mark]
	}
	return nil
}

func (e *evaluator) pipe(dot any, p *parse.PipeNode) (v any, err error) {
	final := false
	for _, c := range p.Cmds {
		if v, err = e.command(dot, c, v, final); err != nil {
			return nil, err
		}
		final = true
	}
	if e.loopDecl(p) {
		return v, nil
	}
	for _, d := range p.Decl {
		if p.IsAssign {
			for i := len(e.vars) - 1; i >= 0; i-- {
				if e.vars[i].name == d.Ident[0] {
					e.vars[i].value = v
					break
				}
			}
			continue
		}
		e.vars = append(e.vars, variable{d.Ident[0], v})
	}
	return v, nil
}

// loopDecl reports whether the variables are those of a range over two values:
// the loop sets them.
func (e *evaluator) loopDecl(p *parse.PipeNode) bool { return len(p.Decl) == 2 }

func (e *evaluator) command(dot any, c *parse.CommandNode, last any, hasLast bool) (any, error) {
	if err := e.step(); err != nil {
		return nil, err
	}
	first := c.Args[0]
	if id, ok := first.(*parse.IdentifierNode); ok {
		return e.call(dot, id.Ident, c.Args[1:], last, hasLast)
	}
	if len(c.Args) > 1 || hasLast {
		return nil, fmt.Errorf("its template gives arguments to %q, which is not a function", first.String())
	}
	return e.value(dot, first)
}

func (e *evaluator) call(dot any, name string, nodes []parse.Node, last any, hasLast bool) (any, error) {
	var args []any
	for _, n := range nodes {
		v, err := e.value(dot, n)
		if err != nil {
			return nil, err
		}
		args = append(args, v)
		// The boolean operators do not look at what cannot matter.
		if name == "and" && !truth(v) || name == "or" && truth(v) {
			return v, nil
		}
	}
	if hasLast {
		args = append(args, last)
	}
	f := funcs[name]
	if f == nil {
		return nil, fmt.Errorf("its template uses the function %q, which is not supported", name)
	}
	for _, a := range args {
		if _, ok := a.(unknown); ok {
			return unknown{}, nil
		}
	}
	v, err := f(args)
	if err != nil {
		return nil, fmt.Errorf("its template's %s: %w", name, err)
	}
	if s, ok := v.(string); ok && len(s) > maxOutput {
		return nil, errDear
	}
	return v, nil
}

func (e *evaluator) value(dot any, n parse.Node) (any, error) {
	if err := e.step(); err != nil {
		return nil, err
	}
	switch n := n.(type) {
	case *parse.DotNode:
		return dot, nil
	case *parse.NilNode:
		return nil, nil
	case *parse.FieldNode:
		return e.fields(dot, n.Ident)
	case *parse.VariableNode:
		for i := len(e.vars) - 1; i >= 0; i-- {
			if e.vars[i].name == n.Ident[0] {
				return e.fields(e.vars[i].value, n.Ident[1:])
			}
		}
		return nil, fmt.Errorf("its template uses %s, which is not defined", n.Ident[0])
	case *parse.ChainNode:
		v, err := e.value(dot, n.Node)
		if err != nil {
			return nil, err
		}
		return e.fields(v, n.Field)
	case *parse.PipeNode:
		return e.pipe(dot, n)
	case *parse.IdentifierNode:
		return e.call(dot, n.Ident, nil, nil, false)
	case *parse.StringNode:
		return n.Text, nil
	case *parse.BoolNode:
		return n.True, nil
	case *parse.NumberNode:
		if n.IsInt {
			return int(n.Int64), nil
		}
		return n.Float64, nil
	}
	return nil, fmt.Errorf("its template uses %q, which is not supported", n.String())
}

func (e *evaluator) fields(v any, keys []string) (any, error) {
	for _, k := range keys {
		switch m := v.(type) {
		case unknown:
			return unknown{}, nil
		case map[string]any:
			next, ok := m[k]
			if !ok && e.open {
				return unknown{}, nil
			}
			if !ok && e.strict {
				return nil, fmt.Errorf("its template uses %q, which no generator gives", "."+strings.Join(keys, "."))
			}
			v = next
		case nil:
			if e.open {
				return unknown{}, nil
			}
			return nil, fmt.Errorf("its template uses %q of nothing", k)
		default:
			return nil, fmt.Errorf("its template uses %q of %s", k, kindOf(v))
		}
	}
	return v, nil
}

func truth(v any) bool {
	switch v := v.(type) {
	case nil:
		return false
	case bool:
		return v
	case string:
		return v != ""
	case int:
		return v != 0
	case float64:
		return v != 0
	case []any:
		return len(v) > 0
	case map[string]any:
		return len(v) > 0
	}
	return true
}

// print writes a value as text/template does.
func print(v any) string {
	switch v := v.(type) {
	case nil:
		return "<no value>"
	case unknown:
		return mark
	case string:
		return v
	case map[string]any:
		// {{.path}} is what {{path}} became with goTemplate, and never what is
		// meant: the parameters of a git generator stand for their directory.
		if dir, ok := v["path"].(string); ok && v["segments"] != nil {
			return dir
		}
	}
	return fmt.Sprint(v)
}

func kindOf(v any) string {
	switch v.(type) {
	case nil:
		return "nothing"
	case []any:
		return "a list"
	case map[string]any:
		return "a mapping"
	case string:
		return "a text"
	}
	return "a " + reflect.TypeOf(v).Kind().String()
}
