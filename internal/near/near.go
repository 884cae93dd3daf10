// Package near finds the word that somebody may have meant.
package near

import (
	"fmt"
	"strings"
)

// Word returns the nearest of the valid words, the first of equals; "" where
// none is near. Hyphens, underscores and the case of letters make no difference.
func Word(word string, valid []string) string {
	best, least := "", len(word)/3+1
	for _, v := range valid {
		if n := distance(plain(word), plain(v)); n <= least && n < len(v) {
			best, least = v, n-1
		}
	}
	return best
}

// Question returns a question that offers the nearest of the valid words, after
// a space; "" where none is near.
func Question(word string, valid []string) string {
	if best := Word(word, valid); best != "" {
		return fmt.Sprintf(" (did you mean %q?)", best)
	}
	return ""
}

// Same reports whether two spellings are of one word: mesh-mtls, meshMTLS.
func Same(a, b string) bool { return plain(a) == plain(b) }

func plain(s string) string {
	return strings.ToLower(strings.NewReplacer("-", "", "_", "").Replace(s))
}

// distance is the number of insertions, deletions, substitutions and swaps of
// neighbouring bytes between a and b; long words count as far from everything.
func distance(a, b string) int {
	const longest = 64
	if len(a) > longest || len(b) > longest {
		return longest
	}
	before, last := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row := make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j-1]+cost, last[j]+1, row[j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}
