package yamldoc

import (
	"errors"
	"fmt"

	"go.yaml.in/yaml/v3"
)

// What [Doc.CheckSize] finds.
var (
	ErrTooDeep  = errors.New("the YAML is nested too deeply")
	ErrTooLarge = errors.New("the YAML holds too many values")
	ErrCircular = errors.New("an alias stands inside its own anchor")
)

// CheckSize returns the number of nodes of the document with its aliases
// expanded, and an error, one of the above, unless it has at most the given
// number of nodes, those used by other documents included, and levels. A
// document that passes can be walked and its aliases be resolved.
func (d *Doc) CheckSize(used, nodes, depth int) (int, error) {
	if d.Root == nil {
		return 0, nil
	}
	c := counter{used: used, nodes: nodes, depth: depth, sizes: map[*yaml.Node]size{}, open: map[*yaml.Node]bool{}}
	s, err := c.count(d.Root, 0)
	return s.nodes, err
}

// size is what a node takes with its aliases expanded.
type size struct{ nodes, depth int }

type counter struct {
	used, nodes, depth int
	sizes              map[*yaml.Node]size // of anchored nodes
	open               map[*yaml.Node]bool
}

func (c *counter) count(n *yaml.Node, depth int) (size, error) {
	if n.Kind == yaml.AliasNode {
		if c.open[n.Alias] {
			return size{}, ErrCircular
		}
		if s, ok := c.sizes[n.Alias]; ok {
			return s, c.check(s, depth)
		}
		n = n.Alias
	}
	total := size{1, 1}
	if err := c.check(total, depth); err != nil {
		return total, err
	}
	if n.Anchor != "" {
		c.open[n] = true
		defer delete(c.open, n)
	}
	for _, child := range n.Content {
		s, err := c.count(child, depth+1)
		if err != nil {
			return total, err
		}
		total.nodes += s.nodes
		total.depth = max(total.depth, s.depth+1)
		if err := c.check(total, depth); err != nil {
			return total, err
		}
	}
	if n.Anchor != "" {
		c.sizes[n] = total
	}
	return total, nil
}

func (c *counter) check(s size, depth int) error {
	switch {
	case depth+s.depth > c.depth:
		return fmt.Errorf("%w: more than %d levels", ErrTooDeep, c.depth)
	case c.used+s.nodes > c.nodes:
		return fmt.Errorf("%w: more than %d with aliases expanded", ErrTooLarge, c.nodes)
	}
	return nil
}
