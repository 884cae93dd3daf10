package confined

import (
	"context"
	"encoding/gob"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"

	"github.com/org/probe-mtls-action/internal/machine"
	"github.com/org/probe-mtls-action/render"
)

// Exit codes of a rendering process that is above its limits.
const (
	exitMemory = 97
	exitCPU    = 98
)

// maxStack is how many bytes a goroutine's stack may take: deep values fit, and
// what recurses without end is stopped before it takes all memory.
const maxStack = 256 << 20

// Serve is the main function of a process that renders for another one: it reads
// requests from in and answers them on out until in ends, and returns the exit
// code. It limits this process for good. newRenderer makes the renderer.
func Serve(in io.Reader, out io.Writer, newRenderer func(render.Tree, Setup) (render.Renderer, error)) int {
	s := &server{dec: gob.NewDecoder(in), enc: gob.NewEncoder(out)}
	var h hello
	if err := s.dec.Decode(&h); err != nil {
		fmt.Fprintln(os.Stderr, "no parent:", err)
		return 2
	}
	s.limits = h.Limits
	limit(h.Limits)
	tree := remoteTree{ask: s.question}
	var t render.Tree = &tree
	if h.Dir != "" {
		t = &diskTree{tree, h.Dir}
	}
	r, err := newRenderer(t, h.Setup)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	for {
		var q request
		if err := s.dec.Decode(&q); err != nil {
			return 0
		}
		if err := s.enc.Encode(message{Answer: s.answer(r, q)}); err != nil {
			return 0
		}
	}
}

// limit makes this process end above its limits: by itself where it notices, by
// the system's hand, where there is one, above that.
func limit(l Limits) {
	debug.SetGCPercent(100)
	debug.SetMemoryLimit(l.Memory / 4 * 3)
	debug.SetMaxStack(maxStack)
	limitSystem(l)
	go func() {
		sample := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
		for range time.Tick(10 * time.Millisecond) {
			metrics.Read(sample)
			if int64(sample[0].Value.Uint64()-sample[1].Value.Uint64()) > l.Memory {
				os.Exit(exitMemory)
			}
			if machine.CPU() > l.CPU {
				os.Exit(exitCPU)
			}
		}
	}()
}

type server struct {
	enc    *gob.Encoder
	dec    *gob.Decoder
	limits Limits
	result *render.Result
}

// question asks the parent for a part of the tree.
func (s *server) question(q question) (reply, error) {
	if err := s.enc.Encode(message{Question: &q}); err != nil {
		return reply{}, err
	}
	var r reply
	err := s.dec.Decode(&r)
	return r, err
}

func (s *server) answer(r render.Renderer, q request) *answer {
	ctx := context.Background()
	switch {
	case q.Render != nil:
		res, err := r.Render(ctx, *q.Render)
		if err != nil {
			return &answer{Failure: failureOf(*q.Render, err)}
		}
		s.result = res
		out := resultOf(res, s.limits.Nodes)
		if out == nil {
			return &answer{Failure: &failure{Root: *q.Render, Problem: render.Problem{
				Message: fmt.Sprintf("it renders to more than %d YAML values, the limit for one root", s.limits.Nodes),
				Hint:    "Split the root, or exclude it in .probe-mtls.yaml.",
			}}}
		}
		return &answer{Result: out}
	case q.Trace != nil && s.result != nil && q.Trace.Object < len(s.result.Objects):
		at, err := s.result.Objects[q.Trace.Object].Trace(ctx, q.Trace.Path)
		if err != nil {
			return &answer{Failure: failureOf(s.result.Root, err)}
		}
		return &answer{Origin: &at}
	}
	return &answer{Failure: &failure{Problem: render.Problem{Message: "nothing was asked"}}}
}
