package kustomize

import (
	"slices"
	"strconv"
	"strings"
	"sync"
	"weak"

	"go.yaml.in/yaml/v3"

	"github.com/org/probe-mtls-action/render"
	"github.com/org/probe-mtls-action/render/source"
	"github.com/org/probe-mtls-action/render/trace"
)

// A payload is a large value of an object that kustomize carries from the file to
// the result without a look at it: the schema of a CustomResourceDefinition, the
// data of a ConfigMap. Kustomize copies what it carries many times. So it is given
// a word in the payload's place, and the result the payload in the word's place,
// where nothing in the root's kustomizations may reach it (see [reach]).
type payload struct {
	object *site
	kind   string      // of the object
	name   string      // of the object, as its file has it
	path   []string    // to the value, * for each item
	at     render.Path // to it
	key    string
	cut    trace.Edit // puts the word in the value's place
	word   string
	value  *yaml.Node // as kustomize prints it; shared by all results, so never changed
	vars   bool       // it may refer to variables
	stable [rewrites]func() bool
}

// payloadPaths are where payloads stand, by group and kind; * stands for the items
// of a list. Kustomize's built-in configuration leads to none of them but rules,
// by resourceNames, and to what is called containers anywhere (api v0.21.2,
// internal/konfig/builtinpluginconsts and filters/imagetag).
var payloadPaths = map[string][][]string{
	"apiextensions.k8s.io CustomResourceDefinition": {{"spec", "versions", "*", "schema"}, {"spec", "validation"}},
	" ConfigMap":                            {{"data"}, {"binaryData"}},
	" Secret":                               {{"data"}, {"stringData"}},
	"rbac.authorization.k8s.io Role":        {{"rules"}},
	"rbac.authorization.k8s.io ClusterRole": {{"rules"}},
}

// minPayload is how many bytes a value takes in its file that is worth the cut.
var minPayload = 512

// payloads lists what may be cut from the file where it is read for its objects.
func (f *file) payloads() []*payload {
	f.payloadOnce.Do(func() {
		if len(f.raw) < minPayload || source.IsUTF16(f.raw) {
			return
		}
		for _, d := range f.documents(roleResource) {
			if len(d.roots) != 1 || d.roots[0].node != d.doc.Root {
				continue // a list's item, of which nobody knows where it ends
			}
			root := d.roots[0]
			id := refOf(root.node)
			for _, path := range payloadPaths[id.Group+" "+id.Kind] {
				root.follow(path, func(s *site) {
					if p := s.payload(); p != nil {
						p.object, p.kind, p.name, p.path = root, id.Kind, id.Name, path
						f.payloadList = append(f.payloadList, p)
					}
				})
			}
		}
		f.store.words.give(f.payloadList)
	})
	return f.payloadList
}

// follow calls yield for the values that path leads to from s, by keys that stand
// once in block mappings.
func (s *site) follow(path []string, yield func(*site)) {
	switch {
	case len(path) == 0:
		yield(s)
	case s.node.Anchor != "" || s.node.Style&yaml.FlowStyle != 0:
	case path[0] == "*" && s.node.Kind == yaml.SequenceNode:
		for i, n := range s.node.Content {
			(&site{document: s.document, parent: s, item: i, node: n}).follow(path[1:], yield)
		}
	case s.node.Kind == yaml.MappingNode:
		var only *site
		for i := 0; i+1 < len(s.node.Content); i += 2 {
			if key := s.node.Content[i]; key.Value == path[0] || key.ShortTag() == "!!merge" {
				if only != nil || key.Value != path[0] {
					return
				}
				only = &site{document: s.document, parent: s, key: key, item: -1, node: s.node.Content[i+1]}
			}
		}
		if only != nil {
			only.follow(path[1:], yield)
		}
	}
}

// payload describes the value at s, nil for one that is not to be cut: it is small,
// is not written in a way that allows it, or kustomize would look into it.
func (s *site) payload() *payload {
	if s.node.Kind != yaml.MappingNode && s.node.Kind != yaml.SequenceNode || s.node.Anchor != "" || s.node.Style&yaml.TaggedStyle != 0 {
		return nil
	}
	d := s.document.doc
	start, end, ok := s.extent()
	if !ok || end-start < minPayload {
		return nil
	}
	value, ok := carried(s.node, scalarAt(s.root().node, "kind") == "CustomResourceDefinition")
	if !ok {
		return nil
	}
	text := d.Text.String[start:end]
	p := &payload{
		at: s.path(), key: s.key.Value, value: value, vars: strings.Contains(text, "$(") || strings.Contains(text, `\x`) || strings.Contains(text, `\u`),
		cut: trace.Edit{File: s.document.file.name, Start: d.Text.Offset(start), End: d.Text.End(end)},
	}
	for i := range p.stable {
		p.stable[i] = sync.OnceValue(func() bool { return p.rewritten(rewrite(i)) })
	}
	return p
}

// path returns what leads to s from its root.
func (s *site) path() render.Path {
	if s.parent == nil {
		return nil
	}
	if s.item >= 0 {
		return s.parent.path().Item(s.item)
	}
	return s.parent.path().Key(s.key.Value)
}

// steps returns the path to the payload, without its lists if skips is set.
func (p *payload) steps(skips bool) []string {
	if !skips {
		return p.path
	}
	return slices.DeleteFunc(slices.Clone(p.path), func(k string) bool { return k == "*" })
}

