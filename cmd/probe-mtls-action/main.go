// Command probe-mtls-action finds Kubernetes probes that Istio mTLS breaks.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/org/probe-mtls-action/internal/app"
)

// Set by the linker: -X main.version=v1.2.3 -X main.commit=….
var version, commit string

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := app.Main(ctx, app.Env{
		Args:    os.Args[1:],
		Stdout:  os.Stdout,
		Stderr:  os.Stderr,
		Getenv:  os.Getenv,
		Version: version,
		Commit:  commit,
	})
	stop()
	os.Exit(code)
}
