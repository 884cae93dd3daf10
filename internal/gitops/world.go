package gitops

import (
	"context"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strings"

	"github.com/org/probe-mtls-action/render"
	"github.com/org/probe-mtls-action/render/source"
)

// World is what decoding a deployer may look at.
type World struct {
	Tree render.Tree
	Repo *Repository
	// Generators are the ArtifactGenerators of the tree.
	Generators []*render.Object
	// Undefined is the name of a source that no file defines and that is taken
	// to be the repository, "" if there is none.
	Undefined string

	pushed  *[]string
	objects map[string][]*render.Object // by group/Kind and name
	places  map[*render.Object]source.Span
}

// NewWorld returns a world without objects.
func NewWorld(tree render.Tree, repo *Repository) *World {
	return &World{Tree: tree, Repo: repo, objects: make(map[string][]*render.Object), places: make(map[*render.Object]source.Span)}
}

// Add makes objects known that others may name: sources and ConfigMaps.
func (w *World) Add(objects ...*render.Object) {
	for _, o := range objects {
		k := key(o.Group, o.Kind, o.Name)
		w.objects[k] = append(w.objects[k], o)
	}
}

func key(group, kind, name string) string { return group + "/" + kind + "/" + name }

// All returns the known objects of a kind and name in a namespace. An object or
// a reference without a namespace may be in any.
func (w *World) All(group, kind, namespace, name string) []*render.Object {
	var exact, loose []*render.Object
	for _, o := range w.objects[key(group, kind, name)] {
		switch {
		case o.Namespace == namespace:
			exact = append(exact, o)
		case o.Namespace == "" || namespace == "":
			loose = append(loose, o)
		}
	}
	if len(exact) > 0 {
		return exact
	}
	return loose
}

// Dir returns the name of a directory of the tree, with the path as a deployer
// writes it; false where there is none.
func (w *World) Dir(p string) (string, bool) {
	p = path.Clean(strings.TrimLeft(strings.ReplaceAll(p, `\`, "/"), "/"))
	if !fs.ValidPath(p) {
		return "", false
	}
	info, err := w.Tree.Stat(p)
	return p, err == nil && info.IsDir()
}

// At returns the first line of the document that o is written in; zero where
// it is not known.
func (w *World) At(ctx context.Context, o *render.Object) source.Span {
	if at, ok := w.places[o]; ok {
		return at
	}
	at := Place(ctx, o)
	w.places[o] = at
	return at
}

// Place returns the first line of the document that o is written in; zero where
// it is not known.
func Place(ctx context.Context, o *render.Object) source.Span {
	origin, err := o.Trace(ctx, render.PathOf("kind"))
	if err != nil {
		return source.Span{}
	}
	at := origin.Document
	if at.IsZero() {
		at = origin.Span
	}
	return at
}

// Git tells whether the Git repository with the URL is the checked one: why not,
// and what was assumed where it is. by is the object that names it and p the path
// that it takes of it.
func (w *World) Git(ctx context.Context, url, p string, by *render.Object) (reason, assumed string) {
	switch {
	case w.Repo.Is(url):
		return "", ""
	case !w.Repo.Known():
		return "", fmt.Sprintf("this repository has no remote: %s is taken to be it", url)
	case w.Repo.SameName(url):
		// The owner was renamed, or this is a fork: what the source deploys
		// holds the object that says so.
		if dir, ok := w.Dir(p); ok && dir != "." && within(w.At(ctx, by).File, dir) {
			w.Repo.Add(url)
			return "", fmt.Sprintf("%s is taken to be this repository under another owner", url)
		}
	}
	return fmt.Sprintf("its source is %s, another repository", url), ""
}

// within reports whether name is dir or lies below it.
func within(name, dir string) bool {
	return dir == "." || name == dir || strings.HasPrefix(name, dir+"/")
}

// maxWorkflow bounds a workflow file that is searched, in bytes.
const maxWorkflow = 256 << 10

// push is how a workflow makes an artifact of a folder.
var push = regexp.MustCompile(`flux\s+push\s+artifact(?:[^\n]|\\\n)*?--path[= ]["']?([\w./-]+)`)

// Pushed returns the folders that the repository's workflows push as artifacts,
// in the order of the files.
func (w *World) Pushed() []string {
	if w.pushed != nil {
		return *w.pushed
	}
	folders := []string{}
	entries, _ := w.Tree.ReadDir(".github/workflows")
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || !info.Mode().IsRegular() || info.Size() > maxWorkflow {
			continue
		}
		data, err := w.Tree.ReadFile(".github/workflows/" + e.Name())
		if err != nil {
			continue
		}
		for _, m := range push.FindAllStringSubmatch(string(data), -1) {
			folders = append(folders, path.Clean(m[1]))
		}
	}
	w.pushed = &folders
	return folders
}
