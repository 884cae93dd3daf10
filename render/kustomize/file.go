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

	load   sync.Once
	weight int          // guarded by store.mu
	raw    []byte       // the file's bytes
	text   *source.File // in UTF-8
	err    error

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
	identifieds map[identifiedKey][]byte

	payloadOnce sync.Once
	payloadList []*payload

	numberOnce sync.Once
	naturals   []int

	opaqueOnce sync.Once
	opaque     bool
}

// parse returns the file's YAML documents, up to the first broken one.
func (f *file) parse() []*yamldoc.Doc {
	f.parseOnce.Do(func() {
		docs, err := yamldoc.ParseAll(yamldoc.Whole(f.text))
		if source.IsUTF16(f.raw) && len(docs) > 1 {
			docs = docs[:1] // kustomize sees no separators in UTF-16
		}
		f.docs = docs
		f.syntax, _ = err.(*yamldoc.SyntaxError)
	})
	return f.docs
}

// kustomization returns the file read as a kustomization file.
func (f *file) kustomization() *kustomization {
	f.kustOnce.Do(func() { f.kust = readKustomization(f.text) })
	return f.kust
}

// editable returns the text that may be given to kustomize, edited, instead of
// the file's bytes.
func (f *file) editable() []byte {
	if source.IsUTF16(f.raw) {
		return []byte(yamldoc.Split(yamldoc.Whole(f.text))[0].String)
	}
	return f.text.Data
}
