package action

import (
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// needsBash leaves out tests of shell scripts where there is no shell.
func needsBash(t *testing.T) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("the stand-ins for curl and gh are shell scripts")
	}
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip("bash is not installed")
	}
}

func write(t *testing.T, path, text string, mode os.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}

// release is a copy of action/binary as a release has it, with stand-ins for the
// commands that reach the network.
type release struct {
	dir string
	env []string
}

// program stands for the binary that is downloaded: it tells how it was called.
const program = "#!/bin/sh\necho \"ran with [$*]\"\nexit 7\n"

func newRelease(t *testing.T) *release {
	t.Helper()
	needsBash(t)
	r := &release{dir: t.TempDir()}
	write(t, filepath.Join(r.dir, "run.sh"), read(t, "action/binary/run.sh"), 0o755)
	write(t, filepath.Join(r.dir, "release.env"), "repository=acme/probes\nversion=v1.2.3\n", 0o644)
	sum := fmt.Sprintf("%x", sha256.Sum256([]byte(program)))
	write(t, filepath.Join(r.dir, "checksums.txt"), sum+"  probe-mtls-action-linux-arm64\n"+
		strings.Repeat("0", 64)+"  probe-mtls-action-linux-amd64\n"+sum+"  probe-mtls-action-windows-amd64.exe\n", 0o644)
	write(t, filepath.Join(r.dir, "served"), program, 0o644)
	// curl copies the file that it should have downloaded, and notes the URL.
	write(t, filepath.Join(r.dir, "bin", "curl"), `#!/bin/sh
while [ $# -gt 1 ]; do
  if [ "$1" = --output ]; then cp "$STAND_IN/served" "$2"; fi
  shift
done
echo "$1" >"$STAND_IN/url"
exit "${CURL_EXIT:-0}"
`, 0o755)
	write(t, filepath.Join(r.dir, "bin", "gh"), `#!/bin/sh
if [ "$2" = --help ]; then exit "${GH_OLD:-0}"; fi
echo "$GH_SAYS" >&2
echo "$GH_TOKEN $1 $2 $4 $5 $6 $7" >"$STAND_IN/gh.log"
exit "${GH_EXIT:-0}"
`, 0o755)
	r.env = []string{
		"PATH=" + filepath.Join(r.dir, "bin") + string(os.PathListSeparator) + os.Getenv("PATH"),
		"STAND_IN=" + r.dir, "RUNNER_TEMP=" + t.TempDir(), "RUNNER_OS=Linux", "RUNNER_ARCH=ARM64",
		"GITHUB_SERVER_URL=https://github.com", "INPUT_GITHUB_TOKEN=t0ken",
	}
	return r
}

// run returns what the script prints and its exit code.
func (r *release) run(t *testing.T, env ...string) (string, int) {
	t.Helper()
	cmd := exec.Command("bash", filepath.Join(r.dir, "run.sh"))
	cmd.Env = append(r.env, env...)
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

func (r *release) file(name string) string {
	data, err := os.ReadFile(filepath.Join(r.dir, name))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(data))
}

func TestBinaryVariantDownloadsVerifiesAndRuns(t *testing.T) {
	t.Parallel()
	r := newRelease(t)
	out, code := r.run(t)
	if out != "ran with [action]\n" || code != 7 {
		t.Errorf("printed %q and exited %d, want the program's own words and code", out, code)
	}
	if want, got := "https://github.com/acme/probes/releases/download/v1.2.3/probe-mtls-action-linux-arm64", r.file("url"); got != want {
		t.Errorf("downloaded %s, want %s", got, want)
	}
	if want, got := "t0ken attestation verify --repo acme/probes --signer-workflow acme/probes/.github/workflows/release.yml", r.file("gh.log"); got != want {
		t.Errorf("gh was called with\n%s, want\n%s", got, want)
	}
}

func TestBinaryVariantOnEnterpriseServerRestsOnTheChecksum(t *testing.T) {
	t.Parallel()
	r := newRelease(t)
	if _, code := r.run(t, "GITHUB_SERVER_URL=https://ghe.example"); code != 7 {
		t.Errorf("exit code %d, want the program's 7", code)
	}
	if log := r.file("gh.log"); log != "" {
		t.Errorf("a token of another server was given to github.com: %s", log)
	}
}

func TestBinaryVariantOfAnotherSystem(t *testing.T) {
	t.Parallel()
	r := newRelease(t)
	if _, code := r.run(t, "RUNNER_OS=Windows", "RUNNER_ARCH=X64"); code != 7 {
		t.Errorf("exit code %d, want the program's 7", code)
	}
	if url := r.file("url"); !strings.HasSuffix(url, "/probe-mtls-action-windows-amd64.exe") {
		t.Errorf("downloaded %s", url)
	}
}

