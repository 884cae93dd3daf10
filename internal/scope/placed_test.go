package scope_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/org/probe-mtls-action/internal/affected"
	"github.com/org/probe-mtls-action/internal/place"
	"github.com/org/probe-mtls-action/internal/report"
	"github.com/org/probe-mtls-action/internal/scope"
	"github.com/org/probe-mtls-action/render"
	"github.com/org/probe-mtls-action/render/kustomize/graph"
	"github.com/org/probe-mtls-action/render/source"
)

// TestRootsAndPlaces follows every shape of a pull request's checkout to the
// affected roots, and to the places of findings on lines that are known by
// their text.
func TestRootsAndPlaces(t *testing.T) {
	s := newServer(t)
	const some, all = "app web", "app lone web"
	// The places of: a changed line; a line that the base branch moved; a line
	// of the base branch alone; a removed line.
	const exact = "app/d.yaml:2 RIGHT | shared.yaml:21 RIGHT | none (other.yaml: this line came with the base branch) | exempt.yaml:3 LEFT"
	want := map[string][2]string{
		"merge, all history":                   {some, exact},
		"merge, depth 1":                       {some, exact},
		"merge, depth 2":                       {some, exact},
		"head, all history":                    {some, strings.Replace(exact, "none (other.yaml: this line came with the base branch)", "none", 1)},
		"head, depth 1":                        {some, strings.Replace(exact, "none (other.yaml: this line came with the base branch)", "none", 1)},
		"merge, depth 2, GitHub down":          {some, "app/d.yaml:2 RIGHT | shared.yaml | none (other.yaml: this line came with the base branch) | exempt.yaml"},
		"merge, depth 2, no remote but GitHub": {some, "app/d.yaml:2 RIGHT | shared.yaml | none (other.yaml: this line came with the base branch) | exempt.yaml"},
		"merge, depth 1, no remote but GitHub": {some, "app/d.yaml | shared.yaml | none | none"},
		"merge, depth 1, list too long":        {all, "app/d.yaml | shared.yaml | none | none"},
		"merge, depth 1, nothing else":         {all, "none | none | none | none"},
	}
	for _, c := range s.shapes() {
		t.Run(c.name, func(t *testing.T) {
			repo, sc := s.resolve(t, c)
			head, err := render.OpenTree(repo.Root())
			if err != nil {
				t.Fatal(err)
			}
			defer head.Close()
			in := affected.Input{Changes: &sc.Changes}
			if in.Head, err = graph.Build(t.Context(), head); err != nil {
				t.Fatal(err)
			}
			items := []report.Item{
				{At: line(t, head, "app/d.yaml", "spec: {}")},
				{At: line(t, head, "shared.yaml", "feature")},
				{At: line(t, head, "other.yaml", "kind: Job")},
				{},
			}
			if sc.Base != "" {
				base, err := repo.Tree(t.Context(), sc.Base)
				if err != nil {
					t.Fatal(err)
				}
				defer base.Close()
				if in.Base, err = graph.Build(t.Context(), base, graph.Reuse(in.Head, changed(sc))); err != nil {
					t.Fatal(err)
				}
				items[3].BaseCauses = []report.Location{line(t, base, "exempt.yaml", "exemption")}
			}
			var dirs []string
			for _, r := range affected.Roots(in).Roots {
				dirs = append(dirs, r.Dir)
			}
			place.All(items, place.Diffs{PR: &sc.Pull.Diff, ToHead: sc.Pull.ToTree, FromBase: sc.Pull.FromBase})
			var places []string
			for _, it := range items {
				places = append(places, show(it.Placement))
			}
			got := [2]string{strings.Join(dirs, " "), strings.Join(places, " | ")}
			if d := cmp.Diff(want[c.name], got); d != "" {
				t.Errorf("roots and places (-want +got):\n%s", d)
			}
		})
	}
}

func changed(sc *scope.Scope) func(string) bool {
	names := map[string]bool{}
	for _, n := range sc.Changes.Paths() {
		names[n] = true
	}
	return func(n string) bool { return sc.Changes.Incomplete != "" || names[n] }
}

// line finds a line by its text; a file that the tree lacks gives line 1.
func line(t *testing.T, tree render.Tree, name, text string) report.Location {
	t.Helper()
	loc := report.Location{Span: source.Span{File: name, Start: source.Position{Line: 1, Column: 1}}}
	data, err := tree.ReadFile(name)
	if err != nil {
		return loc
	}
	before, _, found := strings.Cut("\n"+string(data), "\n"+text+"\n")
	if !found {
		t.Fatalf("%s has no line %q", name, text)
	}
	loc.Start.Line = strings.Count(before, "\n") + 1
	return loc
}

func show(p *report.Placement) string {
	var s string
	switch p.Kind {
	case report.InSummary:
		s = "none"
	case report.OnFile:
		s = p.Path
	default:
		s = fmt.Sprintf("%s:%d %s", p.Path, p.Line, p.Side)
	}
	if p.Note != "" {
		s += " (" + p.Note + ")"
	}
	return s
}
