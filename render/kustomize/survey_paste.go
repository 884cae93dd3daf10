//lint:file-ignore SA1019 Kustomize still renders its deprecated fields, and repositories use them.

package kustomize

import (
	"path"
	"strings"

	"sigs.k8s.io/kustomize/api/types"
	sigsyaml "sigs.k8s.io/yaml"
)

// maxPastes bounds the replacements and vars of one root that are looked at.
const maxPastes = 2000

// maxTangled is how many replacements may take a value that another one may have
// put something into: each can double an object.
const maxTangled = 8

// paste is one target of a replacement: a value that it copies.
type paste struct {
	kind    string   // of the object that the value comes from, "" for any
	literal float64  // bytes of a value that the replacement itself holds
	from    string   // field path of the value, "" for a literal
	to      []string // field paths that it is copied to
	wide    bool     // it may be copied to any number of objects
}

// replacements adds what r copies.
func (v *surveyor) replacements(t *target, dir string, all []types.ReplacementField) {
	for _, r := range all {
		list := []types.Replacement{r.Replacement}
		if r.Path != "" {
			t.add(v.named(dir, r.Path, roleReplacement))
			list = v.replacementFile(dir, r.Path)
		}
		for _, one := range list {
			for _, to := range one.Targets {
				if to == nil {
					continue
				}
				p := paste{to: to.FieldPaths, wide: to.Select == nil || isPattern(to.Select.Name)}
				if one.Source != nil {
					p.kind, p.from = one.Source.Kind, one.Source.FieldPath
					if p.from == "" {
						p.from = types.DefaultReplacementFieldPath
					}
				}
				if one.SourceValue != nil {
					p.literal = float64(len(*one.SourceValue))
				}
				t.trials += float64(len(to.FieldPaths))
				t.join(target{pastes: []paste{p}})
			}
		}
	}
}

// replacementFile reads a file of replacements as kustomize does: a list or one.
func (v *surveyor) replacementFile(dir, name string) []types.Replacement {
	n := v.lookup(path.Join(dir, name))
	if n.err != nil || n.isDir {
		return nil
	}
	f := v.read(n.real)
	if f.err != nil || f.size(roleReplacement).err != nil {
		return nil
	}
	var list []types.Replacement
	if sigsyaml.Unmarshal(f.text.Data, &list) == nil {
		return list
	}
	var one types.Replacement
	if sigsyaml.Unmarshal(f.text.Data, &one) == nil {
		return []types.Replacement{one}
	}
	return nil
}

// paste adds what the replacements and vars of all levels copy, at most.
func (t *target) paste() {
	size := func(kind string) float64 {
		if s, ok := t.kinds[kind]; ok {
			return s
		}
		return t.kinds[""]
	}
	tangled := 0
	for i, p := range t.pastes {
		hits := 1.0
		if p.wide {
			hits = t.objects
		}
		t.pasted += hits * float64(len(p.to)) * (size(p.kind) + p.literal)
		for j, q := range t.pastes {
			if i != j && p.from != "" && anyOverlaps(q.to, p.from) {
				tangled++
				break
			}
		}
		if tangled > maxTangled {
			t.doubt("replacements copy values that other replacements have put together")
			break
		}
	}
	largest := 0.0
	for _, kind := range t.varKind {
		largest = max(largest, size(kind))
	}
	t.pasted += largest * t.vars
}

func anyOverlaps(paths []string, path string) bool {
	for _, p := range paths {
		if overlaps(p, path) {
			return true
		}
	}
	return false
}

// overlaps reports whether one of two field paths may lead to a value at or below
// the other's.
func overlaps(a, b string) bool {
	as, bs := strings.Split(a, "."), strings.Split(b, ".")
	for i := range min(len(as), len(bs)) {
		plain := !strings.ContainsAny(as[i]+bs[i], `*[]=\`)
		if plain && as[i] != bs[i] {
			return false
		}
	}
	return true
}
