package config

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// ownersFlags are switches that a pull request must not be able to turn on.
var ownersFlags = []string{"allowRemote", "enableHelm"}

// unknown tells of a key that a section does not have, with the nearest one
// that it has.
func (d *decoder) unknown(key *yaml.Node, section string, valid []string) {
	hint := suggest(key.Value, valid)
	switch {
	case slices.ContainsFunc(ownersFlags, func(f string) bool { return plain(f) == plain(key.Value) }):
		hint = "only a flag or an input of the action turns it on, so that no pull request can;"
	case section != "mesh" && slices.Contains(keysOf("mesh"), key.Value):
		hint = "it belongs in the section mesh;"
	}
	if hint != "" {
		hint += " "
	}
	d.fail(key, hint+"valid keys: "+strings.Join(valid, ", "), "unknown key %q", key.Value)
}

// suggest returns a question that offers the nearest of the valid words, ""
// where none is near.
func suggest(word string, valid []string) string {
	best, least := "", len(word)/3+1
	for _, v := range valid {
		if n := distance(plain(word), plain(v)); n <= least && n < len(v) {
			best, least = v, n-1
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("did you mean %q?", best)
}

// plain takes out what spellings of one key differ by: mesh-mtls, meshMTLS.
func plain(s string) string {
	return strings.ToLower(strings.NewReplacer("-", "", "_", "").Replace(s))
}

// distance is the number of insertions, deletions and substitutions of bytes
// between a and b; long words count as far from everything.
func distance(a, b string) int {
	const longest = 64
	if len(a) > longest || len(b) > longest {
		return longest
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		diagonal := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := diagonal
			if a[i-1] != b[j-1] {
				cost++
			}
			diagonal = row[j]
			row[j] = min(cost, row[j]+1, row[j-1]+1)
		}
	}
	return row[len(b)]
}
