package affected_test

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
	"pgregory.net/rapid"

	"github.com/org/probe-mtls-action/internal/affected"
	"github.com/org/probe-mtls-action/render"
	"github.com/org/probe-mtls-action/render/kustomize"
	"github.com/org/probe-mtls-action/render/manifest"
)

// TestNoRootIsMissed makes random edits in random repositories and checks that
// every root whose render or error differs is among the affected ones.
func TestNoRootIsMissed(t *testing.T) {
	differ, reached := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		base := generate(rt)
		head := base.with(nil)
		for range rapid.IntRange(1, 4).Draw(rt, "edits") {
			edit(rt, head)
		}
		baseTree, headTree := base.tree(), head.tree()
		in := affected.Input{Changes: compare(base, head), Base: build(t, baseTree), Head: build(t, headTree), AllRoots: true}
		hit := map[string]bool{}
		res := affected.Roots(in)
		for _, r := range res.Roots {
			hit[r.Dir] = true
		}
		for _, r := range res.Removed {
			hit[r.Dir] = true
		}
		reached += len(hit)
		before, after := outcomes(t, baseTree, in.Base.Roots()), outcomes(t, headTree, in.Head.Roots())
		all := maps.Clone(before)
		maps.Copy(all, after)
		for dir := range all {
			if before[dir] == after[dir] {
				continue
			}
			differ++
			if !hit[dir] {
				rt.Fatalf("%s is not among the affected roots\nbase: %s\nhead: %s\nchanges: %q\nbase tree: %q\nhead tree: %q",
					dir, before[dir], after[dir], in.Changes.Paths(), base, head)
			}
		}
	})
	if differ == 0 || reached == 0 {
		t.Error("no edit changed a render: the test proves nothing")
	}
	t.Logf("%d renders changed, %d roots counted as affected", differ, reached)
}

// outcomes renders roots to text: the objects, or the error.
func outcomes(t *testing.T, tree render.Tree, roots []render.Root) map[string]string {
	out := map[string]string{}
	for _, root := range roots {
		var r render.Renderer = kustomize.New(tree, kustomize.Options{})
		if root.Renderer == manifest.Name {
			r = manifest.New(tree)
		}
		res, err := r.Render(t.Context(), root)
		if err != nil {
			out[root.Dir] = "error: " + err.Error()
			continue
		}
		var b strings.Builder
		for _, o := range res.Objects {
			text, err := yaml.Marshal(o.Node)
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&b, "---\n%s", text)
		}
		out[root.Dir] = b.String()
	}
	return out
}

var names = []string{"a", "b c", "d#e", "ü"}

// generate makes bases, components, overlays on them and files they share.
func generate(t *rapid.T) files {
	f := files{
		"shared/patch.yaml":      "kind: Deployment\napiVersion: apps/v1\nmetadata: {name: any}\nspec: {replicas: 2}\n",
		"shared/app.properties":  "a=1\n",
		"shared/values.env":      "B=2\n",
		"shared/transformer.yml": "apiVersion: builtin\nkind: PatchTransformer\nmetadata: {name: t}\npath: transform.yaml\ntarget: {kind: Deployment}\n",
		"transformers/t.yaml":    "apiVersion: builtin\nkind: LabelTransformer\nmetadata: {name: l}\nlabels: {l: one}\nfieldSpecs: [{path: metadata/labels, create: true}]\n",
		"transformers/" + kfile:  "resources: [t.yaml]\n",
	}
	for i, n := range names {
		dir := "base-" + n + "/"
		f[dir+kfile] = "resources:\n- deployment.yaml\n"
		f[dir+"deployment.yaml"] = deployment(n, i)
		dir = "components/" + n + "/"
		f[dir+kfile] = fmt.Sprintf("apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nlabels: [{pairs: {c: c%d}}]\npatches: [{path: patch.yaml, target: {kind: Deployment}}]\n", i)
		f[dir+"patch.yaml"] = "- {op: add, path: /metadata/annotations, value: {x: y}}\n"
		dir = "overlays/" + n + "/"
		f[dir+"patch.yaml"] = fmt.Sprintf("- {op: replace, path: /spec/replicas, value: %d}\n", i+1)
		f[dir+"transform.yaml"] = "- {op: add, path: /metadata/labels, value: {t: t}}\n"
		f[dir+kfile] = kustomization(t)
	}
	return f
}

