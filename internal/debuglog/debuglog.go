// Package debuglog carries the trace of --debug through contexts: what was run
// and rendered, and how long it took. It is for maintainers; nothing depends on it.
package debuglog

import (
	"context"
	"io"
	"log/slog"
	"time"
)

type key struct{}

// With returns a context whose trace goes to w, one line an entry, with control
// characters escaped.
func With(ctx context.Context, w io.Writer) context.Context {
	h := slog.NewTextHandler(w, &slog.HandlerOptions{Level: slog.LevelDebug})
	return context.WithValue(ctx, key{}, slog.New(h))
}

// Log writes an entry with attributes in pairs, as slog takes them. Without a
// trace it does nothing.
func Log(ctx context.Context, message string, pairs ...any) {
	if l, ok := ctx.Value(key{}).(*slog.Logger); ok {
		l.DebugContext(ctx, message, pairs...)
	}
}

// Start begins something that takes time; the func that it returns ends it and
// writes the entry, with more attributes.
func Start(ctx context.Context, message string, pairs ...any) (end func(more ...any)) {
	if ctx.Value(key{}) == nil {
		return func(...any) {}
	}
	began := time.Now()
	return func(more ...any) {
		Log(ctx, message, append(append(pairs, "took", time.Since(began).Round(10*time.Microsecond)), more...)...)
	}
}
