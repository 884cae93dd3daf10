package actions_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/org/probe-mtls-action/internal/actions"
	"github.com/org/probe-mtls-action/internal/settings"
)

var compareTokens = cmp.Comparer(func(a, b actions.Token) bool { return a == b })

func TestInputs(t *testing.T) {
	t.Parallel()
	defaults := func(change func(*actions.Inputs)) actions.Inputs {
		var in actions.Inputs
		in.Values.Defaults(settings.Input) // of settings that are no input's concern here
		in.OnlyNew, in.MaxComments = true, 25
		in.Reporters = []string{"review", "annotations", "summary", "sarif"}
		if change != nil {
			change(&in)
		}
		return in
	}
	for _, test := range []struct {
		name string
		env  env
		want actions.Inputs
	}{
		{"nothing given", env{}, defaults(nil)},
		{"all empty, as a caller's unset expressions leave them", env{"INPUT_PATHS": "", "INPUT_FAIL-ON": "  ", "INPUT_ONLY-NEW": ""}, defaults(nil)},
		{"everything", env{
			"INPUT_GITHUB-TOKEN":   "ghs_x",
			"INPUT_PATHS":          "apps\n\n  platform/mesh/ \napps\n",
			"INPUT_CONFIG":         "ci/probe-mtls.yaml",
			"INPUT_ISTIO-VERSION":  "v1.24.3",
			"INPUT_MESH-MTLS":      "strict",
			"INPUT_REWRITE-PROBES": "false",
			"INPUT_ROOT-NAMESPACE": "istio-config",
			"INPUT_INJECTION":      "always",
			"INPUT_CONTEXT":        "mesh\nnamespaces.yaml",
			"INPUT_FAIL-ON":        "warning",
			"INPUT_ONLY-NEW":       "False",
			"INPUT_BASE":           "origin/main",
			"INPUT_REPORTERS":      "comment, summary\nsarif,comment",
			"INPUT_SARIF-FILE":     "out/./x.sarif",
			"INPUT_UPLOAD-SARIF":   "TRUE",
			"INPUT_CATEGORY":       "prod",
			"INPUT_MAX-COMMENTS":   "3",
			"INPUT_ARTIFACT":       "probe-*",
			"INPUT_MATRIX":         "{\n  \"a\": 1\n}",
			"INPUT_SHARD":          "2/4",
			"INPUT_ALLOW-REMOTE":   "true",
			"INPUT_ENABLE-HELM":    "true",
			"INPUT_JOBS":           "3",
			"INPUT_VERBOSE":        "true",
			"INPUT_ALL-ROOTS":      "true",
			"INPUT_ROOT-CPU":       "60",
		}, actions.Inputs{Token: actions.NewToken("ghs_x"), Values: settings.Values{
			RootCPU:       60,
			Paths:         []string{"apps", "platform/mesh"},
			Config:        "ci/probe-mtls.yaml",
			IstioVersion:  "v1.24.3",
			MeshMTLS:      "strict",
			RewriteProbes: "false",
			RootNamespace: "istio-config",
			Injection:     "always",
			Context:       []string{"mesh", "namespaces.yaml"},
			FailOn:        "warning",
			OnlyNew:       false,
			Base:          "origin/main",
			Reporters:     []string{"summary", "sarif", "comment"},
			SARIFFile:     "out/x.sarif",
			UploadSARIF:   true,
			Category:      "prod",
			MaxComments:   3,
			Artifact:      "probe-*",
			Matrix:        "{\n  \"a\": 1\n}",
			Shard:         settings.Shard{Index: 2, Total: 4},
			AllowRemote:   true,
			EnableHelm:    true,
			Jobs:          3,
			Verbose:       true,
			AllRoots:      true,
		}}},
		{"underscores, from a composite action's shell", env{"INPUT_FAIL_ON": "note", "INPUT_ONLY_NEW": "false"},
			defaults(func(in *actions.Inputs) { in.FailOn, in.OnlyNew = "note", false })},
		{"the runner's own form wins", env{"INPUT_FAIL-ON": "error", "INPUT_FAIL_ON": "note"},
			defaults(func(in *actions.Inputs) { in.FailOn = "error" })},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, errs := actions.New(&bytes.Buffer{}, test.env.get).Inputs()
			if len(errs) > 0 {
				t.Fatalf("unexpected mistakes: %v", errs)
			}
			if diff := cmp.Diff(test.want, got, compareTokens); diff != "" {
				t.Errorf("inputs differ (-want +got):\n%s", diff)
			}
		})
	}
}

