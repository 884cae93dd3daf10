// Package app is the command line and the Action: the one place that wires
// renderers, meshes, rules and reports together.
package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/org/probe-mtls-action/internal/report/safe"
)

// Exit codes of the command.
const (
	ExitOK         = 0 // nothing at or above --fail-on
	ExitFindings   = 1 // findings at or above --fail-on
	ExitUsage      = 2 // wrong usage or configuration
	ExitNotChecked = 3 // something could not be checked
)

// Env is the process as the command sees it.
type Env struct {
	Args           []string  // without the program's name
	Dir            string    // working directory; "" is the process's
	Stdin          io.Reader // nil is none
	Stdout, Stderr io.Writer
	Getenv         func(string) string
	// Sleep stands in for waiting (for rate limits, between writes) in tests;
	// nil waits.
	Sleep func(context.Context, time.Duration) error
	// Self is the command that starts this program again, to render what may take
	// too much in a process of its own; nil refuses such roots.
	Self []string
	// Environ is the environment that such a process gets its own from.
	Environ []string
	// Version and Commit are set by the linker; "" in a development build.
	Version, Commit string
}

// Main runs the command and returns its exit code. It never panics: a panic is
// a defect, told as one, and what was being checked counts as not checked.
func Main(ctx context.Context, env Env) (code int) {
	out, messages := &pipe{w: env.Stdout}, safe.Lines(env.Stderr)
	env.Stdout, env.Stderr = out, messages
	defer messages.Flush()
	defer func() {
		if v := recover(); v != nil {
			fmt.Fprintf(env.Stderr, "probe-mtls-action: internal error: %s\nThis is a defect of probe-mtls-action, and nothing counts as checked. Please report it.\n", safe.Line(fmt.Sprint(v)))
			code = ExitNotChecked
		}
	}()
	err := newCommand(&env).ExecuteContext(ctx)
	var exit *exitError
	if err != nil && !errors.As(err, &exit) {
		exit = usage(err) // cobra's own errors are all mistakes in flags and arguments
	}
	if out.err != nil && (exit == nil || exit.code == ExitUsage) {
		exit = notChecked(fmt.Errorf("the output could not be written: %w", reason(out.err)))
	}
	if exit == nil {
		return ExitOK
	}
	if ctx.Err() != nil && (exit.code == ExitUsage || errors.Is(exit.err, context.Canceled)) {
		exit = notChecked(errInterrupted) // it is not the user's mistake that Git was stopped
	}
	if exit.err != nil {
		fmt.Fprintf(env.Stderr, "probe-mtls-action: %s\n", safe.Block(exit.err.Error()))
	}
	return exit.code
}

// errInterrupted is why a run that was told to end has no result.
var errInterrupted = errors.New("interrupted before everything was checked")

// pipe is the standard output. It keeps the first error: what prints help or a
// rule's page looks at none.
type pipe struct {
	w   io.Writer
	err error
}

func (p *pipe) Write(data []byte) (int, error) {
	n, err := p.w.Write(data)
	if p.err == nil {
		p.err = err
	}
	return n, err
}

// exitError ends the command with a code; err is nil where all has been said.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit code %d", e.code)
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

// usage marks err as a mistake of the user's.
func usage(err error) *exitError { return &exitError{ExitUsage, err} }

func usagef(format string, args ...any) *exitError { return usage(fmt.Errorf(format, args...)) }

// notChecked marks err as the reason why the check could not be done.
func notChecked(err error) *exitError { return &exitError{ExitNotChecked, err} }
