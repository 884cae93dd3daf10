package app

import (
	"fmt"
	"io"
	"time"

	"github.com/org/probe-mtls-action/internal/machine"
	"github.com/org/probe-mtls-action/internal/settings"
	"github.com/org/probe-mtls-action/render"
	"github.com/org/probe-mtls-action/render/confined"
	"github.com/org/probe-mtls-action/render/kustomize"
)

// What a root above the first bound may take; docs/security.md has the table.
const (
	rootMemory  = 2 << 30          // bytes, or half of the machine's memory
	leastMemory = 256 << 20        // bytes, however small the machine is
	rootCPU     = 30 * time.Second // CPU time
	allRoots    = 10               // times that for all such roots of one tree
	maxWait     = 5 * time.Minute  // by the clock, where something is fetched or run
	maxValues   = 2_000_000        // YAML values of its objects
)

// apart returns the renderer of roots above the first bound.
func apart(env *Env, tree render.Tree, s *settings.Values) *confined.Renderer {
	memory := int64(s.RootMemory) << 20
	if memory == 0 {
		memory = rootMemory
		if all := machine.Memory(); all > 0 {
			memory = max(min(memory, all/2), leastMemory)
		}
	}
	cpu := cpuOf(s)
	return confined.New(tree, confined.Options{
		Command: env.Self,
		Environ: env.Environ,
		Waits:   s.AllowRemote || s.EnableHelm,
		Setup:   confined.Setup{Renderer: kustomize.Name, AllowRemote: s.AllowRemote, EnableHelm: s.EnableHelm},
		Limits:  confined.Limits{Memory: memory, CPU: cpu, Total: allRoots * cpu, Wait: maxWait, Nodes: maxValues},
	})
}

// cpuOf is the CPU time that one root may take in a process of its own.
func cpuOf(s *settings.Values) time.Duration {
	if s.RootCPU == 0 {
		return rootCPU
	}
	return time.Duration(s.RootCPU) * time.Second
}

// ServeApart is the main function of the process that [Env.Self] starts with the
// argument [confined.Argument]: it renders what in asks for and answers on out,
// and returns the exit code.
func ServeApart(in io.Reader, out io.Writer) int {
	return confined.Serve(in, out, func(tree render.Tree, s confined.Setup) (render.Renderer, error) {
		limitKustomizeGit(s.AllowRemote)
		if s.Renderer != kustomize.Name {
			return nil, fmt.Errorf("no renderer is called %q", s.Renderer)
		}
		return kustomize.New(tree, kustomize.Options{AllowRemote: s.AllowRemote, EnableHelm: s.EnableHelm, Confined: true}), nil
	})
}
