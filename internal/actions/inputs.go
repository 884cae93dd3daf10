package actions

import (
	"fmt"
	"strings"
)

// Inputs are the inputs of the Action, checked. A zero value is an input that
// was not given and has no default of its own: then the configuration file, or
// the command's default, decides.
type Inputs struct {
	Token         Token
	Paths         []string // relative to the workspace
	Config        string   // relative to the workspace
	IstioVersion  string   // 1.24, v1.5.2: the form is checked, the range is not
	MeshMTLS      string   // strict, permissive, disable
	RewriteProbes string   // auto, true, false
	RootNamespace string
	Injection     string   // auto, always, never
	Context       []string // relative to the workspace
	FailOn        string   // error, warning, note, never
	OnlyNew       bool
	Base          string   // a revision; "" is the event's
	Reporters     []string // names of Reporters, no duplicates, in Reporters' order
	SARIFFile     string   // relative to the workspace
	UploadSARIF   bool
	Category      string
	Shard         Shard
	AllowRemote   bool
	EnableHelm    bool
	Jobs          int // 0 is one for each core
	Verbose       bool
}

// Shard is part Index of Total, counted from 1; the zero value is the whole.
type Shard struct{ Index, Total int }

// String returns I/N, "" for the whole.
func (s Shard) String() string {
	if s.Total == 0 {
		return ""
	}
	return fmt.Sprintf("%d/%d", s.Index, s.Total)
}

// Input describes one input as action.yml declares it.
type Input struct {
	Name    string
	Default string
	// Choices are the valid values of an input that takes one of a few words.
	Choices []string

	set func(*Inputs, string) error
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
// first, in the order of KnownInputs; with mistakes, Inputs must not be used.
func (r *Runner) Inputs() (Inputs, []InputError) {
	var (
		in   Inputs
		errs []InputError
	)
	for _, input := range KnownInputs() {
		value := r.input(input.Name)
		if value == "" {
			value = input.Default
		}
		if value == "" {
			continue
		}
		if err := input.set(&in, value); err != nil {
			bad := InputError{Input: input.Name, Value: shorten(value), Want: err.Error()}
			if input.Name == tokenInput {
				bad.Value = ""
			}
			errs = append(errs, bad)
		}
	}
	return in, errs
}

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

// maxShown bounds a value in a message; the longest valid word is far shorter.
const maxShown = 80

func shorten(s string) string {
	runes := []rune(s)
	if len(runes) <= maxShown {
		return s
	}
	return string(runes[:maxShown]) + "…"
}
