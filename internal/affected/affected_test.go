package affected_test

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/org/probe-mtls-action/internal/affected"
	"github.com/org/probe-mtls-action/internal/diff"
	"github.com/org/probe-mtls-action/render"
	"github.com/org/probe-mtls-action/render/kustomize/graph"
)

// files is a tree as names and contents; a content that begins with link is a
// symbolic link.
type files map[string]string

const link = "link to "

func (f files) tree() fstest.MapFS {
	tree := fstest.MapFS{}
	for name, text := range f {
		tree[name] = &fstest.MapFile{Data: []byte(text), Mode: 0o644}
		if target, ok := strings.CutPrefix(text, link); ok {
			tree[name] = &fstest.MapFile{Data: []byte(target), Mode: fs.ModeSymlink | 0o777}
		}
	}
	return tree
}

// with returns a copy of f with changes: "" removes a file.
func (f files) with(changes files) files {
	g := files{}
	for name, text := range f {
		g[name] = text
	}
	for name, text := range changes {
		if text == "" {
			delete(g, name)
		} else {
			g[name] = text
		}
	}
	return g
}

// compare lists the changes between two trees; renames show as two changes.
func compare(base, head files) *diff.Changes {
	c := &diff.Changes{}
	for name, text := range base {
		if now, ok := head[name]; !ok {
			c.Files = append(c.Files, diff.File{OldName: name, Status: diff.Removed})
		} else if now != text {
			c.Files = append(c.Files, diff.File{OldName: name, NewName: name, Status: diff.Modified})
		}
	}
	for name := range head {
		if _, ok := base[name]; !ok {
			c.Files = append(c.Files, diff.File{NewName: name, Status: diff.Added})
		}
	}
	slices.SortFunc(c.Files, func(a, b diff.File) int { return strings.Compare(a.Name(), b.Name()) })
	return c
}