func TestBinaryVariantRefuses(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		env     []string
		prepare func(*testing.T, *release)
		want    string
	}{
		{"a wrong checksum", []string{"RUNNER_ARCH=X64"}, nil, "but this release's is 0000"},
		{"no checksum", []string{"RUNNER_OS=macOS"}, nil, "has no checksum for probe-mtls-action-darwin-arm64"},
		{"a failed download", []string{"CURL_EXIT=22"}, nil, "Cannot download https://github.com/acme/probes"},
		{"no attestation", []string{"GH_EXIT=1"}, nil, "no valid attestation that probe-mtls-action-linux-arm64"},
		{"an old gh", []string{"GH_OLD=1"}, nil, "The gh command of this runner is too old"},
		{"no token", []string{"INPUT_GITHUB_TOKEN="}, nil, "There is no github-token"},
		{"a rate limit", []string{"GH_EXIT=1", "GH_SAYS=HTTP 403: API rate limit exceeded for installation"}, nil, "GitHub limits how often"},
		{"a token without rights", []string{"GH_EXIT=1", "GH_SAYS=HTTP 401: Bad credentials"}, nil, "may not read the attestation"},
		{"no connection", []string{"GH_EXIT=1", "GH_SAYS=dial tcp: no such host"}, nil, "could not be asked"},
		{"another system", []string{"RUNNER_OS=Plan9"}, nil, "no binary for the operating system Plan9"},
		{"another processor", []string{"RUNNER_ARCH=S390X"}, nil, "no binary for the architecture S390X"},
		{"no release", nil, func(t *testing.T, r *release) {
			if err := os.Remove(filepath.Join(r.dir, "release.env")); err != nil {
				t.Fatal(err)
			}
		}, "This commit is not a release"},
		{"a changed binary", nil, func(t *testing.T, r *release) {
			write(t, filepath.Join(r.dir, "served"), program+"# changed\n", 0o644)
		}, "The checksum of probe-mtls-action-linux-arm64 is"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := newRelease(t)
			if test.prepare != nil {
				test.prepare(t, r)
			}
			out, code := r.run(t, test.env...)
			if code != 2 || !strings.Contains(out, "::error title=probe-mtls-action::") || !strings.Contains(out, test.want) {
				t.Errorf("printed %q and exited %d, want %q and 2", out, code, test.want)
			}
			if strings.Contains(out, "ran with") {
				t.Error("it ran the program all the same")
			}
		})
	}
}

func TestBinaryVariantRunsAGivenBinary(t *testing.T) {
	t.Parallel()
	r := newRelease(t)
	given := filepath.Join(r.dir, "given")
	write(t, given, program, 0o755)
	out, code := r.run(t, "PROBE_MTLS_BINARY="+given)
	if out != "ran with [action]\n" || code != 7 || r.file("url") != "" {
		t.Errorf("printed %q, exited %d, downloaded %q", out, code, r.file("url"))
	}
}

const image = "ghcr.io/acme/probes@sha256:abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789"

// pin runs scripts/pin-release on copies of the files that it changes.
func pin(t *testing.T, args ...string) (dir, out string, code int) {
	t.Helper()
	needsBash(t)
	dir = t.TempDir()
	write(t, filepath.Join(dir, "action.yml"), read(t, "action.yml"), 0o644)
	write(t, filepath.Join(dir, "action", "binary", "run.sh"), "", 0o755)
	write(t, filepath.Join(dir, "checksums"), strings.Repeat("a", 64)+"  probe-mtls-action-linux-amd64\n", 0o644)
	for i := range args {
		args[i] = strings.ReplaceAll(args[i], "DIR", dir)
	}
	cmd := exec.Command("bash", append([]string{filepath.Join("..", "scripts", "pin-release")}, args...)...)
	cmd.Env = append(os.Environ(), "PIN_RELEASE_ROOT="+dir)
	got, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return dir, string(got), cmd.ProcessState.ExitCode()
}

func TestPinRelease(t *testing.T) {
	t.Parallel()
	dir, out, code := pin(t, "v1.2.3", "acme/probes", image, "DIR/checksums")
	if code != 0 {
		t.Fatalf("exit code %d: %s", code, out)
	}
	before := strings.Split(read(t, "action.yml"), "\n")
	after, err := os.ReadFile(filepath.Join(dir, "action.yml"))
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, line := range before {
		switch {
		case strings.HasPrefix(line, "  # "): // the comment on image, its only one
		case line == "  image: 'Dockerfile'":
			want = append(want, "  image: 'docker://"+image+"'")
		default:
			want = append(want, line)
		}
	}
	if got := string(after); got != strings.Join(want, "\n") {
		t.Errorf("action.yml is\n%s", got)
	}
	for name, want := range map[string]string{
		"release.env":   "repository=acme/probes\nversion=v1.2.3\n",
		"checksums.txt": strings.Repeat("a", 64) + "  probe-mtls-action-linux-amd64\n",
	} {
		got, err := os.ReadFile(filepath.Join(dir, "action", "binary", name))
		if err != nil || string(got) != want {
			t.Errorf("%s is %q (%v), want %q", name, got, err, want)
		}
	}
}

func TestPinReleaseRefuses(t *testing.T) {
	t.Parallel()
	for want, args := range map[string][]string{
		"the version is '1.2'":          {"1.2", "acme/probes", image, "DIR/checksums"},
		"the version is 'v1.2.3-x'":     {"v1.2.3-x", "acme/probes", image, "DIR/checksums"},
		"the repository is 'a/b/c'":     {"v1.2.3", "a/b/c", image, "DIR/checksums"},
		"the image is 'ghcr.io/a/b:v1'": {"v1.2.3", "a/b", "ghcr.io/a/b:v1", "DIR/checksums"},
		"there are no checksums":        {"v1.2.3", "a/b", image, "DIR/none"},
		"usage:":                        {"v1.2.3"},
	} {
		if _, out, code := pin(t, args...); code == 0 || !strings.Contains(out, want) {
			t.Errorf("%q: exit code %d, printed %q, want %q", args, code, out, want)
		}
	}
}
