package kustomize_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"

	"go.yaml.in/yaml/v3"
	"golang.org/x/tools/txtar"

	"github.com/org/probe-mtls-action/render"
	"github.com/org/probe-mtls-action/render/kustomize"
	"github.com/org/probe-mtls-action/render/kustomize/kustomizetest"
	"github.com/org/probe-mtls-action/render/source"
)

var update = flag.Bool("update", false, "write what was found into the cases")

// TestCases runs the cases in testdata. A case is a repository in the txtar
// format; its comment tells what is asked and what is to be found:
//
//	trace ROOT KIND/NAME PATH => PLACE ORIGIN TEXT [; key PLACE] [; via FILES] [; inexact]
//	place ROOT KIND/NAME PATH => as trace, where a change of the place alone does not render
//	error ROOT => PLACE MESSAGE
//	refused ROOT => PLACE MESSAGE
//	remarks ROOT => PLACE MESSAGE
//
// Lines that start with # are for readers. Exact places of scalars are proven
// by experiment.
func TestCases(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no cases", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			c := newCase(t, archive)
			got := c.run(string(archive.Comment))
			if *update {
				archive.Comment = []byte(got)
				if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			compare(t, string(archive.Comment), got)
		})
	}
}

func compare(t *testing.T, want, got string) {
	t.Helper()
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range max(len(w), len(g)) {
		if i >= len(w) || i >= len(g) || w[i] != g[i] {
			t.Errorf("line %d:\n got %s\nwant %s", i+1, at(g, i), at(w, i))
		}
	}
}

func at(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return "(nothing)"
}

// testCase is one repository on disk.
type testCase struct {
	t        *testing.T
	dir      string
	renderer *kustomize.Renderer
	unproven bool // the oracle knows no links and no UTF-16
	results  map[string]*render.Result
	oracles  map[string]*kustomizetest.Oracle
}