// extent returns where in the document's text the entry that holds s begins and
// ends: at the line of the next entry, without the comments before that.
func (s *site) extent() (start, end int, ok bool) {
	d := s.document.doc
	text := d.Text.String
	start = d.Start(s.key)
	if start < 0 || !strings.HasPrefix(text[start:], s.key.Value+":") {
		return 0, 0, false
	}
	line := strings.LastIndexAny(text[:start], "\r\n") + 1
	if strings.Trim(text[line:start], " -") != "" {
		return 0, 0, false
	}
	column := start - line
	next, item := s.next()
	if next == nil {
		if strings.Contains(text[start:], "\n...") || strings.Contains(text[start:], "\n---") {
			return 0, 0, false
		}
		end = len(text)
	} else {
		at := d.Start(next)
		if at < start {
			return 0, 0, false
		}
		end = strings.LastIndexAny(text[:at], "\r\n") + 1
		if lead := strings.Trim(text[end:at], " "); lead != "" && !(item && lead == "-") || item && lead == "" {
			return 0, 0, false
		}
	}
	for end > start {
		line := strings.LastIndexAny(strings.TrimRight(text[start:end], " \t\r\n"), "\r\n") + 1 + start
		rest := strings.TrimLeft(text[line:end], " ")
		if line == start || !strings.HasPrefix(rest, "#") || end-line-len(rest) > column {
			break
		}
		end = line
	}
	return start, end, end > start
}

// next returns the node that follows s in the document, nil at its end, and
// whether it is the item of a list.
func (s *site) next() (n *yaml.Node, item bool) {
	for ; s.parent != nil; s = s.parent {
		all := s.parent.node.Content
		for i, c := range all {
			if c == s.node && i+1 < len(all) {
				return all[i+1], s.parent.node.Kind == yaml.SequenceNode
			}
		}
	}
	return nil, false
}

// carried returns n as kustomize prints it where it only carries it; false where
// it would look into n, or refuse it. The images of a root are looked for in all
// objects but definitions.
func carried(n *yaml.Node, definition bool) (*yaml.Node, bool) {
	same := true
	var plain func(n *yaml.Node) bool
	plain = func(n *yaml.Node) bool {
		if n.Anchor != "" || n.Kind == yaml.AliasNode || n.Style&yaml.TaggedStyle != 0 {
			return false
		}
		switch n.Kind {
		case yaml.ScalarNode:
			same = same && printsAsIs(n)
		case yaml.SequenceNode:
			for _, c := range n.Content {
				if !plain(c) {
					return false
				}
			}
		case yaml.MappingNode:
			for i := 0; i+1 < len(n.Content); i += 2 {
				key := n.Content[i]
				if key.Kind != yaml.ScalarNode || key.ShortTag() != "!!str" || key.Anchor != "" {
					return false
				}
				if !definition && (key.Value == "containers" || key.Value == "initContainers" || key.Value == "resourceNames") {
					return false
				}
				if !plain(n.Content[i+1]) {
					return false
				}
			}
		}
		return true
	}
	if !plain(n) {
		return nil, false
	}
	if repeats(n) {
		return nil, false
	}
	if same {
		return n, true
	}
	n = clone(n)
	return n, write(n) == nil
}

// repeats reports whether a mapping at or below n has a key twice.
func repeats(n *yaml.Node) bool {
	if n.Kind == yaml.MappingNode {
		seen := make(map[string]bool, len(n.Content)/2)
		for i := 0; i+1 < len(n.Content); i += 2 {
			if seen[n.Content[i].Value] {
				return true
			}
			seen[n.Content[i].Value] = true
		}
	}
	for _, c := range n.Content {
		if len(c.Content) > 0 && repeats(c) {
			return true
		}
	}
	return false
}

// printsAsIs reports whether writeScalar leaves n as it is.
func printsAsIs(n *yaml.Node) bool {
	switch n.ShortTag() {
	case "!!str":
		return n.Style&yaml.FoldedStyle == 0
	case "!!bool":
		return n.Value == "true" || n.Value == "false"
	case "!!null":
		return n.Value == "null"
	case "!!int":
		i, err := strconv.ParseInt(n.Value, 10, 64)
		return err == nil && strconv.FormatInt(i, 10) == n.Value
	}
	return false
}

// words are what stands for payloads in the bytes that kustomize is given.
type words struct {
	begin string // of all words; nobody else can know it

	mu       sync.Mutex
	payloads []weak.Pointer[payload] // by the number in their word; they live as long as their files
}

// give gives the payloads their words.
func (w *words) give(list []*payload) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, p := range list {
		w.payloads = append(w.payloads, weak.Make(p))
		p.word = w.begin + strconv.Itoa(len(w.payloads))
		p.cut.Text = p.key + `: "` + p.word + "\"\n"
		if p.value.Kind == yaml.SequenceNode { // what looks for a field of the items must find items
			p.cut.Text = p.key + `: [{"` + p.key + `": "` + p.word + "\"}]\n"
		}
	}
}

// payload returns the payload that the word stands for, nil for none.
func (w *words) payload(word string) *payload {
	number, ok := strings.CutPrefix(word, w.begin)
	if !ok {
		return nil
	}
	i, err := strconv.Atoi(number)
	w.mu.Lock()
	defer w.mu.Unlock()
	if err != nil || i < 1 || i > len(w.payloads) {
		return nil
	}
	return w.payloads[i-1].Value()
}