const kfile = "kustomization.yaml"

func deployment(name string, replicas int) string {
	return fmt.Sprintf("apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d%x}\nspec: {replicas: %d}\n", name, replicas)
}

// kustomization makes a random overlay.
func kustomization(t *rapid.T) string {
	name := func() string { return rapid.SampledFrom(names).Draw(t, "name") }
	k := map[string]any{}
	k["resources"] = []string{"../../base-" + name()}
	if rapid.Bool().Draw(t, "overlay on overlay") {
		k["resources"] = []string{"../" + name()}
	}
	if rapid.Bool().Draw(t, "component") {
		k["components"] = []string{"../../components/" + name()}
	}
	if rapid.Bool().Draw(t, "patch") {
		k["patches"] = []any{map[string]any{"path": rapid.SampledFrom([]string{"patch.yaml", "../../shared/patch.yaml", "../a/patch.yaml"}).Draw(t, "path"), "target": map[string]any{"kind": "Deployment"}}}
	}
	if rapid.Bool().Draw(t, "generator") {
		k["configMapGenerator"] = []any{map[string]any{"name": "c", "files": []string{"key=../../shared/app.properties"}, "envs": []string{"../../shared/values.env"}}}
	}
	if rapid.Bool().Draw(t, "transformer") {
		k["transformers"] = []string{rapid.SampledFrom([]string{"../../shared/transformer.yml", "../../transformers"}).Draw(t, "transformer path")}
	}
	text, err := yaml.Marshal(k)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// edit changes the tree in one random way.
func edit(t *rapid.T, f files) {
	all := make([]string, 0, len(f))
	for n := range f {
		all = append(all, n)
	}
	slices.Sort(all)
	name := rapid.SampledFrom(all).Draw(t, "file")
	if strings.HasPrefix(f[name], link) {
		delete(f, name)
		return
	}
	switch rapid.SampledFrom([]string{"delete", "move", "move directory", "content", "reference", "kustomization", "rename kustomization", "second kustomization", "component", "break", "copy", "link"}).Draw(t, "edit") {
	case "delete":
		delete(f, name)
	case "move":
		to := rapid.SampledFrom(all).Draw(t, "to")
		if strings.HasPrefix(f[to], link) {
			return
		}
		f[to] = f[name]
		if to != name {
			delete(f, name)
		}
	case "move directory":
		from := path.Dir(name)
		for _, n := range all {
			if rest, ok := strings.CutPrefix(n, from+"/"); ok {
				f[from+"-moved/"+rest] = f[n]
				delete(f, n)
			}
		}
	case "content":
		f[name] = strings.NewReplacer("replicas: ", "replicas: 1", "value: ", "value: 1", "=", "=1", "one", "two").Replace(f[name]) + "# edited\n"
	case "reference":
		f[name] = strings.ReplaceAll(f[name], "/a", "/b c")
	case "kustomization":
		f["overlays/a/"+kfile] = kustomization(t)
	case "rename kustomization", "second kustomization":
		dir := path.Dir(name)
		if text, ok := f[dir+"/"+kfile]; ok {
			f[dir+"/Kustomization"] = text
		}
		if rapid.Bool().Draw(t, "rename") {
			delete(f, dir+"/"+kfile)
		}
	case "component":
		f[path.Dir(name)+"/"+kfile] = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nlabels: [{pairs: {z: z}}]\n"
	case "link":
		// Links go to names that sort later, so there are no circles.
		from, to := path.Dir(name), path.Dir(rapid.SampledFrom(all).Draw(t, "target"))
		if from >= to || strings.HasPrefix(to, from+"/") || path.Dir(from) != path.Dir(to) || strings.HasPrefix(f[to], link) {
			return
		}
		for _, n := range all {
			if strings.HasPrefix(n, from+"/") {
				delete(f, n)
			}
		}
		f[from] = link + path.Base(to)
	case "break":
		f[name] = "{[broken\n" + f[name]
	case "copy":
		f[path.Dir(name)+"/copied/"+path.Base(name)] = f[name]
	}
}
