package git

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/org/probe-mtls-action/internal/debuglog"
)

// maxOutput is how many bytes of output of one git command are read. A diff of
// 200,000 long lines has about 20 MB.
const maxOutput = 512 << 20

// settings are configuration for every git command. The private directory has
// none of the repository's, so they change git's defaults.
var settings = [][2]string{
	{"core.hooksPath", os.DevNull},
	{"core.fsmonitor", "false"},
	{"core.untrackedCache", "false"},
	{"core.ignoreStat", "false"},
	{"core.commitGraph", "false"},
	{"core.sparseCheckout", "true"}, // files that are there count, whatever the index says
	{"core.pager", "cat"},
	{"core.askPass", ""},
	{"core.sshCommand", "false"},
	{"core.alternateRefsCommand", "true"},
	{"core.attributesFile", os.DevNull},
	{"core.excludesFile", os.DevNull},
	{"core.quotePath", "true"},
	{"credential.helper", ""},
	{"diff.external", ""},
	{"diff.renameLimit", "1000"},
	{"diff.orderFile", os.DevNull},
	{"diff.autoRefreshIndex", "true"}, // a file with another time only is unchanged
	{"gc.auto", "0"},
	{"http.followRedirects", "false"},
	{"maintenance.auto", "false"},
	{"safe.bareRepository", "explicit"},
	{"submodule.recurse", "false"},
	{"fetch.recurseSubmodules", "false"},
	{"protocol.ext.allow", "never"},
}

// command prepares git with the given further settings.
func (r *Repo) command(ctx context.Context, extra [][2]string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir = r.root
	cmd.WaitDelay = 5 * time.Second
	config := append(settings[:len(settings):len(settings)], extra...)
	cmd.Env = append(environment(config), "GIT_DIR="+r.dir, "GIT_WORK_TREE="+r.root)
	return cmd
}

// environment is this process's own without Git's variables, which could point
// git elsewhere, and with config as command-line configuration: it never shows
// in the arguments.
func environment(config [][2]string) []string {
	var env []string
	for _, kv := range os.Environ() {
		key, _, _ := strings.Cut(kv, "=")
		switch {
		case strings.HasPrefix(key, "GIT_SSL_CA"):
		case strings.HasPrefix(key, "INPUT_"), strings.HasSuffix(key, "_TOKEN"):
			continue // git has no use for a job's secrets
		case strings.HasPrefix(key, "GIT_"), strings.HasPrefix(key, "LC_"), key == "LANG", key == "LANGUAGE", key == "SSH_ASKPASS", key == "PAGER":
			continue
		}
		env = append(env, kv)
	}
	env = append(env,
		"LC_ALL=C",
		"GIT_CONFIG_NOSYSTEM=1",
		"GIT_CONFIG_GLOBAL="+os.DevNull,
		"GIT_ATTR_NOSYSTEM=1",
		"GIT_TERMINAL_PROMPT=0",
		"GIT_ASKPASS=",
		"GIT_OPTIONAL_LOCKS=0",
		"GIT_NO_REPLACE_OBJECTS=1",
		"GIT_NO_LAZY_FETCH=1", // git 2.45 and newer
		"GIT_ALLOW_PROTOCOL=none",
		"GIT_PAGER=cat",
		"GIT_CONFIG_COUNT="+strconv.Itoa(len(config)),
	)
	for i, c := range config {
		n := strconv.Itoa(i)
		env = append(env, "GIT_CONFIG_KEY_"+n+"="+c[0], "GIT_CONFIG_VALUE_"+n+"="+c[1])
	}
	return env
}

// run runs git and returns its standard output.
func (r *Repo) run(ctx context.Context, args ...string) ([]byte, error) {
	return r.output(ctx, r.command(ctx, nil, args...))
}

func (r *Repo) output(ctx context.Context, cmd *exec.Cmd) ([]byte, error) {
	end := debuglog.Start(ctx, "git", "arguments", cmd.Args[1:])
	stdout := &bounded{limit: maxOutput}
	stderr := &bounded{limit: 64 << 10, quiet: true}
	cmd.Stdout, cmd.Stderr = stdout, stderr
	err := cmd.Run()
	end("bytes", stdout.Len(), "error", err)
	if stdout.full {
		return nil, &Error{Args: cmd.Args[1:], Stderr: fmt.Sprintf("more than %d MB of output", maxOutput>>20), Err: errTooLarge}
	}
	if err != nil {
		return nil, &Error{Args: cmd.Args[1:], Stderr: stderr.String(), Err: err}
	}
	return stdout.Bytes(), nil
}

var errTooLarge = errors.New("output too large")

// bounded is a buffer that takes at most limit bytes. A quiet one drops the
// rest, another one fails.
type bounded struct {
	bytes.Buffer
	limit int
	quiet bool
	full  bool
}

func (b *bounded) Write(p []byte) (int, error) {
	if room := b.limit - b.Len(); len(p) > room {
		if !b.quiet {
			b.full = true
			return 0, io.ErrShortWrite
		}
		b.Buffer.Write(p[:room])
		return len(p), nil
	}
	return b.Buffer.Write(p)
}

// Error is a git command that failed.
type Error struct {
	Args   []string
	Stderr string
	Err    error
}

// Error gives the command and what git said about it, on one line.
func (e *Error) Error() string {
	said := strings.TrimSpace(e.Stderr)
	said = strings.Join(strings.FieldsFunc(said, func(c rune) bool { return c == '\n' || c == '\r' }), "; ")
	if len(said) > 1000 {
		said = said[:1000] + "…"
	}
	if said == "" {
		said = e.Err.Error()
	}
	return fmt.Sprintf("git %s: %s", e.Args[0], said)
}

func (e *Error) Unwrap() error { return e.Err }

// saysAny reports whether git's error output has one of the texts.
func saysAny(err error, texts ...string) bool {
	var e *Error
	if !errors.As(err, &e) {
		return false
	}
	for _, t := range texts {
		if strings.Contains(e.Stderr, t) {
			return true
		}
	}
	return false
}

// exitCode returns the exit code of a failed git command, -1 if it has none.
func exitCode(err error) int {
	var e *exec.ExitError
	if errors.As(err, &e) {
		return e.ExitCode()
	}
	return -1
}
