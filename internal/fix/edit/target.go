package edit

import (
	"errors"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/org/probe-mtls-action/render"
	"github.com/org/probe-mtls-action/render/source/yamldoc"
)

// errNothingLeft tells that a document holds nothing but what is to be removed.
var errNothingLeft = errors.New("nothing else is in the document")

// target is a value of a document, with the collections around it.
type target struct {
	doc   *yamldoc.Doc
	s     string // the document's text
	path  render.Path
	node  *yaml.Node // without aliases
	chain []link     // from the document's value to the collection that holds node
}

// link is a collection and the index in its Content of the value that the path
// goes on with.
type link struct {
	in *yaml.Node
	at int
}

// find follows path in d.
func find(d *yamldoc.Doc, path render.Path) (*target, error) {
	if d.Root == nil {
		return nil, unsupported("the document is empty")
	}
	t := &target{doc: d, s: d.Text.String, path: path, node: deref(d.Root)}
	for i, step := range path {
		at := indexOf(t.node, step)
		if at < 0 {
			return nil, unsupported("there is no %s", path[:i+1])
		}
		t.chain = append(t.chain, link{t.node, at})
		t.node = deref(t.node.Content[at])
	}
	return t, nil
}

// indexOf returns the index in n.Content of the value that step leads to, -1
// where there is none.
func indexOf(n *yaml.Node, step render.Step) int {
	switch {
	case step.Index >= 0 && n.Kind == yaml.SequenceNode && step.Index < len(n.Content):
		return step.Index
	case step.Index < 0 && n.Kind == yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == step.Key {
				return i + 1
			}
		}
	}
	return -1
}

func deref(n *yaml.Node) *yaml.Node {
	for i := 0; n.Kind == yaml.AliasNode && i < 100; i++ {
		n = n.Alias
	}
	return n
}

// alone goes up from t while the collection around it holds nothing else.
func (t *target) alone() *target {
	up := *t
	for len(up.chain) > 1 {
		last := up.chain[len(up.chain)-1]
		if !single(last.in) || up.chain[len(up.chain)-2].in.Kind == yaml.SequenceNode {
			break
		}
		up.chain = up.chain[:len(up.chain)-1]
		up.path = up.path[:len(up.path)-1]
		up.node = last.in
	}
	return &up
}

// single reports whether the collection n has one entry.
func single(n *yaml.Node) bool {
	return n.Kind == yaml.MappingNode && len(n.Content) == 2 || n.Kind == yaml.SequenceNode && len(n.Content) == 1
}

func flow(n *yaml.Node) bool { return n.Style&yaml.FlowStyle != 0 }

// start returns the offset at which n begins, its tag and anchor included; -1
// where it has no text.
func (t *target) start(n *yaml.Node) int {
	if n.Kind == yaml.MappingNode && !flow(n) && len(n.Content) > 0 && n.Anchor == "" && n.Style&yaml.TaggedStyle == 0 {
		return t.doc.Start(n.Content[0])
	}
	return t.doc.Start(n)
}

// end returns the offset after n's text, -1 where it is not known. A block
// scalar ends at the start of the next line.
func (t *target) end(n *yaml.Node) int {
	switch {
	case n.Kind == yaml.AliasNode:
		if at := t.doc.Start(n); at >= 0 {
			return at + 1 + len(n.Value)
		}
		return -1
	case n.Kind == yaml.ScalarNode:
		if sc, ok := t.doc.Scalar(n); ok {
			return sc.End
		}
		return -1
	case flow(n):
		return t.flowEnd(n)
	case len(n.Content) == 0:
		return -1
	}
	return t.lastEnd(n)
}

// lastEnd returns the offset after the last entry of a collection that is not
// empty.
func (t *target) lastEnd(n *yaml.Node) int {
	last := n.Content[len(n.Content)-1]
	if at := t.end(last); at >= 0 {
		return at
	}
	if n.Kind == yaml.MappingNode {
		return t.colon(n.Content[len(n.Content)-2])
	}
	return -1
}

