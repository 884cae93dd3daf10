//lint:file-ignore SA1019 Kustomize still renders its deprecated fields, and repositories use them.

package kustomize

import (
	"bytes"
	"errors"
	"fmt"
	"path"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/org/probe-mtls-action/render"
	"github.com/org/probe-mtls-action/render/source"
	"github.com/org/probe-mtls-action/render/source/yamldoc"
)

// inspect looks at a file before kustomize gets its bytes: it refuses what must
// not reach kustomize and notes the roles of the files that this one names.
func (v *view) inspect(f *file, r role) *denial {
	if r&roleYAML == 0 {
		if err := f.size(r).err; err != nil {
			return v.unproven(f.size(r).at, err)
		}
		return nil
	}
	if d := checkText(f); d != nil {
		return d
	}
	size := f.size(r)
	if size.err != nil {
		return deny(size.at, size.err.Error(), "Remove the excess, or leave this file out.", size.err)
	}
	if v.nodes += size.Nodes; v.nodes > v.limits.TotalNodes {
		err := fmt.Errorf("%w: %d values with aliases expanded", render.ErrTooMuch, v.nodes)
		return deny(source.Span{File: f.name}, err.Error(), "Split the kustomization.", err)
	}
	v.opaque = v.opaque || f.isOpaque(r)
	if r&(roleKustomization|rolePlugin|roleReplacement) != 0 {
		v.noteSelectors(f)
	}
	if r&roleKustomization != 0 {
		if d := v.inspectKustomization(f); d != nil {
			return d
		}
	}
	if r&rolePlugin != 0 {
		for _, doc := range f.parse() {
			if d := v.inspectPlugin(doc, v.dirs[f.name]); d != nil {
				return d
			}
		}
	}
	return nil
}

// unproven ends the render of a file of which nobody can tell what it makes
// kustomize do, unless this process is there to be lost.
func (v *view) unproven(at source.Span, err error) *denial {
	if v.opts.Confined {
		return nil
	}
	return deny(at, err.Error(), "", errors.Join(render.ErrAbove, err))
}

func deny(at source.Span, msg, hint string, err error) *denial {
	return &denial{Problem: render.Problem{At: at, Message: msg, Hint: hint}, err: err}
}

// checkText refuses files that are no text.
func checkText(f *file) *denial {
	data := f.text.Data
	if i := bytes.IndexByte(data, 0); i >= 0 || !utf8.Valid(data) {
		return deny(source.Span{File: f.name}, "the file is not UTF-8 text; expected YAML",
			"Remove it from the kustomization, or load it with a configMapGenerator.", render.ErrBinary)
	}
	return nil
}

func (v *view) inspectKustomization(f *file) *denial {
	k := f.kustomization()
	if k.err != nil {
		return nil // kustomize will not read it either
	}
	if !v.opts.EnableHelm && (len(k.HelmCharts) > 0) {
		at := k.find(entry{field: "helmCharts"})
		return deny(at, "the kustomization inflates a Helm chart, and Helm is off",
			render.HelmHint, render.ErrHelm)
	}
	if len(k.OpenAPI) > 0 && !v.alone {
		return &denial{err: errOwnSchema}
	}
	for _, e := range k.entries {
		if d := v.checkEntry(e, k.find); d != nil {
			return d
		}
	}
	for _, dir := range v.dirs[f.name] {
		users := v.configures[dir]
		if d := v.checkConfiguration(k); d != nil && len(users) > 0 {
			return d
		}
		for _, e := range k.entries {
			if len(users) == 0 {
				v.assign(dir, e, dir)
				continue
			}
			e.role = rolePlugin
			v.assign(dir, e, users...)
		}
	}
	for _, texts := range [][]string{k.Generators, k.Transformers, k.Validators} {
		for _, text := range texts {
			if !isInline(text) {
				continue
			}
			docs, _ := yamldoc.ParseAll(yamldoc.Whole(source.NewFile(f.name, []byte(text))))
			for _, doc := range docs {
				if d := v.inspectPlugin(doc, v.dirs[f.name]); d != nil {
					d.At = source.Span{File: f.name}
					return d
				}
			}
		}
	}
	return nil
}

