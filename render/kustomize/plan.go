package kustomize

import "github.com/org/probe-mtls-action/render/trace"

// plan chooses the bytes that a render sees of each file.
type plan interface {
	bytes(f *file, r role) []byte
}

// plain shows the files as they are.
type plain struct{}

func (plain) bytes(f *file, _ role) []byte { return f.raw }

// identified shows the files with the objects' source keys, without the payloads
// that cut leaves out.
type identified struct{ cut *cutting }

func (p identified) bytes(f *file, r role) []byte { return f.identified(r, p.cut.of(f, r, nil)) }

// edited shows the files with the given edits, without the payloads that cut leaves
// out.
type edited struct {
	edits edits
	cut   *cutting
}

// edits are by the real names of the files.
type edits map[string][]trace.Edit

func (p edited) bytes(f *file, r role) []byte {
	all := p.edits[f.name]
	for _, c := range p.cut.of(f, r, all) {
		all = append(all[:len(all):len(all)], c.cut)
	}
	if len(all) == 0 {
		return f.raw
	}
	return trace.Apply(f.editable(), all)
}
