package actions_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"

	"github.com/org/probe-mtls-action/internal/actions"
)

// env is an environment for tests.
type env map[string]string

func (e env) get(name string) string { return e[name] }

// with returns a copy of e with more variables, given as name, value, ….
func (e env) with(pairs ...string) env {
	out := env{}
	for k, v := range e {
		out[k] = v
	}
	for i := 0; i < len(pairs); i += 2 {
		out[pairs[i]] = pairs[i+1]
	}
	return out
}

func TestLogCommandsEscapeWhatTheyCarry(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	r := actions.New(&log, env{}.get)
	end := r.Group("rendering\n::error::injected")
	r.Warningf("50%% of %s", "a\r\n::set-env name=X::y")
	end()
	const want = "::group::rendering%0A::error::injected\n" +
		"::warning::50%25 of a%0D%0A::set-env name=X::y\n" +
		"::endgroup::\n"
	if got := log.String(); got != want {
		t.Errorf("log is\n%q, want\n%q", got, want)
	}
}

func TestVerbatimSwitchesCommandsOff(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	r := actions.New(&log, env{"GITHUB_ACTIONS": "true"}.get)
	err := r.Verbatim(func(w io.Writer) error {
		_, err := io.WriteString(w, "ok\n  ::error::forged\n##[add-path]/tmp")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(log.String(), "\n"), "\n")
	if len(lines) != 5 {
		t.Fatalf("log has %d lines, want 5: %q", len(lines), lines)
	}
	resume, ok := strings.CutPrefix(lines[0], "::stop-commands::")
	if !ok || len(resume) < 20 {
		t.Errorf("first line is %q, want stop-commands with a random word", lines[0])
	}
	if want := "::" + resume + "::"; lines[4] != want {
		t.Errorf("last line is %q, want %q", lines[4], want)
	}
	if lines[2] != "  ::error::forged" {
		t.Errorf("the text was changed: %q", lines[2])
	}
}

func TestVerbatimStartsCommandsAgainAfterAnError(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	r := actions.New(&log, env{"GITHUB_ACTIONS": "true"}.get)
	boom := errors.New("boom")
	if err := r.Verbatim(func(io.Writer) error { return boom }); !errors.Is(err, boom) {
		t.Errorf("error is %v, want %v", err, boom)
	}
	if n := strings.Count(log.String(), "\n"); n != 2 {
		t.Errorf("log has %d lines, want the two commands: %q", n, log.String())
	}
}

func TestVerbatimOutsideARunnerWritesTheTextAlone(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	r := actions.New(&log, env{}.get)
	if err := r.Verbatim(func(w io.Writer) error { _, err := io.WriteString(w, "text"); return err }); err != nil {
		t.Fatal(err)
	}
	if log.String() != "text" {
		t.Errorf("log is %q", log.String())
	}
}

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestBrokenLogDoesNotPanic(t *testing.T) {
	t.Parallel()
	r := actions.New(brokenPipe{}, env{"GITHUB_ACTIONS": "true"}.get)
	r.Group("g")()
	r.Errorf("x")
	if !errors.Is(r.Err(), io.ErrClosedPipe) {
		t.Errorf("Err() is %v, want %v", r.Err(), io.ErrClosedPipe)
	}
}

func TestTokenNeverPrintsItself(t *testing.T) {
	t.Parallel()
	const secret = "ghs_0123456789"
	type holder struct{ Token actions.Token }
	token := actions.NewToken(secret)
	encoded, err := json.Marshal(holder{token})
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("hello", "token", token, "holder", holder{token})
	for _, text := range []string{
		fmt.Sprint(token), fmt.Sprintf("%v %+v %#v %s %q %x %d", token, token, token, token, token, token, token),
		fmt.Sprintf("%v %+v", holder{token}, &holder{token}), fmt.Sprintf("%#v", holder{token}), string(encoded), log.String(),
	} {
		if strings.Contains(text, secret) || strings.Contains(text, "67687330") || !strings.Contains(text, "***") {
			t.Errorf("printed as %s", text)
		}
	}
	if token.Reveal() != secret {
		t.Errorf("Reveal() is %q", token.Reveal())
	}
}
