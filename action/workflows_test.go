package action

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

var (
	usesLine   = regexp.MustCompile(`(?m)^\s*(?:- )?uses: *(.*)$`)
	pinnedUses = regexp.MustCompile(`^[A-Za-z0-9_.-]+/[A-Za-z0-9_./-]+@[0-9a-f]{40} # v[0-9]+(\.[0-9]+){2}$`)
)

// TestWorkflowsArePinnedAndModest: other people's actions by commit with the
// version beside it, no right that is not asked for, and nothing that others
// can write in a script.
func TestWorkflowsArePinnedAndModest(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("..", ".github", "workflows", "*.yml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no workflows: %v", err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range usesLine.FindAllStringSubmatch(string(data), -1) {
			if !strings.HasPrefix(m[1], "./") && !pinnedUses.MatchString(m[1]) {
				t.Errorf("%s: uses %s: want a 40-digit commit and the version as a comment", file, m[1])
			}
		}
		var w struct {
			Permissions map[string]string
			Jobs        map[string]struct {
				TimeoutMinutes int    `yaml:"timeout-minutes"`
				Uses           string // a called workflow has its own limits
				Steps          []struct{ Run string }
			}
		}
		if err := yaml.Unmarshal(data, &w); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		for scope, access := range w.Permissions {
			if access != "read" {
				t.Errorf("%s: every job has %s: %s; a job that needs it should ask for itself", file, scope, access)
			}
		}
		if !strings.Contains(string(data), "\npermissions:") {
			t.Errorf("%s: no permissions for the whole workflow", file)
		}
		for name, job := range w.Jobs {
			if job.TimeoutMinutes == 0 && job.Uses == "" {
				t.Errorf("%s: job %s has no time limit", file, name)
			}
			for _, step := range job.Steps {
				if strings.Contains(step.Run, "${{") {
					t.Errorf("%s: job %s pastes an expression into a script: %s", file, name, step.Run)
				}
			}
		}
	}
}
