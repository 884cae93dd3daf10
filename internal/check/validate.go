package check

import (
	"errors"
	"fmt"
	"regexp"
)

var (
	ruleID   = regexp.MustCompile(`^PMTLS\d{3}$`)
	ruleName = regexp.MustCompile(`^([A-Z][A-Za-z0-9]*)$`)
)

// Validate returns an error that names everything wrong with a set of rules:
// no or malformed or duplicate ID or name, a name that equals an ID (SARIF
// forbids it), no summary, page, severity or function.
func Validate(rules []*Rule) error {
	var errs []error
	ids, names := map[string]bool{}, map[string]bool{}
	for i, r := range rules {
		if r == nil {
			errs = append(errs, fmt.Errorf("rule %d is nil", i))
			continue
		}
		bad := func(format string, args ...any) {
			errs = append(errs, fmt.Errorf("rule %d (%q): %s", i, r.ID, fmt.Sprintf(format, args...)))
		}
		switch {
		case !ruleID.MatchString(r.ID):
			bad("ID must be PMTLS and three digits")
		case ids[r.ID]:
			bad("ID is used twice")
		}
		switch {
		case r.Name == r.ID:
			bad("name must differ from the ID")
		case !ruleName.MatchString(r.Name):
			bad("name %q must be words in CamelCase", r.Name)
		case names[r.Name]:
			bad("name %q is used twice", r.Name)
		}
		ids[r.ID], names[r.Name] = true, true
		if r.Severity.Rank() == 0 {
			bad("severity %q must be error, warning or note", r.Severity)
		}
		if r.Summary == "" {
			bad("no summary")
		}
		if r.Doc == "" {
			bad("no page")
		}
		if r.Run == nil {
			bad("no Run function")
		}
	}
	return errors.Join(errs...)
}
