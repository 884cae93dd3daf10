// Package config reads .probe-mtls.yaml: the mesh that a repository's roots run
// in, and defaults for the command line.
package config

import (
	"fmt"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/org/probe-mtls-action/internal/mesh/istio"
	"github.com/org/probe-mtls-action/render/source"
)

// DefaultFile is where the configuration is looked for, at the repository's root.
const DefaultFile = ".probe-mtls.yaml"

// Config is what a configuration file says. Paths and globs in it are relative
// to the repository, cleaned, with forward slashes.
type Config struct {
	// File is the file it was read from, "" for [Default].
	File string
	// Files are all files it was read from: File, and the values and mesh
	// configuration that it names.
	Files []string
	// Mesh holds for every root that is in no environment.
	Mesh         istio.Options
	Environments []Environment
	// FailOn is error, warning, note or never; "" where not set.
	FailOn string
	// FailOnUnchecked is new, always or never; "" where not set.
	FailOnUnchecked string
	// AllRoots also checks roots that only serve as a base of others.
	AllRoots bool
	// Paths are where to look for roots when the command line names none.
	Paths []string
	// Repository are other names of the repository, separated by commas:
	// owner/name or URLs.
	Repository string
	// Exclude are globs of root directories that are left out.
	Exclude []string
	// Context are paths rendered as context in every environment and for
	// every root that is in none.
	Context []string
	// Says is all that the file says, in its order.
	Says []Saying
}

// Saying is one value of a configuration file.
type Saying struct {
	Key   string // failOn, mesh.injection, exclude[], environments[].roots[]
	Value string
	At    source.Span
}

// Environment groups the roots of one cluster: policies, namespaces and
// Services of all of them count together.
type Environment struct {
	Name string
	// Roots are globs of root directories; ** spans directories.
	Roots []string
	// Context are paths rendered as context, on top of [Config.Context].
	Context []string
	// Mesh is [Config.Mesh] with the environment's own settings over it.
	Mesh istio.Options
	// At is the environment's name in the file.
	At source.Span
}

// Default is the configuration of a repository without a file: the newest
// Istio as it installs itself, every root judged on its own.
func Default() *Config { return &Config{} }

// EnvironmentOf returns the environment that a root directory belongs to, nil
// if none. A root that several environments match is an error that names them.
func (c *Config) EnvironmentOf(root string) (*Environment, error) {
	var found []*Environment
	for i := range c.Environments {
		if matches(c.Environments[i].Roots, root) {
			found = append(found, &c.Environments[i])
		}
	}
	switch len(found) {
	case 0:
		return nil, nil
	case 1:
		return found[0], nil
	}
	names := make([]string, len(found))
	for i, e := range found {
		names[i] = fmt.Sprintf("%s (line %d)", e.Name, e.At.Start.Line)
	}
	return nil, Errors{{
		At:      found[1].At,
		Message: fmt.Sprintf("the root %s belongs to several environments: %s", root, strings.Join(names, ", ")),
		Hint:    "narrow the globs under roots: so that each root is in one environment",
	}}
}

// Excluded reports whether exclude: leaves out a root directory.
func (c *Config) Excluded(root string) bool { return matches(c.Exclude, root) }

func matches(globs []string, dir string) bool {
	for _, g := range globs {
		if doublestar.MatchUnvalidated(g, dir) {
			return true
		}
	}
	return false
}
