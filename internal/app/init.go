package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/org/probe-mtls-action/internal/config"
	"github.com/org/probe-mtls-action/internal/gitops/discover"
	"github.com/org/probe-mtls-action/internal/outfile"
	"github.com/org/probe-mtls-action/internal/report/safe"
	"github.com/org/probe-mtls-action/internal/settings"
	"github.com/org/probe-mtls-action/render/kustomize/graph"
)

func initCommand(env *Env) *cobra.Command {
	return &cobra.Command{
		Use:   "init",
		Short: "Write a commented " + config.DefaultFile + " from what is discovered",
		Long: `Writes ` + config.DefaultFile + ` at the repository's root: the environments that Flux and
Argo CD objects show, and as comments what else may be said. It is a proposal: a
check finds the same with it as without. A file that is there is never overwritten.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s := new(settings.Values)
			s.Defaults(settings.Check)
			return runInit(cmd.Context(), env, s)
		},
	}
}

func runInit(ctx context.Context, env *Env, s *settings.Values) error {
	repo, err := open(ctx, env, s)
	if err != nil {
		return err
	}
	defer repo.close()
	file := filepath.Join(repo.git.Root(), config.DefaultFile)
	if _, err := os.Lstat(file); !errors.Is(err, fs.ErrNotExist) {
		return usagef("%s is there already, and init never overwrites a file", config.DefaultFile)
	}
	repo.paths = []string{"."}
	d, err := repo.deployments(ctx, s)
	if err != nil {
		return err
	}
	g, err := repo.graph()
	if err != nil {
		return notChecked(err)
	}
	single, err := repo.singles(g, d, repo.config)
	if err != nil {
		return err
	}
	if err := outfile.Write(file, repo.output(), []byte(proposal(g, d, single))); err != nil {
		return outputError(config.DefaultFile, err)
	}
	fmt.Fprintf(env.Stdout, "%s is written: a check finds the same with it. Read its comments, and say there what they ask.\n", config.DefaultFile)
	return nil
}

// proposal returns the text of a configuration with which a check finds what it
// finds without one.
func proposal(g *graph.Graph, d *deployments, single single) string {
	var b strings.Builder
	b.WriteString(`# How probe-mtls-action checks this repository. What is a comment here is a default,
# or could not be told for sure. All keys are explained in
# https://github.com/org/probe-mtls-action/blob/main/docs/configuration.md

# The mesh of all clusters. Without it the version is that of the installation in
# view, or else the newest, with its own defaults.
# mesh:
#   istioVersion: "` + newestIstio() + `"
#   meshMTLS: permissive
#   rewriteAppHTTPProbe: true
`)
	b.WriteString("\n# What one cluster runs is judged together.\n")
	mark := ""
	if why := shared(g, d); why != "" {
		mark = "# "
		fmt.Fprintf(&b, "# These clusters are discovered, and are judged without being named here. They\n# cannot be written so that nothing changes: %s.\n", safe.Line(why))
	}
	if len(d.Environments) > 0 {
		b.WriteString(mark + "environments:\n")
	}
	for _, e := range d.Environments {
		fmt.Fprintf(&b, "%s- name: %q\n%s  roots:\n", mark, e.Name, mark)
		for _, dir := range dirsOf(e.Roots, &config.Config{}) {
			fmt.Fprintf(&b, "%s  - %q%s\n", mark, literal(dir), by(d.byDir[dir]))
		}
	}
	if dirs := slices.Sorted(maps.Keys(single.dirs)); len(dirs) > 0 {
		b.WriteString("\n# Nothing says which cluster these roots belong to. Put those of one cluster into one\n# environment; an environment of its own keeps a root apart.\n")
		if len(d.Environments) == 0 || mark != "" {
			b.WriteString("# environments:\n")
		}
		b.WriteString("# - name: main\n#   roots:\n")
		for _, dir := range dirs[:min(len(dirs), maxProposed)] {
			fmt.Fprintf(&b, "#   - %q\n", literal(dir))
		}
		if more := len(dirs) - maxProposed; more > 0 {
			fmt.Fprintf(&b, "#   # and %d more\n", more)
		}
	}
	return b.String()
}

// maxProposed is how many roots that are in no cluster are listed.
const maxProposed = 100

// shared says why discovered environments cannot be written down: a root of the
// configuration is in one environment alone; "" where they can.
func shared(g *graph.Graph, d *deployments) string {
	bases := set(g.BaseOnly(func(string) bool { return true }))
	in := make(map[string]string)
	for _, e := range d.Environments {
		for _, root := range e.Roots {
			other, known := in[root.Dir]
			switch {
			case known && other != e.Name:
				return fmt.Sprintf("%s is deployed to %s and to %s", root.Dir, other, e.Name)
			case bases[root.Dir]:
				return fmt.Sprintf("%s is a base of others, too", root.Dir)
			}
			in[root.Dir] = e.Name
		}
	}
	return ""
}

// by is the comment that names who deploys a root.
func by(found []*discover.Root) string {
	for _, f := range found {
		for _, x := range f.By {
			return "  # " + safe.Line(fmt.Sprintf("%s %s at %s:%d", x.Kind, named(x.Namespace, x.Name), x.At.File, x.At.Start.Line))
		}
	}
	return ""
}

// literal returns the pattern that matches a directory alone.
func literal(dir string) string {
	var b strings.Builder
	for _, c := range dir {
		if strings.ContainsRune(`*?[]{}\`, c) {
			b.WriteByte('\\')
		}
		b.WriteRune(c)
	}
	return b.String()
}
