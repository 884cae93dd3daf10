package app

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"github.com/org/probe-mtls-action/internal/check"
	"github.com/org/probe-mtls-action/internal/report/safe"
	"github.com/org/probe-mtls-action/internal/report/text"
	"github.com/org/probe-mtls-action/internal/settings"
)

func explainCommand(env *Env) *cobra.Command {
	var s *settings.Values
	cmd := &cobra.Command{
		Use:   "explain NAMESPACE/KIND/NAME [PATH...]",
		Short: "Print the whole decision for every probe of a workload, or caller of an object",
		Long: `Renders every kustomization root at or below the paths (default: the working
directory) and prints, for every probe and lifecycle handler of the workload,
and for every call that the object makes without a certificate of the mesh
(webhooks, APIServices, monitors, Ingresses, routes, Services, jobs), what
becomes of it and why: each step of the decision with its source line, of
those that pass too. A star marks the steps that the outcome hangs on.

A namespace that the manifests do not set is "default". KIND/NAME alone takes
the object in any namespace, or without one.

Exit codes: 0 explained; 2 wrong usage or no such object; 3 a root could not
be rendered.`,
		Example: `  probe-mtls-action explain shop/Deployment/web
  probe-mtls-action explain Deployment/web overlays/prod --istio-version 1.24
  probe-mtls-action explain ValidatingWebhookConfiguration/policy`,
		Args: atLeast("the workload to explain, such as shop/Deployment/web"),
		RunE: func(cmd *cobra.Command, args []string) error {
			want, err := parseWorkload(args[0])
			if err != nil {
				return err
			}
			s.Paths = args[1:]
			return traced(cmd.Context(), env, s, func(ctx context.Context) error { return runExplain(ctx, env, s, want) })
		},
	}
	s = addFlags(cmd, settings.Explain)
	return cmd
}

// workload names the workloads to explain.
type workload struct{ namespace, kind, name string } // namespace "" is any

func parseWorkload(arg string) (workload, error) {
	parts := strings.Split(arg, "/")
	if len(parts) == 2 {
		parts = append([]string{""}, parts...)
	}
	if len(parts) != 3 || parts[1] == "" || parts[2] == "" {
		return workload{}, usagef("%s: expected NAMESPACE/KIND/NAME, such as shop/Deployment/web", safe.Line(arg))
	}
	return workload{parts[0], parts[1], parts[2]}, nil
}

func (w workload) String() string {
	if w.namespace == "" {
		return w.kind + "/" + w.name
	}
	return w.namespace + "/" + w.kind + "/" + w.name
}

// is reports whether a probe belongs to the workload.
func (w workload) is(s check.Subject) bool {
	return (w.namespace == "" || w.namespace == s.Ref.NamespaceOrDefault()) &&
		strings.EqualFold(w.kind, s.Ref.Kind) && w.name == s.Ref.Name
}

func runExplain(ctx context.Context, env *Env, s *settings.Values, want workload) error {
	repo, err := open(ctx, env, s)
	if err != nil {
		return err
	}
	defer repo.close()
	rep := newReport(env, repo, s)
	roots, err := repo.discover(ctx, s, rep)
	if err != nil {
		return err
	}
	d, err := repo.deployments(ctx, s)
	if err != nil {
		return err
	}
	groups, err := repo.group(ctx, repo.view(repo.tree, d), roots, s)
	if err != nil {
		return err
	}
	e := engine(env, repo.tree, d.renderer, s)
	var (
		mu    sync.Mutex
		names []string // of all workloads with probes
	)
	e.Decide = func(subject check.Subject) bool {
		mu.Lock()
		defer mu.Unlock()
		names = append(names, subject.Ref.String())
		return want.is(subject)
	}
	res, err := whole(e.Run(ctx, groups))
	if err != nil {
		return runError(ctx, err)
	}
	var b bytes.Buffer
	if err := text.WriteDecisions(&b, res.Decisions, text.Options{Color: colors(env, s)}); err != nil {
		return notChecked(err)
	}
	if _, err := env.Stdout.Write(b.Bytes()); err != nil {
		return notChecked(fmt.Errorf("the result could not be written: %w", reason(err)))
	}
	skipped := append(rep.Skipped, res.Skipped...)
	for _, skip := range skipped {
		fmt.Fprintf(env.Stderr, "%s: %s: %s\n", skip.Word(), safe.Line(skip.Root), safe.Line(skip.Message))
	}
	switch {
	case len(res.Decisions) == 0 && len(skipped) == 0:
		return usagef("no %s with a probe or another caller in %d roots%s", want, len(res.Roots), nearest(want, names))
	case len(skipped) > 0:
		return &exitError{code: ExitNotChecked}
	}
	return nil
}

// nearest offers workloads of the same name or kind.
func nearest(want workload, names []string) string {
	slices.Sort(names)
	names = slices.Compact(names)
	var near []string
	for _, n := range names {
		if strings.HasSuffix(n, "/"+want.name) || strings.Contains(n, want.name) {
			near = append(near, n)
		}
	}
	if len(near) == 0 {
		near = names
	}
	if len(near) == 0 {
		return ""
	}
	const most = 5
	more := ""
	if len(near) > most {
		near, more = near[:most], ", …"
	}
	return "; there are " + strings.Join(near, ", ") + more
}
