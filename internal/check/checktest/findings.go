package checktest

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/org/probe-mtls-action/internal/check"
	"github.com/org/probe-mtls-action/internal/config"
	"github.com/org/probe-mtls-action/internal/mesh/istio"
	"github.com/org/probe-mtls-action/render"
	"github.com/org/probe-mtls-action/render/kustomize"
)

// Finding is a finding with the place it stands at.
type Finding struct {
	check.Finding
	Origin render.Origin
}

// Line returns file:line.
func (f Finding) Line() string {
	return fmt.Sprintf("%s:%d", f.Origin.Span.File, f.Origin.Span.Start.Line)
}

// Findings renders all roots of a repository that no other root uses, judges
// them as its .probe-mtls.yaml says, and returns what the rules find; the same
// rule on the same line once, however many roots it is in.
func Findings(t *testing.T, tree render.Tree, rules ...*check.Rule) []Finding {
	t.Helper()
	cfg, err := config.Load(tree, config.DefaultFile)
	if errors.Is(err, fs.ErrNotExist) {
		cfg, err = config.Default(), nil
	}
	if err != nil {
		t.Fatal(err)
	}
	tree, err = withKustomization(tree)
	if err != nil {
		t.Fatal(err)
	}
	var found []Finding
	seen := map[string]bool{}
	for _, g := range groups(t, cfg, results(t, tree)) {
		for _, f := range g.check(t, rules) {
			key := f.Rule.ID + " " + f.Origin.Span.String() + " " + f.Subject.Container + string(f.Subject.Field)
			if !seen[key] {
				seen[key] = true
				found = append(found, f)
			}
		}
	}
	return found
}

// results renders the roots of tree, those that others use left out.
func results(t *testing.T, tree render.Tree) []*render.Result {
	t.Helper()
	r := kustomize.New(tree, kustomize.Options{})
	roots, err := r.Roots(t.Context(), []string{"."})
	if err != nil {
		t.Fatal(err)
	}
	var all []*render.Result
	for _, root := range roots {
		res, err := r.Render(t.Context(), root)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, res)
	}
	return slices.DeleteFunc(slices.Clone(all), func(res *render.Result) bool {
		return slices.ContainsFunc(all, func(other *render.Result) bool {
			return other != res && slices.Contains(other.Inputs, path.Join(res.Root.Dir, "kustomization.yaml"))
		})
	})
}

// group is what is judged together.
type group struct {
	objects []*render.Object
	context map[*render.Object]bool
	mesh    istio.Options
}

func groups(t *testing.T, cfg *config.Config, results []*render.Result) []*group {
	t.Helper()
	var out []*group
	byName := map[string]*group{}
	for _, res := range results {
		env, err := cfg.EnvironmentOf(res.Root.Dir)
		switch {
		case err != nil:
			t.Fatal(err)
		case within(res.Root.Dir, cfg.Context) || inContext(cfg, res.Root.Dir):
			continue
		case env == nil:
			out = append(out, newGroup(res, cfg.Mesh, results, cfg.Context))
		case byName[env.Name] == nil:
			byName[env.Name] = newGroup(res, env.Mesh, results, append(slices.Clone(cfg.Context), env.Context...))
			out = append(out, byName[env.Name])
		default:
			byName[env.Name].objects = append(byName[env.Name].objects, res.Objects...)
		}
	}
	return out
}

func newGroup(res *render.Result, opts istio.Options, all []*render.Result, context []string) *group {
	g := &group{objects: slices.Clone(res.Objects), context: map[*render.Object]bool{}, mesh: opts}
	for _, other := range all {
		if within(other.Root.Dir, context) {
			for _, o := range other.Objects {
				g.objects = append(g.objects, o)
				g.context[o] = true
			}
		}
	}
	return g
}

func inContext(cfg *config.Config, dir string) bool {
	return slices.ContainsFunc(cfg.Environments, func(e config.Environment) bool { return within(dir, e.Context) })
}

func within(dir string, dirs []string) bool {
	return slices.ContainsFunc(dirs, func(d string) bool { return d == dir || strings.HasPrefix(dir, d+"/") })
}

func (g *group) check(t *testing.T, rules []*check.Rule) []Finding {
	t.Helper()
	model, err := istio.New(g.objects, func(o *render.Object) bool { return g.context[o] }, g.mesh)
	if err != nil {
		t.Fatal(err)
	}
	var out []Finding
	for _, f := range check.Run(rules, g.objects, model) {
		if g.context[f.At.Object] {
			continue
		}
		origin, err := f.At.Object.Trace(t.Context(), f.At.Path)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, Finding{f, origin})
	}
	return out
}

// withKustomization returns tree, with a kustomization of all its manifests
// where it has none of its own.
func withKustomization(tree render.Tree) (render.Tree, error) {
	var manifests []string
	files := fstest.MapFS{}
	has := false
	err := fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		has = has || d.Name() == "kustomization.yaml"
		if path.Ext(name) == ".yaml" && d.Name() != config.DefaultFile {
			manifests = append(manifests, name)
		}
		data, err := fs.ReadFile(tree, name)
		files[name] = &fstest.MapFile{Data: data, Mode: 0o644}
		return err
	})
	if err != nil || has {
		return tree, err
	}
	text := "resources:\n- " + strings.Join(manifests, "\n- ") + "\n"
	files["kustomization.yaml"] = &fstest.MapFile{Data: []byte(text), Mode: 0o644}
	return files, nil
}
