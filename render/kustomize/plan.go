package kustomize

import "github.com/org/probe-mtls-action/render/trace"

// plan chooses the bytes that a render sees of each file.
type plan interface {
	bytes(f *file, r role) []byte
}

// plain shows the files as they are.
type plain struct{}

func (plain) bytes(f *file, _ role) []byte { return f.raw }

// identified shows the files with the objects' source keys.
type identified struct{}

func (identified) bytes(f *file, r role) []byte { return f.identified(r) }

// edited shows the files with the given edits, by their real names.
type edited map[string][]trace.Edit

func (p edited) bytes(f *file, _ role) []byte {
	if len(p[f.name]) == 0 {
		return f.raw
	}
	return trace.Apply(f.editable(), p[f.name])
}
