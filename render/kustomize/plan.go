package kustomize

// plan chooses the bytes that a render sees of each file.
type plan interface {
	bytes(f *file, r role) []byte
}

// plain shows the files as they are.
type plain struct{}

func (plain) bytes(f *file, _ role) []byte { return f.text.Data }

// marked shows the files with sentinels for all eager fields.
type marked struct{}

func (marked) bytes(f *file, r role) []byte { return f.marking(r).marked }

// identified shows the files with the objects' source keys only.
type identified struct{}

func (identified) bytes(f *file, r role) []byte { return f.marking(r).identified }

// edited shows the files with the given edits.
type edited map[*file][]edit

func (p edited) bytes(f *file, _ role) []byte {
	return apply(f.text.Data, append([]edit(nil), p[f]...))
}
