package deployed

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/org/probe-mtls-action/internal/gitops"
	"github.com/org/probe-mtls-action/render"
	"github.com/org/probe-mtls-action/render/kustomize/graph"
	"github.com/org/probe-mtls-action/render/manifest"
)

// maxFiles bounds the files of a directory that is deployed without a
// kustomization.
const maxFiles = 10_000

// Files returns the manifests of a directory that an Argo CD Application
// deploys: its YAML and JSON files, with recurse those below it as well.
func Files(tree render.Tree, dir string, o gitops.Directory) []string {
	var out []string
	_ = fs.WalkDir(tree, dir, func(name string, d fs.DirEntry, err error) error {
		rel := strings.TrimPrefix(strings.TrimPrefix(name, dir), "/")
		if dir == "." {
			rel = name
		}
		switch {
		case err != nil:
			return nil
		case d.IsDir() && name != dir && (!o.Recurse || d.Name() == ".git"):
			return fs.SkipDir
		case d.IsDir() || !slices.Contains([]string{".yaml", ".yml", ".json"}, path.Ext(name)):
			return nil
		case o.Exclude != "" && matches(o.Exclude, rel), o.Include != "" && !matches(o.Include, rel):
			return nil
		}
		if out = append(out, name); len(out) >= maxFiles {
			return fs.SkipAll
		}
		return nil
	})
	return out
}

// matches matches the globs of an Application: * stays within a directory, and
// {a,b} is either.
func matches(glob, name string) bool {
	ok, err := doublestar.Match(glob, name)
	if !ok && err == nil && strings.HasPrefix(glob, "{") {
		return false
	}
	return err == nil && ok
}

// Resources returns what Flux puts into the kustomization that it generates for
// a directory: its manifests and those below, and kustomizations as a whole. The
// names are relative to the directory.
func Resources(tree render.Tree, dir string) ([]string, error) {
	var out []string
	err := fs.WalkDir(tree, dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return nil
		}
		rel := strings.TrimPrefix(strings.TrimPrefix(name, dir), "/")
		if dir == "." {
			rel = name
		}
		if d.IsDir() {
			switch {
			case name == dir:
				return nil
			case strings.HasPrefix(d.Name(), "."), exists(tree, path.Join(name, "Chart.yaml")):
				return fs.SkipDir
			}
			switch graph.KindOf(tree, name) {
			case graph.IsRoot:
				out = append(out, rel)
				return fs.SkipDir
			case graph.IsComponent:
				return fs.SkipDir
			}
			return nil
		}
		if ext := path.Ext(name); ext != ".yaml" && ext != ".yml" || !manifest.Holds(tree, name) {
			return nil
		}
		if out = append(out, rel); len(out) > maxFiles {
			return fmt.Errorf("more than %d manifests below the directory %s", maxFiles, dir)
		}
		return nil
	})
	return out, err
}

func exists(tree render.Tree, name string) bool {
	_, err := tree.Stat(name)
	return err == nil
}

// generate writes the kustomization that Flux generates for a directory.
func (r *Renderer) generate(root render.Root, o *gitops.Options) (*written, error) {
	resources, err := Resources(r.tree, root.Dir)
	if err != nil {
		return nil, &render.Error{Root: root, Problem: render.Problem{Message: err.Error(), Hint: "deploy a directory with fewer files"}, Err: err}
	}
	return write(path.Join(root.Dir, "kustomization.yaml"), resources, o.Components, o), nil
}
