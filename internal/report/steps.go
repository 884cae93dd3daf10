package report

import "slices"

// Step is one step of a decision, with the place of the value it rests on.
type Step struct {
	// At says what the step decided (Message) and where; its file is "" for
	// defaults and settings, which Message names.
	At       Location
	Deciding bool // the outcome hangs on it
	// Basis names the value that the step rests on, by its field, and what it
	// is; equal in two decisions that rest on the same. "" where it rests on no
	// field. It is not written out.
	Basis string
}

// Text is what the step says.
func (s *Step) Text() string { return s.At.Message }

// Texts are steps that have no places.
func Texts(all ...string) []Step {
	steps := make([]Step, len(all))
	for i, text := range all {
		steps[i].At.Message = text
	}
	return steps
}

// Chain is the decision in plain words, first step first.
func (it *Item) Chain() []string {
	out := make([]string, len(it.Steps))
	for i := range it.Steps {
		out[i] = it.Steps[i].Text()
	}
	return out
}

// Told is a step as it is to be told.
type Told struct {
	*Step
	// Related is the index in Item.Related of the place to show with it, -1 for
	// none: a place is shown once.
	Related int
}

// Tell returns the decision step by step, and the indexes in Related of the
// places that no step speaks of: those of other roots.
func (it *Item) Tell() (steps []Told, elsewhere []int) {
	told := make(map[int]bool)
	for i := range it.Steps {
		s := Told{Step: &it.Steps[i], Related: -1}
		if s.Deciding && s.At.File != "" {
			k := slices.IndexFunc(it.Related, func(l Location) bool { return l.Span == s.At.Span })
			if k >= 0 && !told[k] {
				s.Related, told[k] = k, true
			}
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
