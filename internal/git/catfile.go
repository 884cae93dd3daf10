package git

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
)

// objects reads objects through a few `git cat-file --batch` processes, which
// are started on first use.
type objects struct {
	repo *Repo
	ctx  context.Context
	idle chan *catFile // nil entries are processes not started yet
	stop context.CancelFunc
	wait sync.WaitGroup
}

type catFile struct {
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    *bufio.Reader
	stderr *bounded // not to be read before end returns
	once   sync.Once
}

// end ends the process and waits for it. A process that ended by itself has
// said why by the time its output ends.
func (c *catFile) end() {
	c.once.Do(func() {
		_ = c.in.Close()
		_ = c.cmd.Process.Kill()
		_ = c.cmd.Wait() // how it ends says nothing
	})
}

func newObjects(ctx context.Context, r *Repo) *objects {
	ctx, stop := context.WithCancel(ctx)
	n := min(runtime.GOMAXPROCS(0), 4)
	o := &objects{repo: r, ctx: ctx, stop: stop, idle: make(chan *catFile, n)}
	for range n {
		o.idle <- nil
	}
	return o
}

// close ends the processes.
func (o *objects) close() {
	o.stop()
	o.wait.Wait()
}

func (o *objects) start() (*catFile, error) {
	cmd := o.repo.command(o.ctx, nil, "cat-file", "--batch")
	c := &catFile{cmd: cmd, stderr: &bounded{limit: 16 << 10, quiet: true}}
	cmd.Stderr = c.stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	c.in, c.out = in, bufio.NewReaderSize(out, 64<<10)
	o.wait.Add(1)
	go func() {
		defer o.wait.Done()
		<-o.ctx.Done()
		c.end()
	}()
	return c, nil
}

// read returns the content of an object, which must not exceed limit bytes.
func (o *objects) read(id string, limit int) ([]byte, error) {
	var c *catFile
	select {
	case c = <-o.idle:
	case <-o.ctx.Done():
		return nil, o.ctx.Err()
	}
	if c == nil {
		var err error
		if c, err = o.start(); err != nil {
			o.idle <- nil
			return nil, fmt.Errorf("start git cat-file: %w", err)
		}
	}
	data, err := c.read(id, limit)
	if err != nil && !isAnswer(err) {
		c = nil // it has ended
		if ctxErr := o.ctx.Err(); ctxErr != nil {
			err = ctxErr
		}
	}
	o.idle <- c
	if err == (answer{errMissing}) {
		err = o.missing(id)
	}
	return data, err
}

// missing explains why an object is not there. Newer versions of git do not say
// it when they would have to fetch it.
func (o *objects) missing(id string) error {
	said := "object " + id + " is missing"
	if _, err := o.repo.run(o.ctx, "config", "--get-regexp", `^remote\..*\.promisor$`); err == nil {
		said += ", promisor objects are not fetched"
	}
	return damaged(&Error{Args: []string{"cat-file"}, Stderr: said, Err: errMissing})
}

var errMissing = errors.New("missing object")

// answer is an error after which the process goes on.
type answer struct{ error }

func isAnswer(err error) bool { _, ok := err.(answer); return ok }

func (c *catFile) read(id string, limit int) ([]byte, error) {
	if _, err := io.WriteString(c.in, id+"\n"); err != nil {
		return nil, c.fail(err)
	}
	head, err := c.out.ReadString('\n')
	if err != nil {
		return nil, c.fail(err)
	}
	fields := strings.Fields(head)
	if len(fields) == 2 && fields[1] == "missing" {
		return nil, answer{errMissing}
	}
	if len(fields) != 3 {
		return nil, c.fail(fmt.Errorf("unexpected answer %q", head))
	}
	size, err := strconv.Atoi(fields[2])
	if err != nil {
		return nil, c.fail(err)
	}
	if size > limit {
		if _, err := io.CopyN(io.Discard, c.out, int64(size)+1); err != nil {
			return nil, c.fail(err)
		}
		return nil, answer{fmt.Errorf("the file has %d bytes; at most %d are read", size, limit)}
	}
	data := make([]byte, size+1)
	if _, err := io.ReadFull(c.out, data); err != nil {
		return nil, c.fail(err)
	}
	return bytes.TrimSuffix(data, []byte("\n"))[:size], nil
}

// fail ends the process and makes an error of what it said.
func (c *catFile) fail(err error) error {
	c.end()
	return damaged(&Error{Args: []string{"cat-file"}, Stderr: c.stderr.String(), Err: err})
}
