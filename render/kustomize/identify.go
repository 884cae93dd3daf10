package kustomize

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf8"
	"weak"

	"go.yaml.in/yaml/v3"

	"github.com/org/probe-mtls-action/render/trace"
)

// An object carries a field through the render that tells which document it
// comes from: the store's key, a name that no repository can know. Kustomize
// copies fields that it does not know. What compares whole objects fails on it;
// what takes a hash of whole objects is looked for (see isOpaque). In both cases
// the truth is rendered without it.

// identified returns the file's text with source keys in its objects and without
// the given payloads, made once for each role and choice of payloads.
func (f *file) identified(r role, cuts []*payload) []byte {
	key := identifiedKey{role: r}
	for _, p := range cuts {
		key.cuts += p.word + " "
	}
	f.identifyMu.Lock()
	defer f.identifyMu.Unlock()
	if data, ok := f.identifieds[key]; ok {
		return data
	}
	data := f.raw
	if r&roleResource != 0 && r&(roleData|roleKustomization|rolePatch|rolePlugin|roleReplacement) == 0 {
		var edits []trace.Edit
		for _, d := range f.documents(r) {
			for _, root := range d.roots {
				if e, ok := root.insert(f.store.key, f.store.sites.identify(root)); ok {
					edits = append(edits, e)
				}
			}
		}
		for _, p := range cuts {
			edits = append(edits, p.cut)
		}
		if len(edits) > 0 {
			data = trace.Apply(f.editable(), edits)
		}
	}
	if f.identifieds == nil {
		f.identifieds = map[identifiedKey][]byte{}
	}
	f.identifieds[key] = data
	return data
}

// identifiedKey tells apart the texts that [file.identified] makes of a file.
type identifiedKey struct {
	role role
	cuts string // the words of what is cut
}

// insert returns the edit that puts an entry at the top of the mapping at s;
// false when that is not written in a way that allows it.
func (s *site) insert(key, value string) (trace.Edit, bool) {
	n, d := s.node, s.document.doc
	if n.Kind != yaml.MappingNode || len(n.Content) == 0 {
		return trace.Edit{}, false
	}
	at := d.Start(n.Content[0])
	if at < 0 {
		return trace.Edit{}, false
	}
	e := trace.Edit{File: s.document.file.name, Start: d.Text.Offset(at), Text: `"` + key + `": "` + value + `"`}
	e.End = e.Start
	if n.Style&yaml.FlowStyle != 0 {
		e.Text += ", "
		return e, true
	}
	line := strings.LastIndexAny(d.Text.String[:at], "\r\n") + 1
	lead := strings.TrimPrefix(d.Text.String[line:at], "\ufeff")
	if strings.Trim(lead, " -") != "" {
		return trace.Edit{}, false
	}
	e.Text += "\n" + strings.Repeat(" ", utf8.RuneCountInString(lead))
	return e, true
}

// identify gives the object at o a name for its source key.
func (s *sites) identify(o *site) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all = append(s.all, weak.Make(o))
	return strconv.Itoa(len(s.all))
}

// object returns the object that has the name in its source key.
func (s *sites) object(name string) *site {
	i, err := strconv.Atoi(name)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil || i < 1 || i > len(s.all) {
		return nil
	}
	return s.all[i-1].Value()
}

// isOpaque reports whether the file makes kustomize put a hash of whole objects
// into their names (api v0.21.2, hasher.Hash): it does so for an annotation of
// its own. The word may be written with escapes.
func (f *file) isOpaque(r role) bool {
	f.opaqueOnce.Do(func() {
		for _, sign := range []string{"needsHashSuffix", `\x`, `\u`, `\U`} {
			if bytes.Contains(f.text.Data, []byte(sign)) {
				f.opaque = f.mentions(r, "needsHashSuffix")
				return
			}
		}
	})
	return f.opaque
}

// mentions reports whether a key or value of the file's YAML holds the word.
func (f *file) mentions(r role, word string) bool {
	var in func(n *yaml.Node) bool
	in = func(n *yaml.Node) bool {
		if n.Kind == yaml.ScalarNode {
			return strings.Contains(n.Value, word)
		}
		for _, c := range n.Content {
			if in(c) {
				return true
			}
		}
		return false
	}
	for _, d := range f.parse() {
		if d.Root != nil && in(d.Root) {
			return true
		}
	}
	for _, d := range f.documents(r) {
		if d.doc.Root != nil && in(d.doc.Root) {
			return true
		}
	}
	return false
}

// takeKey removes the entry of key from the mapping n and returns its value. A
// comment above it goes to the entry that follows, where it was before.
func takeKey(n *yaml.Node, key string) string {
	for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			v := n.Content[i+1].Value
			if head := n.Content[i].HeadComment; head != "" && i+2 < len(n.Content) {
				n.Content[i+2].HeadComment = head
			}
			n.Content = append(n.Content[:i], n.Content[i+2:]...)
			return v
		}
	}
	return ""
}
