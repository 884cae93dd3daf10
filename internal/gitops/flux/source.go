package flux

import (
	"context"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/org/probe-mtls-action/internal/gitops"
	"github.com/org/probe-mtls-action/render"
)

// origin is what a source holds.
type origin struct {
	reason  string // why it is not this repository, "" if it is
	assumed string // why it is taken to be this repository without proof
	// copies say where the directories of the source are in the repository; none
	// means: at the same place.
	copies []copied
	// anywhere is true for an artifact that may hold any folder of the repository.
	anywhere bool
}

// copied is a directory of the repository that is a directory of an artifact.
type copied struct{ from, to string }

// find returns what the source that ref names holds.
func find(ctx context.Context, w *gitops.World, o *render.Object, ref render.Field) origin {
	kind, name := gitops.Value(ref.Key("kind")), gitops.Value(ref.Key("name"))
	namespace := gitops.Value(ref.Key("namespace"))
	if namespace == "" {
		namespace = o.Namespace
	}
	p := gitops.Value(render.Field{Object: o}.Key("spec", "path"))
	if kind == "ExternalArtifact" {
		return external(ctx, w, namespace, name, p)
	}
	return named(ctx, w, kind, namespace, name, p)
}

// named returns what a source object holds, for one who takes the path p of it.
func named(ctx context.Context, w *gitops.World, kind, namespace, name, p string) origin {
	var last origin
	defined := w.All(sourceGroup, kind, namespace, name)
	for _, s := range defined {
		last = classify(ctx, w, kind, gitops.Value(render.Field{Object: s}.Key("spec", "url")), p, s)
		if last.reason == "" {
			return last
		}
	}
	if len(defined) > 0 {
		return last
	}
	for _, s := range w.All(operatorGroup, "FluxInstance", namespace, "flux") {
		sync := render.Field{Object: s}.Key("spec", "sync")
		own := gitops.Value(sync.Key("name"))
		if sync.Node() != nil && (own == name || own == "" && name == Bootstrap) {
			return classify(ctx, w, gitops.Value(sync.Key("kind")), gitops.Value(sync.Key("url")), p, s)
		}
	}
	switch {
	case kind != "GitRepository" && kind != "OCIRepository":
		return origin{reason: fmt.Sprintf("its source is the %s %s, not a Git repository", kind, name)}
	case name == Bootstrap || w.Undefined == name:
		return origin{
			assumed:  fmt.Sprintf("no file defines the source %s: it is taken to be this repository", name),
			anywhere: kind == "OCIRepository",
		}
	}
	return origin{reason: fmt.Sprintf("no file of this repository defines its source, the %s %s", kind, name)}
}

// classify tells whether a source with the URL is the repository. by is the
// object that defines the source; p is the path that is taken of it.
func classify(ctx context.Context, w *gitops.World, kind, url, p string, by *render.Object) origin {
	switch {
	case kind == "OCIRepository" && w.Repo.Names(url):
		return origin{anywhere: true, assumed: fmt.Sprintf("the artifact %s is taken to hold files of this repository", url)}
	case kind == "OCIRepository" && !w.Repo.Known():
		return origin{anywhere: true, assumed: fmt.Sprintf("this repository has no remote: the artifact %s is taken to hold files of it", url)}
	case kind == "OCIRepository":
		return origin{reason: fmt.Sprintf("its source is the artifact %s, whose content is not in the repository", url)}
	case kind == "Bucket":
		return origin{reason: "its source is a bucket, whose content is not in the repository"}
	}
	reason, assumed := w.Git(ctx, url, p, by)
	return origin{reason: reason, assumed: assumed}
}

// external returns what the artifact of an ArtifactGenerator holds.
func external(ctx context.Context, w *gitops.World, namespace, name, p string) origin {
	var last origin
	for _, g := range w.Generators {
		if g.Namespace != namespace && g.Namespace != "" && namespace != "" {
			continue
		}
		spec := render.Field{Object: g}.Key("spec")
		for _, a := range gitops.Items(spec.Key("artifacts")) {
			if gitops.Value(a.Key("name")) != name {
				continue
			}
			o := artifact(ctx, w, g, spec, a, p)
			if o.reason == "" {
				if _, _, ok := o.dir(w, p); ok {
					return o
				}
			}
			last = o
		}
	}
	if last.reason != "" || len(last.copies) > 0 {
		return last
	}
	return origin{reason: fmt.Sprintf("no ArtifactGenerator of this repository makes its source, the ExternalArtifact %s", name)}
}

