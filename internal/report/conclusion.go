package report

import "github.com/org/probe-mtls-action/internal/check"

// Counts returns how many findings r has. Suppressed findings count as
// Suppressed and as nothing else, fixed ones as Fixed and as nothing else.
func (r *Report) Counts() Counts {
	c := Counts{Fixed: len(r.Fixed)}
	for i := range r.Items {
		it := &r.Items[i]
		if it.Suppressed != nil {
			c.Suppressed++
			continue
		}
		switch it.Severity {
		case check.Error:
			c.Errors++
		case check.Warning:
			c.Warnings++
		default:
			c.Notes++
		}
		switch it.State {
		case New:
			c.New++
		case Existing:
			c.Existing++
		}
	}
	return c
}

// Total is how many findings there are, suppressed and fixed ones left out.
func (c Counts) Total() int { return c.Errors + c.Warnings + c.Notes }

// Policy says which findings fail a run: those at or above FailOn, and with
// OnlyNew of them only those that the base revision does not have.
type Policy struct {
	FailOn  check.Threshold
	OnlyNew bool
	// Unchecked says when what could not be checked makes a run incomplete.
	Unchecked Unchecked
}

// Unchecked is the word of fail-on-unchecked.
type Unchecked string

// The words. The empty one stands for UncheckedNew.
const (
	UncheckedNew    Unchecked = "new"    // what the base could not check either does not count
	UncheckedAlways Unchecked = "always" // all counts
	UncheckedNever  Unchecked = "never"  // nothing counts
)

// Misses reports whether something that could not be checked makes a run
// incomplete. A run that never fails is never incomplete for it.
func (p Policy) Misses(s *Skip) bool {
	if p.FailOn == check.Never || p.Unchecked == UncheckedNever {
		return false
	}
	return p.Unchecked == UncheckedAlways || s.State != Existing
}

// Fails reports whether it alone fails a run. What a change hides fails by its
// own word: the change may have set the policy, too.
func (p Policy) Fails(it *Item) bool {
	if it.Hidden != NotHidden {
		return it.Hidden == HiddenFails
	}
	return it.Suppressed == nil && p.FailOn.Reached(it.Severity) && !(p.OnlyNew && it.State == Existing)
}

// Conclusion is how a run ended.
type Conclusion string

// The conclusions.
const (
	Success    Conclusion = "success"    // all was checked, and nothing fails
	Failure    Conclusion = "failure"    // there are findings to fail on
	Incomplete Conclusion = "incomplete" // nothing to fail on, but not all could be checked; or told to end
)

// Conclude returns how a run with result r ends.
func (r *Report) Conclude(p Policy) Conclusion {
	if r.Interrupted {
		return Incomplete
	}
	for i := range r.Items {
		if p.Fails(&r.Items[i]) {
			return Failure
		}
	}
	for i := range r.Skipped {
		if p.Misses(&r.Skipped[i]) {
			return Incomplete
		}
	}
	return Success
}

// ExitCode returns the command line's exit code.
func (c Conclusion) ExitCode() int {
	switch c {
	case Success:
		return 0
	case Failure:
		return 1
	}
	return 3
}
