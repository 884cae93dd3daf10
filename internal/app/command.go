package app

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/org/probe-mtls-action/internal/near"
	"github.com/org/probe-mtls-action/internal/rules"
	"github.com/org/probe-mtls-action/internal/settings"
)

// newCommand returns the whole command line.
func newCommand(env *Env) *cobra.Command {
	root := &cobra.Command{
		Use:   "probe-mtls-action",
		Short: "Finds Kubernetes probes that Istio mTLS breaks, on their exact source lines",
		Long: `Finds Kubernetes probes that Istio mTLS breaks, before the merge.

The kubelet has no client certificate: where mTLS is required on a probe's port
and nothing takes the probe around the sidecar, the probe fails. This program
renders kustomize roots, models the mesh (Istio 0.8 to 1.31) and names the
source line to blame: base, overlay, patch or component.`,
		Args:              knownCommand,
		SilenceErrors:     true,
		SilenceUsage:      true,
		DisableAutoGenTag: true,
		RunE:              func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.Version = version(env)
	root.SetVersionTemplate(versionText(env))
	root.SetArgs(env.Args)
	if env.Args == nil {
		root.SetArgs([]string{})
	}
	root.SetOut(env.Stdout)
	root.SetErr(env.Stderr)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return flagError(cmd, err)
	})
	root.AddCommand(
		checkCommand(env),
		initCommand(env),
		explainCommand(env),
		affectedCommand(env),
		actionCommand(env),
		reportCommand(env),
		rulesCommand(),
		versionCommand(env),
	)
	return root
}

func checkCommand(env *Env) *cobra.Command {
	var s *settings.Values
	cmd := &cobra.Command{
		Use:   "check [PATH...]",
		Short: "Check kustomizations and manifests at or below the paths (default: .)",
		Long: `Checks the probes of every kustomization root and every directory of plain
manifests at or below the paths (default: the working directory) and prints what
it finds. A path may also be a file of manifests, and - is a stream of them.

Exit codes: 0 nothing at or above --fail-on; 1 findings; 2 wrong usage or
configuration; 3 something could not be checked and there is nothing to fail on.`,
		Example: `  probe-mtls-action check overlays/prod
  probe-mtls-action check --mesh-mtls strict --rewrite-probes false .
  probe-mtls-action check --base origin/main --only-new
  helm template shop ./chart | probe-mtls-action check -`,
		RunE: func(cmd *cobra.Command, args []string) error {
			s.Paths = args
			if (s.OnlyNew || s.ChangedOnly) && s.Base == "" {
				return usagef("--only-new and --changed-only compare with a revision: add --base REV")
			}
			if cmd.Flags().Changed("add-ignore") {
				if err := checkIgnore(s); err != nil {
					return err
				}
			}
			run := runCheck
			if s.List {
				run = runList
			}
			return traced(cmd.Context(), env, s, func(ctx context.Context) error { return run(ctx, env, s) })
		},
	}
	s = addFlags(cmd, settings.Check)
	cmd.Flags().BoolVar(&s.NoColor, "no-color", false, "the same as --color never")
	_ = cmd.Flags().MarkHidden("no-color")
	return cmd
}

func affectedCommand(env *Env) *cobra.Command {
	var s *settings.Values
	cmd := &cobra.Command{
		Use:   "affected --base REV [PATH...]",
		Short: "Print the roots that the change from REV to the work tree affects",
		Long: `Prints the kustomization roots that the change from REV (its merge base with
the work tree) to the work tree affects, one a line; -v says why. --format json
has the reasons and a workflow matrix. Give it the flags of the check that it
plans: a change of its context affects every root, and what a remote base or a
Helm chart reads cannot be told.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			s.Paths = args
			if s.Base == "" {
				return usagef("affected compares with a revision: add --base REV, such as --base origin/main")
			}
			return traced(cmd.Context(), env, s, func(ctx context.Context) error { return runAffected(ctx, env, s) })
		},
	}
	s = addFlags(cmd, settings.Affected)
	return cmd
}

func actionCommand(env *Env) *cobra.Command {
	return &cobra.Command{
		Use:   "action",
		Short: "Run as a GitHub Action: inputs and event from the environment",
		Args:  noArguments,
		RunE:  func(cmd *cobra.Command, _ []string) error { return runAction(cmd.Context(), env) },
	}
}

func reportCommand(env *Env) *cobra.Command {
	return &cobra.Command{
		Use:   "report FILE.sarif...",
		Short: "Join the results of earlier checks and post them once",
		Long: `Reads results that earlier 'check --format sarif' runs wrote (the shards of a
matrix, or the untrusted half of a fork's two workflows), joins them and reports
them as the Action does: inputs and event come from the environment.`,
		Args: atLeast("a SARIF file, such as probe-mtls.sarif"),
		RunE: func(cmd *cobra.Command, args []string) error { return runReport(cmd.Context(), env, args) },
	}
}

func rulesCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "rules [ID]",
		Short: "List the rules, or print one rule's page",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usagef("rules takes one rule, not %d: name its ID, such as PMTLS001, or none to list all", len(args))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			out := cmd.OutOrStdout()
			if len(args) == 0 {
				for _, r := range rules.All() {
					fmt.Fprintf(out, "%s  %-8s %-32s %s\n", r.ID, r.Severity, r.Name, r.Summary)
				}
				return nil
			}
			var ids []string
			for _, r := range rules.All() {
				if strings.EqualFold(args[0], r.ID) || strings.EqualFold(args[0], r.Name) {
					_, err := fmt.Fprintln(out, strings.TrimRight(r.Doc, "\n"))
					return err
				}
				ids = append(ids, r.ID)
			}
			return usagef("there is no rule %q%s; the rules are %s", args[0], near.Question(args[0], ids), strings.Join(ids, ", "))
		},
	}
}

// knownCommand refuses the name of a command that there is not.
func knownCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var names []string
	for _, c := range cmd.Commands() {
		names = append(names, c.Name())
	}
	return usagef("there is no command %q%s; see '%s --help'", settings.Shorten(args[0]), near.Question(args[0], names), cmd.CommandPath())
}

// noArguments refuses any argument.
func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return usagef("%s takes no arguments, but got %q; see '%s --help'", cmd.Name(), settings.Shorten(args[0]), cmd.CommandPath())
}

// atLeast wants an argument, which is described.
func atLeast(what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) > 0 {
			return nil
		}
		return usagef("%s needs %s; see '%s --help'", cmd.Name(), what, cmd.CommandPath())
	}
}
