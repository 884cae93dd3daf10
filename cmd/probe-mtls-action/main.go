// Command probe-mtls-action finds Kubernetes probes that Istio mTLS breaks.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/org/probe-mtls-action/internal/app"
	"github.com/org/probe-mtls-action/internal/machine"
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
	tuneHeap()
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

// softLimit is how many bytes the heap grows to before it is collected more
// often: two gibibytes, or less on a machine or in a control group with little.
func softLimit() int64 {
	limit := int64(2 << 30)
	if all := machine.Memory(); all > 0 {
		limit = min(limit, all/2)
	}
	return limit
}

// self is the command that starts this program again, nil if it cannot be told.
func self() []string {
	name, err := os.Executable()
	if err != nil {
		return nil
	}
	return []string{name}
}