func build(t testing.TB, tree fstest.MapFS) *graph.Graph {
	t.Helper()
	g, err := graph.Build(t.Context(), tree)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func describe(r affected.Result) string {
	var b strings.Builder
	for _, root := range r.Roots {
		fmt.Fprint(&b, root.Dir)
		if root.New {
			b.WriteString(" new")
		}
		if root.CannotTell {
			b.WriteString(" cannot-tell")
		}
		for _, reason := range root.Reasons {
			fmt.Fprintf(&b, " | %s", reason)
		}
		if root.More > 0 {
			fmt.Fprintf(&b, " | +%d", root.More)
		}
		b.WriteByte('\n')
	}
	for _, root := range r.Removed {
		fmt.Fprintf(&b, "removed %s\n", root)
	}
	for _, dir := range r.Unused {
		fmt.Fprintf(&b, "unused %s\n", dir)
	}
	fmt.Fprintf(&b, "unaffected %d\n", r.Unaffected)
	return b.String()
}

var repository = files{
	"base/kustomization.yaml": "resources:\n- d.yaml\n",
	"base/d.yaml":             "kind: Deployment\n",
	"dev/kustomization.yaml":  "resources: [../base]\npatches: [{path: p.yaml}]\n",
	"dev/p.yaml":              "kind: Deployment\n",
	"prod/kustomization.yaml": "resources: [../base, policy.yaml]\n",
	"prod/policy.yaml":        "kind: PeerAuthentication\n",
	"web/kustomization.yaml":  "resources: [s.yaml, d.yaml]\n",
	"web/s.yaml":              "kind: Service\n",
	"web/d.yaml":              "kind: Deployment\n",
	"ns/namespaces.yaml":      "kind: Namespace\n",
	"README.md":               "hello\n",
	".probe-mtls.yaml":        "fail-on: error\n",
}

// decides stands in for a mesh.
func decides(o render.Ref) bool {
	return o.Kind == "PeerAuthentication" || o.Kind == "Service" || o.Kind == "ConfigMap" && strings.HasPrefix(o.Name, "istio")
}

func TestRoots(t *testing.T) {
	env := []affected.Group{{Name: "one", Roots: []string{"dev", "prod", "web", "gone"}, Context: []string{"ns"}}}
	config := affected.Group{Files: []string{".probe-mtls.yaml"}}
	cases := []struct {
		name   string
		change files
		in     affected.Input
		want   string
	}{
		{"nothing", nil, affected.Input{}, "unused base\nunaffected 3\n"},
		{"a file of no root", files{"README.md": "x"}, affected.Input{}, "unused base\nunaffected 3\n"},
		{"a base", files{"base/d.yaml": "x"}, affected.Input{}, `dev | base/d.yaml <- base/kustomization.yaml:2: resources d.yaml <- dev/kustomization.yaml:1: resources ../base
prod | base/d.yaml <- base/kustomization.yaml:2: resources d.yaml <- prod/kustomization.yaml:1: resources ../base
unused base
unaffected 1
`},
		{"all roots", files{"base/d.yaml": "x"}, affected.Input{AllRoots: true, Paths: []string{"base/", "dev"}}, `base | base/d.yaml <- base/kustomization.yaml:2: resources d.yaml
dev | base/d.yaml <- base/kustomization.yaml:2: resources d.yaml <- dev/kustomization.yaml:1: resources ../base
unaffected 0
`},
		{"a base that is asked for", files{"base/d.yaml": "x"}, affected.Input{Paths: []string{"base"}}, "base | base/d.yaml <- base/kustomization.yaml:2: resources d.yaml\nunaffected 0\n"},
		{"a deleted patch", files{"dev/p.yaml": ""}, affected.Input{}, "dev | dev/p.yaml <- dev/kustomization.yaml:2: patches.path p.yaml\nunused base\nunaffected 2\n"},
		{"a deleted reference and file", files{"web/d.yaml": "", "web/kustomization.yaml": "resources: [s.yaml]\n"}, affected.Input{},
			"web | web/d.yaml <- web/kustomization.yaml:1: resources d.yaml | web/kustomization.yaml\nunused base\nunaffected 2\n"},
		{"a second kustomization file", files{"web/Kustomization": "resources: []\n"}, affected.Input{}, "web | web/Kustomization\nunused base\nunaffected 2\n"},
		{"a new root", files{"new/kustomization.yaml": "resources: [x.yaml]\n"}, affected.Input{}, "new new | new/kustomization.yaml\nunused base\nunaffected 3\n"},
		{"a removed root", files{"web/kustomization.yaml": "", "web/d.yaml": ""}, affected.Input{}, "removed web\nunused base\nunaffected 2\n"},
		{"a base that nobody uses any more", files{"dev/kustomization.yaml": "", "prod/kustomization.yaml": "resources: [policy.yaml]\n"}, affected.Input{},
			"base | no other root builds upon it any more\nprod | prod/kustomization.yaml\nremoved dev\nunaffected 1\n"},
		{"the configuration", files{".probe-mtls.yaml": "x"}, affected.Input{Everywhere: config},
			"dev | .probe-mtls.yaml <- it configures every root\nprod | .probe-mtls.yaml <- it configures every root\nweb | .probe-mtls.yaml <- it configures every root\nunused base\nunaffected 0\n"},
		{"a context file", files{"ns/namespaces.yaml": "x"}, affected.Input{Groups: env},
			"dev | ns/namespaces.yaml <- it is part of the context ns, which counts for the environment one\nprod | ns/namespaces.yaml <- it is part of the context ns, which counts for the environment one\nweb | ns/namespaces.yaml <- it is part of the context ns, which counts for the environment one\nunused base\nunaffected 0\n"},
		{"a context root's base", files{"base/d.yaml": "x"}, affected.Input{Everywhere: affected.Group{Context: []string{"dev"}}, Paths: []string{"web"}},
			"web | base/d.yaml <- it is part of the context dev, which counts for every root\nunaffected 0\n"},
		{"a policy in an environment", files{"prod/policy.yaml": "kind: PeerAuthentication\nspec: {}\n"}, affected.Input{Groups: env},
			"dev | prod/policy.yaml <- it changes prod, whose policies, namespaces and Services count for the environment one\nprod | prod/policy.yaml <- prod/kustomization.yaml:1: resources policy.yaml\nweb | prod/policy.yaml <- it changes prod, whose policies, namespaces and Services count for the environment one\nunused base\nunaffected 0\n"},
		{"a patch in an environment", files{"dev/p.yaml": "kind: Deployment\nspec: {}\n"}, affected.Input{Groups: env},
			"dev | dev/p.yaml <- dev/kustomization.yaml:2: patches.path p.yaml\nunused base\nunaffected 2\n"},
		{"a Service in an environment", files{"web/s.yaml": "kind: Service\nspec: {}\n"}, affected.Input{Groups: env, Paths: []string{"dev"}},
			"dev | web/s.yaml <- it changes web, whose policies, namespaces and Services count for the environment one\nunaffected 0\n"},
		{"a workload beside a Service", files{"web/d.yaml": "kind: Deployment\nspec: {}\n"}, affected.Input{Groups: env},
			"web | web/d.yaml <- web/kustomization.yaml:1: resources d.yaml\nunused base\nunaffected 2\n"},
		{"a removed policy root in an environment", files{"prod/kustomization.yaml": "", "prod/policy.yaml": ""}, affected.Input{Groups: env, Paths: []string{"dev", "prod"}},
			"dev | prod/kustomization.yaml <- it changes prod, whose policies, namespaces and Services count for the environment one\nremoved prod\nunaffected 0\n"},
		{"many reasons", files{"web/a": "1", "web/s.yaml": "x", "web/d.yaml": "x", "web/kustomization.yaml": "resources: [s.yaml, d.yaml, a, b]\n", "web/b": "1"}, affected.Input{Paths: []string{"web"}},
			"web | web/a <- web/kustomization.yaml:1: resources a | web/b <- web/kustomization.yaml:1: resources b | web/d.yaml <- web/kustomization.yaml:1: resources d.yaml | +2\nunaffected 0\n"},
		{"what cannot be told", files{"README.md": "x", "helm/kustomization.yaml": "helmCharts: [{name: x}]\n"}, affected.Input{}, "helm new | helm/kustomization.yaml\nunused base\nunaffected 3\n"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			head := repository.with(c.change)
			in := c.in
			in.Changes = compare(repository, head)
			baseTree, headTree := repository.tree(), head.tree()
			in.Base, in.Head = build(t, baseTree), build(t, headTree)
			in.Shares = affected.Shares(decides, affected.Side{Tree: baseTree, Graph: in.Base}, affected.Side{Tree: headTree, Graph: in.Head})
			if d := cmp.Diff(c.want, describe(affected.Roots(in))); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

// TestCalled: what a root runs counts for the roots of its environment that may
// call it, and for no others.
func TestCalled(t *testing.T) {
	base := repository.with(files{"prod/policy.yaml": "kind: ValidatingWebhookConfiguration\nmetadata: {name: x}\n"})
	head := base.with(files{"dev/p.yaml": "kind: Deployment\nspec: {}\n"})
	in := affected.Input{Groups: []affected.Group{{Name: "one", Roots: []string{"dev", "prod", "web"}}}, Changes: compare(base, head)}
	in.Base, in.Head = build(t, base.tree()), build(t, head.tree())
	in.Shares = func(string, []string) bool { return false }
	in.Calls = affected.Calls([]string{"WebhookConfiguration"}, head.tree(), in.Head)
	want := "dev | dev/p.yaml <- dev/kustomization.yaml:2: patches.path p.yaml\n" +
		"prod | dev/p.yaml <- it changes dev, whose pods the clients of other roots of the environment one may call\nunused base\nunaffected 1\n"
	if d := cmp.Diff(want, describe(affected.Roots(in))); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestCannotTell(t *testing.T) {
	base := repository.with(files{"helm/kustomization.yaml": "helmCharts: [{name: x}]\n"})
	head := base.with(files{"README.md": "x"})
	g := build(t, head.tree())
	got := affected.Roots(affected.Input{Changes: compare(base, head), Base: build(t, base.tree()), Head: g, Paths: []string{"helm"}})
	if len(got.Roots) != 1 || !got.Roots[0].CannotTell {
		t.Errorf("got %s", describe(got))
	}
	refused := []graph.OpaqueKind{graph.Helm}
	got = affected.Roots(affected.Input{Changes: compare(base, head), Head: g, Paths: []string{"helm"}, Refused: refused})
	if len(got.Roots) != 0 {
		t.Errorf("with Helm off: %s", describe(got))
	}
	edited := base.with(files{"helm/charts/x/values.yaml": "a: b\n"})
	got = affected.Roots(affected.Input{Changes: compare(base, edited), Head: g, Paths: []string{"helm"}, Refused: refused})
	if len(got.Roots) != 1 {
		t.Errorf("a chart's file, with Helm off: %s", describe(got))
	}
	got = affected.Roots(affected.Input{Changes: compare(base, base), Base: g, Head: g, Paths: []string{"helm"}})
	if len(got.Roots) != 0 {
		t.Errorf("without a change: %s", describe(got))
	}
}

func TestIncomplete(t *testing.T) {
	g := build(t, repository.tree())
	got := affected.Roots(affected.Input{Changes: &diff.Changes{Incomplete: "cut at 3,000 files"}, Head: g})
	want := "dev | everything counts as changed: cut at 3,000 files\nprod | everything counts as changed: cut at 3,000 files\nweb | everything counts as changed: cut at 3,000 files\nunused base\nunaffected 0\n"
	if d := cmp.Diff(want, describe(got)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestShard(t *testing.T) {
	var roots []affected.Root
	total := 0
	for i := range 101 {
		var r affected.Root
		r.Dir, r.Cost = fmt.Sprintf("r%03d", i), i%17*i%23
		total += max(r.Cost, 1)
		roots = append(roots, r)
	}
	for n := 1; n <= 7; n++ {
		var all []string
		for i := 1; i <= n; i++ {
			cost := 0
			part := affected.Shard(roots, i, n)
			for _, r := range part {
				all = append(all, r.Dir)
				cost += max(r.Cost, 1)
			}
			if even := total / n; cost < even*9/10-1 || cost > even*11/10+1 {
				t.Errorf("part %d/%d costs %d; an even part is %d", i, n, cost, even)
			}
			if d := cmp.Diff(part, affected.Shard(slices.Clone(roots), i, n)); d != "" {
				t.Errorf("part %d/%d differs from call to call:\n%s", i, n, d)
			}
		}
		slices.Sort(all)
		if len(all) != len(roots) || len(slices.Compact(all)) != len(roots) {
			t.Errorf("%d parts have %d roots of %d", n, len(all), len(roots))
		}
	}
	if got := affected.Shard(nil, 2, 3); len(got) != 0 {
		t.Errorf("a part of nothing: %v", got)
	}
}
