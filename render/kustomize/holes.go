//lint:file-ignore SA1019 Kustomize still renders its deprecated fields, and repositories use them.

package kustomize

import (
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"path"
	"slices"
	"sync"

	"go.yaml.in/yaml/v3"

	"github.com/org/probe-mtls-action/render"
	"github.com/org/probe-mtls-action/render/source"
)

// A root that names what this renderer does not fetch, run or find is rendered
// without it: from kustomization files in which blanks stand for the entries in
// question, so that all places stay what they are. What is left out of a file does
// not depend on the root, so that all roots share these files.

// maxHoles is how many entries of one kustomization file are left out at most.
const maxHoles = 200

// holed is a kustomization file without some of its entries.
type holed struct {
	file  *file
	holes []hole
}

// hole is an entry that is left out.
type hole struct {
	render.Problem
	inputs []string // what would fill it, as far as it would be in the tree
}

// left is the store of the files without what no root can be rendered with.
type left struct {
	once sync.Once
	*Renderer
}

// rest returns the renderer of kustomizations without what cannot be had.
func (r *Renderer) rest() *Renderer {
	r.left.once.Do(func() { r.left.Renderer = r.over(map[string]*holed{}, true) })
	return r.left.Renderer
}

// over returns a renderer of the same files but for some. Where leaves is set, it
// also leaves entries out of those that it comes to read.
func (r *Renderer) over(files map[string]*holed, leaves bool) *Renderer {
	return &Renderer{opts: r.opts, store: &store{
		tree: r.tree, limits: r.limits, key: r.key, sites: r.sites, words: r.words, surveys: map[string]target{}, reaches: map[string]*reach{},
		below: r.store, over: files, leaves: leaves, opts: r.opts,
	}}
}

// readRest returns the file at the real name, without what is left out of it.
func (s *store) readRest(real string) *file {
	s.mu.Lock()
	h := s.over[real]
	s.mu.Unlock()
	if h != nil {
		return h.file
	}
	f := s.below.read(real)
	if !s.leaves || f.err != nil || !isKustomizationName(real) {
		return f
	}
	h = s.leaveOut(f)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over[real] == nil {
		s.over[real] = h
	}
	return s.over[real].file
}

// leaveOut returns f without the entries that nothing can be rendered with.
func (s *store) leaveOut(f *file) *holed {
	h := &holed{file: f}
	for range maxHoles {
		k := f.kustomization()
		if k.err != nil || k.doc == nil || k.doc.Root == nil {
			break
		}
		one, at := s.nextHole(path.Dir(f.name), k)
		if at == nil {
			break
		}
		next := s.without(f, *at)
		if next == nil {
			break // kustomize's own refusal tells of it
		}
		f = next
		h.holes = append(h.holes, one)
	}
	if len(h.holes) > 0 {
		h.file = f
	}
	return h
}

// without returns f with blanks in the place of an entry, nil where it cannot be
// left out.
func (s *store) without(f *file, at slot) *file {
	if source.IsUTF16(f.raw) {
		return nil
	}
	data, ok := f.kustomization().cut(at)
	if !ok {
		return nil
	}
	if next := s.fileOf(f.name, data); !next.kustomization().isEmpty() {
		return next
	}
	// Kustomize refuses a kustomization that says nothing at all.
	next := s.fileOf(f.name, append(data, "\ngeneratorOptions: {}\n"...))
	if next.kustomization().err != nil || next.kustomization().GeneratorOptions == nil {
		return nil
	}
	return next
}

func (s *store) fileOf(name string, data []byte) *file {
	f := &file{store: s, name: name}
	f.load.Do(func() { f.raw, f.text = data, source.NewFile(name, data) })
	return f
}

// nextHole returns the first entry of a kustomization in dir that is to be left
// out, nil for none.
func (s *store) nextHole(dir string, k *kustomization) (hole, *slot) {
	if !s.opts.EnableHelm && !s.opts.Leave && len(k.HelmCharts) > 0 {
		for list := range fieldsOf(k.doc.Root, "helmCharts") {
			if list.Kind == yaml.SequenceNode && len(list.Content) > 0 {
				return hole{Problem: render.Problem{
					At:      nodeSpan(k.doc, first(list.Content[0])),
					Message: fmt.Sprintf("helmCharts inflates the chart %s, and Helm is off", quote(k.HelmCharts[0].Name)),
					Hint:    render.HelmHint,
				}}, &slot{list, 0}
			}
		}
	}
	for _, e := range k.entries {
		h, ok := s.hole(dir, e)
		if !ok {
			continue
		}
		at, node := k.entryAt(e)
		if at == nil {
			continue
		}
		h.At = nodeSpan(k.doc, node)
		return h, at
	}
	return hole{}, nil
}

