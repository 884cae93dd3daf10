package actions

import (
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

const tokenInput = "github-token"

// Reporters are the valid words of the input reporters. All but the last are
// its default.
var Reporters = []string{"review", "annotations", "summary", "sarif", "comment"}

// KnownInputs returns all inputs in the order of action.yml.
func KnownInputs() []Input {
	return []Input{
		{Name: tokenInput, set: func(in *Inputs, v string) (err error) {
			in.Token, err = NewToken(v), oneLine(v)
			return err
		}},
		{Name: "paths", set: func(in *Inputs, v string) (err error) {
			in.Paths, err = localPaths(v)
			return err
		}},
		{Name: "config", set: func(in *Inputs, v string) (err error) {
			in.Config, err = localPath(v)
			return err
		}},
		{Name: "istio-version", set: func(in *Inputs, v string) error {
			in.IstioVersion = v
			return matches(v, istioVersion, "must be a version like 1.24 or 1.24.3")
		}},
		choice("mesh-mtls", func(in *Inputs) *string { return &in.MeshMTLS }, "strict", "permissive", "disable"),
		choice("rewrite-probes", func(in *Inputs) *string { return &in.RewriteProbes }, "auto", "true", "false"),
		{Name: "root-namespace", set: func(in *Inputs, v string) error {
			in.RootNamespace = v
			return matches(v, dnsLabel, "must be a namespace: at most 63 lower-case letters, digits and hyphens")
		}},
		choice("injection", func(in *Inputs) *string { return &in.Injection }, "auto", "always", "never"),
		{Name: "context", set: func(in *Inputs, v string) (err error) {
			in.Context, err = localPaths(v)
			return err
		}},
		choice("fail-on", func(in *Inputs) *string { return &in.FailOn }, "error", "warning", "note", "never"),
		flag("only-new", "true", func(in *Inputs) *bool { return &in.OnlyNew }),
		{Name: "base", set: func(in *Inputs, v string) error {
			in.Base = v
			return revision(v)
		}},
		{Name: "reporters", Default: strings.Join(Reporters[:4], ","), set: func(in *Inputs, v string) (err error) {
			in.Reporters, err = reporters(v)
			return err
		}},
		{Name: "sarif-file", Default: "probe-mtls.sarif", set: func(in *Inputs, v string) (err error) {
			in.SARIFFile, err = localPath(v)
			return err
		}},
		flag("upload-sarif", "false", func(in *Inputs) *bool { return &in.UploadSARIF }),
		{Name: "category", set: func(in *Inputs, v string) error {
			in.Category = v
			return oneLine(v)
		}},
		{Name: "shard", set: func(in *Inputs, v string) (err error) {
			in.Shard, err = shard(v)
			return err
		}},
		flag("allow-remote", "false", func(in *Inputs) *bool { return &in.AllowRemote }),
		flag("enable-helm", "false", func(in *Inputs) *bool { return &in.EnableHelm }),
		{Name: "jobs", set: func(in *Inputs, v string) (err error) {
			in.Jobs, err = atLeastOne(v)
			return err
		}},
		flag("verbose", "false", func(in *Inputs) *bool { return &in.Verbose }),
	}
}

// bools are YAML 1.2's words for booleans, those that GitHub's own toolkit
// accepts.
var bools = []string{"true", "false"}

func choice(name string, field func(*Inputs) *string, choices ...string) Input {
	return Input{Name: name, Choices: choices, set: func(in *Inputs, v string) error {
		if !slices.Contains(choices, v) {
			return oneOf(choices)
		}
		*field(in) = v
		return nil
	}}
}

func flag(name, def string, field func(*Inputs) *bool) Input {
	return Input{Name: name, Default: def, Choices: bools, set: func(in *Inputs, v string) error {
		return setBool(field(in), v)
	}}
}

func setBool(field *bool, v string) error {
	switch v {
	case "true", "True", "TRUE":
		*field = true
	case "false", "False", "FALSE":
		*field = false
	default:
		return oneOf(bools)
	}
	return nil
}

func oneOf(choices []string) error {
	last := len(choices) - 1
	return fmt.Errorf("must be %s or %s", strings.Join(choices[:last], ", "), choices[last])
}

var (
	istioVersion = regexp.MustCompile(`^v?[0-9]{1,4}\.[0-9]{1,4}(\.[0-9]{1,4})?([-+.][0-9A-Za-z.+-]{1,64})?$`)
	dnsLabel     = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`)
)

func matches(v string, form *regexp.Regexp, want string) error {
	if !form.MatchString(v) {
		return errors.New(want)
	}
	return nil
}

func oneLine(v string) error {
	if strings.ContainsFunc(v, unicode.IsControl) {
		return errors.New("must be one line without control characters")
	}
	return nil
}

// revision refuses what git would take for an option; whether the revision
// exists is git's to say.
func revision(v string) error {
	if strings.HasPrefix(v, "-") || strings.ContainsFunc(v, unicode.IsControl) || strings.Contains(v, " ") {
		return errors.New("must be a revision: a commit ID, branch or tag, without spaces or a leading hyphen")
	}
	return nil
}

func localPaths(v string) ([]string, error) {
	var paths []string
	for line := range strings.Lines(v) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		p, err := localPath(line)
		if err != nil {
			return nil, fmt.Errorf("its line %q %w", shorten(line), err)
		}
		if !slices.Contains(paths, p) {
			paths = append(paths, p)
		}
	}
	return paths, nil
}

// localPath accepts slash-separated paths that stay in the workspace, and
// cleans them. An absolute path is refused even where it is inside: a container
// and the steps around it know the workspace under different names.
func localPath(v string) (string, error) {
	clean := path.Clean(v)
	if path.IsAbs(v) || clean == ".." || strings.HasPrefix(clean, "../") {
		return "", errors.New("must be a path inside the workspace, relative to it")
	}
	if err := oneLine(v); err != nil {
		return "", err
	}
	return clean, nil
}

func reporters(v string) ([]string, error) {
	given := strings.FieldsFunc(v, func(r rune) bool { return r == ',' || unicode.IsSpace(r) })
	for _, name := range given {
		if !slices.Contains(Reporters, name) {
			return nil, fmt.Errorf("%q is no reporter: must be a list of %s", shorten(name), strings.Join(Reporters, ", "))
		}
	}
	var names []string
	for _, name := range Reporters {
		if slices.Contains(given, name) {
			names = append(names, name)
		}
	}
	if names == nil {
		return nil, fmt.Errorf("must be a list of %s", strings.Join(Reporters, ", "))
	}
	return names, nil
}

// maxShards is far above the 256 jobs that GitHub allows a matrix.
const maxShards = 10_000

func shard(v string) (Shard, error) {
	want := errors.New("must be I/N: part I of N, counted from 1, as in 2/4")
	first, second, ok := strings.Cut(v, "/")
	if !ok {
		return Shard{}, want
	}
	index, err := atLeastOne(strings.TrimSpace(first))
	if err != nil {
		return Shard{}, want
	}
	total, err := atLeastOne(strings.TrimSpace(second))
	if err != nil || index > total || total > maxShards {
		return Shard{}, want
	}
	return Shard{Index: index, Total: total}, nil
}

func atLeastOne(v string) (int, error) {
	n, err := strconv.ParseUint(v, 10, 31)
	if err != nil || n == 0 {
		return 0, errors.New("must be a whole number of at least 1")
	}
	return int(n), nil
}
