package kustomize_test

import (
	"context"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/org/probe-mtls-action/render"
	"github.com/org/probe-mtls-action/render/kustomize"
	"github.com/org/probe-mtls-action/render/kustomize/kustomizetest"
)

// network is what a test sees of the network: connections to a server of its own
// and runs of the git command.
type network struct {
	url         string
	connections atomic.Int64
	mark        string // the git command that the test puts in the path writes here
}

func watchNetwork(t *testing.T) *network {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	n := &network{url: "http://" + l.Addr().String(), mark: filepath.Join(t.TempDir(), "mark")}
	s := &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Connection", "close") // one connection for each request
			_, _ = w.Write([]byte("KEY=value\n"))
		}),
		ConnState: func(_ net.Conn, s http.ConnState) {
			if s == http.StateNew {
				n.connections.Add(1)
			}
		},
	}
	go func() { _ = s.Serve(l) }()
	t.Cleanup(func() { s.Close() })
	bin := t.TempDir()
	script := "#!/bin/sh\necho \"$@\" >>'" + n.mark + "'\nexit 1\n"
	if err := os.WriteFile(filepath.Join(bin, "git"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin+string(filepath.ListSeparator)+os.Getenv("PATH"))
	return n
}

// used reports whether the network was used since the last call.
func (n *network) used() bool {
	err := os.Remove(n.mark)
	return n.connections.Swap(0) > 0 || err == nil
}

// TestRemoteOff writes remotes in all ways into all fields. Where kustomize would
// use the network, a Renderer without AllowRemote must not, and must say so.
func TestRemoteOff(t *testing.T) {
	n := watchNetwork(t)
	dangerous := 0
	roots := kustomizetest.Remotes(n.url + "/latest?x=y")
	roots = append(roots, kustomizetest.Repositories(n.url+"/org/repo.git?ref=main")...)
	for _, spec := range []string{"github.com/org/repo", "GitHub.com:org/repo", "git@127.0.0.1:org/repo", "git::ssh://127.0.0.1/org/repo",
		"a@/x/y", "a@b/.git", "file:///org/repo", "FILE://./org/repo", "a-1@h:_git/r"} {
		for _, c := range kustomizetest.Repositories(spec) {
			if strings.HasSuffix(c.Name, "value plain") || strings.HasSuffix(c.Name, "value binary") {
				roots = append(roots, c)
			}
		}
	}
	for _, c := range roots {
		root := render.Root{Dir: "."}
		res, err := kustomize.New(c.Files, kustomize.Options{Confined: true}).Render(context.Background(), root)
		if n.used() {
			t.Errorf("%s: the network was used; err = %v\n%s", c.Name, err, c.Files["kustomization.yaml"].Data)
		}
		_, _ = kustomize.New(c.Files, kustomize.Options{AllowRemote: true, Confined: true}).Render(context.Background(), root)
		if !n.used() {
			continue
		}
		dangerous++
		if e := refusal(res, err); e == nil {
			t.Errorf("%s: rendered without the remote\n%s", c.Name, c.Files["kustomization.yaml"].Data)
		} else if e.At.IsZero() || strings.Contains(e.Message, "kustomize cannot render") {
			t.Errorf("%s: %s %q", c.Name, e.At, e.Message)
		}
	}
	t.Logf("%d dangerous roots", dangerous)
	if dangerous < 800 {
		t.Errorf("only %d roots made kustomize use the network: the test does not test", dangerous)
	}
}

// TestRemotePlace says where a refused URL comes from, however it is written.
func TestRemotePlace(t *testing.T) {
	const plugin = "apiVersion: builtin\nkind: ConfigMapGenerator\nmetadata: {name: cm}\n"
	for text, want := range map[string]string{
		"envs: ['http://127.0.0.1:1/a?x=y']\n":                "p.yaml:4:8",
		"envs: [!!binary aHR0cDovLzEyNy4wLjAuMToxL2E/eD15]\n": "p.yaml:4:17",
		"env\u017f: ['http://127.0.0.1:1/a?x=y']\n":           "p.yaml:4:8",
		"files:\n- k=http://127.0.0.1:1/a?x=y\n":              "p.yaml:5:3",
	} {
		tr := tree(t, "kustomization.yaml", "generators: [p.yaml]\n", "p.yaml", plugin+text)
		e := failure(t, tr, kustomize.Options{}, ".")
		if got := e.At.String(); !strings.HasPrefix(got, want) || !strings.Contains(e.Message, `"http://127.0.0.1:1/a?x=y"`) {
			t.Errorf("%q: %s %q, want %s", text, got, e.Message, want)
		}
	}
}

