package yamldoc

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"go.yaml.in/yaml/v3"
)

// What [Doc.CheckSize] and [Doc.Measure] find.
var (
	ErrTooDeep  = errors.New("the YAML is nested too deeply")
	ErrTooLarge = errors.New("the YAML holds too many values")
	ErrCircular = errors.New("an alias stands inside its own anchor")
)

// Size is what a document takes with its aliases expanded. Counts that would
// overflow stay at the largest integer.
type Size struct {
	Nodes int // scalars, mappings, lists; keys too
	Depth int // levels, 1 for a scalar
	// Squares is the sum over all mappings of the square of the number of keys,
	// and Levels the sum over all nodes of the levels above them: how often a
	// reader looks at a node that compares each key with each other, or copies
	// what is below a mapping for each mapping.
	Squares, Levels int
}

// CheckSize returns the number of nodes of the document with its aliases
// expanded, and an error, one of the above, unless it has at most the given
// number of nodes, those used by other documents included, and levels. A
// document that passes can be walked and its aliases be resolved.
func (d *Doc) CheckSize(used, nodes, depth int) (int, error) {
	s := d.Measure()
	switch {
	case s.Depth > depth:
		return s.Nodes, fmt.Errorf("%w: more than %d levels", ErrTooDeep, depth)
	case s.Nodes > nodes-used:
		return min(s.Nodes, nodes), fmt.Errorf("%w: more than %d with aliases expanded", ErrTooLarge, nodes)
	}
	return s.Nodes, nil
}

// Measure returns the size of the document, the zero Size for an empty one. It
// takes time in proportion to the text, however much the aliases stand for.
func (d *Doc) Measure() Size {
	if d.Root == nil {
		return Size{}
	}
	m := meter{sizes: map[*yaml.Node]Size{}}
	return m.size(d.Root)
}

// circular returns an alias that stands inside its own anchor, nil if none does.
func circular(text string, root *yaml.Node) *yaml.Node {
	if root == nil || !strings.Contains(text, "*") {
		return nil
	}
	m := meter{sizes: map[*yaml.Node]Size{}, open: map[*yaml.Node]bool{}}
	m.size(root)
	return m.loop
}

// meter measures nodes.
type meter struct {
	sizes map[*yaml.Node]Size // of anchored nodes
	open  map[*yaml.Node]bool // anchored nodes around the current one, if loops are looked for
	loop  *yaml.Node
}

func (m *meter) size(n *yaml.Node) Size {
	if n.Kind == yaml.AliasNode {
		if m.open[n.Alias] && m.loop == nil {
			m.loop = n
		}
		if s, ok := m.sizes[n.Alias]; ok {
			return s
		}
		if m.loop != nil {
			return Size{}
		}
		n = n.Alias
	}
	if n.Anchor != "" && m.open != nil {
		m.open[n] = true
		defer delete(m.open, n)
	}
	total := Size{Nodes: 1, Depth: 1}
	for _, child := range n.Content {
		s := m.size(child)
		total.Nodes = plus(total.Nodes, s.Nodes)
		total.Squares = plus(total.Squares, s.Squares)
		total.Levels = plus(total.Levels, plus(s.Levels, s.Nodes))
		total.Depth = max(total.Depth, plus(s.Depth, 1))
	}
	if n.Kind == yaml.MappingNode {
		keys := len(n.Content) / 2
		total.Squares = plus(total.Squares, keys*keys)
	}
	if n.Anchor != "" {
		m.sizes[n] = total
	}
	return total
}

// plus adds what is not negative.
func plus(a, b int) int {
	if a > math.MaxInt-b {
		return math.MaxInt
	}
	return a + b
}
