package report

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
)

// maxPlaces bounds the related places of an item: GitHub keeps 100 locations a
// result, and a reader far fewer.
const maxPlaces = 50

// Join makes one item of the same finding in several roots: the same
// fingerprint at the same place, suppressed or not. The gravest occurrence
// speaks, among equals that of the first root; its text, decision and fixes
// stand for all. The items come in the order in which they first occur.
func Join(items []Item) []Item {
	type key struct {
		finding    string
		suppressed bool // of one place some roots may be silent, others not
	}
	index := make(map[key]int)
	var out []Item
	for _, it := range items {
		k := key{it.Key(), it.Suppressed != nil}
		i, ok := index[k]
		if !ok {
			index[k] = len(out)
			it.Roots = slices.Clone(it.Roots)
			it.Occurrences = slices.Clone(it.Occurrences)
			out = append(out, it)
			continue
		}
		out[i].absorb(it)
	}
	for i := range out {
		it := &out[i]
		it.Roots = union(it.Roots)
		slices.SortFunc(it.Occurrences, func(a, b Occurrence) int {
			return cmp.Or(cmp.Compare(a.Root, b.Root), cmp.Compare(a.Subject, b.Subject))
		})
		it.Occurrences = slices.Compact(it.Occurrences)
	}
	return out
}

// absorb adds what b found elsewhere to it. Roots and occurrences are sorted
// later, once for all.
func (it *Item) absorb(b Item) {
	roots, occurrences := append(it.Roots, b.Roots...), append(it.Occurrences, b.Occurrences...)
	first, second := *it, b
	if c := cmp.Compare(weight(b.Severity), weight(it.Severity)); c < 0 || c == 0 && slices.Compare(b.Roots, it.Roots) < 0 {
		first, second = b, *it
	}
	if second.State == New {
		first.State = New
	}
	first.Related = addPlaces(first.Related, second.Related)
	first.BaseCauses = addPlaces(first.BaseCauses, second.BaseCauses)
	first.Fixes = JoinFixes(first.Fixes, second.Fixes)
	first.Roots, first.Occurrences = roots, occurrences
	*it = first
}

// JoinFixes puts the fixes of two roots together: those of one key are one fix.
func JoinFixes(a, b []Fix) []Fix {
	out := slices.Clone(a)
	for _, f := range b {
		i := slices.IndexFunc(out, func(have Fix) bool { return have.Key == f.Key })
		if i < 0 {
			out = append(out, f)
			continue
		}
		out[i].Roots = union(slices.Concat(out[i].Roots, f.Roots))
		out[i].Also = union(slices.Concat(out[i].Also, f.Also))
	}
	return out
}

// addPlaces adds the places of b that a does not have, within bounds.
func addPlaces(a, b []Location) []Location {
	for _, l := range b {
		if len(a) >= maxPlaces {
			break
		}
		if !slices.ContainsFunc(a, func(have Location) bool { return have.Span == l.Span && have.Message == l.Message }) {
			a = append(slices.Clip(a), l)
		}
	}
	return a
}

// Digest is a fingerprint of parts: 32 hexadecimal digits.
func Digest(parts ...string) string {
	h := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(h[:16])
}
