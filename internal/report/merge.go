package report

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/org/probe-mtls-action/internal/check"
	"github.com/org/probe-mtls-action/render"
)

// Merge joins the reports of the shards of one check, in any order. A finding
// that several parts have at the same place becomes one with all their roots. A
// finding of the base counts as fixed only if no part still has it. A shard that
// is missing is something not checked. Reports of different commits or of
// different versions of this program do not go together: that is an error.
func Merge(parts []*Report) (*Report, error) {
	if len(parts) == 0 {
		return nil, fmt.Errorf("there is no report to merge")
	}
	first := parts[0]
	out := &Report{Tool: first.Tool, Scope: first.Scope}
	out.Scope.Shard = ""
	rules := map[string]*check.Rule{}
	for _, p := range parts {
		switch {
		case p.Tool != first.Tool:
			return nil, fmt.Errorf("the reports are of different versions or settings: %v and %v", first.Tool, p.Tool)
		case p.Scope.Head != first.Scope.Head || p.Scope.Base != first.Scope.Base:
			return nil, fmt.Errorf("the reports are of different commits: %.12s..%.12s and %.12s..%.12s",
				first.Scope.Base, first.Scope.Head, p.Scope.Base, p.Scope.Head)
		case p.Scope.Category != first.Scope.Category:
			out.Scope.Category = "" // one for each shard, as code scanning wants it
		}
		for _, r := range p.Rules {
			rules[r.ID] = r
		}
		out.Skipped = append(out.Skipped, p.Skipped...)
		out.Unseen = append(out.Unseen, p.Unseen...) // each shard says it of the whole
		out.Roots = append(out.Roots, p.Roots...)
		out.Unused = append(out.Unused, p.Unused...)
		out.Unaffected = max(out.Unaffected, p.Unaffected) // each shard counts those of the whole repository
		out.Probes += p.Probes
		out.Callers += p.Callers
	}
	for _, id := range slices.Sorted(maps.Keys(rules)) {
		out.Rules = append(out.Rules, rules[id])
	}
	out.Items = mergeItems(parts, func(p *Report) []Item { return p.Items })
	out.Fixed = stillFixed(mergeItems(parts, func(p *Report) []Item { return p.Fixed }), out.Items)
	out.Notes = mergeNotes(parts)
	out.Skipped = append(out.Skipped, missingShards(parts)...)
	out.Roots, out.Unused = union(out.Roots), union(out.Unused)
	out.Unseen = uniqueUnseen(out.Unseen)
	out.Sort()
	out.Skipped = slices.CompactFunc(out.Skipped, func(a, b Skip) bool { return a == b })
	return out, nil
}

func mergeItems(parts []*Report, of func(*Report) []Item) []Item {
	var all []Item
	for _, p := range parts {
		all = append(all, of(p)...)
	}
	return Join(all)
}

func stillFixed(fixed, items []Item) []Item {
	present := map[string]bool{}
	for i := range items {
		present[items[i].Fingerprint] = true
	}
	return slices.DeleteFunc(fixed, func(it Item) bool { return present[it.Fingerprint] })
}

func mergeNotes(parts []*Report) []Remark {
	var out []Remark
	at := map[string]int{}
	for _, p := range parts {
		for _, n := range p.Notes {
			k := n.At.Span.String() + "\x00" + n.Text
			i, ok := at[k]
			if !ok {
				at[k] = len(out)
				n.Roots = slices.Clone(n.Roots)
				out = append(out, n)
				continue
			}
			out[i].Roots = union(append(out[i].Roots, n.Roots...))
		}
	}
	return out
}

// missingShards returns what the shard numbers of parts leave out.
func missingShards(parts []*Report) []Skip {
	have, total := map[int]bool{}, 0
	for _, p := range parts {
		i, n, ok := strings.Cut(p.Scope.Shard, "/")
		number, err1 := strconv.Atoi(i)
		of, err2 := strconv.Atoi(n)
		if !ok || err1 != nil || err2 != nil {
			continue
		}
		have[number] = true
		total = max(total, of)
	}
	var missing []string
	for i := 1; i <= min(total, 10_000); i++ {
		if !have[i] {
			missing = append(missing, strconv.Itoa(i))
		}
	}
	if len(missing) == 0 {
		return nil
	}
	what := "the report of shard " + missing[0] + fmt.Sprintf(" of %d is missing", total)
	if len(missing) > 1 {
		what = "the reports of shards " + strings.Join(missing[:min(len(missing), 20)], ", ")
		if more := len(missing) - 20; more > 0 {
			what += fmt.Sprintf(" and %d more", more)
		}
		what += fmt.Sprintf(" of %d are missing", total)
	}
	return []Skip{{Problem: render.Problem{
		Message: what,
		Hint:    "pass the SARIF files of all shards; a shard that failed has none",
	}}}
}

func union(all []string) []string {
	slices.Sort(all)
	return slices.Compact(all)
}
