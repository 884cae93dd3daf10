// Package kustomizetest proves by experiment that a traced place is the right
// one: it changes source files, builds them with kustomize alone, and looks at
// the rendered field.
package kustomizetest

import (
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"sort"
	"strings"

	"go.yaml.in/yaml/v3"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/kustomize/kyaml/openapi"

	"github.com/org/probe-mtls-action/render"
	"github.com/org/probe-mtls-action/render/source"
	"github.com/org/probe-mtls-action/render/trace"
)

// Oracle builds one root from changed copies of a tree's files. It is not for
// concurrent use.
type Oracle struct {
	root  string
	files map[string]string
}

// New returns an Oracle for the root in tree, which it reads whole.
func New(tree fs.FS, root string) (*Oracle, error) {
	o := &Oracle{root: root, files: map[string]string{}}
	err := fs.WalkDir(tree, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		data, err := fs.ReadFile(tree, p)
		o.files[p] = string(data)
		return err
	})
	return o, err
}

// Report tells how many experiments stood behind a verdict.
type Report struct {
	LookAlikes int // other places with the same text that were changed, one at a time
	Unbuilt    int // of those, changes with which kustomize does not build
}

// Check returns an error unless the field at p of the object follows the text
// at at when that alone is changed, and takes no other value when other places
// with the same text are changed, each alone and all together. Changes with
// which kustomize does not build, or with which the field is gone (a switch such
// as includeTemplates), say nothing. The value must be a scalar.
func (o *Oracle) Check(obj *render.Object, p render.Path, at source.Span) (Report, error) {
	var rep Report
	want, err := o.value(o.files, obj, p)
	if err != nil {
		return rep, fmt.Errorf("the unchanged files: %w", err)
	}
	if n := obj.At(p); n == nil || !trace.Same(want, n.Value) {
		return rep, fmt.Errorf("kustomize renders %q, the object has %v", want, n)
	}
	text, ok := o.files[at.File]
	if !ok {
		return rep, fmt.Errorf("%s is not a file of the tree", at.File)
	}
	file := source.NewFile(at.File, []byte(text))
	start, end := file.Offset(at.Start), file.Offset(at.End)
	if start >= end {
		return rep, fmt.Errorf("%s covers no text", at)
	}
	old := text[start:end]
	replacement, inner := other(old)
	if strings.Contains(old, want) && strings.Trim(old, `"'`) != want { // the value is a part of the text
		_, inner = other(want)
		replacement = strings.ReplaceAll(old, want, inner)
	}
	got, err := o.value(o.with(at.File, start, end, replacement), obj, p)
	if err != nil {
		return rep, fmt.Errorf("with %s changed from %q to %q: %w", at, old, replacement, err)
	}
	if trace.Same(got, want) {
		return rep, fmt.Errorf("with %s changed from %q to %q the field stays %q", at, old, replacement, want)
	}
	if !strings.Contains(got, inner) {
		return rep, fmt.Errorf("with %s changed from %q to %q the field becomes %q", at, old, replacement, got)
	}
	return rep, o.lookAlikes(&rep, obj, p, want, at.File, start, end)
}

// lookAlikes changes the other places that hold the value.
func (o *Oracle) lookAlikes(rep *Report, obj *render.Object, p render.Path, want, file string, start, end int) error {
	pattern := regexp.MustCompile(`(^|[^\w.-])(` + regexp.QuoteMeta(want) + `)($|[^\w.-])`)
	all := map[string]string{}
	for name, text := range o.files {
		all[name] = text
	}
	for _, name := range sorted(o.files) {
		text := o.files[name]
		var changed strings.Builder
		from := 0
		for _, m := range pattern.FindAllStringSubmatchIndex(text, -1) {
			a, b := m[4], m[5]
			if name == file && a < end && b > start {
				continue
			}
			rep.LookAlikes++
			_, replacement := other(text[a:b])
			changed.WriteString(text[from:a] + replacement)
			from = b
			got, err := o.value(o.with(name, a, b, replacement), obj, p)
			switch {
			case err != nil:
				rep.Unbuilt++
			case got != "" && !trace.Same(got, want):
				return fmt.Errorf("the field also follows %s: it becomes %q", source.NewFile(name, []byte(text)).Span(a, b), got)
			}
		}
		all[name] = changed.String() + text[from:]
	}
	if got, err := o.value(all, obj, p); err == nil && got != "" && !trace.Same(got, want) {
		return fmt.Errorf("with all look-alikes changed the field becomes %q", got)
	}
	return nil
}

func sorted(files map[string]string) []string {
	names := make([]string, 0, len(files))
	for name := range files {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// with returns the files with some bytes of one replaced.
func (o *Oracle) with(name string, start, end int, text string) map[string]string {
	files := make(map[string]string, len(o.files))
	for n, t := range o.files {
		files[n] = t
	}
	files[name] = files[name][:start] + text + files[name][end:]
	return files
}

// other returns another value of the same type and quoting as the text old, and
// what stands inside its quotes.
func other(old string) (text, inner string) {
	if len(old) > 1 && (old[0] == '"' || old[0] == '\'') && old[0] == old[len(old)-1] {
		_, inner = other(old[1 : len(old)-1])
		return old[:1] + inner + old[:1], inner
	}
	if strings.HasPrefix(old, "|") || strings.HasPrefix(old, ">") {
		return "otherwise\n", "otherwise"
	}
	if trace.IsNumber(old) {
		inner = "54321"
		if old == inner {
			inner = "12345"
		}
		return inner, inner
	}
	switch old {
	case "true":
		return "false", "false"
	case "false":
		return "true", "true"
	}
	return "otherwise", "otherwise"
}

// value builds the root from files and returns the scalar at p of obj.
func (o *Oracle) value(files map[string]string, obj *render.Object, p render.Path) (value string, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("kustomize panicked: %v", r)
		}
	}()
	mem := filesys.MakeFsInMemory()
	for _, name := range sorted(files) {
		if err := mem.WriteFile("/"+name, []byte(files[name])); err != nil {
			return "", err
		}
	}
	options := krusty.MakeDefaultOptions()
	options.LoadRestrictions = types.LoadRestrictionsNone
	for _, text := range files {
		if strings.Contains(text, "openapi") { // kustomize keeps the schema for the whole process
			openapi.ResetOpenAPI()
			defer openapi.ResetOpenAPI()
			break
		}
	}
	built, err := krusty.MakeKustomizer(options).Run(mem, path.Join("/", o.root))
	if err != nil {
		return "", err
	}
	for _, res := range built.Resources() {
		if res.GetKind() == obj.Kind && res.GetName() == obj.Name && res.GetNamespace() == obj.Namespace {
			n := (&render.Object{Node: res.YNode()}).At(p)
			if n == nil || n.Kind != yaml.ScalarNode {
				return "", nil
			}
			return n.Value, nil
		}
	}
	return "", fmt.Errorf("no %s is rendered", obj)
}
