package app_test

import (
	"context"
	"io"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/org/probe-mtls-action/internal/app"
)

// TestScripts runs testdata/script. Besides testscript's own commands there is
//
//	probe CODE ARG... [<FILE]   runs probe-mtls-action, which must end with exit code CODE
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:           "testdata/script",
		UpdateScripts: *update,
		Setup: func(env *testscript.Env) error {
			env.Vars = append(env.Vars, "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1",
				"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.com")
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"probe": probe},
	})
}

func probe(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: probe CODE ARG...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	var stdin io.Reader
	if last := args[len(args)-1]; strings.HasPrefix(last, "<") {
		stdin, args = strings.NewReader(ts.ReadFile(last[1:])), args[:len(args)-1]
	}
	code := app.Main(context.Background(), app.Env{
		Stdin:   stdin,
		Args:    args[1:],
		Dir:     ts.MkAbs("."),
		Stdout:  ts.Stdout(),
		Stderr:  ts.Stderr(),
		Getenv:  ts.Getenv,
		Self:    self(),
		Environ: os.Environ(),
		Version: "v0.0.0-test",
	})
	if code != want {
		ts.Fatalf("exit code %d, want %d", code, want)
	}
}
