package check

import (
	"slices"
)

// severities lists the severities, the most serious first.
var severities = []Severity{Error, Warning, Note}

// Rank is greater for the more serious severity, and 0 for what is none.
func (s Severity) Rank() int {
	if i := slices.Index(severities, s); i >= 0 {
		return len(severities) - i
	}
	return 0
}

// Threshold is the severity from which on findings fail a run.
type Threshold string

// Never is the threshold that no finding reaches; the others are the severities.
const Never Threshold = "never"

// ThresholdNames returns the values of --fail-on.
func ThresholdNames() []string {
	names := make([]string, 0, len(severities)+1)
	for _, s := range severities {
		names = append(names, string(s))
	}
	return append(names, string(Never))
}

// Reached reports whether a finding of severity s fails the run.
func (t Threshold) Reached(s Severity) bool { return t != Never && s.Rank() >= Severity(t).Rank() }
