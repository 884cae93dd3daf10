package affected

import (
	"cmp"
	"path"
	"slices"
)

// Shard returns the part i of n, counted from 1, of roots: all parts together
// are all roots, each once, in order. Parts have about the same cost, and the
// same input always gives the same parts.
func Shard(roots []Root, i, n int) []Root {
	if n <= 1 {
		return roots
	}
	order := make([]int, len(roots))
	for k := range order {
		order[k] = k
	}
	// The costly ones first, each to the part with the least so far.
	slices.SortFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(roots[b].Cost, roots[a].Cost), cmp.Compare(roots[a].Dir, roots[b].Dir))
	})
	load := make([]int, n)
	var mine []int
	for _, k := range order {
		least := 0
		for p, l := range load {
			if l < load[least] {
				least = p
			}
		}
		load[least] += max(roots[k].Cost, 1)
		if least == i-1 {
			mine = append(mine, k)
		}
	}
	slices.Sort(mine)
	out := make([]Root, 0, len(mine))
	for _, k := range mine {
		out = append(out, roots[k])
	}
	return out
}

func cleaned(paths []string) []string {
	out := make([]string, len(paths))
	for i, p := range paths {
		out[i] = path.Clean(p)
	}
	return out
}
