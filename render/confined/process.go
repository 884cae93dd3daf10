package confined

import (
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/org/probe-mtls-action/render"
)

// process is a process that renders, as the parent sees it.
type process struct {
	cmd    *exec.Cmd
	tree   render.Tree
	limits Limits
	waits  bool
	stdin  io.WriteCloser
	enc    *gob.Encoder
	dec    *gob.Decoder
	stderr *head
	late   atomic.Bool // it was ended for it took too long by the clock
}

// head keeps the first bytes that are written to it.
type head struct {
	mu   sync.Mutex
	text []byte
}

func (h *head) Write(p []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if room := 2000 - len(h.text); room > 0 {
		h.text = append(h.text, p[:min(room, len(p))]...)
	}
	return len(p), nil
}

func (h *head) String() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return string(h.text)
}

func startProcess(ctx context.Context, tree render.Tree, o Options, l Limits) (*process, error) {
	command := append(o.Command[:len(o.Command):len(o.Command)], Argument)
	p := &process{cmd: exec.Command(command[0], command[1:]...), tree: tree, limits: l, waits: o.Waits, stderr: &head{}}
	p.cmd.Env = environ(o.Environ, o.Waits)
	p.cmd.Stderr = p.stderr
	stdin, err := p.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	p.stdin, p.enc, p.dec = stdin, gob.NewEncoder(stdin), gob.NewDecoder(stdout)
	h := hello{Setup: o.Setup, Limits: l}
	if d, ok := tree.(interface{ Dir() string }); ok && o.Waits {
		h.Dir = d.Dir()
	}
	if err := p.enc.Encode(h); err != nil {
		p.end()
		return nil, err
	}
	return p, nil
}

// environ returns the variables that the process needs of all: few, or where it
// may fetch and run something, all but what the runner's own protocols use.
func environ(all []string, waits bool) []string {
	var out []string
	for _, v := range all {
		name, _, _ := strings.Cut(v, "=")
		name = strings.ToUpper(name)
		switch name {
		case "PATH", "HOME", "TMPDIR", "TMP", "TEMP", "SYSTEMROOT", "WINDIR", "USERPROFILE", "GOCOVERDIR", "GODEBUG":
			out = append(out, v)
		default:
			if waits && !strings.HasPrefix(name, "INPUT_") && !strings.HasPrefix(name, "ACTIONS_") {
				out = append(out, v)
			}
		}
	}
	return out
}

// ask sends q and answers the questions of the process until it has the answer.
// When ctx ends it kills the process.
func (p *process) ask(ctx context.Context, q request) (*answer, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { p.cmd.Process.Kill() })
	defer stop()
	if p.waits && p.limits.Wait > 0 {
		timer := time.AfterFunc(p.limits.Wait, func() {
			p.late.Store(true)
			p.cmd.Process.Kill()
		})
		defer timer.Stop()
	}
	if err := p.enc.Encode(q); err != nil {
		return nil, err
	}
	for {
		var m message
		if err := p.dec.Decode(&m); err != nil {
			return nil, err
		}
		switch {
		case m.Answer != nil:
			return m.Answer, nil
		case m.Question != nil:
			if err := p.enc.Encode(answerTree(p.tree, *m.Question)); err != nil {
				return nil, err
			}
		default:
			return nil, errors.New("an empty message")
		}
	}
}

// end ends the process and returns the CPU time that it took.
func (p *process) end() time.Duration {
	p.stdin.Close()
	p.cmd.Process.Kill()
	p.cmd.Wait()
	if s := p.cmd.ProcessState; s != nil {
		return s.UserTime() + s.SystemTime()
	}
	return 0
}

// why tells why the process was lost, after its end; err is what the pipe said.
func (p *process) why(err error) (message, hint string) {
	const (
		cpu    = "--root-cpu"
		memory = "--root-memory"
	)
	text := p.stderr.String()
	code := -1
	if s := p.cmd.ProcessState; s != nil {
		code = s.ExitCode()
	}
	tooMuch := func(what, flag string) (string, string) {
		return "rendering it takes more than " + what + ", the limit for one root",
			"Split the root, exclude it in .probe-mtls.yaml, or raise the limit with " + flag + "."
	}
	switch {
	case p.late.Load():
		return fmt.Sprintf("rendering it waited for the network or for Helm longer than %s", p.limits.Wait), ""
	case code == exitCPU || p.usedUp():
		return tooMuch(fmt.Sprintf("%s of CPU time", p.limits.CPU.Round(time.Second)), cpu)
	case code == exitMemory, strings.Contains(text, "out of memory"), strings.Contains(text, "cannot allocate memory"):
		return tooMuch(fmt.Sprintf("%d MiB of memory", p.limits.Memory>>20), memory)
	case strings.Contains(text, "stack exceeds"), strings.Contains(text, "stack overflow"):
		return "rendering it nests values without end", ""
	}
	line, _, _ := strings.Cut(text, "\n")
	if line == "" {
		line = err.Error()
	}
	return "the process that rendered it was lost: " + line, ""
}

// usedUp reports whether the process had used its CPU time when it ended.
func (p *process) usedUp() bool {
	s := p.cmd.ProcessState
	return s != nil && s.UserTime()+s.SystemTime() >= p.limits.CPU
}
