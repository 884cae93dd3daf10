package archtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// door is one way in or out of the process. Whoever goes through must be named:
// what a pull request contains is hostile, and each of these packages promises in
// its comment, and tests, what it lets through.
type door struct {
	name string
	uses map[string][]string // import path: functions, types and variables
	by   map[string]string   // package: what for
}

var doors = []door{
	{
		name: "reads files or directories",
		uses: map[string][]string{
			"os":                                  {"Open", "OpenRoot", "OpenInRoot", "ReadFile", "ReadDir", "DirFS", "Readlink"},
			"path/filepath":                       {"Walk", "WalkDir", "Glob"},
			"io/ioutil":                           {"ReadFile", "ReadDir"},
			"syscall":                             {"Open", "Openat", "Mmap"},
			"sigs.k8s.io/kustomize/kyaml/filesys": {"MakeFsOnDisk", "NewTmpConfirmedDir"},
		},
		by: map[string]string{
			"render":           "DirTree, the door to the files of a work tree",
			"render/kustomize": "what kustomize fetched, where remote bases are allowed",
			"internal/git":     "the Git directory",
			"internal/actions": "files that the runner names",
			"internal/app":     "files that the user names",
			"internal/machine": "what the system says of memory",
			"internal/fix":     "the files that --fix changes, before it does",
			"internal/outfile": "the directory that a result is written to",
		},
	},
	{
		name: "writes files",
		uses: map[string][]string{
			"os": {"Create", "CreateTemp", "OpenFile", "WriteFile", "Mkdir", "MkdirAll", "MkdirTemp", "Remove", "RemoveAll", "Rename", "Symlink", "Link",
				"Chmod", "Chown", "Lchown", "Chtimes", "Truncate", "CopyFS"},
			"io/ioutil": {"WriteFile", "TempFile", "TempDir"},
		},
		by: map[string]string{
			"render/kustomize": "nothing but the null device",
			"internal/git":     "a Git directory of its own, in a temporary directory",
			"internal/actions": "outputs and the summary, in files that the runner names",
			"internal/outfile": "results, beside and renamed",
		},
	},
	{
		name: "starts programs",
		uses: map[string][]string{
			"os/exec": {"Command", "CommandContext", "Cmd"},
			"os":      {"StartProcess"},
			"syscall": {"Exec", "ForkExec", "StartProcess"},
			"plugin":  {"Open"},
		},
		by: map[string]string{
			"internal/git":    "git",
			"render/confined": "this program itself, with limits",
		},
	},
	{
		name: "uses the network",
		uses: map[string][]string{
			"net": {"Dial", "DialTimeout", "Dialer", "Listen", "ListenConfig", "Resolver", "DefaultResolver", "LookupHost", "LookupIP", "LookupAddr"},
			"net/http": {"Get", "Head", "Post", "PostForm", "Client", "DefaultClient", "DefaultTransport", "Transport", "NewRequest", "NewRequestWithContext",
				"ListenAndServe", "Serve", "Server"},
			"crypto/tls": {"Dial", "Dialer"},
		},
		by: map[string]string{
			"internal/github":  "GitHub's API, at the address that the runner gives",
			"render/kustomize": "the guard that keeps kustomize off the network",
		},
	},
}

// helpers reports whether a package serves tests only.
func helpers(pkg string) bool {
	base := path.Base(pkg)
	return strings.HasSuffix(base, "test") || base == "fakegithub" || base == "monorepo" || strings.HasPrefix(pkg, "contracts")
}

func TestDoors(t *testing.T) {
	used := map[string]bool{}
	walk(t, func(name, rel, pkg string) error {
		if helpers(pkg) {
			return nil
		}
		fset := token.NewFileSet()
		f, err := parser.ParseFile(fset, name, nil, 0)
		if err != nil {
			return err
		}
		imports := map[string]string{} // name in the file: path
		for _, spec := range f.Imports {
			p, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			local := path.Base(p)
			if spec.Name != nil {
				local = spec.Name.Name
			}
			if p == "unsafe" || p == "C" || local == "." {
				t.Errorf("%s imports %s as %s: nobody could tell what it opens", rel, p, local)
			}
			imports[local] = p
		}
		ast.Inspect(f, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			id, ok := sel.X.(*ast.Ident)
			if !ok || imports[id.Name] == "" {
				return true
			}
			for _, d := range doors {
				if !slices.Contains(d.uses[imports[id.Name]], sel.Sel.Name) {
					continue
				}
				used[d.name+pkg] = true
				if d.by[pkg] == "" {
					t.Errorf("%s: package %s %s (%s.%s); only these may: %v", fset.Position(sel.Pos()), pkg, d.name, id.Name, sel.Sel.Name, d.by)
				}
			}
			return true
		})
		return nil
	})
	for _, d := range doors {
		for pkg := range d.by {
			if !used[d.name+pkg] {
				t.Errorf("package %s no longer %s: take it off the list", pkg, d.name)
			}
		}
	}
}
