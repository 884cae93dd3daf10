package fix

import (
	"context"
	"slices"
	"sync"

	"github.com/org/probe-mtls-action/internal/pipeline"
	"github.com/org/probe-mtls-action/internal/report"
)

// Shared returns the roots that read a file of a proven plan, but in which it was
// not proven: they do not have the finding, or were not checked.
func (s *Session) Shared(key string) []string {
	s.mu.Lock()
	p, proven := s.plans[key], s.proven[key]
	s.mu.Unlock()
	if p == nil {
		return nil
	}
	return slices.DeleteFunc(s.readers(p), func(root string) bool { return proven[root] })
}

// readers returns the roots that read any of the plan's files, sorted.
func (s *Session) readers(p *Plan) []string {
	var out []string
	for _, file := range p.Files() {
		out = append(out, s.sharing(file)...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Bystanders proves that plans do no harm to roots that share what they change:
// no finding comes, and no other value changes than the plan names.
type Bystanders struct {
	s *Session
	// plans are the keys to prove, by root.
	plans map[string][]string

	mu      sync.Mutex
	harmed  map[string]bool     // keys of plans that do not hold
	changed map[string][]string // roots that a plan changes, by its key
}

var _ pipeline.Prover = (*Bystanders)(nil)

// Bystanders returns a prover of what plans, by key, do to the roots.
func (s *Session) Bystanders(roots map[string][]string) *Bystanders {
	return &Bystanders{s: s, plans: roots, harmed: map[string]bool{}, changed: map[string][]string{}}
}

// Harmless reports whether a plan held in all roots.
func (b *Bystanders) Harmless(key string) bool { return !b.harmed[key] }

// Changed returns the roots that a plan changes, sorted.
func (b *Bystanders) Changed(key string) []string {
	slices.Sort(b.changed[key])
	return slices.Compact(b.changed[key])
}

// Prove implements [pipeline.Prover].
func (b *Bystanders) Prove(ctx context.Context, c *pipeline.Case) ([][]report.Fix, error) {
	var tries []*try
	seen := map[string]bool{}
	for _, root := range c.Group.Roots {
		for _, key := range b.plans[root.Dir] {
			if p := b.s.plans[key]; p != nil && !seen[key] {
				seen[key] = true
				tries = append(tries, &try{chain: []*Plan{p}})
			}
		}
	}
	pr := newProof(b.s, c)
	if err := pr.run(ctx, tries); err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, t := range tries {
		key := t.chain[0].Key
		if t.outcome == nil {
			b.harmed[key] = true
			continue
		}
		if t.outcome.changes == 0 {
			continue
		}
		for _, root := range c.Group.Roots {
			if slices.Contains(b.plans[root.Dir], key) {
				b.changed[key] = append(b.changed[key], root.Dir)
			}
		}
	}
	return nil, nil
}

// Narrower proves, for findings whose fix is shared, the plans that change their
// own root alone.
type Narrower struct {
	s     *Session
	plans map[ID][]*Plan

	mu    sync.Mutex
	fixes map[ID][]report.Fix
}

var _ pipeline.Prover = (*Narrower)(nil)

// Narrower returns a prover of the plans that were not tried because those of
// the keys, which are shared, were proven. Roots are those to judge for it.
func (s *Session) Narrower(keys []string) (n *Narrower, roots []string) {
	n = &Narrower{s: s, plans: map[ID][]*Plan{}, fixes: map[ID][]report.Fix{}}
	for _, key := range keys {
		for id, later := range s.later[key] {
			for _, p := range later {
				if alone := slices.Equal(s.readers(p), []string{id.Root}); alone && !slices.Contains(n.plans[id], p) {
					n.plans[id] = append(n.plans[id], p)
				}
			}
			if len(n.plans[id]) > 0 {
				roots = append(roots, id.Root)
			}
		}
	}
	slices.Sort(roots)
	return n, slices.Compact(roots)
}

// Prove implements [pipeline.Prover].
func (n *Narrower) Prove(ctx context.Context, c *pipeline.Case) ([][]report.Fix, error) {
	byKey := map[string]*try{}
	var tries []*try
	for i := range c.Findings {
		id := idOf(&c.Findings[i])
		for _, p := range n.plans[id] {
			t := byKey[p.Key]
			if t == nil {
				t = &try{chain: []*Plan{p}, wants: map[ID]bool{}}
				byKey[p.Key], tries = t, append(tries, t)
			}
			t.wants[id] = true
		}
	}
	fixes, err := n.s.prove(ctx, c, tries)
	if err != nil {
		return nil, err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	for i, all := range fixes {
		id := idOf(&c.Findings[i])
		n.fixes[id] = append(n.fixes[id], all...)
	}
	return nil, nil
}

// Of returns the proven narrower fixes of an item.
func (n *Narrower) Of(it *report.Item) []report.Fix {
	var out []report.Fix
	for id, fixes := range n.fixes {
		if id.of(it) {
			out = report.JoinFixes(out, fixes)
		}
	}
	slices.SortFunc(out, func(a, b report.Fix) int { return slices.Compare(a.Roots, b.Roots) })
	return out
}

// of reports whether the item has the finding.
func (id ID) of(it *report.Item) bool {
	return id.Rule == it.RuleID && slices.ContainsFunc(it.Occurrences, func(o report.Occurrence) bool { return o.Root == id.Root && o.Subject == id.Subject })
}
