package pipeline

import (
	"path"
	"slices"
	"strings"

	"github.com/org/probe-mtls-action/internal/report"
)

// Change is what [Compare] needs to know of the change between two runs.
type Change struct {
	// Renamed gives the head's name of a directory or file of the base.
	Renamed func(name string) string
	// Unchanged tells which roots of the head the change cannot reach: all
	// their findings exist already.
	Unchanged func(root string) bool
	// Unchecked tells which roots of the head could not be checked: what they
	// had at the base they may still have.
	Unchecked func(root string) bool
	// Before and After tell whether a root, by the head's name, renders an
	// object, as <namespace>/<Kind>/<name>, at the base and at the head.
	Before, After func(root, object string) bool
}

// Compare marks the items of head as new or existing and returns those of base
// that are fixed.
//
// An item is new if any of its occurrences is: the same root did not have it at
// the base revision, for the same rendered object at the same or a worse
// severity. An object that has another name or namespace than at the base is the
// same where the root no longer renders the one and did not render the other:
// each occurrence of the base stands for one of the head, so a second instance of
// one base is new when it begins to have what the first one had. A root is the
// same under another name where the change renames it, as Change.Renamed tells,
// and then only for objects of the same name and namespace. An item of the base
// is fixed if no root of the head has it any more, and every root that had it was
// checked or is gone.
func Compare(head []report.Item, base []report.Item, c Change) (fixed []report.Item) {
	before := earlier(base, c.Renamed)
	present, after := make(map[string]bool), make(map[string]bool)
	for i := range head {
		it := &head[i]
		present[it.Fingerprint] = true
		for j := range it.Occurrences {
			o := &it.Occurrences[j]
			o.New = !c.Unchanged(o.Root)
			after[bySubject(it, o.Root, o.Subject)] = true
		}
	}
	before.match(head, bySubject, func(h *had, it *report.Item, _ string) bool { return h.item.Fingerprint == it.Fingerprint })
	before.match(head, bySubject, func(*had, *report.Item, string) bool { return true })
	before.match(head, byFinding, func(h *had, it *report.Item, subject string) bool {
		return !h.moved && !c.After(h.root, object(h.subject)) && !c.Before(h.root, object(subject))
	})
	stands := before.taken()
	for i := range head {
		head[i].State = report.Existing
		if slices.ContainsFunc(head[i].Occurrences, func(o report.Occurrence) bool { return o.New }) {
			head[i].State = report.New
		}
	}
	for i, it := range base {
		still := slices.ContainsFunc(it.Occurrences, func(o report.Occurrence) bool {
			return after[bySubject(&base[i], c.Renamed(o.Root), o.Subject)]
		})
		if it.Suppressed != nil || present[it.Fingerprint] || still || stands[&base[i]] || c.unknown(it) {
			continue
		}
		it.State = report.Fixed
		fixed = append(fixed, it)
	}
	return fixed
}

// unknown reports whether a root that had the item was not checked at the head.
func (c Change) unknown(it report.Item) bool {
	return slices.ContainsFunc(it.Occurrences, func(o report.Occurrence) bool { return c.Unchecked(c.Renamed(o.Root)) })
}

// object returns the object that a subject speaks of.
func object(subject string) string {
	parts := strings.SplitN(subject, "/", 4)
	return strings.Join(parts[:min(3, len(parts))], "/")
}

// Keys by which occurrences are looked for, in a root by the head's name.
func bySubject(it *report.Item, root, subject string) string {
	return strings.Join([]string{"subject", it.RuleID, root, subject}, "\x00")
}

func byFinding(it *report.Item, root, _ string) string {
	return strings.Join([]string{"finding", it.Fingerprint, root}, "\x00")
}

// had is an occurrence of the base.
type had struct {
	item    *report.Item
	root    string // by the head's name
	moved   bool   // the root has another name
	subject string
	taken   bool // by an occurrence of the head
}

// past are the occurrences of the base by either key.
type past map[string][]*had

func earlier(base []report.Item, renamed func(string) string) past {
	p := make(past)
	for i := range base {
		it := &base[i]
		for _, o := range it.Occurrences {
			root := renamed(o.Root)
			h := &had{item: it, root: root, moved: root != o.Root, subject: o.Subject}
			for _, k := range []string{bySubject(it, root, o.Subject), byFinding(it, root, o.Subject)} {
				p[k] = append(p[k], h)
			}
		}
	}
	return p
}

// match lets occurrences of the base stand for new ones of the head with the
// same key, one for one, where alike says so. What was suppressed stands for
// what is suppressed, and what was less grave for nothing graver.
func (p past) match(head []report.Item, key func(it *report.Item, root, subject string) string, alike func(h *had, it *report.Item, subject string) bool) {
	for i := range head {
		it := &head[i]
		for j := range it.Occurrences {
			o := &it.Occurrences[j]
			if !o.New {
				continue
			}
			for _, h := range p[key(it, o.Root, o.Subject)] {
				if h.taken || h.item.Severity.Rank() < it.Severity.Rank() || h.item.Suppressed != nil && it.Suppressed == nil || !alike(h, it, o.Subject) {
					continue
				}
				h.taken, o.New = true, false
				break
			}
		}
	}
}

// taken are the items of the base of which an occurrence stands for one of the
// head.
func (p past) taken() map[*report.Item]bool {
	all := make(map[*report.Item]bool)
	for _, list := range p {
		for _, h := range list {
			if h.taken {
				all[h.item] = true
			}
		}
	}
	return all
}

// Renamed returns the function of [Change.Renamed]: it follows renamed files,
// and directories whose kustomization file was renamed.
func Renamed(files map[string]string) func(string) string {
	names := make(map[string]string, 2*len(files))
	for old, new := range files {
		names[old] = new
		if path.Base(old) == path.Base(new) && strings.HasPrefix(strings.ToLower(path.Base(old)), "kustomization") {
			names[path.Dir(old)] = path.Dir(new)
		}
	}
	return func(name string) string {
		if new, ok := names[name]; ok {
			return new
		}
		return name
	}
}
