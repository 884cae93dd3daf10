package pipeline

import (
	"path"

	"github.com/org/probe-mtls-action/internal/report"
)

// moves are the occurrences in roots of the base that are gone, by what
// identifies them in any root.
type moves map[string][]*departure

// departure is one of them.
type departure struct {
	item    *report.Item
	root    string
	arrived bool // at a root of the head
}

func anywhere(string) string { return "" }

func (m moves) add(it *report.Item, gone func(root string) bool) {
	for _, o := range it.Occurrences {
		if !gone(o.Root) {
			continue
		}
		d := &departure{item: it, root: o.Root}
		for _, k := range keys(*it, o, anywhere, it.Suppressed != nil) {
			m[k] = append(m[k], d)
		}
	}
}

// settle takes new occurrences in roots that were added for what left other
// roots, one for one: those first whose root keeps its directory's name.
func (m moves) settle(head []report.Item, added func(root string) bool) {
	for _, named := range []bool{true, false} {
		for i := range head {
			it := &head[i]
			for j := range it.Occurrences {
				if o := &it.Occurrences[j]; o.New && added(o.Root) && m.take(it, *o, named) {
					o.New = false
				}
			}
		}
	}
}

func (m moves) take(it *report.Item, o report.Occurrence, named bool) bool {
	for _, k := range keys(*it, o, anywhere, it.Suppressed != nil) {
		for _, d := range m[k] {
			if d.arrived || d.item.Severity.Rank() < it.Severity.Rank() || named && path.Base(d.root) != path.Base(o.Root) {
				continue
			}
			d.arrived = true
			return true
		}
	}
	return false
}

// arrived reports whether an occurrence of the base's item is in another root
// now.
func (m moves) arrived(it *report.Item) bool {
	for _, o := range it.Occurrences {
		for _, k := range keys(*it, o, anywhere, it.Suppressed != nil) {
			for _, d := range m[k] {
				if d.item == it && d.arrived {
					return true
				}
			}
		}
	}
	return false
}
