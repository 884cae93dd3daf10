// Package fix finds changes of source files that end findings, and proves them:
// each is made in memory, the roots that it touches are rendered again, their
// environment is judged again, and what they render to is compared.
package fix

import (
	"cmp"
	"context"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/org/probe-mtls-action/internal/check"
	"github.com/org/probe-mtls-action/internal/fix/edit"
	"github.com/org/probe-mtls-action/internal/pipeline"
	"github.com/org/probe-mtls-action/internal/report"
	"github.com/org/probe-mtls-action/render"
	"github.com/org/probe-mtls-action/render/source"
)

// Session proves fixes in one tree. It is safe for concurrent use.
type Session struct {
	tree render.Tree
	// Sharing tells which roots of the tree read a file.
	sharing func(file string) []string
	// MaxWork bounds what the plans of one group look through, in bytes of files over
	// all plans. 0 is no bound.
	MaxWork int

	mu sync.Mutex
	// read are the files that changes are made in, as they were when they were first
	// read: what a proof rests on.
	read  map[string]file
	names map[string]string // of new files, with their texts
	plans map[string]*Plan  // the proven ones, by key
	// proven are the roots in which a plan was proven, by the plan's key.
	proven map[string]map[string]bool
	// ends are the findings that a proven plan ends, by the plan's key.
	ends map[string]map[ID]bool
	// later are plans that were not tried for a finding, as a nearer one was
	// proven, by the key of that one.
	later map[string]map[ID][]*Plan
}

var _ pipeline.Prover = (*Session)(nil)

// New returns a session. sharing tells which roots of the tree read a file.
func New(tree render.Tree, sharing func(file string) []string) *Session {
	return &Session{
		tree: tree, sharing: sharing, read: map[string]file{}, names: map[string]string{}, plans: map[string]*Plan{},
		proven: map[string]map[string]bool{}, ends: map[string]map[ID]bool{}, later: map[string]map[ID][]*Plan{},
	}
}

// file is the content of a file, or why it could not be read.
type file struct {
	data []byte
	err  error
}

// original reads a file of the tree as it was when it was first read.
func (s *Session) original(name string) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, ok := s.read[name]
	if !ok {
		f.data, f.err = s.tree.ReadFile(name)
		s.read[name] = f
	}
	return f.data, f.err
}

// ID identifies a finding of one root.
type ID struct{ Rule, Root, Subject, Path string }

func idOf(f *check.Finding) ID {
	id := ID{Rule: f.Rule.ID, Subject: f.Subject.String()}
	if f.At.Object != nil {
		id.Root = f.At.Object.Root.Dir
	}
	if f.Subject.Container == "" {
		id.Path = f.At.Path.String()
	}
	return id
}

// unique returns a name for a new file with a text: file, or one like it where
// that exists or is wanted for another text.
func (s *Session) unique(file, text string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	ext := path.Ext(file)
	for i := 1; ; i++ {
		name := file
		if i > 1 {
			name = strings.TrimSuffix(file, ext) + "-" + strconv.Itoa(i) + ext
		}
		if have, ok := s.names[name]; ok && have == text {
			return name
		} else if ok {
			continue
		}
		if _, err := s.tree.Lstat(name); err == nil {
			continue
		}
		s.names[name] = text
		return name
	}
}

// describe makes what is shown of a proven plan.
func (s *Session) describe(p *Plan, also []string) (report.Fix, error) {
	d := s.fresh()
	if err := p.apply(d); err != nil {
		return report.Fix{}, err
	}
	f := report.Fix{Key: p.Key, Title: p.Title, Cost: p.Cost, Also: also}
	for _, name := range p.Files() {
		now := d.files[name]
		before, err := s.original(name)
		if err != nil {
			f.Files = append(f.Files, report.FileFix{Name: name, New: true, Replacements: []report.Replacement{{
				At: source.Span{File: name, Start: source.Position{Line: 1, Column: 1}, End: source.Position{Line: 1, Column: 1}}, Text: now,
			}}})
			f.Diff += diff(name, nil, &now)
			continue
		}
		old := string(before)
		f.Files = append(f.Files, report.FileFix{Name: name, Replacements: replacements(name, old, now)})
		f.Diff += diff(name, &old, &now)
	}
	return f, nil
}

// Prove implements [pipeline.Prover].
func (s *Session) Prove(ctx context.Context, c *pipeline.Case) ([][]report.Fix, error) {
	tries, err := s.plan(ctx, c)
	if err != nil {
		return nil, err
	}
	return s.prove(ctx, c, tries)
}

