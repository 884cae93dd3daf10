package app_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/org/probe-mtls-action/internal/git/gittest"
	"github.com/org/probe-mtls-action/internal/github/githubtest"
)

// noProbes is the web Deployment without probes.
func noProbes() string {
	before, _, _ := strings.Cut(web(8080, 8081), "        livenessProbe:")
	return before
}

// typical are pull requests as they come every day: what is there before, and
// what the change makes of it.
var typical = map[string]struct{ before, change map[string]string }{
	"policy": {nil, map[string]string{"overlays/prod/mesh.yaml": mesh("STRICT")}},
	"probe": {
		map[string]string{"overlays/prod/mesh.yaml": mesh("STRICT"), "base/web.yaml": noProbes()},
		map[string]string{"base/web.yaml": web(8080, 8081)},
	},
	"exemption": {
		map[string]string{"overlays/prod/mesh.yaml": mesh("STRICT") + exemption},
		map[string]string{"overlays/prod/mesh.yaml": mesh("STRICT") + strings.Replace(exemption, "    \"8080\":\n      mode: DISABLE\n", "", 1)},
	},
	"overlays": {
		overlays(70),
		map[string]string{"base/web.yaml": web(8080, 8081)},
	},
	"configuration": {
		map[string]string{"overlays/prod/mesh.yaml": mesh("STRICT"), ".probe-mtls.yaml": "mesh:\n  istioVersion: \"1.31\"\n"},
		map[string]string{".probe-mtls.yaml": shop[".probe-mtls.yaml"]},
	},
	"fork": {nil, map[string]string{"overlays/prod/mesh.yaml": mesh("STRICT")}},
}

const exemption = `---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata:
  name: web
spec:
  selector:
    matchLabels:
      app: web
  portLevelMtls:
    "8080":
      mode: DISABLE
    "8081":
      mode: DISABLE
`

// overlays are n overlays of a base without probes, all under one policy.
func overlays(n int) map[string]string {
	files := map[string]string{
		"base/web.yaml": noProbes(), "mesh/kustomization.yaml": "namespace: shop\nresources:\n- mesh.yaml\n", "mesh/mesh.yaml": mesh("STRICT"),
		"overlays/prod/kustomization.yaml": "", "overlays/prod/mesh.yaml": "",
	}
	for i := range n {
		files[fmt.Sprintf("overlays/region-%02d/kustomization.yaml", i)] = "namespace: shop\nresources:\n- ../../base\n- ../../mesh\n"
	}
	return files
}

// TestTypicalPullRequests keeps what a reader sees: comments, annotations and
// summary. A comment has at most 90 words before its table and 30 lines that
// are not folded; an annotation has at most six lines.
func TestTypicalPullRequests(t *testing.T) {
	t.Parallel()
	for name, c := range typical {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := &world{t: t, origin: gittest.New(t)}
			w.write(shop)
			w.write(c.before)
			w.base = w.origin.Commit("shop")
			w.origin.Git("checkout", "--quiet", "-b", "change")
			w.write(c.change)
			w.opt = githubtest.Options{GitDir: w.origin.Dir, Base: "main", Head: w.origin.Commit("change"), Token: token, Fork: name == "fork"}
			if w.opt.Fork {
				w.opt.Permissions = &githubtest.ReadOnly
			}
			w.server = githubtest.New(t, w.opt)
			// The server's address is another one each time, and part of the hash
			// of a comment's content.
			plain := func(s string) string {
				return state.ReplaceAllString(strings.ReplaceAll(s, w.server.URL(), "https://github.example"), "<!-- probe-mtls:STATE ")
			}
			r := w.runPR(nil)
			patches := fence.FindAllStringSubmatch(r.summary, -1)
			if len(patches) == 0 {
				t.Error("the summary has no patch")
			}
			for _, p := range patches {
				cmd := exec.Command("git", "apply", "--check")
				cmd.Dir, cmd.Stdin = r.dir, strings.NewReader(strings.ReplaceAll(p[2], "\n"+p[1], "\n"))
				if out, err := cmd.CombinedOutput(); err != nil {
					t.Errorf("git does not take a patch of the summary: %s\n%s", out, p[0])
				}
			}
			var comments strings.Builder
			for _, c := range w.server.Comments() {
				body := plain(c.Body)
				fmt.Fprintf(&comments, "%s:%d %s\n\n%s\n", c.Path, c.Line, c.Side, body)
				checkComment(t, body)
			}
			annotations := plain(w.runPR(map[string]string{"reporters": "annotations"}).log)
			var lines []string
			for _, l := range strings.Split(annotations, "\n") {
				if strings.HasPrefix(l, "::error ") || strings.HasPrefix(l, "::warning ") {
					lines = append(lines, strings.ReplaceAll(l, "%0A", "\n  "))
					if n := strings.Count(l, "%0A") + 1; n > 6 {
						t.Errorf("an annotation has %d lines: %s", n, l)
					}
				}
			}
			dir := filepath.Join("testdata", "typical", name)
			if *update {
				if err := os.MkdirAll(dir, 0o755); err != nil {
					t.Fatal(err)
				}
			}
			golden(t, filepath.Join(dir, "comments.md"), comments.String())
			golden(t, filepath.Join(dir, "annotations.txt"), strings.Join(lines, "\n")+"\n")
			golden(t, filepath.Join(dir, "summary.md"), plain(r.summary))
		})
	}
}

var (
	state  = regexp.MustCompile(`<!-- probe-mtls:[0-9a-f]{16} `)
	folded = regexp.MustCompile(`(?s)<details>.*?</details>`)
	fence  = regexp.MustCompile("(?sm)^( *)```diff(\n.*?\n) *```$")
	target = regexp.MustCompile(`\]\([^)]*\)`)
)

func checkComment(t *testing.T, body string) {
	t.Helper()
	body, _, _ = strings.Cut(folded.ReplaceAllString(body, ""), "<!-- probe-mtls:")
	lines := 0
	for _, l := range strings.Split(body, "\n") {
		if strings.TrimSpace(l) != "" {
			lines++
		}
	}
	if lines > 30 {
		t.Errorf("%d lines are not folded:\n%s", lines, body)
	}
	words, _, ok := strings.Cut(body, "\n|")
	if !ok {
		words, _, _ = strings.Cut(body, "```")
	}
	if n := len(strings.Fields(target.ReplaceAllString(words, "]"))); n > 90 {
		t.Errorf("%d words come before the table:\n%s", n, words)
	}
}
