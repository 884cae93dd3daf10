// Package trace finds out by experiment from which source text a rendered value
// comes. It knows nothing of the renderer: that supplies what it rendered, the
// candidate texts, and a function that renders again with some bytes of the
// sources replaced.
//
// A [Tracer] replaces chosen scalars by values that occur nowhere else
// ("sentinels"), looks where these come out, and compares all else with what
// was rendered from the sources as they are. Nothing of an experiment ever
// becomes part of a result.
package trace

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/org/probe-mtls-action/render"
)

// Candidate is a piece of source text that a rendered value may come from.
type Candidate interface {
	comparable
	// Content returns the value that the text stands for, and its short YAML tag.
	Content() (value, tag string)
	// Edit returns the edit that makes the text stand for value, of the same tag.
	Edit(value string) Edit
	// Binds reports whether a change of the text may change which objects or
	// list items the renderer brings together: then it proves nothing unless it
	// is changed alone.
	Binds() bool
}

// Build renders the sources with the edits made. It returns the objects in the
// order of the truth, or none where the changed sources do not render. Its error
// is for the end of ctx alone.
type Build func(ctx context.Context, edits []Edit) ([]*yaml.Node, error)

// MaxRenders bounds the renders that the search for one value takes, and those
// that [Tracer.Mark] takes where a marked render fails.
const MaxRenders = 40

// maxBound is how many candidates, of which some bind, are tried one by one where
// they change nothing together.
const maxBound = 4

// maxMarkRenders bounds the renders of one Mark.
const maxMarkRenders = 16

// Tracer finds sources of values of one render. It is not safe for concurrent
// use.
type Tracer[C Candidate] struct {
	truth  []*yaml.Node
	build  Build
	word   string
	text   *regexp.Regexp
	taken  map[int]bool
	places map[*yaml.Node]C
}

// New returns a Tracer of the objects in truth. The numbers, those that the
// sources hold (see [Numbers]), are not used as sentinels.
func New[C Candidate](truth []*yaml.Node, numbers []int, build Build) *Tracer[C] {
	word := Word()
	t := &Tracer[C]{
		truth: truth, build: build, word: word, text: regexp.MustCompile(word + `(\d{6})z`),
		taken: make(map[int]bool, len(numbers)), places: map[*yaml.Node]C{},
	}
	for _, n := range numbers {
		t.taken[n] = true
	}
	return t
}

// Word returns the word that all text sentinels of t begin with.
func (t *Tracer[C]) Word() string { return t.word }

// Place returns the candidate that the scalar n of the truth comes from, as far
// as experiments have shown.
func (t *Tracer[C]) Place(n *yaml.Node) (C, bool) {
	c, ok := t.places[n]
	return c, ok
}

func (t *Tracer[C]) newMarks() *marks[C] {
	return &marks[C]{word: t.word, text: t.text, taken: t.taken, next: firstID, of: map[int]C{}}
}

// Render renders with the edits; nothing where that fails or gives another
// number of objects than the truth has.
func (t *Tracer[C]) Render(ctx context.Context, edits []Edit) ([]*yaml.Node, error) {
	objects, err := t.build(ctx, edits)
	if err == nil {
		err = ctx.Err()
	}
	if err != nil || len(objects) != len(t.truth) {
		return nil, err
	}
	return objects, nil
}

// Mark renders once with all candidates changed and notes the places of all
// values that come out marked and are, with the originals put back, what the
// truth has. None of the candidates may bind. Where the render fails, it is
// repeated with halves of the candidates, a bounded number of times.
func (t *Tracer[C]) Mark(ctx context.Context, cs []C) error {
	left := maxMarkRenders
	return t.mark(ctx, cs, &left)
}

func (t *Tracer[C]) mark(ctx context.Context, cs []C, left *int) error {
	if len(cs) == 0 || *left == 0 {
		return nil
	}
	*left--
	m := t.newMarks()
	edits := make([]Edit, 0, len(cs))
	for _, c := range cs {
		if id, ok := m.assign(c); ok {
			value, tag := c.Content()
			edits = append(edits, c.Edit(m.sentinel(id, value, tag)))
		}
	}
	objects, err := t.Render(ctx, edits)
	if err != nil {
		return err
	}
	if objects == nil {
		if len(cs) == 1 {
			return nil
		}
		if err := t.mark(ctx, cs[:len(cs)/2], left); err != nil {
			return err
		}
		return t.mark(ctx, cs[len(cs)/2:], left)
	}
	t.harvest(m, objects)
	return nil
}

// harvest notes the places that a render with marks shows.
func (t *Tracer[C]) harvest(m *marks[C], objects []*yaml.Node) {
	for i, o := range objects {
		t.compare(m, t.truth[i], o)
	}
}

// compare walks a value of the truth and what became of it. Where the two have
// another structure, nothing is learned.
func (t *Tracer[C]) compare(m *marks[C], n, now *yaml.Node) {
	if now = deref(now); now == nil || n.Kind != now.Kind {
		return
	}
	switch n.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			// The keys have the same order but where a renderer sorts them.
			if i+1 < len(now.Content) && now.Content[i].Value == n.Content[i].Value {
				t.compare(m, n.Content[i+1], now.Content[i+1])
			} else if c := child(now, n.Content[i].Value); c != nil {
				t.compare(m, n.Content[i+1], c)
			}
		}
	case yaml.SequenceNode:
		if len(n.Content) == len(now.Content) {
			for i, c := range n.Content {
				t.compare(m, c, now.Content[i])
			}
		}
	case yaml.ScalarNode:
		if n.Value == now.Value {
			return
		}
		if _, known := t.places[n]; known {
			return
		}
		if c, ok := m.in(now.Value); ok && Same(m.restore(now.Value), n.Value) {
			t.places[n] = c
		}
	}
}

