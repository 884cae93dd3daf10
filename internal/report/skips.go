package report

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/org/probe-mtls-action/render/source"
)

// SkipGroup is one reason for which things could not be checked. Its Skip is the
// first of them; Message counts and names further places.
type SkipGroup struct {
	Skip
	Roots []string      // whose entries are in the group, sorted
	More  []source.Span // further places, in the report's order
}

// minPlaces is how many places of one reason are put together where roots could not
// be checked at all: fewer are clearer each at its own line. Holes always are.
const minPlaces = 5

// maxMore is how many further places the message of a group names.
const maxMore = 4

// quoted matches what a message quotes: a name or a value.
var quoted = regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)

// SkipGroups returns r's skips with those of one place, message and hint as one: a
// broken base keeps every root that uses it from being checked. Where many places
// have one reason, with messages that differ in what they quote, they are one, too.
// The groups are in the report's order.
func (r *Report) SkipGroups() []SkipGroup {
	same := func(s Skip) Skip {
		s.Root = ""
		return s
	}
	alike := func(s Skip) Skip {
		s.Root, s.At, s.Message = "", source.Span{}, quoted.ReplaceAllString(s.Message, `""`)
		return s
	}
	places := map[Skip]map[source.Span]bool{}
	for _, s := range r.Skipped {
		if k := alike(s); places[k] == nil {
			places[k] = map[source.Span]bool{s.At: true}
		} else {
			places[k][s.At] = true
		}
	}
	var groups []SkipGroup
	at := map[Skip]int{}
	for _, s := range r.Skipped {
		k := same(s)
		if many := alike(s); s.Hint != "" && !s.At.IsZero() && (s.Hole || len(places[many]) >= minPlaces) {
			k = many
		}
		i, ok := at[k]
		if !ok {
			i = len(groups)
			at[k] = i
			groups = append(groups, SkipGroup{Skip: s})
		}
		g := &groups[i]
		if s.At != g.At && !slices.Contains(g.More, s.At) {
			g.More = append(g.More, s.At)
		}
		if s.Root != "" {
			g.Roots = append(g.Roots, s.Root)
		}
	}
	for i := range groups {
		g := &groups[i]
		slices.Sort(g.Roots)
		g.Roots = slices.Compact(g.Roots)
		if len(g.More) > 0 {
			g.Message += "; so it is at " + g.places()
		}
	}
	return groups
}

// places counts the further places of g and names the first of them.
func (g *SkipGroup) places() string {
	var names []string
	for _, at := range g.More[:min(len(g.More), maxMore)] {
		name := at.File
		if at.Start.Line > 0 {
			name = fmt.Sprintf("%s:%d", at.File, at.Start.Line)
		}
		names = append(names, name)
	}
	text := Plural(len(g.More), "more place", "more places") + ": " + strings.Join(names, ", ")
	if len(g.More) > maxMore {
		text += ", …"
	}
	return text
}

// Word says how much of it was not checked: all, or a part of the root.
func (s *Skip) Word() string {
	if s.Hole {
		return "partly checked"
	}
	return "not checked"
}

// Missing counts what was not checked and the roots that were checked only in
// part: "2 not checked, 1 partly checked"; "" where all was checked.
func (r *Report) Missing() string {
	not, partly := 0, map[string]bool{}
	for i := range r.Skipped {
		if r.Skipped[i].Hole {
			partly[r.Skipped[i].Root] = true
		} else {
			not++
		}
	}
	var parts []string
	for _, c := range []struct {
		n    int
		word string
	}{{not, (&Skip{}).Word()}, {len(partly), (&Skip{Hole: true}).Word()}} {
		if c.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", c.n, c.word))
		}
	}
	return strings.Join(parts, ", ")
}
