package check

import (
	"fmt"
	"strings"
)

// severities lists the severities, the most serious first.
var severities = []Severity{Error, Warning, Note}

// rank is 0 for the most serious severity.
func (s Severity) rank() int {
	for i, known := range severities {
		if s == known {
			return i
		}
	}
	return len(severities)
}

// AtLeast reports whether s is as serious as t, or more so.
func (s Severity) AtLeast(t Severity) bool { return s.rank() <= t.rank() }

// Threshold is the severity from which on findings fail a run.
type Threshold string

// Never is the threshold that no finding reaches; the others are the severities.
const Never Threshold = "never"

// ParseThreshold reads the value of --fail-on: error, warning, note or never.
func ParseThreshold(s string) (Threshold, error) {
	if t := Threshold(s); t == Never || Severity(t).rank() < len(severities) {
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
func (t Threshold) Reached(s Severity) bool { return t != Never && s.AtLeast(Severity(t)) }
