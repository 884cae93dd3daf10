package kustomize

import (
	"context"
	"fmt"

	"go.yaml.in/yaml/v3"

	"github.com/org/probe-mtls-action/render"
	"github.com/org/probe-mtls-action/render/source"
)

// refusals lists why kustomize build would refuse what was rendered: what it
// cannot print. Its message for keys is "json: unsupported type:
// map[interface {}]interface {}".
func (t *tracer) refusals(ctx context.Context) ([]render.Problem, error) {
	var out []render.Problem
	for _, o := range t.objects {
		for _, f := range t.flaws[o] {
			origin, err := t.Trace(ctx, o, f.path)
			if err != nil {
				return nil, err
			}
			out = append(out, t.refusal(o, f, origin))
		}
	}
	return out, nil
}

func (t *tracer) refusal(o *render.Object, f flaw, origin render.Origin) render.Problem {
	switch n := o.At(f.path); {
	case f.key != nil:
		return keyRefusal(origin, f.key, f.path)
	case f.atKey:
		at := t.repeated(o, f.path)
		if at.IsZero() {
			at = or(origin.Key, origin.Span)
		}
		last := f.path[len(f.path)-1].Key
		return render.Problem{
			At:      at,
			Message: fmt.Sprintf("kustomize build refuses %s: the key %s is defined twice in %s", o, quote(last), f.path[:len(f.path)-1]),
			Hint:    "Keep one of the two.",
		}
	default:
		return render.Problem{
			At:      origin.Span,
			Message: fmt.Sprintf("kustomize build refuses the value %s of %s %s: it is %s", quote(n.Value), o, f.path, f.what),
			Hint:    "Correct the value, or what puts it there.",
		}
	}
}

// repeated returns the place of the second key of a name at path, as far as the
// object's own document has it.
func (t *tracer) repeated(o *render.Object, path render.Path) source.Span {
	s := t.locate(t.sources[o], o, path[:len(path)-1])
	if s == nil {
		return source.Span{}
	}
	n, seen := deref(s.node), false
	for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
		if key := n.Content[i]; key.Value == path[len(path)-1].Key {
			if seen {
				return nodeSpan(s.document.doc, key)
			}
			seen = true
		}
	}
	return source.Span{}
}

func keyRefusal(origin render.Origin, key *yaml.Node, path render.Path) render.Problem {
	return render.Problem{
		At:      or(origin.Key, origin.Span),
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
	return "not text"
}

// restrictions finds the entries that name files outside the directory of
// their kustomization. Kustomize loads them without restrictions alone.
func (t *tracer) restrictions() []render.Problem {
	if t.build.restricted == nil {
		return nil
	}
	var out []render.Problem
	v := t.build.view
	v.eachUse(func(in *kustomization, u use, to *name) {
		if !to.isDir && to.real != u.dir && u.dir != "." && !hasPrefix(to.real, u.dir) {
			out = append(out, restricted(in.find(u.e), u.e.name, u.dir))
		}
	})
	if len(out) == 0 {
		m := restriction.FindStringSubmatch(t.build.restricted.Error())
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