// checkEntry refuses remote references.
func (v *view) checkEntry(e entry, find func(entry) source.Span) *denial {
	if v.opts.AllowRemote || !isRemoteFile(e.name) && !(e.base && isRemote(e.name)) {
		return nil
	}
	return deny(find(e), fmt.Sprintf("%s names the remote %s, and remote references are off", e.field, quote(e.name)),
		render.RemoteHint, render.ErrRemote)
}

// checkConfiguration refuses a kustomization that changes the configuration of
// plugins while rendering it: nobody could tell before which files the plugins
// are going to read.
func (v *view) checkConfiguration(k *kustomization) *denial {
	if v.opts.AllowRemote {
		return nil
	}
	c := k.Kustomization
	if len(c.Patches)+len(c.PatchesJson6902)+len(c.PatchesStrategicMerge)+len(c.Replacements)+len(c.Vars)+
		len(c.Components)+len(c.Generators)+len(c.Transformers)+len(c.Validators) == 0 {
		return nil
	}
	return deny(source.Span{File: k.doc.Text.File.Name}, "the kustomization changes the configuration of plugins while rendering it",
		"Write the plugin's configuration as it is to be, in plain files.", render.ErrPlugins)
}

// assign notes the role of the file that an entry of the kustomization in dir
// names. Users are the kustomizations whose plugins it configures, if it does.
func (v *view) assign(dir string, e entry, users ...string) {
	if e.role == 0 || path.IsAbs(e.name) || len(e.name) > maxPath {
		return
	}
	n := v.lookup(path.Join(dir, e.name))
	switch {
	case n.err != nil:
	case n.isDir && e.role&rolePlugin != 0:
		v.configures[n.real] = append(v.configures[n.real], users...)
	case !n.isDir:
		v.roles[n.real] |= e.role
		if e.role&rolePlugin != 0 {
			v.dirs[n.real] = append(v.dirs[n.real], users...)
		}
	}
}

// pluginNames are the fields by which builtin plugins name files (api v0.21.2,
// internal/builtins). They are looked for wherever they stand.
var pluginNames = map[string]role{
	"path": rolePatch, "paths": rolePatch, "files": roleData, "envs": roleData | roleEnv, "env": roleData | roleEnv,
	"valuesfile": roleData, "additionalvaluesfiles": roleData,
}

// inspectPlugin refuses remote files in the configuration of a plugin and notes
// the roles of the files that it names, relative to the kustomizations in dirs.
func (v *view) inspectPlugin(doc *yamldoc.Doc, dirs []string) *denial {
	var found *denial
	var walk func(n *yaml.Node, r role, under string)
	visit := func(n *yaml.Node, r role, field string) {
		name := n.Value
		if r&roleData != 0 {
			if _, after, ok := strings.Cut(name, "="); ok {
				name = after
			}
		}
		e := entry{field: field, name: name, role: r}
		if d := v.checkEntry(e, func(entry) source.Span { return nodeSpan(doc, n) }); d != nil && found == nil {
			found = d
		}
		for _, dir := range dirs {
			if !isInline(name) {
				v.assign(dir, e, dir)
			}
		}
	}
	walk = func(n *yaml.Node, r role, under string) {
		switch n.Kind {
		case yaml.ScalarNode:
			if r != 0 {
				visit(n, r, under)
			}
		case yaml.AliasNode:
			walk(n.Alias, r, under)
		case yaml.MappingNode:
			for i := 0; i+1 < len(n.Content); i += 2 {
				key := strings.ToLower(n.Content[i].Value)
				kr := pluginNames[key]
				if key == "path" && under == "replacements" {
					kr = roleReplacement
				}
				walk(n.Content[i+1], kr, key)
			}
		case yaml.SequenceNode:
			for _, c := range n.Content {
				walk(c, r, under)
			}
		}
	}
	if doc.Root != nil {
		walk(doc.Root, 0, "")
	}
	return found
}
