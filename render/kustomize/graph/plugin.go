package graph

import (
	"bytes"
	"errors"
	"io"
	"path"
	"sort"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/org/probe-mtls-action/render/source"
)

// Builtin plugin configurations name files in fields of many names (path,
// paths, files, envs, replacements, targetFilePath, valuesFile…), relative to
// the kustomization that uses them. Every one-line string in them is taken for
// a name: those that name nothing do no harm.

// inlinePlugin handles an entry that is plugin configuration itself; it reports
// false for an entry that is a path.
func (b *builder) inlinePlugin(n *node, file string, rf ref) bool {
	var doc yaml.Node
	if yaml.Unmarshal([]byte(rf.text), &doc) != nil || doc.Kind != yaml.DocumentNode || doc.Content[0].Kind != yaml.MappingNode {
		return false
	}
	b.pluginDocs(n, file, rf, []byte(rf.text), "")
	return true
}

// pluginFile follows the configuration in a file.
func (b *builder) pluginFile(n *node, file string, rf ref, name string) (added bool) {
	data, err := readBounded(b.tree, name)
	if err != nil {
		n.addOpaque(Opaque{source.Span{File: name}, err.Error(), Unreadable})
		return false
	}
	return b.pluginDocs(n, file, rf, data, name)
}

// pluginDocs follows every document of data. from is the file that holds it,
// "" for an inline configuration.
func (b *builder) pluginDocs(n *node, file string, rf ref, data []byte, from string) (added bool) {
	at := source.Span{File: file, Start: source.Position{Line: max(rf.line, 1), Column: 1}}
	field := rf.field
	if from != "" {
		field += " (" + path.Base(from) + ")"
	}
	dec := yaml.NewDecoder(bytes.NewReader(data))
	for {
		var doc yaml.Node
		err := dec.Decode(&doc)
		if errors.Is(err, io.EOF) {
			return added
		}
		if err != nil {
			// The render fails on it too, or a patch reads it as plain text.
			return added
		}
		if why, kind := opaquePlugin(&doc); why != "" {
			n.addOpaque(Opaque{at, why, kind})
		}
		eachString(&doc, func(s string) {
			names := []string{s}
			if _, value, found := strings.Cut(s, "="); found {
				names = append(names, value)
			}
			for _, name := range names {
				to, ok := target(n.dir, name)
				if !ok || to == n.dir {
					continue
				}
				if _, known := n.own[to]; known {
					continue
				}
				added = true
				b.add(n, to, Edge{File: file, Line: rf.line, Field: field, Ref: name, To: to}, ref{kind: fileRef, text: name})
			}
		})
	}
}

// opaquePlugin says why the files that a plugin reads cannot be told.
func opaquePlugin(doc *yaml.Node) (string, OpaqueKind) {
	var version, kind string
	r := &reader{steps: maxSteps}
	r.eachField(doc.Content[0], func(k, v *yaml.Node) {
		switch strings.ToLower(k.Value) {
		case "apiversion":
			version = v.Value
		case "kind":
			kind = v.Value
		}
	})
	switch {
	case kind == "HelmChartInflationGenerator":
		return "Helm decides which files it reads", Helm
	case version == "" || version == "builtin" || strings.HasPrefix(version, "kustomize.config.k8s.io/"):
		return "", ""
	}
	return "the plugin " + kind + " decides which files it reads", Plugin
}

func (n *node) addOpaque(o Opaque) {
	for _, p := range n.opaque {
		if p == o {
			return
		}
	}
	n.opaque = append(n.opaque, o)
}

// maxName is the longest name of a file, in bytes.
const maxName = 4096

// eachString calls f for every string value below n that may be a name.
func eachString(n *yaml.Node, f func(string)) {
	switch n.Kind {
	case yaml.ScalarNode:
		value := text(n)
		if strings.ContainsAny(value, "\n{[") {
			// Patches in scalars may add names of their own.
			var inner yaml.Node
			if yaml.Unmarshal([]byte(value), &inner) == nil && inner.Kind == yaml.DocumentNode && inner.Content[0].Kind != yaml.ScalarNode {
				eachString(&inner, f)
				return
			}
		}
		if value != "" && len(value) <= maxName {
			f(value)
		}
	case yaml.MappingNode:
		for i := 1; i < len(n.Content); i += 2 {
			eachString(n.Content[i], f)
		}
	case yaml.DocumentNode, yaml.SequenceNode:
		for _, c := range n.Content {
			eachString(c, f)
		}
	}
}

// fillPluginDirs follows the configurations that kustomizations render to. What
// a render puts together is not known here, so all files in reach are searched.
// Files found may themselves be configuration of an outer one: repeat.
func (b *builder) fillPluginDirs() {
	for again := true; again; {
		again = false
		for _, p := range b.plugins {
			seen := map[string]bool{}
			for _, m := range p.config.closure() {
				if m.composes {
					at := source.Span{File: m.file, Start: source.Position{Line: 1, Column: 1}}
					p.user.addOpaque(Opaque{at, "it changes the configuration of plugins, which names files", Composed})
				}
				for name := range m.own {
					seen[name] = true
				}
			}
			names := make([]string, 0, len(seen))
			for name := range seen {
				if mode, ok := b.mode(name); ok && mode.IsRegular() {
					names = append(names, name)
				}
			}
			sort.Strings(names)
			for _, name := range names {
				again = b.pluginFile(p.user, p.file, p.ref, name) || again
			}
		}
	}
}