// newCase writes the archive to a directory. In file names, the suffix .crlf
// asks for CRLF line ends, .bom for a byte order mark and .utf16 for UTF-16; they
// are cut.
func newCase(t *testing.T, archive *txtar.Archive) *testCase {
	t.Helper()
	dir, links, utf16 := t.TempDir(), false, false
	for _, f := range archive.Files {
		name, data := f.Name, string(f.Data)
		if n, ok := strings.CutSuffix(name, ".crlf"); ok {
			name, data = n, strings.ReplaceAll(data, "\n", "\r\n")
		}
		if n, ok := strings.CutSuffix(name, ".bom"); ok {
			name, data = n, "\ufeff"+data
		}
		if n, ok := strings.CutSuffix(name, ".utf16"); ok {
			name, utf16 = n, true
			units := []byte{0xff, 0xfe}
			for _, r := range data {
				units = append(units, byte(r), byte(r>>8))
			}
			data = string(units)
		}
		file := filepath.Join(dir, filepath.FromSlash(name))
		if n, target, ok := strings.Cut(name, " -> "); ok {
			file = filepath.Join(dir, filepath.FromSlash(n))
			must(t, os.MkdirAll(filepath.Dir(file), 0o755))
			must(t, os.Symlink(target, file))
			links = true
			continue
		}
		must(t, os.MkdirAll(filepath.Dir(file), 0o755))
		must(t, os.WriteFile(file, []byte(data), 0o644))
	}
	tree, err := render.OpenTree(dir)
	must(t, err)
	t.Cleanup(func() { tree.Close() })
	return &testCase{
		t: t, dir: dir, unproven: links || utf16, renderer: kustomize.New(tree, kustomize.Options{Confined: true}),
		results: map[string]*render.Result{}, oracles: map[string]*kustomizetest.Oracle{},
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (c *testCase) run(comment string) string {
	var out []string
	for _, line := range strings.Split(comment, "\n") {
		ask, _, _ := strings.Cut(line, " =>")
		words := strings.Fields(ask)
		if len(words) == 0 || words[0] == "#" {
			out = append(out, line)
			continue
		}
		var found string
		switch {
		case words[0] == "trace" && len(words) == 4:
			found = c.trace(words[1], words[2], words[3], true)
		case words[0] == "place" && len(words) == 4:
			found = c.trace(words[1], words[2], words[3], false)
		case words[0] == "error" && len(words) == 2:
			found = c.failure(words[1])
		case words[0] == "refused" && len(words) == 2:
			found = c.problems(words[1], func(res *render.Result) []render.Problem { return res.Refusals })
		case words[0] == "holes" && len(words) == 2:
			found = c.problems(words[1], func(res *render.Result) []render.Problem { return res.Holes })
		case words[0] == "remarks" && len(words) == 2:
			found = c.problems(words[1], func(res *render.Result) []render.Problem { return res.Remarks })
		default:
			c.t.Fatalf("not a line of a case: %s", line)
		}
		out = append(out, ask+" => "+found)
	}
	return strings.Join(out, "\n")
}

func (c *testCase) render(root string) (*render.Result, error) {
	if res := c.results[root]; res != nil {
		return res, nil
	}
	res, err := c.renderer.Render(context.Background(), render.Root{Dir: root, Renderer: kustomize.Name})
	if err == nil {
		c.results[root] = res
	}
	return res, err
}

func (c *testCase) trace(root, object, path string, prove bool) string {
	res, err := c.render(root)
	if err != nil {
		c.t.Fatal(err)
	}
	i := slices.IndexFunc(res.Objects, func(o *render.Object) bool { return o.Kind+"/"+o.Name == object })
	if i < 0 {
		c.t.Fatalf("no %s among %v", object, res.Objects)
	}
	o, p := res.Objects[i], parsePath(path)
	origin, err := o.Trace(context.Background(), p)
	if err != nil {
		c.t.Fatal(err)
	}
	found := fmt.Sprintf("%s %s %s", origin.Span, origin.Kind, c.text(origin.Span))
	if !origin.Key.IsZero() && origin.Key != origin.Span {
		found += "; key " + origin.Key.String() + " " + c.text(origin.Key)
	}
	if len(origin.Via) > 1 {
		found += "; via " + strings.Join(origin.Via, " ")
	}
	if !origin.Exact {
		found += "; inexact: " + origin.Why
	}
	if n := o.At(p); origin.Exact && n != nil && n.Kind == yaml.ScalarNode && n.ShortTag() != "!!null" && provable(p) && !origin.Span.Start.IsZero() && prove && !c.unproven {
		c.prove(root, o, p, origin.Span)
	}
	return found
}

// provable reports whether the field can be changed without changing which
// object or list item it belongs to.
func provable(p render.Path) bool {
	switch last := p[len(p)-1]; {
	case len(p) == 1, p.String() == "metadata.name", p.String() == "metadata.namespace":
		return false
	case len(p) > 1 && p[len(p)-2].Index >= 0:
		return last.Key != "name" && last.Key != "containerPort" && last.Key != "port"
	}
	return true
}

func (c *testCase) prove(root string, o *render.Object, p render.Path, at source.Span) {
	c.t.Helper()
	if c.oracles[root] == nil {
		oracle, err := kustomizetest.New(os.DirFS(c.dir), root)
		must(c.t, err)
		c.oracles[root] = oracle
	}
	if _, err := c.oracles[root].Check(o, p, at); err != nil {
		c.t.Errorf("%s %s: %s is not the place: %v", o, p, at, err)
	}
}

func (c *testCase) failure(root string) string {
	_, err := c.render(root)
	e := (*render.Error)(nil)
	if !errors.As(err, &e) {
		c.t.Fatalf("%s: got %v, want a *render.Error", root, err)
	}
	if strings.ContainsFunc(e.Message, unicode.IsControl) {
		c.t.Errorf("control characters in %q", e.Message)
	}
	return e.At.String() + " " + e.Message
}

func (c *testCase) problems(root string, of func(*render.Result) []render.Problem) string {
	res, err := c.render(root)
	must(c.t, err)
	var out []string
	for _, p := range of(res) {
		out = append(out, p.At.String()+" "+p.Message)
	}
	return strings.Join(out, " | ")
}

// text returns the text at a place, shortened, with line ends escaped.
func (c *testCase) text(s source.Span) string {
	data, err := os.ReadFile(filepath.Join(c.dir, filepath.FromSlash(s.File)))
	if err != nil {
		return "?"
	}
	if s.Start.IsZero() {
		return "(whole file)"
	}
	text := source.NewFile(s.File, data).Text(s)
	if len(text) > 40 {
		text = text[:40] + "…"
	}
	return strings.NewReplacer("\n", `\n`, "\r", `\r`).Replace(text)
}

func parsePath(s string) render.Path {
	p, err := render.ParsePath(s)
	if err != nil {
		panic(err)
	}
	return p
}
