package edit

import (
	"strings"

	"go.yaml.in/yaml/v3"
)

func key(name string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: name}
}

// parentKey returns the key that holds t's value, nil for list items and the
// document's own value.
func (t *target) parentKey() *yaml.Node {
	if len(t.chain) == 0 {
		return nil
	}
	if l := t.chain[len(t.chain)-1]; l.in.Kind == yaml.MappingNode {
		return l.in.Content[l.at-1]
	}
	return nil
}

func (t *target) inFlow() bool {
	return len(t.chain) > 0 && flow(t.chain[len(t.chain)-1].in)
}

// null reports whether t's value is a null, and whether that is written out.
func (t *target) null() (is, written bool) {
	is = t.node.Kind == yaml.ScalarNode && t.node.ShortTag() == "!!null"
	return is, is && t.end(t.node) >= 0
}

// add puts an entry at the end of the mapping t.
func (t *target) add(name string, value *yaml.Node, w writer) (splice, error) {
	if is, _ := t.null(); is {
		return t.fill(&yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{key(name), value}}, w)
	}
	n := t.node
	if n.Kind != yaml.MappingNode {
		return splice{}, unsupported("%s is not a mapping", t.path)
	}
	k := key(name)
	if len(n.Content) > 0 && n.Content[0].Style&yaml.DoubleQuotedStyle != 0 && flow(n) {
		w.json = true
	}
	if flow(n) {
		return t.addFlow(w.key(k, true)+": "+w.flow(value), w)
	}
	at := t.start(n.Content[0])
	end := t.end(n)
	if at < 0 || end < 0 {
		return splice{}, unsupported("the place of %s is not known", t.path)
	}
	return t.insertLines(end, w.entry(k, value, indentOf(t.s, at)), w), nil
}

// append puts an item at the end of the list t.
func (t *target) append(value *yaml.Node, w writer) (splice, error) {
	if is, _ := t.null(); is {
		return t.fill(&yaml.Node{Kind: yaml.SequenceNode, Content: []*yaml.Node{value}}, w)
	}
	n := t.node
	if n.Kind != yaml.SequenceNode {
		return splice{}, unsupported("%s is not a list", t.path)
	}
	if flow(n) {
		return t.addFlow(w.flow(value), w)
	}
	at, end := t.dash(n.Content[0]), t.end(n)
	if at < 0 || end < 0 {
		return splice{}, unsupported("the place of %s is not known", t.path)
	}
	return t.insertLines(end, w.item(value, indentOf(t.s, at)), w), nil
}

// fill gives t, which is null, a value.
func (t *target) fill(value *yaml.Node, w writer) (splice, error) {
	if _, written := t.null(); written || t.inFlow() || t.parentKey() == nil {
		value.Style |= yaml.FlowStyle
	}
	return t.set(value, w)
}

// insertLines puts whole lines behind the value that ends at end.
func (t *target) insertLines(end int, lines string, w writer) splice {
	at := behind(t.s, end)
	if at == len(t.s) && !strings.HasSuffix(t.s, "\n") {
		lines = w.eol + strings.TrimSuffix(lines, w.eol)
	}
	return splice{at, at, lines}
}

// addFlow puts text into the flow collection t, as its last entry.
func (t *target) addFlow(text string, w writer) (splice, error) {
	n := t.node
	open, end := t.open(n), t.end(n)
	if open < 0 || end < 0 {
		return splice{}, unsupported("the place of %s is not known", t.path)
	}
	if len(n.Content) == 0 {
		return splice{open, open, text}, nil
	}
	at := t.lastEnd(n)
	sep := ", "
	if first := t.start(n.Content[0]); first >= 0 && strings.Contains(t.s[open:first], "\n") {
		sep = "," + w.eol + indentOf(t.s, first)
	}
	if comma := strings.IndexByte(t.s[at:end], ','); comma >= 0 && strings.TrimSpace(t.s[at:at+comma]) == "" {
		at += comma + 1
		sep = sep[1:]
	}
	return splice{at, at, sep + text}, nil
}

