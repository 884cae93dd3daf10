// Package action tests what users of the Action build on: its metadata in both
// variants, its image, its workflows and the scripts behind them.
package action

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/org/probe-mtls-action/internal/actions"
)

// metadata is an action.yml. Lists of named things keep the file's order.
type metadata struct {
	Name        string
	Description string
	Author      string
	Branding    struct{ Icon, Color string }
	Inputs      named[struct {
		Description string
		Required    bool
		Default     *string
	}]
	Outputs named[struct{ Description, Value string }]
	Runs    struct {
		Using string
		Image string
		Args  []string
		Steps []struct {
			ID, Shell, Run, Uses string
			Env                  map[string]string
		}
	}
}

// named is a mapping that keeps its order.
type named[T any] []struct {
	Name  string
	Value T
}

func (n *named[T]) UnmarshalYAML(node *yaml.Node) error {
	for i := 0; i+1 < len(node.Content); i += 2 {
		var v T
		if err := node.Content[i+1].Decode(&v); err != nil {
			return err
		}
		*n = append(*n, struct {
			Name  string
			Value T
		}{node.Content[i].Value, v})
	}
	return nil
}

// read returns a file of the repository.
func read(t testing.TB, path string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", filepath.FromSlash(path)))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func readMetadata(t *testing.T, path string) metadata {
	t.Helper()
	var m metadata
	if err := yaml.Unmarshal([]byte(read(t, path)), &m); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return m
}

const (
	dockerAction = "action.yml"
	binaryAction = "action/binary/action.yml"
)

func TestOutputsAreThoseOfTheProgram(t *testing.T) {
	var want []string
	for _, out := range (actions.Outputs{}).List() {
		want = append(want, out.Name)
	}
	for _, file := range []string{dockerAction, binaryAction} {
		var got []string
		for _, out := range readMetadata(t, file).Outputs {
			got = append(got, out.Name)
			if out.Value.Description == "" {
				t.Errorf("%s: output %s has no description", file, out.Name)
			}
			if expr := "${{ steps.run.outputs." + out.Name + " }}"; file == binaryAction && out.Value.Value != expr {
				t.Errorf("%s: output %s is %s, want %s", file, out.Name, out.Value.Value, expr)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: outputs differ from the program's (-program +file):\n%s", file, diff)
		}
	}
}

func TestVariantsSayTheSame(t *testing.T) {
	docker, binary := readMetadata(t, dockerAction), readMetadata(t, binaryAction)
	for i := range docker.Inputs {
		if diff := cmp.Diff(docker.Inputs[i].Value.Description, binary.Inputs[i].Value.Description); diff != "" {
			t.Errorf("input %s (-docker +binary):\n%s", docker.Inputs[i].Name, diff)
		}
	}
	for i := range docker.Outputs {
		if diff := cmp.Diff(docker.Outputs[i].Value.Description, binary.Outputs[i].Value.Description); diff != "" {
			t.Errorf("output %s (-docker +binary):\n%s", docker.Outputs[i].Name, diff)
		}
	}
	if docker.Name != binary.Name || docker.Description != binary.Description || docker.Branding != binary.Branding {
		t.Error("name, description or branding differ")
	}
}

func TestMarketplaceFields(t *testing.T) {
	m := readMetadata(t, dockerAction)
	if n := len(m.Description); n == 0 || n > 125 {
		t.Errorf("the description has %d characters; the Marketplace shows at most 125", n)
	}
	if m.Name == "" || m.Author == "" || m.Branding.Icon == "" || m.Branding.Color == "" {
		t.Errorf("name, author or branding is missing: %+v", m)
	}
}

func TestDockerActionRunsTheActionCommand(t *testing.T) {
	runs := readMetadata(t, dockerAction).Runs
	if runs.Using != "docker" || runs.Image != "Dockerfile" || len(runs.Args) != 1 || runs.Args[0] != "action" {
		t.Errorf("runs is %+v, want docker, Dockerfile, [action]", runs)
	}
}

func TestBinaryActionPassesInputsThroughTheEnvironmentAlone(t *testing.T) {
	m := readMetadata(t, binaryAction)
	if m.Runs.Using != "composite" || len(m.Runs.Steps) != 1 {
		t.Fatalf("runs is %+v, want one step of a composite action", m.Runs)
	}
	step := m.Runs.Steps[0]
	if strings.Contains(step.Run, "${{") {
		t.Errorf("an expression is pasted into the shell: %s", step.Run)
	}
	want := map[string]string{}
	for _, in := range m.Inputs {
		want["INPUT_"+strings.ToUpper(strings.ReplaceAll(in.Name, "-", "_"))] = "${{ inputs." + in.Name + " }}"
	}
	if diff := cmp.Diff(want, step.Env); diff != "" {
		t.Errorf("the environment differs from the inputs (-want +got):\n%s", diff)
	}
}

// TestDocumentationListsInputsAndOutputs compares the tables at the end of
// docs/github-action.md with action.yml, cell by cell.
func TestDocumentationListsInputsAndOutputs(t *testing.T) {
	m := readMetadata(t, dockerAction)
	var want []string
	for _, in := range m.Inputs {
		def := *in.Value.Default
		if def != "" {
			def = "`" + def + "`"
		}
		want = append(want, strings.Join([]string{"", " `" + in.Name + "` ", " " + def + " ", " " + in.Value.Description + " ", ""}, "|"))
	}
	for _, out := range m.Outputs {
		want = append(want, "| `"+out.Name+"` | "+out.Value.Description+" |")
	}
	_, section, ok := strings.Cut(read(t, "docs/github-action.md"), "## Inputs and outputs\n")
	if !ok {
		t.Fatal("docs/github-action.md has no section Inputs and outputs")
	}
	var got []string
	for line := range strings.Lines(section) {
		if strings.HasPrefix(line, "| `") {
			got = append(got, strings.TrimSuffix(line, "\n"))
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("docs/github-action.md differs from action.yml (-action.yml +docs):\n%s", diff)
	}
}
