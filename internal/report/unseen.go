package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Unseen is something in the tree, or named by it, that was not looked at: it
// never changes how a run ends, and no run is silent about it.
type Unseen struct {
	Kind      string `json:"kind"` // of the object; Helm chart, manifest, template or link for files
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	File      string `json:"file"`
	Line      int    `json:"line"` // the first of the object
	Reason    string `json:"reason"`
}

// String returns file:line: kind name: reason.
func (u Unseen) String() string {
	what := u.Kind
	if u.Name != "" && u.Name != u.File {
		what += " " + u.Name
	}
	if u.Namespace != "" {
		what = u.Kind + " " + u.Namespace + "/" + u.Name
	}
	return fmt.Sprintf("%s:%d: %s: %s", u.File, u.Line, what, u.Reason)
}

// unseenNouns are the words for one and for many of a kind.
var unseenNouns = map[string][2]string{
	"Helm chart": {"Helm chart", "Helm charts"},
	"manifest":   {"manifest that nothing reads", "manifests that nothing reads"},
	"link":       {"link out of the repository", "links out of the repository"},
	"template":   {"template", "templates"},
}

// CountUnseen says how many of each kind there are, "nothing" for none.
func CountUnseen(all []Unseen) string {
	counts := make(map[string]int)
	var kinds []string
	for _, u := range all {
		if counts[u.Kind]++; counts[u.Kind] == 1 {
			kinds = append(kinds, u.Kind)
		}
	}
	if len(kinds) == 0 {
		return "nothing"
	}
	slices.Sort(kinds)
	parts := make([]string, len(kinds))
	for i, k := range kinds {
		nouns, ok := unseenNouns[k]
		if !ok {
			nouns = [2]string{k, k + "s"}
		}
		parts[i] = Plural(counts[k], nouns[0], nouns[1])
	}
	return strings.Join(parts, ", ")
}

// uniqueUnseen sorts and drops repetitions.
func uniqueUnseen(all []Unseen) []Unseen {
	slices.SortFunc(all, func(a, b Unseen) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Reason, b.Reason))
	})
	return slices.Compact(all)
}

// Plural returns the number with its noun in the right form.
func Plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