func (s *Session) prove(ctx context.Context, c *pipeline.Case, tries []*try) ([][]report.Fix, error) {
	pr := newProof(s, c)
	if err := pr.run(ctx, tries); err != nil {
		return nil, err
	}
	index := map[ID][]int{}
	for i := range c.Findings {
		index[idOf(&c.Findings[i])] = append(index[idOf(&c.Findings[i])], i)
	}
	out := make([][]report.Fix, len(c.Findings))
	for _, t := range tries {
		if t.outcome == nil {
			continue
		}
		f, err := s.describe(t.plan(), t.outcome.also)
		if err != nil {
			continue
		}
		for id := range t.outcome.gone {
			f.Roots = []string{id.Root}
			for _, i := range index[id] {
				out[i] = append(out[i], f)
			}
		}
		s.keep(t, pr)
	}
	for i := range out {
		s.sortFixes(out[i])
	}
	return out, nil
}

// sortFixes puts the safe fixes first and the broad ones last; what is left is in
// the order of the remedies.
func (s *Session) sortFixes(fixes []report.Fix) {
	s.mu.Lock()
	defer s.mu.Unlock()
	slices.SortStableFunc(fixes, func(a, b report.Fix) int {
		return cmp.Or(btoi(!a.Safe())-btoi(!b.Safe()), s.broad(a)-s.broad(b))
	})
}

// broad is 1 for a fix whose plan is broad; s.mu is held.
func (s *Session) broad(f report.Fix) int { return btoi(s.plans[f.Key] != nil && s.plans[f.Key].Broad) }

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// keep remembers what was proven.
func (s *Session) keep(t *try, pr *proof) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := t.plan()
	s.plans[p.Key] = p
	if s.proven[p.Key] == nil {
		s.proven[p.Key], s.ends[p.Key], s.later[p.Key] = map[string]bool{}, map[ID]bool{}, map[ID][]*Plan{}
	}
	for _, root := range pr.touched(p.Files()) {
		s.proven[p.Key][root.Root.Dir] = true
	}
	for id := range t.outcome.gone {
		s.ends[p.Key][id] = true
		if t.wants[id] {
			s.later[p.Key][id] = t.chain[t.at+1:]
		}
	}
}

// maxTries bounds the plans of one group.
const maxTries = 600

// plan makes the plans for all reported findings of a case, those for several
// findings once.
func (s *Session) plan(ctx context.Context, c *pipeline.Case) ([]*try, error) {
	pl := &planner{ctx: ctx, tree: s.tree, read: s.original, unique: s.unique, texts: map[string]*source.File{}}
	byKey := map[string]*try{}
	var tries []*try
	for i := range c.Findings {
		f := &c.Findings[i]
		if f.At.Object == nil || f.Suppressed != nil || !c.Own(f.At.Object.Root) {
			continue
		}
		for rank := range f.Remedies {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			if len(tries) >= maxTries || s.MaxWork > 0 && pl.work > s.MaxWork {
				break
			}
			chain := pl.plans(&f.Remedies[rank], f.At.Object)
			if len(chain) == 0 {
				continue
			}
			t := byKey[chain[0].Key]
			if t == nil {
				t = &try{chain: chain, wants: map[ID]bool{}}
				byKey[chain[0].Key] = t
				tries = append(tries, t)
			}
			t.wants[idOf(f)] = true
			for _, p := range chain {
				p.rank = rank
			}
		}
	}
	return tries, nil
}

// try is a way to end some findings, by the first of its plans that is proven.
type try struct {
	chain []*Plan // the nearest layer first
	at    int
	wants map[ID]bool
	// outcome is what was proven, nil until then.
	outcome *outcome
}

func (t *try) plan() *Plan { return t.chain[t.at] }
func (t *try) over() bool  { return t.outcome != nil || t.at >= len(t.chain) }

// outcome is what a proven plan does.
type outcome struct {
	gone    map[ID]bool
	also    []string
	changes int // how many rendered values it changes
}

// replacements are the regions of a file that differ, by lines where many do.
func replacements(file, old, now string) []report.Replacement {
	f := source.NewFile(file, []byte(old))
	var out []report.Replacement
	for _, sp := range edit.Regions(old, now) {
		out = append(out, report.Replacement{At: f.Span(sp.Start, sp.End), Text: sp.Text})
	}
	return out
}

// Order puts the safe fixes first and the broad ones last, those of one tier in the
// order of the remedies that they carry out, and of the same remedy those first
// that change nothing besides.
func (s *Session) Order(fixes []report.Fix) []report.Fix {
	s.mu.Lock()
	defer s.mu.Unlock()
	rank := func(f report.Fix) int {
		if p := s.plans[f.Key]; p != nil {
			return p.rank
		}
		return maxTries
	}
	slices.SortStableFunc(fixes, func(a, b report.Fix) int {
		if d := cmp.Or(btoi(!a.Safe())-btoi(!b.Safe()), s.broad(a)-s.broad(b), rank(a)-rank(b)); d != 0 {
			return d
		}
		if a.Title != b.Title {
			return 0
		}
		return btoi(len(a.Also) > 0) - btoi(len(b.Also) > 0)
	})
	return fixes
}