// hole tells why an entry is left out, if it is.
func (s *store) hole(dir string, e entry) (h hole, ok bool) {
	if isRemoteFile(e.name) || e.base && isRemote(e.name) {
		if s.opts.AllowRemote || s.opts.Leave {
			return h, false
		}
		h.Message = fmt.Sprintf("%s names the remote %s, and remote references are off", e.field, quote(e.name))
		h.Hint = render.RemoteHint
		return h, true
	}
	if isInline(e.name) || path.IsAbs(e.name) {
		return h, false
	}
	name := path.Join(dir, e.name)
	switch e.field {
	case "configMapGenerator", "secretGenerator":
		if err := s.lookup(name).err; err == nil || !errors.Is(err, fs.ErrNotExist) {
			return h, false
		}
		h.Message = fmt.Sprintf("%s names %s, which does not exist", e.field, quote(e.name))
	case "components":
		why := s.unreadable(name, map[string]bool{})
		if why == "" {
			return h, false
		}
		h.Message = fmt.Sprintf("components names %s, %s", quote(e.name), why)
	default:
		return h, false
	}
	h.Hint = "Correct the entry, or add what it names."
	h.inputs = []string{name}
	return h, true
}

// unreadable says why a component cannot be read, "" if it can: it, or something
// that it names, is not there or cannot be parsed.
func (s *store) unreadable(dir string, seen map[string]bool) string {
	n := s.lookup(dir)
	switch {
	case errors.Is(n.err, fs.ErrNotExist):
		return "which does not exist"
	case n.err != nil:
		return "" // kustomize's refusal says more
	case !n.isDir:
		return "which is a file; expected a directory with a component"
	case seen[n.real] || len(seen) > maxHoles:
		return ""
	}
	seen[n.real] = true
	f := s.kustomizationIn(n.real)
	if f == nil {
		return "a directory without a kustomization file"
	}
	k := f.kustomization()
	if k.err != nil {
		return fmt.Sprintf("whose %s cannot be read: %s", quote(f.name), k.err)
	}
	for _, e := range k.entries {
		if why := s.unreadableEntry(n.real, e, seen); why != "" {
			return why
		}
	}
	return ""
}

// unreadableEntry is unreadable for what a kustomization in dir names.
func (s *store) unreadableEntry(dir string, e entry, seen map[string]bool) string {
	if isInline(e.name) || path.IsAbs(e.name) || isRemote(e.name) || e.field == "helmCharts" {
		return ""
	}
	n := s.lookup(path.Join(dir, e.name))
	switch {
	case errors.Is(n.err, fs.ErrNotExist):
		return fmt.Sprintf("which names %s, and that does not exist", quote(path.Join(dir, e.name)))
	case n.err != nil || n.isDir && !e.base:
		return ""
	case n.isDir:
		return s.unreadable(n.real, seen)
	}
	f := s.read(n.real)
	if f.err != nil || e.role&roleYAML == 0 {
		return ""
	}
	if f.parse(); f.syntax != nil {
		return fmt.Sprintf("which reads %s, and that is not valid YAML: %s", f.syntax.At, f.syntax.Message)
	}
	return ""
}

// fieldsOf yields the values of a field under its names.
func fieldsOf(root *yaml.Node, field string) iter.Seq[*yaml.Node] {
	names := []string{field}
	switch field {
	case "resources":
		names = append(names, "bases")
	case "helmCharts":
		names = append(names, "helmChartInflationGenerator")
	}
	return func(yield func(*yaml.Node) bool) {
		for _, name := range names {
			for _, value := range fieldsFold(root, name) {
				if !yield(value) {
					return
				}
			}
		}
	}
}

// entryAt returns what to leave out for an entry, and the entry's own node: of a
// generator the source alone, of other fields the whole item.
func (k *kustomization) entryAt(e entry) (*slot, *yaml.Node) {
	for value := range fieldsOf(k.doc.Root, e.field) {
		var node *yaml.Node
		slots := way(value, func(n *yaml.Node) bool {
			if n.Kind == yaml.ScalarNode && scalarWith(n, e.name) != nil {
				node = n
			}
			return node != nil
		})
		switch {
		case slots == nil:
		case value.Kind != yaml.SequenceNode:
			i := slices.Index(k.doc.Root.Content, value)
			return &slot{k.doc.Root, i / 2}, node
		case e.field == "configMapGenerator", e.field == "secretGenerator":
			return &slots[len(slots)-1], node
		default:
			return &slots[0], node
		}
	}
	return nil, nil
}
