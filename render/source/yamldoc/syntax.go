package yamldoc

import (
	"sort"
	"strings"

	"go.yaml.in/yaml/v3"
)

const (
	// maxSearch bounds the text, in bytes, in which the line of a syntax error
	// is searched for; in a longer one the library's line has to do.
	maxSearch = 256 << 10
	// lookAhead is how many lines a flow collection or a quoted scalar may span
	// for the search to see past it.
	lookAhead = 20
)

// badLine returns the line, from 1, at which text stops being YAML: the one
// after the longest run of whole lines that parse. The library names the start
// of the surrounding block instead, and for some errors the line before that.
// It returns 0 where it cannot tell.
func badLine(text string) int {
	if len(text) > maxSearch {
		return 0
	}
	lines := strings.SplitAfter(text, "\n")
	ends := make([]int, len(lines)+1) // offset after so many lines
	for i, l := range lines {
		ends[i+1] = ends[i] + len(l)
	}
	valid := make(map[int]bool)
	parses := func(n int) bool {
		ok, known := valid[n]
		if !known {
			var doc yaml.Node
			ok = decode(text[:ends[n]], &doc) == nil || strings.TrimSpace(text[:ends[n]]) == ""
			valid[n] = ok
		}
		return ok
	}
	last := func(n int) int { // the last number from n on that parses, -1 if none near does
		found := -1
		for k := n; k <= len(lines) && k <= n+lookAhead; k++ {
			if parses(k) {
				found = k
			}
		}
		return found
	}
	n := sort.Search(len(lines)+1, func(n int) bool { return last(n) < 0 })
	if n == 0 || n > len(lines) {
		return 0
	}
	return last(n-1) + 1
}