// colon returns the offset after the colon behind a key, -1 where there is none.
func (t *target) colon(key *yaml.Node) int {
	at := t.end(key)
	if at < 0 {
		return -1
	}
	for at < len(t.s) && (t.s[at] == ' ' || t.s[at] == '\t') {
		at++
	}
	if at < len(t.s) && t.s[at] == ':' {
		return at + 1
	}
	return -1
}

// flowEnd returns the offset after the bracket that closes n.
func (t *target) flowEnd(n *yaml.Node) int {
	at := t.open(n)
	if len(n.Content) > 0 {
		at = t.lastEnd(n)
	}
	if at < 0 {
		return -1
	}
	closing := byte('}')
	if n.Kind == yaml.SequenceNode {
		closing = ']'
	}
	for at < len(t.s) {
		switch c := t.s[at]; {
		case c == closing:
			return at + 1
		case c == '#':
			at = nextLine(t.s, at)
		case strings.IndexByte(" \t\r\n,", c) >= 0:
			at++
		default:
			return -1
		}
	}
	return -1
}

// open returns the offset after the bracket that opens n.
func (t *target) open(n *yaml.Node) int {
	at := t.doc.Start(n)
	opening := byte('{')
	if n.Kind == yaml.SequenceNode {
		opening = '['
	}
	for at >= 0 && at < len(t.s) && t.s[at] != opening {
		if !strings.ContainsRune(" \t\r\n&!", rune(t.s[at])) && n.Anchor == "" && n.Style&yaml.TaggedStyle == 0 {
			return -1
		}
		at++
	}
	if at < 0 || at >= len(t.s) {
		return -1
	}
	return at + 1
}

// dash returns the offset of the dash before a list item, -1 where it is not
// known.
func (t *target) dash(item *yaml.Node) int {
	at := t.start(item)
	for at--; at >= 0; at-- {
		switch t.s[at] {
		case ' ', '\t', '\r', '\n':
		case '-':
			return at
		default:
			return -1
		}
	}
	return -1
}

// nextLine returns the offset of the line after the one that holds at.
func nextLine(s string, at int) int {
	if i := strings.IndexByte(s[at:], '\n'); i >= 0 {
		return at + i + 1
	}
	return len(s)
}

// behind returns the offset of the line after the value that ends at end.
func behind(s string, end int) int {
	if end > 0 && s[end-1] == '\n' {
		return end
	}
	return nextLine(s, end)
}

func lineStart(s string, at int) int { return strings.LastIndexByte(s[:at], '\n') + 1 }

// indentOf returns blanks as wide as what stands before at on its line.
func indentOf(s string, at int) string {
	return strings.Map(func(r rune) rune {
		if r == '\ufeff' {
			return -1
		}
		return ' '
	}, s[lineStart(s, at):at])
}

// blankBefore reports whether at is the first text of its line.
func blankBefore(s string, at int) bool {
	return strings.Trim(s[lineStart(s, at):at], " \ufeff") == ""
}

// lineEnd returns the line end that the text uses.
func lineEnd(s string) string {
	if i := strings.IndexByte(s, '\n'); i > 0 && s[i-1] == '\r' {
		return "\r\n"
	}
	return "\n"
}

// dashIndent returns how much further in the document's lists stand than the
// keys that hold them.
func dashIndent(d *yamldoc.Doc) int {
	n, found := 0, false
	var walk func(*yaml.Node)
	walk = func(m *yaml.Node) {
		for i, c := range m.Content {
			if m.Kind == yaml.MappingNode && !flow(m) && i%2 == 1 && c.Kind == yaml.SequenceNode && !flow(c) && len(c.Content) > 0 && c.Anchor == "" && !found {
				n, found = c.Column-m.Content[i-1].Column, true
			}
			if !found {
				walk(c)
			}
		}
	}
	if d.Root != nil {
		walk(d.Root)
	}
	return max(n, 0)
}

// jsonText reports whether text is JSON rather than YAML.
func jsonText(text string) bool {
	s := strings.TrimLeft(strings.TrimPrefix(text, "\ufeff"), " \t\r\n")
	return strings.HasPrefix(s, "{") && strings.Contains(s, `"`) || strings.HasPrefix(s, "[") && strings.Contains(s, `"`)
}
