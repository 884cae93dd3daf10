package kustomize

import (
	"strconv"

	"go.yaml.in/yaml/v3"
	kyaml "sigs.k8s.io/kustomize/kyaml/yaml"
	sigsyaml "sigs.k8s.io/yaml"

	"github.com/org/probe-mtls-action/render"
)

// Kustomize prints its objects by way of JSON (api v0.21.2, Resource.AsYAML):
// numbers come out in another notation, timestamps as text, and some values not
// at all.

// flaw is something in an object for which kustomize cannot print it.
type flaw struct {
	path  render.Path // to the value
	atKey bool        // the key of the value is at fault
	key   *yaml.Node  // the key, if it is at fault for its type
	what  string      // for other flaws, what the value is
}

// write makes the values below n what kustomize prints, and returns what it
// cannot print.
func write(n *yaml.Node) []flaw {
	w := &writer{}
	w.value(nil, n)
	return w.flaws
}

type writer struct{ flaws []flaw }

// step is a path that is only made when there is a flaw to tell.
type step struct {
	up    *step
	key   string
	index int // -1 for a key
}

func (s *step) path() render.Path {
	if s == nil {
		return nil
	}
	if s.index >= 0 {
		return s.up.path().Item(s.index)
	}
	return s.up.path().Key(s.key)
}

func (w *writer) value(at *step, n *yaml.Node) {
	switch n.Kind {
	case yaml.ScalarNode:
		if what := writeScalar(n); what != "" {
			w.flaws = append(w.flaws, flaw{path: at.path(), what: what})
		}
	case yaml.SequenceNode:
		for i, c := range n.Content {
			w.value(&step{at, "", i}, c)
		}
	case yaml.MappingNode:
		w.mapping(at, n)
	}
}

func (w *writer) mapping(at *step, n *yaml.Node) {
	merge(n)
	var seen map[string]bool
	if len(n.Content) > 16 {
		seen = make(map[string]bool, len(n.Content)/2)
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		s := &step{at, key.Value, -1}
		if tag := key.ShortTag(); tag != "!!str" {
			w.flaws = append(w.flaws, flaw{path: s.path(), atKey: true, key: key})
		}
		if seen[key.Value] || seen == nil && isRepeated(n.Content[:i], key.Value) {
			w.flaws = append(w.flaws, flaw{path: s.path(), atKey: true, what: "repeated"})
		}
		if seen != nil {
			seen[key.Value] = true
		}
		w.value(s, n.Content[i+1])
	}
}

// merge puts what the merge keys of n stand for in their place. Kustomize leaves
// some of them to the printer.
func merge(n *yaml.Node) {
	var merged []*yaml.Node
	own := n.Content[:0:0]
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].ShortTag() == "!!merge" {
			merged = append(merged, n.Content[i+1])
		} else {
			own = append(own, n.Content[i], n.Content[i+1])
		}
	}
	if merged == nil {
		return
	}
	for len(merged) > 0 {
		m := merged[0]
		merged = merged[1:]
		if m.Kind == yaml.SequenceNode {
			merged = append(append([]*yaml.Node{}, m.Content...), merged...)
			continue
		}
		merge(m)
		for i := 0; i+1 < len(m.Content); i += 2 {
			if !isRepeated(own, m.Content[i].Value) {
				own = append(own, m.Content[i], m.Content[i+1])
			}
		}
	}
	n.Content = own
}

func isRepeated(before []*yaml.Node, key string) bool {
	for i := 0; i < len(before); i += 2 {
		if before[i].Value == key {
			return true
		}
	}
	return false
}

// writeScalar makes n what kustomize prints. It returns what is wrong with a
// value that kustomize cannot print, "" otherwise.
func writeScalar(n *yaml.Node) string {
	tag := n.ShortTag()
	switch {
	case tag == "!!str" && n.Style&yaml.FoldedStyle == 0, tag == "!!bool" && (n.Value == "true" || n.Value == "false"):
		return ""
	case tag == "!!null":
		n.Value = "null"
		return ""
	case tag == "!!int":
		if i, err := strconv.ParseInt(n.Value, 10, 64); err == nil && strconv.FormatInt(i, 10) == n.Value {
			return ""
		}
	}
	// Rare: let kustomize itself print it. It changes the line ends of some folded
	// texts, too.
	holder := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Content: []*yaml.Node{{Kind: yaml.ScalarNode, Tag: "!!str", Value: "v"}, n}}
	text, err := kyaml.NewRNode(holder).MarshalJSON()
	if err == nil {
		text, err = sigsyaml.JSONToYAML(text)
	}
	var printed yaml.Node
	if err == nil {
		err = yaml.Unmarshal(text, &printed)
	}
	if err != nil {
		if what := map[string]string{"!!int": "not an integer", "!!bool": "not a boolean", "!!binary": "not base64"}[tag]; what != "" {
			return what
		}
		return "not a number that JSON has"
	}
	p := printed.Content[0].Content[1]
	n.Tag, n.Value, n.Style = p.Tag, p.Value, p.Style
	return ""
}