// TestRemotePlaceInKustomization does it for fields that need no plugin.
func TestRemotePlaceInKustomization(t *testing.T) {
	for text, want := range map[string]string{
		"configurations: [!!binary aHR0cDovLzEyNy4wLjAuMToxL2E=]\n":                 "kustomization.yaml:1:27",
		"configurations: [d.yaml]\nconfiguration\u017f: ['http://127.0.0.1:1/a']\n": "kustomization.yaml:2:18",
		"<<: {configurations: ['http://127.0.0.1:1/a']}\n":                          "kustomization.yaml:1:23",
	} {
		e := failure(t, tree(t, "kustomization.yaml", text, "d.yaml", deployment), kustomize.Options{}, ".")
		if got := e.At.String(); !strings.HasPrefix(got, want) || !strings.Contains(e.Message, `"http://127.0.0.1:1/a"`) {
			t.Errorf("%q: %s %q, want %s", text, got, e.Message, want)
		}
	}
}

// TestGuard replaces the guarded transport, and looks whether other requests pass.
func TestGuard(t *testing.T) {
	n := watchNetwork(t)
	resp, err := http.Get(n.url)
	if err != nil {
		t.Fatalf("a request of the program's own: %v", err)
	}
	resp.Body.Close()
	if !n.used() {
		t.Error("the test's server was not asked")
	}
	guarded := http.DefaultTransport
	defer func() { http.DefaultTransport = guarded }()
	http.DefaultTransport = &http.Transport{}
	tr := tree(t, "kustomization.yaml", "resources: [d.yaml]\n", "d.yaml", deployment)
	if e := failure(t, tr, kustomize.Options{}, "."); !strings.Contains(e.Message, "kustomize.Guard") {
		t.Errorf("without a guard: %q", e.Message)
	}
	http.DefaultTransport = kustomize.Guard(&http.Transport{})
	renderRoot(t, tr, kustomize.Options{}, ".")
}

// TestGitDataIsRefused names Git's own data in every way; none gets its bytes.
func TestGitDataIsRefused(t *testing.T) {
	const secret = "basic c2VjcmV0"
	plugin := func(kind, rest string) string {
		return "apiVersion: builtin\nkind: " + kind + "\nmetadata: {name: p}\n" + rest
	}
	for _, name := range []string{".git/config", ".GIT/config", "./.git//config", "a/../.git/config", "link", "dir/config", "git~1/config", "sub/.git", ".g\u200cit/config"} {
		for field, files := range map[string][]string{
			"files":     {"configMapGenerator: [{name: c, files: ['x=" + name + "']}]\n"},
			"envs":      {"configMapGenerator: [{name: c, envs: ['" + name + "']}]\n"},
			"resources": {"resources: ['" + name + "']\n"},
			"plugin":    {"generators: [p.yaml]\n", "p.yaml", plugin("ConfigMapGenerator", "files: ['x="+name+"']\n")},
			"tagged":    {"generators: [p.yaml]\n", "p.yaml", plugin("ConfigMapGenerator", "file\u017f: [!!str 'x="+name+"']\n")},
		} {
			tr := tree(t, append([]string{"kustomization.yaml", files[0], ".git/config", secret, ".GIT/config", secret, "git~1/config", secret,
				".g\u200cit/config", secret, "sub/.git", "gitdir: ../.git/modules/sub " + secret, "a/b", ""}, files[1:]...)...)
			for link, to := range map[string]string{"link": ".git/config", "dir": ".git"} {
				if err := os.Symlink(to, filepath.Join(tr.Dir(), link)); err != nil {
					t.Fatal(err)
				}
			}
			e := failure(t, tr, kustomize.Options{}, ".")
			if !strings.Contains(e.Message, "Git's own data") || e.At.IsZero() || strings.Contains(e.Message, secret) {
				t.Errorf("%s %q: %s %q", field, name, e.At, e.Message)
			}
		}
	}
}