// artifact returns what one artifact of a generator holds of this repository.
func artifact(ctx context.Context, w *gitops.World, g *render.Object, spec, a render.Field, p string) origin {
	sources := make(map[string]origin)
	for _, s := range gitops.Items(spec.Key("sources")) {
		namespace := gitops.Value(s.Key("namespace"))
		if namespace == "" {
			namespace = g.Namespace
		}
		sources[gitops.Value(s.Key("alias"))] = named(ctx, w, gitops.Value(s.Key("kind")), namespace, gitops.Value(s.Key("name")), p)
	}
	var out origin
	for _, c := range gitops.Items(a.Key("copy")) {
		alias, from, ok := strings.Cut(strings.TrimPrefix(gitops.Value(c.Key("from")), "@"), "/")
		src, known := sources[alias]
		if !ok || !known {
			continue
		}
		if src.reason != "" {
			out.reason = src.reason
			continue
		}
		out.assumed = src.assumed
		to := strings.TrimPrefix(strings.TrimPrefix(gitops.Value(c.Key("to")), "@artifact"), "/")
		out.copies = append(out.copies, directory(from, to))
	}
	if len(out.copies) > 0 {
		out.reason = ""
	} else if out.reason == "" {
		out.reason = "the artifact that it names copies nothing of this repository"
	}
	return out
}

// directory returns which directory a copy puts where: `dir/**` and `dir/` put
// the content of dir, `dir` puts dir itself into a directory that ends with "/".
func directory(from, to string) copied {
	content := strings.HasSuffix(from, "/") || strings.ContainsAny(from, "*?[{")
	if i := strings.IndexAny(from, "*?[{"); i >= 0 {
		from = from[:strings.LastIndex(from[:i], "/")+1]
	}
	from = clean(from)
	if !content && (to == "" || strings.HasSuffix(to, "/")) {
		return copied{from, path.Join(clean(to), path.Base(from))}
	}
	return copied{from, clean(to)}
}

// dir returns the directory of the repository that the path p of the source is.
func (s *origin) dir(w *gitops.World, p string) (dir, assumed string, ok bool) {
	p = clean(p)
	if len(s.copies) > 0 {
		for _, c := range s.copies {
			if within(p, c.to) {
				rest := strings.TrimPrefix(p, c.to)
				if c.to == "." {
					rest = p
				}
				if dir, ok := w.Dir(path.Join(c.from, rest)); ok {
					return dir, s.assumed, true
				}
			}
		}
		// The path is above what is copied: what all the copies share.
		for _, c := range s.copies {
			if within(c.to, p) {
				up := strings.TrimPrefix(strings.TrimPrefix(c.to, p), "/")
				if p == "." {
					up = c.to
				}
				if from, found := strings.CutSuffix(c.from, "/"+up); found && up != "." {
					if dir, ok := w.Dir(from); ok {
						return dir, s.assumed, true
					}
				}
			}
		}
		return "", "", false
	}
	if s.anywhere {
		return s.search(w, p)
	}
	dir, ok = w.Dir(p)
	return dir, s.assumed, ok
}

// maxSearch is how many directories are looked at for the folder that an
// artifact is made of.
const maxSearch = 5000

// search finds the folder of the repository that an artifact is made of: the one
// that a workflow pushes, or else the only one below which the path exists.
func (s *origin) search(w *gitops.World, p string) (dir, assumed string, ok bool) {
	for _, folder := range w.Pushed() {
		if dir, ok := w.Dir(path.Join(folder, p)); ok {
			return dir, s.assumed, true
		}
	}
	if dir, ok := w.Dir(p); ok {
		return dir, s.assumed, true
	}
	var found []string
	seen := 0
	_ = fs.WalkDir(w.Tree, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil || !d.IsDir():
			return nil
		case name != "." && strings.HasPrefix(d.Name(), "."):
			return fs.SkipDir
		}
		if seen++; seen > maxSearch {
			return fs.SkipAll
		}
		if at, ok := w.Dir(path.Join(name, p)); ok {
			found = append(found, at)
		}
		return nil
	})
	slices.Sort(found)
	if found = slices.Compact(found); len(found) != 1 {
		return "", "", false
	}
	return found[0], s.assumed + ", whose content begins at " + strings.TrimSuffix(found[0], "/"+p), true
}
