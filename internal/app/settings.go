package app

import (
	"errors"
	"maps"
	"runtime"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/org/probe-mtls-action/internal/check"
	"github.com/org/probe-mtls-action/internal/config"
	"github.com/org/probe-mtls-action/internal/mesh"
	"github.com/org/probe-mtls-action/internal/mesh/istio"
	"github.com/org/probe-mtls-action/internal/near"
	"github.com/org/probe-mtls-action/internal/report"
	"github.com/org/probe-mtls-action/internal/settings"
)

// addFlags gives cmd the flags of the table, with their usage and completion,
// and returns the values that they fill.
func addFlags(cmd *cobra.Command, on settings.Place) *settings.Values {
	v := new(settings.Values)
	v.Defaults(on)
	for _, s := range settings.Of(on) {
		flag := cmd.Flags().VarPF(&flagValue{v, s}, s.Name, s.Short, flagUsage(s))
		flag.NoOptDefVal = s.Bare
		if s.IsBool() {
			flag.NoOptDefVal = "true"
		}
		if words := s.Form.Choices; words != nil {
			_ = cmd.RegisterFlagCompletionFunc(s.Name, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp))
		}
	}
	return v
}

// flagUsage is the help of a flag: what it says, its words, what holds without it.
func flagUsage(s *settings.Setting) string {
	usage := s.Says
	if s.Form.Choices != nil {
		usage += ": " + settings.Words(s.Form.Choices, "or")
	}
	if s.IsList() {
		usage += " (repeatable)"
	}
	if s.Unset != "" {
		usage += " (default: " + s.Unset + ")"
	}
	return usage
}

// flagValue is one setting as a flag.
type flagValue struct {
	values  *settings.Values
	setting *settings.Setting
}

func (f *flagValue) Set(text string) error { return f.setting.Add(f.values, text) }

func (f *flagValue) Type() string {
	switch {
	case f.setting.IsBool():
		return "bool"
	case f.setting.Placeholder != "":
		return f.setting.Placeholder
	}
	return "WORD"
}

func (f *flagValue) String() string {
	if f.setting == nil { // pflag asks a zero value for its default
		return ""
	}
	return f.setting.Text(f.values)
}

// flagError says what is wrong with a flag in the words of the settings.
func flagError(cmd *cobra.Command, err error) error {
	var invalid *pflag.InvalidValueError
	var unknown *pflag.NotExistError
	if errors.As(err, &unknown) {
		var names []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			if !f.Hidden {
				names = append(names, f.Name)
			}
		})
		return usagef("%s has no flag %s%s; see '%s --help'", cmd.Name(), flagName(unknown), near.Question(unknown.GetSpecifiedName(), names), cmd.CommandPath())
	}
	if !errors.As(err, &invalid) {
		return usagef("%w; see '%s --help'", err, cmd.CommandPath())
	}
	return usagef("--%s is %q, but %w", invalid.GetFlag().Name, settings.Shorten(invalid.GetValue()), invalid.Unwrap())
}

// flagName is a flag as it was given.
func flagName(e *pflag.NotExistError) string {
	if e.GetSpecifiedShortnames() != "" {
		return "-" + settings.Shorten(e.GetSpecifiedName())
	}
	return "--" + settings.Shorten(e.GetSpecifiedName())
}

// jobs returns how many roots are rendered at a time.
func jobs(v *settings.Values) int {
	if v.Jobs > 0 {
		return v.Jobs
	}
	return runtime.GOMAXPROCS(0)
}

// policy says what fails the run: the flag, or else the configuration.
func policy(v *settings.Values, c *config.Config) report.Policy {
	failOn := or(v.FailOn, or(c.FailOn, string(check.Error)))
	return report.Policy{FailOn: check.Threshold(failOn), OnlyNew: v.OnlyNew, Unchecked: report.Unchecked(or(v.FailOnUnchecked, c.FailOnUnchecked))}
}

// over returns the mesh of the configuration with the settings that were given
// on top of it.
func over(v *settings.Values, o istio.Options) istio.Options {
	var keys []string // of the settings that are replaced
	if v.IstioVersion != "" {
		o.IstioVersion = v.IstioVersion
		keys = append(keys, "istioVersion")
	}
	if v.MeshMTLS != "" {
		o.MeshMTLS = mesh.Mode(strings.ToUpper(v.MeshMTLS))
		keys = append(keys, "meshMTLS")
	}
	if v.RewriteProbes != "" {
		o.RewriteAppHTTPProbe = nil // auto
		if b, err := strconv.ParseBool(v.RewriteProbes); err == nil {
			o.RewriteAppHTTPProbe = &b
		}
		keys = append(keys, "rewriteAppHTTPProbe")
	}
	if v.RootNamespace != "" {
		o.RootNamespace = v.RootNamespace
		keys = append(keys, "rootNamespace")
	}
	if v.Injection != "" {
		o.Injection = istio.Injection(v.Injection)
		keys = append(keys, "injection")
	}
	o.Places = maps.Clone(o.Places)
	for _, k := range keys {
		delete(o.Places, k)
	}
	return o
}
