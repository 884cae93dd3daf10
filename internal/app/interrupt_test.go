package app_test

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/org/probe-mtls-action/internal/app"
)

// TestToldToEnd: a run that is told to end is not clean, not the user's mistake,
// and tells what it has not checked.
func TestToldToEnd(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"kustomization.yaml": "resources: [web.yaml]\n", "web.yaml": workloads} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, args := range [][]string{{"check", "."}, {"check", "-f", "sarif", "."}, {"affected", "--base", "HEAD"}, {"explain", "Deployment/web", "."}} {
		var out, messages bytes.Buffer
		code := app.Main(ctx, app.Env{Args: args, Dir: dir, Stdout: &out, Stderr: &messages, Getenv: func(string) string { return "" }, Self: self()})
		if code != app.ExitNotChecked {
			t.Errorf("%v: exit code %d\n%s%s", args, code, &out, &messages)
		}
		if text := out.String() + messages.String(); !strings.Contains(text, "told to end") && !strings.Contains(text, "interrupted") {
			t.Errorf("%v: it is not told:\n%s", args, text)
		}
	}
}

const workloads = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: web, livenessProbe: {httpGet: {port: 80}}}]}\n"

// TestOutputIsLost: what cannot be written is an error of every command.
func TestOutputIsLost(t *testing.T) {
	for _, args := range [][]string{{"rules"}, {"rules", "PMTLS001"}, {"help"}, {"check", "--help"}, {"version"}, {"completion", "bash"}} {
		var messages bytes.Buffer
		code := app.Main(t.Context(), app.Env{Args: args, Dir: t.TempDir(), Stdout: full{}, Stderr: &messages, Getenv: func(string) string { return "" }})
		if code != app.ExitNotChecked || !strings.Contains(messages.String(), "could not be written") {
			t.Errorf("%v: exit code %d, %q", args, code, &messages)
		}
	}
}

// full is a disk without room.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, io.ErrShortWrite }
