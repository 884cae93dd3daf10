// Package actions is the edge to the GitHub Actions runner: inputs and event
// in; log commands, job summary and step outputs out.
package actions

import (
	"crypto/rand"
	"io"
	"maps"
	"sync"

	"github.com/sethvargo/go-githubactions"

	"github.com/org/probe-mtls-action/internal/check"
)

// Runner is the runner as one process sees it: its environment and its log.
// Log methods never fail and never panic; a log that could not be written shows
// in Err.
type Runner struct {
	action *githubactions.Action
	log    *stickyWriter
	getenv func(string) string
	made   map[check.Severity]int // annotations without a place
}

// New returns a Runner that reads the environment through getenv and writes
// the log, standard output of a step, to log.
func New(log io.Writer, getenv func(string) string) *Runner {
	w := &stickyWriter{w: log}
	return &Runner{
		action: githubactions.New(githubactions.WithWriter(w), githubactions.WithGetenv(getenv)),
		log:    w,
		getenv: getenv,
		made:   map[check.Severity]int{},
	}
}

// Err returns the first error of writing the log.
func (r *Runner) Err() error { return r.log.Err() }

// InActions reports whether a runner reads the log (GITHUB_ACTIONS=true).
func (r *Runner) InActions() bool { return r.getenv("GITHUB_ACTIONS") == "true" }

// Group starts a foldable group of log lines and returns the func that ends it.
func (r *Runner) Group(title string) (end func()) {
	r.action.Group(title)
	return r.action.EndGroup
}

// Debugf logs a line that is shown only with debug logging on.
func (r *Runner) Debugf(format string, args ...any) { r.action.Debugf(format, args...) }

// Noticef makes a notice annotation of the run, without a place.
func (r *Runner) Noticef(format string, args ...any) {
	r.made[check.Note]++
	r.action.Noticef(format, args...)
}

// Warningf makes a warning annotation of the run, without a place.
func (r *Runner) Warningf(format string, args ...any) {
	r.made[check.Warning]++
	r.action.Warningf(format, args...)
}

// Errorf makes an error annotation of the run, without a place.
func (r *Runner) Errorf(format string, args ...any) {
	r.made[check.Error]++
	r.action.Errorf(format, args...)
}

// Made is how many annotations of each level the step has made so far: the
// runner keeps ten of each.
func (r *Runner) Made() map[check.Severity]int { return maps.Clone(r.made) }

// Temp is the runner's temporary directory as this process knows it, "" outside
// a runner.
func (r *Runner) Temp() string { return r.getenv("RUNNER_TEMP") }

// Verbatim lets fn write text that others control to the log. The runner takes
// any line that starts with "::", or holds "##[", for a command; it is told to
// stop doing so until fn has returned. The word that starts it again is random,
// so the text cannot contain it.
func (r *Runner) Verbatim(fn func(log io.Writer) error) error {
	if !r.InActions() {
		return fn(r.log)
	}
	resume := rand.Text()
	r.action.IssueCommand(&githubactions.Command{Name: "stop-commands", Message: resume})
	ends := &lineEnd{w: r.log, ended: true}
	defer func() {
		if !ends.ended {
			_, _ = io.WriteString(r.log, "\n") // its error is kept for Err
		}
		r.action.IssueCommand(&githubactions.Command{Name: resume})
	}()
	return fn(ends)
}

// stickyWriter keeps the first error to itself, since go-githubactions panics
// when it cannot write a command.
type stickyWriter struct {
	mu  sync.Mutex
	w   io.Writer
	err error
}

func (s *stickyWriter) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		_, s.err = s.w.Write(p)
	}
	return len(p), nil
}

func (s *stickyWriter) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// lineEnd notes whether what was written ends a line.
type lineEnd struct {
	w     io.Writer
	ended bool
}

func (l *lineEnd) Write(p []byte) (int, error) {
	if len(p) > 0 {
		l.ended = p[len(p)-1] == '\n'
	}
	return l.w.Write(p)
}
