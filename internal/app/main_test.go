package app_test

import (
	"context"
	"os"
	"testing"

	"github.com/org/probe-mtls-action/internal/app"
	"github.com/org/probe-mtls-action/render/confined"
)

// TestMain lets the test binary be the process that renders for another one.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == confined.Argument {
		os.Exit(app.ServeApart(os.Stdin, os.Stdout))
	}
	if os.Getenv("PROBE_MTLS_TEST_MAIN") != "" {
		os.Exit(app.Main(context.Background(), app.Env{
			Args: os.Args[1:], Stdout: os.Stdout, Stderr: os.Stderr, Getenv: os.Getenv, Self: self(), Environ: os.Environ(),
		}))
	}
	os.Exit(m.Run())
}

// self is the command that starts the test binary again.
func self() []string {
	name, err := os.Executable()
	if err != nil {
		panic(err)
	}
	return []string{name}
}
