package report

// Step is one step of a decision, with the place of the value it rests on.
type Step struct {
	Text string
	// Related is the index in Item.Related of the place, -1 for none.
	Related int
}

// Steps returns the decision step by step, and the indexes in Related of the
// places that no step speaks of: those of other roots.
func (it *Item) Steps() (steps []Step, elsewhere []int) {
	first := make(map[string]int, len(it.Related))
	for i := len(it.Related) - 1; i >= 0; i-- {
		first[it.Related[i].Message] = i
	}
	told := make(map[int]bool)
	for _, text := range it.Chain {
		s := Step{Text: text, Related: -1}
		if i, ok := first[text]; ok && !told[i] {
			s.Related, told[i] = i, true
		}
		steps = append(steps, s)
	}
	for i := range it.Related {
		if !told[i] {
			elsewhere = append(elsewhere, i)
		}
	}
	return steps, elsewhere
}
