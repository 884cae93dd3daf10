package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Headline says in one sentence what findings of one cause do to the cluster.
// The clause is the most important part: "After the merge, 26 probes of 14
// workloads fail"; effects go on after a colon, "" where there is nothing more
// to say. Of total findings some may be fixed already; 0 stands for len(items).
func Headline(items []*Item, total int) (clause, effects string) {
	clause, effects = Clause(items, total)
	if !items[0].Plain() {
		return clause, effects
	}
	return when(items, clause), effects
}

// Clause is the headline without its beginning, as a clause that can follow a
// place: "26 probes of 14 workloads fail".
func Clause(items []*Item, total int) (clause, effects string) {
	it := items[0]
	more := len(items) - 1
	switch {
	case !it.Plain() && more > 0:
		return fmt.Sprintf("%s, and %d more like this", it.Summary, more), ""
	case !it.Plain():
		return it.Summary, ""
	case more == 0 && total <= 1:
		return it.Consequence(), ""
	case more == 0:
		return fmt.Sprintf("1 of %d is left: %s", total, it.Consequence()), ""
	}
	number, still := fmt.Sprint(len(items)), ""
	if total > len(items) {
		number, still = fmt.Sprintf("%d of %d", len(items), total), "still "
	}
	verb, suffers := Fate(items)
	of := " of " + whose(items)
	if it.Call() {
		of = ""
	}
	clause = fmt.Sprintf("%s %s%s %s%s", number, Nouns(items), of, still, verb)
	if !suffers {
		return clause, ""
	}
	return clause, sufferings(items)
}

// whose names the workloads of findings.
func whose(items []*Item) string {
	workloads := map[string]bool{}
	for _, it := range items {
		workloads[it.Target().Workload] = true
	}
	if len(workloads) == 1 {
		return items[0].Target().Workload
	}
	return fmt.Sprintf("%d workloads", len(workloads))
}

// sufferings counts what becomes of the workloads, the most frequent first.
func sufferings(items []*Item) string {
	one := strings.Contains(whose(items), "/") && !items[0].Call()
	count := map[string]int{}
	var order []string
	for _, it := range items {
		s := Sufferers(it)
		if one {
			s = effect(it.Target().Field)
		}
		if s == "" {
			continue
		}
		if count[s] == 0 {
			order = append(order, s)
		}
		count[s]++
	}
	if len(order) < 2 {
		return strings.Join(order, "")
	}
	slices.SortStableFunc(order, func(a, b string) int { return cmp.Compare(count[b], count[a]) })
	parts := make([]string, len(order))
	for i, s := range order {
		if parts[i] = s; !one {
			parts[i] = fmt.Sprintf("%s (%d)", s, count[s])
		}
	}
	last := len(parts) - 1
	return strings.Join(parts[:last], ", ") + " and " + parts[last]
}

// when begins a sentence with what makes it true: a merge, for new findings.
func when(items []*Item, clause string) string {
	fresh, existing := false, true
	for _, it := range items {
		fresh = fresh || it.State == New
		existing = existing && it.State == Existing
	}
	switch {
	case fresh:
		return "After the merge, " + clause
	case existing:
		return "Already before this change, " + clause
	}
	return Capital(clause)
}

// Capital begins a sentence: with a capital letter, unless the first word is a
// name such as mTLS or portLevelMtls.
func Capital(s string) string {
	word, _, _ := strings.Cut(s, " ")
	if s == "" || strings.ToLower(word) != word {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// Statement is the item's message without the sentence that names its first
// fix, which has a place of its own.
func (it *Item) Statement() string {
	if len(it.Remedies) == 0 || len(it.Remedies[0].Title) < 2 {
		return it.Message
	}
	i := strings.LastIndex(it.Message, it.Remedies[0].Title[1:])
	if i < 0 {
		return it.Message
	}
	if end := strings.LastIndex(it.Message[:i], ". "); end >= 0 {
		return it.Message[:end+1]
	}
	return it.Message
}
