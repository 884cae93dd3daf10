package scope_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/org/probe-mtls-action/internal/git/gittest"
	"github.com/org/probe-mtls-action/internal/monorepo"
)

// BenchmarkPullRequest measures, in turns, the check of a change of one overlay
// among 1,000, base and head, and one `kustomize build` of that overlay. The
// programs are $PROBE_MTLS and $KUSTOMIZE; scripts/bench-pr builds them.
func BenchmarkPullRequest(b *testing.B) {
	ours, theirs := os.Getenv("PROBE_MTLS"), os.Getenv("KUSTOMIZE")
	if ours == "" || theirs == "" {
		b.Skip("PROBE_MTLS and KUSTOMIZE name no programs: run scripts/bench-pr")
	}
	repo := gittest.New(b)
	if err := monorepo.Generate(repo.Dir, 1000, 1); err != nil {
		b.Fatal(err)
	}
	repo.Commit("base")
	overlays, err := filepath.Glob(filepath.Join(repo.Dir, "apps/*/*/kustomization.yaml"))
	if err != nil || len(overlays) != 1000 {
		b.Fatalf("%d overlays, %v", len(overlays), err)
	}
	file := overlays[len(overlays)/2]
	text, err := os.ReadFile(file)
	if err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(file, append(text, "commonAnnotations: {changed: \"yes\"}\n"...), 0o644); err != nil {
		b.Fatal(err)
	}
	repo.Commit("change one overlay")
	// The checkout of CI has packed objects.
	repo.Git("gc", "--quiet")
	overlay, err := filepath.Rel(repo.Dir, filepath.Dir(file))
	if err != nil {
		b.Fatal(err)
	}

	out := run(b, repo.Dir, ours, "check", "--base", "HEAD~1", "--changed-only", "--no-color", "-v")
	if !strings.Contains(out, overlay) && !strings.Contains(out, "1 root") {
		b.Fatalf("the changed overlay %s was not checked:\n%s", overlay, out)
	}
	var check, build []time.Duration
	for b.Loop() {
		start := time.Now()
		run(b, repo.Dir, ours, "check", "--base", "HEAD~1", "--changed-only", "--no-color")
		check = append(check, time.Since(start))
		start = time.Now()
		run(b, repo.Dir, theirs, "build", overlay)
		build = append(build, time.Since(start))
	}
	c, k := median(check), median(build)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(c.Microseconds())/1000, "check-ms")
	b.ReportMetric(float64(k.Microseconds())/1000, "kustomize-ms")
	b.ReportMetric(float64(c)/float64(k), "times")
}

// run runs a program; findings (exit code 1) are as good as none.
func run(b *testing.B, dir, program string, args ...string) string {
	b.Helper()
	var stdout, stderr bytes.Buffer
	cmd := exec.Command(program, args...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = dir, gittest.Env(), &stdout, &stderr
	if err := cmd.Run(); err != nil && cmd.ProcessState.ExitCode() != 1 {
		b.Fatalf("%s: %v\n%s%s", strings.Join(cmd.Args, " "), err, stdout.String(), stderr.String())
	}
	return fmt.Sprint(stdout.String(), stderr.String())
}

func median(d []time.Duration) time.Duration {
	slices.Sort(d)
	return d[len(d)/2]
}