func TestInputMistakes(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ input, value, want string }{
		{"github-token", "two\nlines", "input github-token must be one line without control characters"},
		{"paths", "apps\n/etc", `input paths is "apps\n/etc", but its line "/etc" must be a path inside the workspace, relative to it`},
		{"paths", "a/../../b", `its line "a/../../b" must be a path inside the workspace`},
		{"context", "..", "must be a path inside the workspace"},
		{"config", "/github/workspace/x.yaml", "must be a path inside the workspace"},
		{"sarif-file", "../x.sarif", "must be a path inside the workspace"},
		{"sarif-file", "x\x1b[2J", "must be one line without control characters"},
		{"istio-version", "latest", `input istio-version is "latest", but must be a version, such as 1.24 or 1.24.3`},
		{"istio-version", "1.24 --x", "must be a version"},
		{"mesh-mtls", "on", `input mesh-mtls is "on", but must be strict, permissive or disable`},
		{"rewrite-probes", "yes", "must be auto, true or false"},
		{"root-namespace", "Istio_System", "must be a namespace"},
		{"injection", "maybe", "must be auto, always or never"},
		{"fail-on", "errors", "must be error, warning, note or never"},
		{"only-new", "yes", `input only-new is "yes", but must be true or false`},
		{"base", "--upload-pack=evil", "must be a revision"},
		{"base", "a b", "must be a revision"},
		{"reporters", "review,email", `its entry "email" must be review, annotations, summary, sarif, comment or check`},
		{"reporters", ",", "must be a list of review"},
		{"upload-sarif", "1", "must be true or false"},
		{"category", "a\nb", "must be one line"},
		{"shard", "0/4", "must be I/N"},
		{"shard", "5/4", "must be I/N"},
		{"shard", "1", "must be I/N"},
		{"shard", "1/4/2", "must be I/N"},
		{"shard", "1/99999", "must be I/N"},
		{"allow-remote", "on", "must be true or false"},
		{"enable-helm", "on", "must be true or false"},
		{"jobs", "0", `input jobs is "0", but must be a whole number of at least 1`},
		{"jobs", "-1", "must be a whole number"},
		{"jobs", "99999999999999999999", "must be a whole number"},
		{"verbose", strings.Repeat("v", 500), `input verbose is "` + strings.Repeat("v", 80) + `…", but must be true or false`},
	} {
		t.Run(test.input+"="+test.value[:min(len(test.value), 20)], func(t *testing.T) {
			t.Parallel()
			e := env{"INPUT_" + strings.ToUpper(test.input): test.value}
			_, errs := actions.New(&bytes.Buffer{}, e.get).Inputs()
			if len(errs) != 1 {
				t.Fatalf("%d mistakes, want 1: %v", len(errs), errs)
			}
			if got := errs[0].Error(); !strings.Contains(got, test.want) {
				t.Errorf("mistake is\n%s, want it to contain\n%s", got, test.want)
			}
		})
	}
}

func TestAllInputMistakesAreReportedAtOnce(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	r := actions.New(&log, env{"INPUT_FAIL-ON": "x\n::notice::y", "INPUT_JOBS": "many", "INPUT_MESH-MTLS": "off"}.get)
	_, errs := r.Inputs()
	r.ReportInputErrors(errs)
	const want = `::error title=Invalid input mesh-mtls::input mesh-mtls is "off", but must be strict, permissive or disable
::error title=Invalid input fail-on::input fail-on is "x\n::notice::y", but must be error, warning, note or never
::error title=Invalid input jobs::input jobs is "many", but must be a whole number of at least 1
`
	if log.String() != want {
		t.Errorf("log is\n%s\nwant\n%s", log.String(), want)
	}
}

func TestDefaultsAreValid(t *testing.T) {
	t.Parallel()
	for _, s := range settings.Of(settings.Input) {
		e := env{"INPUT_" + strings.ToUpper(s.Name): s.DefaultOn(settings.Input)}
		if _, errs := actions.New(&bytes.Buffer{}, e.get).Inputs(); len(errs) > 0 {
			t.Errorf("the default of %s is wrong: %v", s.Name, errs)
		}
	}
}

func FuzzInputs(f *testing.F) {
	for _, seed := range []string{"", ".", "true", "1/2", "a\nb", "../x", "1.24", "review", "::error::x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		get := func(name string) string {
			if strings.HasPrefix(name, "INPUT_") {
				return value
			}
			return ""
		}
		var log bytes.Buffer
		r := actions.New(&log, get)
		in, errs := r.Inputs()
		r.ReportInputErrors(errs)
		if lines := strings.Count(log.String(), "\n"); lines != len(errs) {
			t.Errorf("%d mistakes made %d log lines", len(errs), lines)
		}
		if len(errs) > 0 {
			return
		}
		for _, p := range append(append([]string{in.SARIFFile, in.Config}, in.Paths...), in.Context...) {
			if strings.HasPrefix(p, "/") || strings.HasPrefix(p, "..") {
				t.Errorf("path %q leaves the workspace", p)
			}
		}
	})
}
