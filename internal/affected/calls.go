package affected

import (
	"bytes"
	"path"
	"slices"

	"github.com/org/probe-mtls-action/render"
	"github.com/org/probe-mtls-action/render/kustomize/graph"
)

// Calls returns an [Input.Calls] that looks for words in the files that a root
// reads, without parsing them: what holds one of them may call pods of other
// roots. A root of which it cannot be told what it reads counts as one.
func Calls(words []string, tree render.Tree, g *graph.Graph) func(root string) bool {
	known := map[string]bool{}
	holds := func(name string) bool {
		holds, ok := known[name]
		if !ok && readable(name) {
			data, err := tree.ReadFile(name)
			holds = err == nil && slices.ContainsFunc(words, func(w string) bool { return bytes.Contains(data, []byte(w)) })
			known[name] = holds
		}
		return holds
	}
	return func(root string) bool {
		c := g.Closure(root)
		return len(c.Trees) > 0 || len(c.Opaque) > 0 || slices.ContainsFunc(c.Paths, holds)
	}
}

// readable reports whether a file may hold manifests, by its name.
func readable(name string) bool {
	switch path.Ext(name) {
	case ".yaml", ".yml", ".json":
		return true
	}
	return slices.Contains(graph.FileNames, path.Base(name))
}
