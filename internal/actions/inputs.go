package actions

import (
	"fmt"
	"strings"

	"github.com/org/probe-mtls-action/internal/settings"
)

// Inputs are the inputs of the Action, checked.
type Inputs struct {
	settings.Values
	Token Token
}

// InputError is one mistake in the inputs.
type InputError struct {
	Input string
	Value string // as given, shortened for printing; "" for a secret
	Want  string // what is right, as "must be …"
}

// Error names the input, its value and what is right.
func (e InputError) Error() string {
	if e.Value == "" {
		return fmt.Sprintf("input %s %s", e.Input, e.Want)
	}
	return fmt.Sprintf("input %s is %q, but %s", e.Input, e.Value, e.Want)
}

// Inputs reads and checks all inputs. It returns every mistake, not only the
// first, in the order of [settings.Table]; with mistakes, Inputs must not be used.
func (r *Runner) Inputs() (Inputs, []InputError) {
	var (
		in   Inputs
		errs []InputError
	)
	for _, s := range settings.Of(settings.Input) {
		value := r.input(s.Name)
		if s.Name == tokenInput {
			if _, err := s.Form.Check(value); err != nil {
				errs = append(errs, InputError{Input: s.Name, Want: err.Error()})
			}
			in.Token = NewToken(value)
			continue
		}
		if value == "" {
			value = s.DefaultOn(settings.Input)
		}
		if value == "" {
			continue
		}
		if err := s.SetInput(&in.Values, value); err != nil {
			errs = append(errs, InputError{Input: s.Name, Value: settings.Shorten(value), Want: err.Error()})
		}
	}
	return in, errs
}

const tokenInput = "github-token"

// input returns the value of an input, trimmed. The runner keeps hyphens in the
// names of the variables (INPUT_FAIL-ON); a composite action passes inputs
// through a shell, where such names are not portable, and uses underscores.
func (r *Runner) input(name string) string {
	if value := r.action.GetInput(name); value != "" {
		return value
	}
	return r.action.GetInput(strings.ReplaceAll(name, "-", "_"))
}

// ReportInputErrors makes an error annotation of each mistake.
func (r *Runner) ReportInputErrors(errs []InputError) {
	for _, err := range errs {
		r.action.WithFieldsMap(map[string]string{"title": "Invalid input " + err.Input}).Errorf("%s", err.Error())
	}
}
