package kustomize

import (
	"context"
	"fmt"

	"go.yaml.in/yaml/v3"

	"github.com/org/probe-mtls-action/render"
	"github.com/org/probe-mtls-action/render/source"
)

// refusals lists why kustomize build would refuse what was rendered.
func (t *tracer) refusals(ctx context.Context) ([]render.Problem, error) {
	var out []render.Problem
	if err := t.build.restricted; err != nil {
		out = append(out, t.restrictions(err)...)
	}
	for _, o := range t.objects {
		found, err := t.badKeys(ctx, o, nil, o.Node)
		if err != nil {
			return nil, err
		}
		out = append(out, found...)
	}
	return out, nil
}

// badKeys finds mapping keys that are no text. Kustomize cannot print an object
// that has one ("json: unsupported type: map[interface {}]interface {}").
func (t *tracer) badKeys(ctx context.Context, o *render.Object, at render.Path, n *yaml.Node) ([]render.Problem, error) {
	var out []render.Problem
	visit := func(path render.Path, c *yaml.Node) error {
		found, err := t.badKeys(ctx, o, path, c)
		out = append(out, found...)
		return err
	}
	switch n.Kind {
	case yaml.SequenceNode:
		for i, c := range n.Content {
			if err := visit(at.Item(i), c); err != nil {
				return nil, err
			}
		}
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			key := n.Content[i]
			path := at.Key(key.Value)
			if tag := key.ShortTag(); tag != "!!str" && tag != "!!merge" {
				origin, err := t.Trace(ctx, o, path)
				if err != nil {
					return nil, err
				}
				out = append(out, keyRefusal(origin, key, path))
			}
			if err := visit(path, n.Content[i+1]); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

func keyRefusal(origin render.Origin, key *yaml.Node, path render.Path) render.Problem {
	place := origin.Key
	if place.IsZero() {
		place = origin.Span
	}
	return render.Problem{
		At:      place,
		Message: fmt.Sprintf("kustomize build refuses the key %s of %s: keys must be text, and this one is %s", key.Value, path[:len(path)-1], kindOf(key)),
		Hint:    fmt.Sprintf("Write it in quotes: %q.", key.Value),
	}
}

func kindOf(key *yaml.Node) string {
	switch key.ShortTag() {
	case "!!int":
		return "an integer"
	case "!!float":
		return "a number"
	case "!!bool":
		return "a boolean"
	}
	return "not"
}

// restrictions finds the entries that name files outside the directory of
// their kustomization.
func (t *tracer) restrictions(err error) []render.Problem {
	var out []render.Problem
	v := t.build.view
	v.eachUse(func(in *kustomization, u use, to *name) {
		if !to.isDir && to.real != u.dir && u.dir != "." && !hasPrefix(to.real, u.dir) {
			out = append(out, restricted(in.find(u.e), u.e.name, u.dir))
		}
	})
	if len(out) == 0 {
		m := restriction.FindStringSubmatch(err.Error())
		file, _ := v.rel(m[1])
		dir, _ := v.rel(m[2])
		out = append(out, restricted(source.Span{File: t.kustomizationFile()}, file, dir))
	}
	return out
}

func restricted(at source.Span, name, dir string) render.Problem {
	return render.Problem{
		At:      at,
		Message: fmt.Sprintf("kustomize build refuses the file %s: it is not in or below %s", quote(name), quote(dir)),
		Hint:    "Move the file, refer to a directory with a kustomization instead, or build with --load-restrictor LoadRestrictionsNone.",
	}
}

func hasPrefix(name, dir string) bool {
	return len(name) > len(dir) && name[len(dir)] == '/' && name[:len(dir)] == dir
}

// kustomizationFile returns the name of the root's kustomization file.
func (t *tracer) kustomizationFile() string {
	v := t.build.view
	for _, f := range v.reads {
		for _, dir := range v.dirs[f.name] {
			if v.roles[f.name]&roleKustomization != 0 && dir == v.lookup(t.root.Dir).real {
				return f.name
			}
		}
	}
	return t.root.Dir
}
