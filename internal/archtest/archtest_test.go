// Package archtest holds the import picture of the module as a test: every
// import goes to a lower layer, and each big library has one home.
package archtest

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/org/probe-mtls-action/"

// layers lists the packages from the lowest layer up. A package may import
// packages of lower layers only; "dir/..." stands for the folders below dir.
// A package that is not listed fails the test, so that its place is chosen.
var layers = [][]string{
	{"render/source/internal/runes", "internal/parallel", "internal/near", "internal/version", "internal/debuglog", "internal/machine"},
	{"render/source", "internal/report/safe", "internal/report/linehash", "internal/diff", "internal/git/gittest", "internal/monorepo", "internal/settings", "internal/fix/unified", "docs/rules", "docs/schema"},
	{"render/source/yamldoc", "render/manifest/sniff", "internal/report/md"},
	{"render"},
	{"render/trace", "render/kustomize/graph", "internal/kube", "internal/git"},
	{"internal/outfile", "render/kustomize", "render/confined", "render/manifest", "internal/probe", "internal/affected", "internal/scope", "internal/fix/edit"},
	{"render/kustomize/kustomizetest", "internal/mesh", "internal/gitops"},
	{"internal/caller", "internal/gitops/flux", "internal/gitops/argocd", "internal/gitops/deployed"},
	{"internal/gitops/discover"},
	{"internal/mesh/istio", "internal/check"},
	{"internal/rules/wording", "internal/report", "internal/config"},
	{"internal/check/checktest"},
	{"internal/rules", "internal/locate", "internal/place", "internal/github", "internal/report/page", "internal/report/reporttest"},
	{"internal/report/text", "internal/report/concise", "internal/report/junit", "internal/report/gitlab", "internal/report/json", "internal/report/sarif", "internal/report/markdown", "internal/report/summary",
		"internal/report/annotation", "internal/report/review", "internal/actions", "internal/pipeline", "internal/github/githubtest"},
	{"internal/report/html"}, // ends with text's totals
	{"internal/fix"},
	{"internal/app", "internal/github/githubtest/cmd/fakegithub"},
	{"cmd/probe-mtls-action"},
}

// homes gives the packages that may import a library, tests aside.
var homes = map[string][]string{
	"sigs.k8s.io/kustomize/api":             {"render/kustomize", "render/kustomize/graph", "render/kustomize/kustomizetest"},
	"github.com/google/go-github/v60":       {"internal/github"},
	"github.com/sethvargo/go-githubactions": {"internal/actions", "internal/report/annotation"},
	"github.com/bluekeyes/go-gitdiff":       {"internal/diff", "internal/github/githubtest"},
	"github.com/spf13/cobra":                {"internal/app"},
	"github.com/fatih/color":                {"internal/report/text"},
	"text/template":                         {}, // switches off dead-code removal, which its parser does not
	"html/template":                         {},
	"math/rand":                             {}, // math/rand/v2 where chance is wanted
}

// pure packages do no I/O.
var pure = map[string]bool{
	"internal/mesh": true, "internal/mesh/istio": true, "internal/kube": true, "internal/probe": true,
	"internal/check": true, "internal/caller": true, "internal/place": true, "internal/affected": true, "internal/report": true, "internal/fix/edit": true, "internal/fix/unified": true,
}

var impure = []string{"os", "os/exec", "net", "net/http", "path/filepath", "log", "time"}

func TestImports(t *testing.T) {
	rank := make(map[string]int)
	for i, layer := range layers {
		for _, p := range layer {
			rank[p] = i
		}
	}
	layerOf := func(pkg string) (int, bool) {
		if r, ok := rank[pkg]; ok {
			return r, true
		}
		r, ok := rank[path.Dir(pkg)+"/..."]
		return r, ok
	}
	seen := 0
	walk(t, func(name, rel, pkg string) error {
		own, ok := layerOf(pkg)
		if !ok {
			t.Errorf("%s: package %s has no place in the layers of archtest", rel, pkg)
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		seen++
		for _, spec := range f.Imports {
			imp, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			if local, ok := strings.CutPrefix(imp, module); ok {
				if other, ok := layerOf(local); !ok || other >= own {
					t.Errorf("%s: %s must not import %s: imports run downwards only", rel, pkg, local)
				}
				continue
			}
			checkLibrary(t, rel, pkg, imp)
		}
		return nil
	})
	if seen == 0 {
		t.Fatal("no Go file was read")
	}
}

func checkLibrary(t *testing.T, file, pkg, imp string) {
	t.Helper()
	for lib, allowed := range homes {
		if imp != lib && !strings.HasPrefix(imp, lib+"/") {
			continue
		}
		if lib == "math/rand" && imp == "math/rand/v2" || imp == "text/template/parse" {
			continue
		}
		at := false
		for _, a := range allowed {
			at = at || a == pkg
		}
		if !at {
			t.Errorf("%s: %s must not import %s; its home is %v", file, pkg, imp, allowed)
		}
	}
	if !pure[pkg] {
		return
	}
	for _, bad := range impure {
		if imp == bad {
			t.Errorf("%s: %s must not import %s: the package does no I/O", file, pkg, imp)
		}
	}
}

// walk calls use with each Go file of the module but tests: its name, its path
// in the module and its package.
func walk(t *testing.T, use func(name, rel, pkg string) error) {
	t.Helper()
	root := filepath.Join("..", "..")
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if n := d.Name(); n != ".." && (strings.HasPrefix(n, ".") || n == "testdata" || n == "node_modules" || n == "fixtures") {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		rel, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		return use(name, rel, path.Dir(filepath.ToSlash(rel)))
	})
	if err != nil {
		t.Fatal(err)
	}
}
