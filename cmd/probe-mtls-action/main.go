// Command probe-mtls-action finds Kubernetes probes that Istio mTLS breaks.
package main

import (
	"context"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/org/probe-mtls-action/internal/app"
	"github.com/org/probe-mtls-action/render/confined"
	"github.com/org/probe-mtls-action/render/kustomize"
)

// Set by the linker: -X main.version=v1.2.3 -X main.commit=….
var version, commit string

func main() {
	stderr := kustomize.Quiet()
	if len(os.Args) == 2 && os.Args[1] == confined.Argument {
		os.Exit(app.ServeApart(os.Stdin, os.Stdout))
	}
	// A short life, and most of what is allocated is soon garbage: collecting
	// less often is a third faster. A heap that does grow large is kept in check.
	debug.SetGCPercent(800)
	debug.SetMemoryLimit(2 << 30)
	app.GuardMemory(stderr)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := app.Main(ctx, app.Env{
		Args:    os.Args[1:],
		Stdin:   os.Stdin,
		Stdout:  stdout(),
		Stderr:  stderr,
		Self:    self(),
		Environ: os.Environ(),
		Getenv:  os.Getenv,
		Version: version,
		Commit:  commit,
	})
	stop()
	os.Exit(code)
}

// self is the command that starts this program again, nil if it cannot be told.
func self() []string {
	name, err := os.Executable()
	if err != nil {
		return nil
	}
	return []string{name}
}
