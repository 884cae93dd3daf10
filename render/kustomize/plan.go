package kustomize

// plan chooses the bytes that a render sees of each file.
type plan interface {
	bytes(f *file, r role) []byte
}

// plain shows the files as they are.
type plain struct{}

func (plain) bytes(f *file, _ role) []byte { return f.text.Data }
