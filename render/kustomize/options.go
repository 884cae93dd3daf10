package kustomize

import "time"

// Options configure a [Renderer]. The zero Options give the defaults that each
// field names; they render untrusted repositories safely.
type Options struct {
	// AllowRemote lets kustomize fetch remote bases with the git command and
	// remote files over HTTP. Values from remote files are traced to the entry
	// that names the remote. Default: remote references end in an error.
	AllowRemote bool
	// EnableHelm lets kustomize run the helm command for helmCharts. The tree
	// must be a work tree on disk. Default: Helm charts end in an error.
	EnableHelm bool
	// Leave makes the error that refuses a remote reference or a Helm chart wrap
	// [render.ErrAbove], for a caller that lets another process fetch and run.
	Leave bool
	// Limits bound what a render may read and make.
	Limits Limits
	// Confined says that this process may be lost: it has limits of memory and CPU
	// time and renders for another one. Default: a root that may take more than
	// the first bound, or of which nobody can tell what it takes, is not given to
	// kustomize: the error wraps [render.ErrAbove].
	Confined bool
}

// Limits bound one render. A zero field stands for the default.
type Limits struct {
	FileSize  int64 // bytes of one file; default 16 MiB
	TotalSize int64 // bytes read by one render, repeated reads counted; default 512 MiB
	Files     int   // files read by one render, repeated reads counted; default 20,000
	Objects   int   // rendered objects; default 20,000
	// Nodes are the YAML nodes of one file, TotalNodes those of all files read by
	// one render, repeated reads counted: each with aliases expanded, which a few
	// lines can make to millions. Defaults 2,000,000 and 10,000,000.
	Nodes, TotalNodes int
	Depth             int // nesting of YAML nodes; default 500
	// CPU is the CPU time that a render has where it is confined. One is refused
	// that takes four times as much by an estimate from its files. Default 30 s.
	CPU time.Duration
}

func (o Options) withDefaults() Options {
	l := &o.Limits
	l.FileSize = or(l.FileSize, 16<<20)
	l.TotalSize = or(l.TotalSize, 512<<20)
	l.Files = or(l.Files, 20_000)
	l.Objects = or(l.Objects, 20_000)
	l.Nodes = or(l.Nodes, 2_000_000)
	l.TotalNodes = or(l.TotalNodes, 10_000_000)
	l.Depth = or(l.Depth, 500)
	l.CPU = or(l.CPU, 30*time.Second)
	return o
}

func or[T comparable](v, def T) T {
	if v == *new(T) {
		return def
	}
	return v
}
