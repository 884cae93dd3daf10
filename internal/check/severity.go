package check

import (
	"fmt"
	"slices"
	"strings"
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

// ParseThreshold reads the value of --fail-on: error, warning, note or never.
func ParseThreshold(s string) (Threshold, error) {
	if t := Threshold(s); t == Never || Severity(t).Rank() > 0 {
		return t, nil
	}
	return "", fmt.Errorf("unknown severity %q; valid ones: %s", s, strings.Join(ThresholdNames(), ", "))
}

// ThresholdNames returns the values that [ParseThreshold] takes.
func ThresholdNames() []string {
	names := make([]string, 0, len(severities)+1)
	for _, s := range severities {
		names = append(names, string(s))
	}
	return append(names, string(Never))
}

// Reached reports whether a finding of severity s fails the run.
func (t Threshold) Reached(s Severity) bool { return t != Never && s.Rank() >= Severity(t).Rank() }
