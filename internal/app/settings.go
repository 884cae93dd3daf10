package app

import (
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"github.com/org/probe-mtls-action/internal/check"
	"github.com/org/probe-mtls-action/internal/mesh"
)

// settings are what a run is told, by flags or by the Action's inputs, which
// have the same names.
type settings struct {
	paths         []string // as given, relative to the working directory
	config        string
	istioVersion  string
	meshMTLS      string
	rewriteProbes string
	rootNamespace string
	injection     string
	context       []string
	base          string
	onlyNew       bool
	changedOnly   bool
	allRoots      bool
	failOn        string
	jobs          int
	shard         string
	allowRemote   bool
	enableHelm    bool
	verbose       bool
	maxShards     int // of affected's matrix

	set map[string]bool // names of the flags that were given
}

// inputFlags are the flags that say what is read.
func (s *settings) inputFlags(f *pflag.FlagSet) {
	f.StringVar(&s.config, "config", "", "configuration `FILE` (default: .probe-mtls.yaml at the repository's root, if there is one)")
	f.StringArrayVar(&s.context, "context", nil, "`PATH` of a root or of plain manifests whose policies, Services and namespaces count, but whose workloads are not reported (repeatable)")
	f.BoolVar(&s.allowRemote, "allow-remote", false, "let kustomize fetch remote bases")
	f.BoolVar(&s.enableHelm, "enable-helm", false, "let kustomize run helm for helmCharts")
}

// meshFlags are the flags that speak of the mesh and the roots.
func (s *settings) meshFlags(f *pflag.FlagSet) {
	s.inputFlags(f)
	f.StringVar(&s.istioVersion, "istio-version", "", "Istio `VERSION` of the mesh, 0.8 to 1.31 (default: the newest supported)")
	f.StringVar(&s.meshMTLS, "mesh-mtls", "", "what holds where no policy in view says otherwise: strict, permissive or disable (default: what that Istio version does by itself)")
	f.StringVar(&s.rewriteProbes, "rewrite-probes", "auto", "the mesh-wide probe rewriting: auto, true or false; auto is that Istio version's default")
	f.StringVar(&s.rootNamespace, "root-namespace", "", "the mesh's root `NAMESPACE` (default: istio-system)")
	f.StringVar(&s.injection, "injection", "auto", "whether pods get a sidecar: auto, always or never; auto lets labels and annotations decide, and takes a namespace that is not in view to be in the mesh")
	f.IntVarP(&s.jobs, "jobs", "j", 0, "how many roots are rendered at a time (default: the number of cores)")
	f.BoolVarP(&s.verbose, "verbose", "v", false, "say more: every root of a finding, roots left out, the whole decision")
}

// choices are the flags that take one of a few words.
func (s *settings) choices() []choice {
	return []choice{
		{"--mesh-mtls", s.meshMTLS, []string{"", "strict", "permissive", "disable"}},
		{"--rewrite-probes", s.rewriteProbes, []string{"auto", "true", "false"}},
		{"--injection", s.injection, []string{"auto", "always", "never"}},
		{"--fail-on", s.failOn, check.ThresholdNames()},
	}
}

type choice struct {
	flag, value string
	valid       []string
}

func (c choice) check() error {
	if slices.Contains(c.valid, c.value) {
		return nil
	}
	words := slices.DeleteFunc(slices.Clone(c.valid), func(s string) bool { return s == "" })
	return fmt.Errorf("%s is %q, but must be one of %s", c.flag, c.value, strings.Join(words, ", "))
}

// validate checks what flags cannot check by themselves.
func (s *settings) validate() error {
	for _, c := range s.choices() {
		if err := c.check(); err != nil {
			return err
		}
	}
	if s.maxShards < 0 {
		return fmt.Errorf("--max-shards is %d, but must be at least 1", s.maxShards)
	}
	if s.jobs < 0 {
		return fmt.Errorf("--jobs is %d, but must be at least 1", s.jobs)
	}
	if s.jobs == 0 {
		s.jobs = runtime.GOMAXPROCS(0)
	}
	_, _, err := s.part()
	return err
}

// part returns the I and N of --shard I/N, 1 and 1 without it.
func (s *settings) part() (i, n int, err error) {
	if s.shard == "" {
		return 1, 1, nil
	}
	left, right, ok := strings.Cut(s.shard, "/")
	i, err1 := strconv.Atoi(left)
	n, err2 := strconv.Atoi(right)
	if !ok || err1 != nil || err2 != nil || i < 1 || n < i {
		return 0, 0, fmt.Errorf("--shard is %q, but must be I/N with 1 <= I <= N, such as 2/5", s.shard)
	}
	return i, n, nil
}

// over returns the mesh of the configuration with the flags that were given on
// top of it.
func (s *settings) over(o mesh.Options) mesh.Options {
	var keys []string // of the settings that a flag replaces
	if s.istioVersion != "" {
		o.IstioVersion = s.istioVersion
		keys = append(keys, "istioVersion")
	}
	if s.meshMTLS != "" {
		o.MeshMTLS = modes[s.meshMTLS]
		keys = append(keys, "meshMTLS")
	}
	if b, err := strconv.ParseBool(s.rewriteProbes); err == nil {
		o.RewriteAppHTTPProbe = &b
		keys = append(keys, "rewriteAppHTTPProbe")
	} else if s.set["rewrite-probes"] {
		o.RewriteAppHTTPProbe = nil // auto, said aloud
		keys = append(keys, "rewriteAppHTTPProbe")
	}
	if s.rootNamespace != "" {
		o.RootNamespace = s.rootNamespace
		keys = append(keys, "rootNamespace")
	}
	if s.injection != "auto" || s.set["injection"] {
		o.Injection = mesh.Injection(s.injection)
		keys = append(keys, "injection")
	}
	o.Places = maps.Clone(o.Places)
	for _, k := range keys {
		delete(o.Places, k)
	}
	return o
}

var modes = map[string]mesh.Mode{
	"strict":     mesh.ModeStrict,
	"permissive": mesh.ModePermissive,
	"disable":    mesh.ModeDisable,
}
