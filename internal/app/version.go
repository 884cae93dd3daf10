package app

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/org/probe-mtls-action/internal/mesh/istio"
)

// version returns the version that the linker set, or what the module's build
// information says (go install …@v1.2.3).
func version(env *Env) string {
	if env.Version != "" {
		return env.Version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "devel"
}

func newestIstio() string {
	_, last := istio.Range()
	return last
}

func commit(env *Env) string {
	if env.Commit != "" {
		return env.Commit
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				return s.Value
			}
		}
	}
	return "unknown"
}

func versionCommand(env *Env) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print version, commit and the supported range of Istio",
		Args:  noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := io.WriteString(cmd.OutOrStdout(), versionText(env))
			return err
		},
	}
}

// versionText is what version and --version print.
func versionText(env *Env) string {
	first, last := istio.Range()
	return fmt.Sprintf("probe-mtls-action %s\ncommit %s\nIstio %s to %s\n%s %s/%s\n",
		version(env), commit(env), first, last, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
