package app_test

import (
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/org/probe-mtls-action/internal/app"
	"github.com/org/probe-mtls-action/internal/git/gittest"
)

// effectsDir names the directory that TestEffectsProcess checks.
const effectsDir = "PROBE_MTLS_EFFECTS_DIR"

// TestEffectsProcess is the process that TestEffects watches.
func TestEffectsProcess(t *testing.T) {
	dir := os.Getenv(effectsDir)
	if dir == "" {
		t.Skip("runs in TestEffects")
	}
	app.Main(context.Background(), app.Env{
		Args: []string{"check", "--base", "HEAD~1", "."}, Dir: dir, Stdout: io.Discard, Stderr: io.Discard, Getenv: os.Getenv, Self: self(), Environ: os.Environ(),
	})
}

// TestEffects watches with strace what a check of a hostile repository asks the
// kernel for: it must connect to nobody, start git alone, and open nothing
// outside the repository that the repository names.
func TestEffects(t *testing.T) {
	strace, err := exec.LookPath("strace")
	if err != nil {
		t.Skip("there is no strace")
	}
	src := gittest.New(t)
	outside := filepath.Join(filepath.Dir(src.Dir), "outside")
	if err := os.MkdirAll(outside, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"kustomization.yaml", "secret.yaml"} {
		if err := os.WriteFile(filepath.Join(outside, name), []byte("resources: [secret.yaml]\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	src.Write("good/kustomization.yaml", "resources: [c.yaml]\n", "good/c.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n")
	src.Commit("one")
	const url = "http://127.0.0.1:9/latest?x=y"
	generator := "resources: []\ngenerators:\n- |-\n  apiVersion: builtin\n  kind: ConfigMapGenerator\n  metadata: {name: c}\n  "
	for dir, text := range map[string]string{
		"outside1": "resources: [../../outside]\n", "outside2": "resources: [../out]\n", "outside3": "configMapGenerator: [{name: c, files: [../out/secret.yaml, ../secret]}]\n",
		"outside4": "components: ['" + outside + "']\n", "outside5": "openapi: {path: ../secret}\n",
		"remote1": "resources: ['" + url + "']\n", "remote2": generator + "env\u017f: ['" + url + "']\n", "remote3": generator + "files: ['k=" + url + "']\n",
		"remote4": "components: ['git@127.0.0.1:org/repo']\n", "remote5": "resources: ['file://" + outside + "']\n",
		"program": "transformers: [f.yaml]\n", "helm": "helmCharts: [{name: c, repo: '" + url + "'}]\n", "git": "resources: [../.git/config]\n",
	} {
		src.Write(dir+"/kustomization.yaml", text)
	}
	src.Write("program/f.yaml", "apiVersion: x/v1\nkind: F\nmetadata:\n  name: f\n  annotations: {config.kubernetes.io/function: 'exec: {path: /bin/true}'}\n",
		".gitattributes", "* filter=evil diff=evil\n", "bare/HEAD", "ref: refs/heads/main\n", "bare/objects/k", "", "bare/refs/k", "", "bare/config", "[core]\n\tworktree = /\n")
	src.Link("out", outside)
	src.Link("secret", outside+"/secret.yaml")
	src.Link("bare/kustomization.yaml", outside+"/kustomization.yaml")
	src.Git("--git-dir=.git", "--work-tree=.", "add", "--all")
	src.Git("--git-dir=.git", "--work-tree=.", "commit", "--quiet", "--message", "two")
	for _, key := range []string{"core.fsmonitor", "core.sshCommand", "filter.evil.clean", "diff.evil.textconv", "diff.external", "core.pager", "core.hooksPath"} {
		src.Git("config", key, "/bin/true")
	}

	log := filepath.Join(t.TempDir(), "log")
	cmd := exec.Command(strace, "-f", "-y", "-qq", "-s", "256", "-e", "trace=connect,sendto,openat,open,execve", "-o", log, os.Args[0], "-test.run=^TestEffectsProcess$")
	cmd.Env = append(os.Environ(), effectsDir+"="+src.Dir)
	out, err := cmd.CombinedOutput()
	data, _ := os.ReadFile(log)
	if err != nil && len(data) == 0 {
		t.Skipf("strace does not work here: %v %s", err, out)
	}
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	opened := regexp.MustCompile(`= \d+<` + regexp.QuoteMeta(outside) + `[/>]`)
	program := regexp.MustCompile(`execve\("([^"]*)".* = 0$`)
	runs := 0
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSpace(line)
		if strings.Contains(line, "AF_INET") {
			t.Errorf("the network is used: %s", line)
		}
		if opened.MatchString(line) {
			t.Errorf("a file outside is opened: %s", line)
		}
		if m := program.FindStringSubmatch(line); m != nil && m[1] != os.Args[0] && m[1] != self()[0] {
			runs++
			if filepath.Base(m[1]) != "git" {
				t.Errorf("a program is started: %s", line)
			}
		}
	}
	if runs == 0 || !strings.Contains(string(data), "good") {
		t.Errorf("strace saw no check: %d runs of git", runs)
	}
}
