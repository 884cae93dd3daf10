package app

import (
	"context"
	"runtime"

	"github.com/org/probe-mtls-action/internal/debuglog"
	"github.com/org/probe-mtls-action/internal/outfile"
	"github.com/org/probe-mtls-action/internal/settings"
)

// traced runs a command with the trace that --debug asks for.
func traced(ctx context.Context, env *Env, s *settings.Values, run func(context.Context) error) error {
	if s.Debug == "" {
		return run(ctx)
	}
	f, err := outfile.Create(env.path(s.Debug), outfile.Options{})
	if err == nil {
		err = f.Publish() // it is of use while the run lasts
	}
	if err != nil {
		return usagef("--debug %s: %w", s.Debug, reason(err))
	}
	ctx = debuglog.With(ctx, f)
	debuglog.Log(ctx, "start", "version", version(env), "commit", commit(env), "go", runtime.Version(), "arguments", env.Args)
	done := debuglog.Start(ctx, "end")
	err = run(ctx)
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	done("allocated", m.TotalAlloc, "heap", m.HeapSys, "collections", m.NumGC, "error", err)
	if closing := f.Close(); err == nil && closing != nil {
		return notChecked(closing)
	}
	return err
}
