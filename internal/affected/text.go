package affected

import (
	"path"
	"regexp"
	"slices"

	"github.com/org/probe-mtls-action/render"
	"github.com/org/probe-mtls-action/render/kustomize/graph"
)

// Kinds whose objects change verdicts on workloads of other roots: policies,
// namespaces (injection), the mesh's own configuration. An alias may stand for
// any of them.
var strong = regexp.MustCompile(`["']?kind["']?\s*:\s*(?:["']?(?:PeerAuthentication|MeshPolicy|Policy|Namespace|IstioOperator|Istio|ProxyConfig|Sidecar|MutatingWebhookConfiguration)\b|\*)|\bname["']?\s*:\s*["']?istio`)

// A Service counts for the workloads that it selects, which are rarely those of
// another root; yet nearly every root has one.
var service = regexp.MustCompile(`["']?kind["']?\s*:\s*["']?Service\b`)

var (
	anyKind = regexp.MustCompile(`(?m)^\s*["']?kind["']?\s*:`)
	copies  = regexp.MustCompile(`(?mi)["']?\b(replacements|vars)["']?\s*:`)
)

// side is one of the two trees.
type side struct {
	tree  render.Tree
	graph *graph.Graph
}

// Text returns an [Input.Shares] that looks for the kinds of objects in the
// text of the files that the root reads, in both trees, without rendering. The
// base may be nil.
func Text(base render.Tree, baseGraph *graph.Graph, head render.Tree, headGraph *graph.Graph) func(root string, files []string) bool {
	sides := []side{{head, headGraph}}
	if base != nil && baseGraph != nil {
		sides = append(sides, side{base, baseGraph})
	}
	return func(root string, files []string) bool {
		return slices.ContainsFunc(sides, func(s side) bool { return s.shares(root, files) })
	}
}

func (s side) shares(root string, changed []string) bool {
	c := s.graph.Closure(root)
	if len(c.Opaque) > 0 {
		return true
	}
	services, copied, touched := false, false, false
	for _, name := range c.Paths {
		info, err := s.tree.Stat(name)
		if err != nil || !info.Mode().IsRegular() {
			continue
		}
		text, err := s.tree.ReadFile(name)
		if err != nil || strong.Match(text) {
			return true
		}
		hasService := service.Match(text)
		isKustomization := slices.Contains(graph.FileNames, path.Base(name))
		services = services || hasService
		copied = copied || isKustomization && copies.Match(text)
		if slices.Contains(changed, name) {
			// Only a plain manifest of other kinds surely leaves Services alone.
			touched = touched || hasService || isKustomization || !anyKind.Match(text)
		}
	}
	return services && (copied || touched)
}
