package kustomize

import (
	"sync"

	"github.com/org/probe-mtls-action/render/source"
	"github.com/org/probe-mtls-action/render/source/yamldoc"
)

// file is one file of the tree with what was found out about it. It is shared
// by all renders.
type file struct {
	store *store
	name  string

	load sync.Once
	text *source.File
	err  error

	parseOnce sync.Once
	docs      []*yamldoc.Doc
	syntax    *yamldoc.SyntaxError

	sizeMu sync.Mutex
	sizes  map[role]*fileSize

	selectorOnce  sync.Once
	selectorWords []string

	kustOnce sync.Once
	kust     *kustomization

	mu          sync.Mutex
	documentsOf map[role][]*document

	identifyMu  sync.Mutex
	identifieds map[role][]byte

	numberOnce sync.Once
	naturals   []int

	opaqueOnce sync.Once
	opaque     bool
}

// parse returns the file's YAML documents, up to the first broken one.
func (f *file) parse() []*yamldoc.Doc {
	f.parseOnce.Do(func() {
		docs, err := yamldoc.ParseAll(yamldoc.Whole(f.text))
		f.docs = docs
		f.syntax, _ = err.(*yamldoc.SyntaxError)
	})
	return f.docs
}

// fileSize is how large the documents of a file are.
type fileSize struct {
	nodes int // with aliases expanded
	err   error
	at    source.Span // of the text, or the file, that err is about
}

// size returns how large the documents of f are in the given role, those that
// stand as text in others included. One with an error must not be walked, nor
// reach kustomize, which expands aliases.
func (f *file) size(r role) *fileSize {
	f.sizeMu.Lock()
	defer f.sizeMu.Unlock()
	if s := f.sizes[r]; s != nil {
		return s
	}
	s := &fileSize{}
	for _, d := range f.parse() {
		s.add(d, source.Span{File: f.name}, f.store.limits)
	}
	if s.err == nil && r&(roleKustomization|rolePlugin) != 0 {
		for _, d := range f.documents(r) {
			if d.inText {
				s.add(d.doc, d.place(), f.store.limits)
			}
		}
	}
	if f.sizes == nil {
		f.sizes = map[role]*fileSize{}
	}
	f.sizes[r] = s
	return s
}

func (s *fileSize) add(d *yamldoc.Doc, at source.Span, l Limits) {
	if s.err != nil {
		return
	}
	nodes, err := d.CheckSize(s.nodes, l.Nodes, l.Depth)
	s.nodes += nodes
	if s.err = err; err != nil {
		s.at = at
	}
}

// kustomization returns the file read as a kustomization file.
func (f *file) kustomization() *kustomization {
	f.kustOnce.Do(func() { f.kust = readKustomization(f.text) })
	return f.kust
}
