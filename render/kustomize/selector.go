package kustomize

import (
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/org/probe-mtls-action/render/source"
	"github.com/org/probe-mtls-action/render/source/yamldoc"
)

// noteSelectors notes by which labels and annotations the kustomization or
// plugin file selects objects: their values cannot be changed at will.
func (v *view) noteSelectors(f *file) {
	for _, key := range f.selectors() {
		v.selectors[key] = true
	}
}

// selectors returns the words of the label and annotation selectors in f, the
// keys among them: "tier=web,!legacy" holds tier, web and legacy.
func (f *file) selectors() []string {
	f.selectorOnce.Do(func() {
		for _, d := range f.parse() {
			if d.Root != nil {
				f.addSelectors(d.Root, true)
			}
		}
	})
	return f.selectorWords
}

// itemSelector matches what selects list items in a field path: [key=value].
var itemSelector = regexp.MustCompile(`\[([^=\]]+)=`)

// addSelectors looks below n, and once into text that is YAML itself.
func (f *file) addSelectors(n *yaml.Node, inText bool) {
	for i, c := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 0 && strings.HasSuffix(strings.ToLower(c.Value), "selector") {
			words := strings.FieldsFunc(deref(n.Content[i+1]).Value, func(r rune) bool { return strings.ContainsRune(" =!,()", r) })
			f.selectorWords = append(f.selectorWords, words...)
		}
		for _, m := range itemSelector.FindAllStringSubmatch(c.Value, -1) {
			f.selectorWords = append(f.selectorWords, m[1])
		}
		if inText && c.Kind == yaml.ScalarNode && isInline(c.Value) && strings.Contains(strings.ToLower(c.Value), "selector") {
			docs, _ := yamldoc.ParseAll(yamldoc.Whole(source.NewFile(f.name, []byte(c.Value))))
			for _, d := range docs {
				if d.Root != nil {
					f.addSelectors(d.Root, false)
				}
			}
		}
		f.addSelectors(c, inText)
	}
}
