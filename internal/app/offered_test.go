package app_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"unicode/utf8"

	"sigs.k8s.io/yaml"
)

// found is what the JSON format says of a finding, as far as fixes go.
type found struct {
	Rule, Severity, Verdict, Subject string
	Roots                            []string
	Suppression                      *struct{}
	Occurrences                      []struct{ Root, Subject string }
	Fixes                            []struct {
		Title, Tier, Cost, Diff string
		Roots                   []string
		Files                   []struct {
			File         string
			New          bool
			Replacements []struct {
				Start, End struct{ Line, Column int }
				Text       string
			}
		}
	}
	Remedies []struct{ Title string }
}

// key tells a finding in one root apart from all others.
type findingKey struct{ rule, root, subject string }

func findings(t *testing.T, repo string, args []string) (all []found, keys map[findingKey]bool) {
	t.Helper()
	stdout, stderr, _ := run(t, repo, append(append([]string{}, args...), "--format", "json")...)
	var doc struct{ Findings []found }
	if err := json.Unmarshal([]byte(stdout), &doc); err != nil {
		t.Fatalf("%v\n%s%s", err, stdout, stderr)
	}
	keys = map[findingKey]bool{}
	for _, f := range doc.Findings {
		for _, o := range f.Occurrences {
			keys[findingKey{f.Rule, o.Root, o.Subject}] = true
		}
	}
	return doc.Findings, keys
}

// TestOfferedFixes applies every fix that is offered for every fixture to a copy
// on disk, with plain file operations, and checks the copy afresh: the finding is
// gone, none came, and the lines that changed are those that the fix names. Where
// the kustomize command is there, it renders each root that it rendered before.
// FIX_CASES names more folders to try, each with a .probe-mtls.yaml.
func TestOfferedFixes(t *testing.T) {
	t.Parallel()
	type one struct {
		repo string
		args []string
	}
	all := map[string]one{}
	files, _ := filepath.Glob(filepath.Join(fixtures, "*", "case.yaml"))
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var c fixture
		if err := yaml.Unmarshal(data, &c); err != nil {
			t.Fatal(err)
		}
		all[filepath.Base(filepath.Dir(file))] = one{filepath.Join(filepath.Dir(file), "repo"), c.Args}
	}
	for _, glob := range filepath.SplitList(os.Getenv("FIX_CASES")) {
		dirs, _ := filepath.Glob(glob)
		for _, dir := range dirs {
			if _, err := os.Stat(filepath.Join(dir, "kustomization.yaml")); err == nil {
				all[filepath.Base(filepath.Dir(dir))+"/"+filepath.Base(dir)] = one{dir, []string{"check", "."}}
			}
		}
	}
	most := 2 // of a finding: each takes a check of its own
	if os.Getenv("FIX_CASES") != "" {
		most = 100
	}
	var fixes atomic.Int32
	t.Cleanup(func() {
		if fixes.Load() == 0 {
			t.Error("no fix was offered")
		}
		t.Logf("%d fixes were applied", fixes.Load())
	})
	for _, name := range slices.Sorted(maps.Keys(all)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := all[name]
			was := builds(t, copyRepo(t, c.repo))
			before, keys := findings(t, copyRepo(t, c.repo), c.args)
			seen := map[string]bool{}
			for _, f := range before {
				if len(f.Fixes) == 0 && f.Suppression == nil && (f.Verdict == "breaks" || f.Verdict == "false-healthy") {
					t.Logf("no fix for %s %s", f.Rule, f.Subject)
				}
				for i := range f.Fixes {
					if i >= most {
						break
					}
					if seen[f.Rule+f.Subject+f.Fixes[i].Diff] {
						continue
					}
					seen[f.Rule+f.Subject+f.Fixes[i].Diff] = true
					fixes.Add(1)
					tryFix(t, c.repo, c.args, f, i, keys, was)
				}
			}
		})
	}
}

func tryFix(t *testing.T, from string, args []string, f found, i int, before map[findingKey]bool, was map[string]bool) {
	t.Helper()
	fix := f.Fixes[i]
	repo := copyRepo(t, from)
	for _, file := range fix.Files {
		path := filepath.Join(repo, filepath.FromSlash(file.File))
		data, err := os.ReadFile(path)
		if (err != nil) != file.New {
			t.Errorf("%s: %s: new is %v, but reading gives %v", fix.Title, file.File, file.New, err)
		}
		text := string(data)
		for k := len(file.Replacements) - 1; k >= 0; k-- {
			r := file.Replacements[k]
			text = text[:offset(text, r.Start.Line, r.Start.Column)] + r.Text + text[offset(text, r.End.Line, r.End.Column):]
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	patched := copyRepo(t, from)
	cmd := exec.Command("git", "apply", "--whitespace=nowarn", "-")
	cmd.Dir, cmd.Stdin = patched, strings.NewReader(fix.Diff)
	cmd.Env = append(os.Environ(), "GIT_CEILING_DIRECTORIES="+filepath.Dir(patched))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%s: git apply: %v %s\n%s", fix.Title, err, out, fix.Diff)
	}
	for _, file := range fix.Files {
		a, _ := os.ReadFile(filepath.Join(repo, file.File))
		b, _ := os.ReadFile(filepath.Join(patched, file.File))
		if string(a) != string(b) {
			t.Errorf("%s: %s: the replacements and the diff differ:\n%s\n%s", fix.Title, file.File, a, b)
		}
	}
	for root, ok := range builds(t, repo) {
		if was[root] && !ok {
			t.Errorf("%s: kustomize no longer builds %s", fix.Title, root)
		}
	}
	_, after := findings(t, repo, args)
	for _, o := range f.Occurrences {
		if slices.Contains(fix.Roots, o.Root) && after[findingKey{f.Rule, o.Root, o.Subject}] {
			t.Errorf("%s: %s %s is still there in %s\n%s", fix.Title, f.Rule, o.Subject, o.Root, fix.Diff)
		}
	}
	for k := range after {
		if !before[k] {
			t.Errorf("%s: %v is new\n%s", fix.Title, k, fix.Diff)
		}
	}
}

// offset returns the byte at a line and column, both 1-based.
func offset(text string, line, column int) int {
	at := 0
	for range line - 1 {
		next := strings.IndexByte(text[at:], '\n')
		if next < 0 {
			return len(text)
		}
		at += next + 1
	}
	if line == 1 {
		at += len(text) - len(strings.TrimPrefix(text, "\ufeff"))
	}
	for range column - 1 {
		_, n := utf8.DecodeRuneInString(text[at:])
		at += n
	}
	return at
}

// builds tells which roots the kustomize command renders; nothing without it.
func builds(t *testing.T, repo string) map[string]bool {
	t.Helper()
	kustomize, err := exec.LookPath("kustomize")
	if err != nil {
		return nil
	}
	out := map[string]bool{}
	err = filepath.WalkDir(repo, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() && strings.HasPrefix(strings.ToLower(d.Name()), "kustomization") {
			cmd := exec.Command(kustomize, "build", filepath.Dir(path))
			out[filepath.Dir(path)[len(repo):]] = cmd.Run() == nil
		}
		return err
	})
	if err != nil {
		t.Fatal(fmt.Errorf("%s: %w", repo, err))
	}
	return out
}
