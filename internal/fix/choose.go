package fix

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/org/probe-mtls-action/internal/report"
	"github.com/org/probe-mtls-action/render"
)

// Choice is a set of proven plans from which none can be left out.
type Choice struct {
	Plans []*Plan
	// Before and After are the texts of the files that they change, by name; a
	// new file has no Before.
	Before, After map[string]string
}

// Choose returns the fewest plans it finds that end what can be ended of the
// items: safe ones, and with unsafe others for what is left. One plan that ends
// many findings comes before many plans, and one that changes a policy last.
func (s *Session) Choose(items []*report.Item, unsafe bool) *Choice {
	ch := &chooser{s: s, offers: map[string]*offer{}, covered: map[occurrence]bool{}, draft: s.fresh()}
	for _, it := range items {
		for rank := range it.Fixes {
			ch.offer(it, rank)
		}
	}
	ch.take(true)
	if unsafe {
		ch.take(false)
	}
	ch.prune()
	return ch.choice()
}

// Without returns the choice without the plans that change any of the files.
func (s *Session) Without(c *Choice, files []string) *Choice {
	return s.Drop(c, func(p *Plan) bool {
		return slices.ContainsFunc(p.Files(), func(f string) bool { return slices.Contains(files, f) })
	})
}

// Drop returns the choice without the plans for which out says so.
func (s *Session) Drop(c *Choice, out func(*Plan) bool) *Choice {
	ch := &chooser{s: s, draft: s.fresh()}
	for _, p := range c.Plans {
		if !out(p) && p.apply(ch.draft) == nil {
			ch.chosen = append(ch.chosen, &offer{plan: p})
		}
	}
	return ch.choice()
}

func (s *Session) fresh() *draft {
	return &draft{Tree: s.tree, files: map[string]string{}, original: s.original}
}

// Draft returns the session's tree with the choice made.
func (s *Session) Draft(c *Choice) render.Tree {
	return &draft{Tree: s.tree, files: c.After, original: s.original}
}

// occurrence is a finding in one root, as far as a report tells it.
type occurrence struct{ rule, root, subject string }

// offer is a plan and the occurrences that it ends.
type offer struct {
	plan *Plan
	ends map[occurrence]bool
	rank int
}

// broad reports whether the plan changes something else than what the findings
// speak of, such as a policy that is about many workloads: a last resort.
// What is asked of a caller's target is no more than that, though its object is
// another one.
func (o *offer) broad() bool {
	if o.plan.Broad {
		return true
	}
	for _, n := range o.plan.names {
		for occ := range o.ends {
			if len(n.path) > 0 && !report.IsCall(occ.rule) && !strings.Contains(occ.subject, "/"+n.object.kind+"/") {
				return true
			}
		}
	}
	return false
}

type chooser struct {
	s       *Session
	offers  map[string]*offer
	covered map[occurrence]bool
	chosen  []*offer
	draft   *draft
}

func (ch *chooser) offer(it *report.Item, rank int) {
	key := it.Fixes[rank].Key
	p := ch.s.plans[key]
	if p == nil {
		return
	}
	o := ch.offers[key]
	if o == nil {
		o = &offer{plan: p, ends: map[occurrence]bool{}, rank: rank}
		ch.offers[key] = o
	}
	o.rank = min(o.rank, rank)
	for id := range ch.s.ends[key] {
		if id.of(it) {
			o.ends[occurrence{id.Rule, id.Root, id.Subject}] = true
		}
	}
}

// take chooses plans of one tier until no other ends anything more.
func (ch *chooser) take(safe bool) {
	keys := slices.Sorted(maps.Keys(ch.offers))
	for {
		var best *offer
		most := 0
		for _, k := range keys {
			o := ch.offers[k]
			n := 0
			for occ := range o.ends {
				if !ch.covered[occ] {
					n++
				}
			}
			if n == 0 || o.plan.Safe() != safe {
				continue
			}
			if best == nil || cmp.Or(btoi(o.broad())-btoi(best.broad()), most-n, o.rank-best.rank) < 0 {
				best, most = o, n
			}
		}
		if best == nil {
			return
		}
		delete(ch.offers, best.plan.Key)
		keys = slices.DeleteFunc(keys, func(k string) bool { return k == best.plan.Key })
		if best.plan.apply(ch.draft) != nil {
			continue
		}
		ch.chosen = append(ch.chosen, best)
		for occ := range best.ends {
			ch.covered[occ] = true
		}
	}
}

// prune leaves out plans whose findings others end.
func (ch *chooser) prune() {
	for i := len(ch.chosen) - 1; i >= 0; i-- {
		needed := false
		for occ := range ch.chosen[i].ends {
			needed = needed || !slices.ContainsFunc(ch.chosen, func(o *offer) bool { return o != ch.chosen[i] && o.ends[occ] })
		}
		if !needed {
			ch.chosen = slices.Delete(ch.chosen, i, i+1)
		}
	}
	ch.draft = ch.s.fresh()
	ch.chosen = slices.DeleteFunc(ch.chosen, func(o *offer) bool { return o.plan.apply(ch.draft) != nil })
}

func (ch *chooser) choice() *Choice {
	c := &Choice{Before: map[string]string{}, After: ch.draft.files}
	for _, o := range ch.chosen {
		c.Plans = append(c.Plans, o.plan)
	}
	for file := range c.After {
		if data, err := ch.s.original(file); err == nil {
			c.Before[file] = string(data)
		}
	}
	return c
}

// Diff returns the choice as a unified diff.
func (c *Choice) Diff() string {
	var b strings.Builder
	for _, file := range slices.Sorted(maps.Keys(c.After)) {
		after := c.After[file]
		var before *string
		if text, ok := c.Before[file]; ok {
			before = &text
		}
		b.WriteString(diff(file, before, &after))
	}
	return b.String()
}

// First returns the choice with its first n plans alone.
func (s *Session) First(c *Choice, n int) *Choice {
	ch := &chooser{s: s, draft: s.fresh()}
	for _, p := range c.Plans[:min(n, len(c.Plans))] {
		if p.apply(ch.draft) == nil {
			ch.chosen = append(ch.chosen, &offer{plan: p})
		}
	}
	return ch.choice()
}

// Sharing returns the roots that read a file; for a new one those that read the
// kustomization which lists it do.
func (s *Session) Sharing(file string) []string { return s.sharing(file) }
