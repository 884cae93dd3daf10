package config

import (
	"strings"

	"github.com/org/probe-mtls-action/render"
)

// Errors are all mistakes of a configuration, in the order of its lines. Each
// says what is wrong, what was expected, and what to do.
type Errors []render.Problem

func (e Errors) Error() string {
	var b strings.Builder
	for i, p := range e {
		if i > 0 {
			b.WriteByte('\n')
		}
		if !p.At.IsZero() {
			b.WriteString(p.At.String() + ": ")
		}
		b.WriteString(p.Message)
		if p.Hint != "" {
			b.WriteString("; " + p.Hint)
		}
	}
	return b.String()
}