// Search is the outcome of [Tracer.Find].
type Search struct {
	Renders int  // how many experiments were made
	Ended   bool // true when more candidates were left than MaxRenders allows to try
}

// Find finds the candidate among cs, the likeliest first, that the scalar at
// path of the truth's object i comes from: many are changed at once, then
// halves of them. It reports false when none is.
func (t *Tracer[C]) Find(ctx context.Context, i int, path render.Path, cs []C) (c C, found bool, s Search, err error) {
	n := At(t.truth[i], path)
	if n == nil {
		return c, false, s, nil
	}
	if c, ok := t.places[n]; ok {
		return c, true, s, nil
	}
	f := &finder[C]{t: t, object: i, path: path, before: n.Value}
	for _, group := range groups(cs) {
		if c, found, err = f.among(ctx, group); found || err != nil {
			break
		}
	}
	if found {
		t.places[n] = c
	}
	return c, found, f.Search, err
}

// groups returns the candidates as they are tried: those that do not bind all at
// once, then the others. The likeliest of all is tried alone first if it binds:
// with others beside it, it would have to be tried once more.
func groups[C Candidate](cs []C) [][]C {
	var first, free, bound []C
	if len(cs) > 0 && cs[0].Binds() {
		first, cs = cs[:1], cs[1:]
	}
	for _, c := range cs {
		if c.Binds() {
			bound = append(bound, c)
		} else {
			free = append(free, c)
		}
	}
	return [][]C{first, free, bound}
}

// finder is one search.
type finder[C Candidate] struct {
	Search
	t      *Tracer[C]
	object int
	path   render.Path
	before string
}

// among finds the source among cs.
func (f *finder[C]) among(ctx context.Context, cs []C) (c C, found bool, err error) {
	if len(cs) == 0 {
		return c, false, nil
	}
	if f.Renders == MaxRenders {
		f.Ended = true
		return c, false, nil
	}
	f.Renders++
	m := f.t.newMarks()
	edits := make([]Edit, 0, len(cs))
	texts := make(map[C]string, len(cs))
	for _, c := range cs {
		id, ok := m.assign(c)
		if !ok {
			continue
		}
		text := m.within(id, c, f.before)
		if value, tag := c.Content(); tag == "!!bool" {
			text = opposite(value)
		}
		texts[c] = text
		edits = append(edits, c.Edit(text))
	}
	objects, err := f.t.Render(ctx, edits)
	if err != nil {
		return c, false, err
	}
	var now *yaml.Node
	if objects != nil {
		now = At(objects[f.object], f.path)
	}
	if now == nil || now.Kind != yaml.ScalarNode {
		return f.halves(ctx, cs)
	}
	if now.Value == f.before {
		if len(cs) <= maxBound && slices.ContainsFunc(cs, func(c C) bool { return c.Binds() }) {
			return f.halves(ctx, cs) // one may have kept another from having its effect
		}
		return c, false, nil
	}
	if len(cs) == 1 {
		_, marked := m.in(now.Value)
		return cs[0], marked || Same(now.Value, texts[cs[0]]), nil
	}
	hit, ok := m.in(now.Value)
	if !ok || !related(hit, f.before) {
		return f.halves(ctx, cs)
	}
	if !hit.Binds() {
		f.t.harvest(m, objects)
		return hit, true, nil
	}
	if c, found, err = f.among(ctx, []C{hit}); found || err != nil {
		return c, found, err
	}
	return f.halves(ctx, cs)
}

// halves looks for the source in one half of cs, then in the other.
func (f *finder[C]) halves(ctx context.Context, cs []C) (c C, found bool, err error) {
	if len(cs) < 2 {
		return c, false, nil
	}
	if c, found, err = f.among(ctx, cs[:len(cs)/2]); found || err != nil {
		return c, found, err
	}
	return f.among(ctx, cs[len(cs)/2:])
}

// related reports whether the value can have been made of the candidate's.
func related[C Candidate](c C, value string) bool {
	text, _ := c.Content()
	return Same(text, value) || strings.Contains(text, value) || strings.Contains(value, text)
}

func opposite(boolean string) string {
	if strings.EqualFold(boolean, "true") {
		return "false"
	}
	return "true"
}

// At returns the node at path below n, with aliases followed; nil if there is
// none.
func At(n *yaml.Node, path render.Path) *yaml.Node {
	for _, s := range path {
		n = deref(n)
		switch {
		case n == nil:
			return nil
		case s.Index < 0:
			n = child(n, s.Key)
		case n.Kind == yaml.SequenceNode && s.Index < len(n.Content):
			n = n.Content[s.Index]
		default:
			return nil
		}
	}
	return deref(n)
}

func child(n *yaml.Node, key string) *yaml.Node {
	if n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

func deref(n *yaml.Node) *yaml.Node {
	for i := 0; n != nil && n.Kind == yaml.AliasNode && i < 100; i++ {
		n = n.Alias
	}
	return n
}