// set gives t another value.
func (t *target) set(value *yaml.Node, w writer) (splice, error) {
	if t.node.Kind == yaml.ScalarNode && value.Kind == yaml.ScalarNode {
		if is, written := t.null(); !is || written {
			return t.setScalar(t.node, value, w)
		}
	}
	k := t.parentKey()
	switch {
	case t.inFlow():
		start, end := t.doc.Start(t.node), t.end(t.node)
		if end < 0 && k != nil {
			at := t.colon(k)
			if at < 0 {
				return splice{}, unsupported("the place of %s is not known", t.path)
			}
			return splice{at, at, " " + w.flow(value)}, nil
		}
		if start < 0 || end < 0 {
			return splice{}, unsupported("the place of %s is not known", t.path)
		}
		return splice{start, end, w.flow(value)}, nil
	case k == nil || t.node.Anchor != "":
		return splice{}, unsupported("%s cannot be replaced as a whole", t.path)
	}
	at, start := t.colon(k), t.start(k)
	if at < 0 || start < 0 {
		return splice{}, unsupported("the place of %s is not known", t.path)
	}
	end := t.end(t.node)
	text := w.below(value, indentOf(t.s, start))
	if end < 0 {
		// A comment behind the colon stays there.
		if strings.HasPrefix(text, w.eol) {
			return t.insertLines(at, text[len(w.eol):]+w.eol, w), nil
		}
		end = at
	} else if t.s[end-1] == '\n' {
		text += w.eol
	}
	return splice{at, end, text}, nil
}

// rename gives the entry t another key.
func (t *target) rename(name string) (splice, error) {
	k := t.parentKey()
	if k == nil {
		return splice{}, unsupported("%s has no key", t.path)
	}
	to := key(name)
	if k.Style&quoted == 0 {
		to.Tag = k.ShortTag()
	}
	sc, ok := t.doc.Scalar(k)
	if !ok {
		return splice{}, unsupported("the place of %s is not known", t.path)
	}
	return splice{sc.Start, sc.End, writer{}.scalar(to, k.Style, t.inFlow())}, nil
}

// remove deletes the entry or item t.
func (t *target) remove() (splice, error) {
	if len(t.chain) == 0 {
		return splice{}, errNothingLeft
	}
	l := t.chain[len(t.chain)-1]
	first, step := l.at, 1
	if l.in.Kind == yaml.MappingNode {
		first, step = l.at-1, 2
	}
	if len(l.in.Content) == step {
		if len(t.chain) == 1 {
			return splice{}, errNothingLeft
		}
		return splice{}, unsupported("%s is all that its list item holds", t.path)
	}
	start, end := t.start(l.in.Content[first]), t.entryEnd(l.in, l.at)
	if start < 0 || end < 0 {
		return splice{}, unsupported("the place of %s is not known", t.path)
	}
	next := -1
	if l.at+1 < len(l.in.Content) {
		next = t.start(l.in.Content[l.at+1])
	}
	switch {
	case flow(l.in) && next >= 0:
		return splice{start, next, ""}, nil
	case flow(l.in):
		return splice{t.entryEnd(l.in, first-1), end, ""}, nil
	case l.in.Kind == yaml.SequenceNode:
		start = t.dash(l.in.Content[l.at])
		if next >= 0 {
			next = t.dash(l.in.Content[l.at+1])
		}
	}
	switch {
	case start < 0:
		return splice{}, unsupported("the place of %s is not known", t.path)
	case blankBefore(t.s, start) && !strings.HasPrefix(t.s[lineStart(t.s, start):], "\ufeff"):
		return splice{lineStart(t.s, start), behind(t.s, end), ""}, nil
	case next >= 0:
		return splice{start, next, ""}, nil
	}
	return splice{}, unsupported("%s shares its line with what is around it", t.path)
}

// entryEnd returns the offset after the entry of n whose value has the index at.
func (t *target) entryEnd(n *yaml.Node, at int) int {
	if end := t.end(n.Content[at]); end >= 0 {
		return end
	}
	if n.Kind == yaml.MappingNode {
		return t.colon(n.Content[at-1])
	}
	return -1
}
