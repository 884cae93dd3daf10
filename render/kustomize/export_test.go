package kustomize

import (
	"context"
	"strings"
)

// CutAll makes values of any size payloads.
func CutAll() { minPayload = 1 }

// Given returns all texts that kustomize is given of the root at dir.
func (r *Renderer) Given(dir string) string {
	p := &recorded{plan: identified{r.cutting(dir)}}
	r.run(context.Background(), dir, p, map[string]*file{})
	return p.text.String()
}

// recorded keeps what a plan shows.
type recorded struct {
	plan
	text strings.Builder
}

func (p *recorded) bytes(f *file, r role) []byte {
	data := p.plan.bytes(f, r)
	p.text.Write(data)
	return data
}

// Kept returns how many files r keeps.
func (r *Renderer) Kept() int { return len(r.files.now) + len(r.files.before) }
