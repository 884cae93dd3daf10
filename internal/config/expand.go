package config

import (
	"fmt"

	"go.yaml.in/yaml/v3"

	"github.com/org/probe-mtls-action/render"
)

// maxNodes and maxDepth bound what aliases may blow a file up to.
const (
	maxNodes = 200_000
	maxDepth = 100
)

// expander copies a YAML tree without anchors, aliases and merge keys, and
// refuses duplicate keys and keys that are no scalars.
type expander struct {
	doc   *document
	nodes int
	errs  Errors
}

func (x *expander) fail(n *yaml.Node, format string, args ...any) {
	if len(x.errs) >= maxMistakes {
		return
	}
	x.errs = append(x.errs, render.Problem{At: x.doc.at(n), Message: fmt.Sprintf(format, args...)})
}

// full reports whether the bounds are used up, and says so once.
func (x *expander) full(n *yaml.Node, depth int) bool {
	x.nodes++
	if x.nodes <= maxNodes && depth <= maxDepth {
		return false
	}
	if len(x.errs) == 0 {
		x.fail(n, "too large: more than %d values or %d levels, aliases counted in", maxNodes, maxDepth)
	}
	return true
}

func (x *expander) expand(n *yaml.Node, depth int) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	out := *n
	out.Anchor, out.Alias, out.Content = "", nil, nil
	if x.full(n, depth) {
		return &out
	}
	switch n.Kind {
	case yaml.MappingNode:
		x.mapping(&out, n, depth)
	case yaml.SequenceNode:
		for _, item := range n.Content {
			out.Content = append(out.Content, x.expand(item, depth+1))
		}
	}
	return &out
}

func (x *expander) mapping(out, n *yaml.Node, depth int) {
	seen := map[string]*yaml.Node{}
	var merges []*yaml.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		if key.Kind == yaml.ScalarNode && key.Tag == "!!merge" {
			merges = append(merges, n.Content[i+1])
			continue
		}
		key = x.expand(key, depth+1)
		if key.Kind != yaml.ScalarNode {
			x.fail(key, "a key must be a plain word")
			continue
		}
		if first := seen[key.Value]; first != nil {
			x.fail(key, "duplicate key %q; the first is on line %d", key.Value, x.doc.at(first).Start.Line)
			continue
		}
		seen[key.Value] = key
		value := x.expand(n.Content[i+1], depth+1)
		if isNull(value) && value.Value == "" {
			value.Line, value.Column = key.Line, key.Column // nothing is written
		}
		out.Content = append(out.Content, key, value)
	}
	for _, m := range merges {
		x.merge(out, seen, m, depth)
	}
}

// merge adds the keys of a merged mapping, or of a list of them, that are not
// there yet.
func (x *expander) merge(out *yaml.Node, seen map[string]*yaml.Node, from *yaml.Node, depth int) {
	from = x.expand(from, depth+1)
	switch from.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(from.Content); i += 2 {
			if key := from.Content[i]; seen[key.Value] == nil {
				seen[key.Value] = key
				out.Content = append(out.Content, key, from.Content[i+1])
			}
		}
	case yaml.SequenceNode:
		for _, m := range from.Content {
			x.merge(out, seen, m, depth+1)
		}
	default:
		x.fail(from, "<< merges a mapping or a list of mappings")
	}
}
