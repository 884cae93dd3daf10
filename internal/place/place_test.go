package place_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/org/probe-mtls-action/internal/diff"
	"github.com/org/probe-mtls-action/internal/place"
	"github.com/org/probe-mtls-action/internal/report"
	"github.com/org/probe-mtls-action/render/source"
)

func at(file string, line int, via ...string) report.Location {
	return report.Location{Span: source.Span{File: file, Start: source.Position{Line: line, Column: 1}}, Via: via}
}

func hunks(t *testing.T, patch string) []diff.Hunk {
	t.Helper()
	h, err := diff.ParseHunks(patch)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestAll(t *testing.T) {
	pr := &diff.Changes{Files: []diff.File{
		{OldName: "deploy.yaml", NewName: "deploy.yaml", Status: diff.Modified, Hunks: hunks(t, "@@ -10,3 +10,4 @@\n a\n+b\n c\n d\n")},
		{OldName: "policy.yaml", NewName: "policy.yaml", Status: diff.Modified, Hunks: hunks(t, "@@ -4,4 +4,3 @@\n a\n-b\n c\n d\n")},
		{OldName: "old-name.yaml", NewName: "new-name.yaml", Status: diff.Renamed, Hunks: hunks(t, "@@ -2,2 +2 @@\n a\n-b\n")},
		{OldName: "gone.yaml", Status: diff.Removed, Hunks: hunks(t, "@@ -1,2 +0,0 @@\n-a\n-b\n")},
		{OldName: "over/kustomization.yaml", NewName: "over/kustomization.yaml", Status: diff.Modified,
			Hunks: hunks(t, "@@ -1,2 +1,5 @@\n resources:\n - ../other\n+- ../base # the base\n+- \"policy.yaml\"\n+- {path: patch.yaml}\n")},
		{OldName: "big.yaml", NewName: "big.yaml", Status: diff.Modified, NoHunks: "too large"},
	}}
	cases := []struct {
		name string
		item report.Item
		want string
	}{
		{"the probe's line is added", report.Item{At: at("deploy.yaml", 11)}, "probe-line deploy.yaml:11 RIGHT"},
		{"the probe's line is context", report.Item{At: at("deploy.yaml", 13)}, "probe-line deploy.yaml:13 RIGHT"},
		{"the probe beats what decided", report.Item{At: at("deploy.yaml", 10), Related: []report.Location{at("deploy.yaml", 11)}}, "probe-line deploy.yaml:10 RIGHT"},
		{"a deciding line is added", report.Item{At: at("base/d.yaml", 9), Related: []report.Location{at("policy.yaml", 5), at("deploy.yaml", 11)}}, "deciding-line deploy.yaml:11 RIGHT"},
		{"a deciding line is context", report.Item{At: at("base/d.yaml", 9), Related: []report.Location{at("policy.yaml", 5)}}, "deciding-line policy.yaml:5 RIGHT"},
		{"an exemption is removed", report.Item{At: at("base/d.yaml", 9), Related: []report.Location{at("policy.yaml", 5)}, BaseCauses: []report.Location{at("policy.yaml", 5)}}, "deciding-line policy.yaml:5 LEFT"},
		{"a renamed file loses the exemption", report.Item{At: at("base/d.yaml", 9), BaseCauses: []report.Location{at("old-name.yaml", 3)}}, "deciding-line new-name.yaml:3 LEFT"},
		{"the policy is deleted", report.Item{At: at("base/d.yaml", 9), BaseCauses: []report.Location{at("gone.yaml", 2)}}, "deciding-line gone.yaml:2 LEFT"},
		{"a base's line that stays is no cause", report.Item{At: at("base/d.yaml", 9), BaseCauses: []report.Location{at("policy.yaml", 4)}}, "file policy.yaml:0 "},
		{"the entry brings the base in", report.Item{At: at("base/d.yaml", 9, "over/kustomization.yaml", "base/kustomization.yaml")}, "deciding-line over/kustomization.yaml:3 RIGHT"},
		{"the entry brings the policy in", report.Item{At: at("base/d.yaml", 9), Related: []report.Location{at("over/policy.yaml", 2, "over/kustomization.yaml")}}, "deciding-line over/kustomization.yaml:4 RIGHT"},
		{"the entry brings the patch in", report.Item{At: at("over/patch.yaml", 9, "over/kustomization.yaml")}, "deciding-line over/kustomization.yaml:5 RIGHT"},
		{"an old entry does not", report.Item{At: at("other/d.yaml", 9, "over/kustomization.yaml", "other/kustomization.yaml")}, "file over/kustomization.yaml:0 "},
		{"the file is changed elsewhere", report.Item{At: at("deploy.yaml", 99)}, "file deploy.yaml:0 "},
		{"the file is too large", report.Item{At: at("big.yaml", 1)}, "file big.yaml:0 "},
		{"a related file is changed", report.Item{At: at("x.yaml", 1), Related: []report.Location{at("y.yaml", 1), at("policy.yaml", 99)}}, "file policy.yaml:0 "},
		{"the cause's file is gone", report.Item{At: at("x.yaml", 1), BaseCauses: []report.Location{at("gone.yaml", 9)}}, "file gone.yaml:0 "},
		{"nothing is changed", report.Item{At: at("x.yaml", 1), Related: []report.Location{at("y.yaml", 1)}}, "summary :0 "},
		{"no place at all", report.Item{}, "summary :0 "},
		{"a whole file", report.Item{At: at("deploy.yaml", 0)}, "file deploy.yaml:0 "},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			items := []report.Item{c.item}
			place.All(items, place.Diffs{PR: pr})
			if d := cmp.Diff(c.want, show(items[0].Placement)); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

func show(p *report.Placement) string {
	s := fmt.Sprintf("%s %s:%d %s", p.Kind, p.Path, p.Line, p.Side)
	if p.Note != "" {
		s += " (" + p.Note + ")"
	}
	return s
}

// TestMerge checks lines of GitHub's merge commit, whose numbers differ from
// the head commit's where the base branch went on.
func TestMerge(t *testing.T) {
	d := place.Diffs{
		PR: &diff.Changes{Files: []diff.File{
			{OldName: "deploy.yaml", NewName: "deploy.yaml", Status: diff.Modified, Hunks: hunks(t, "@@ -10,3 +10,4 @@\n a\n+b\n c\n d\n")},
			{OldName: "policy.yaml", NewName: "policy.yaml", Status: diff.Modified, Hunks: hunks(t, "@@ -4,4 +4,3 @@\n a\n-b\n c\n d\n")},
		}},
		ToHead: &diff.Changes{Files: []diff.File{
			{OldName: "deploy.yaml", NewName: "deploy.yaml", Status: diff.Modified, Hunks: hunks(t, "@@ -1 +1,3 @@\n+x\n+y\n z\n")},
			{NewName: "main.yaml", Status: diff.Added, Hunks: hunks(t, "@@ -0,0 +1 @@\n+x\n")},
			{OldName: "large.yaml", NewName: "large.yaml", Status: diff.Modified, NoHunks: "too large"},
		}},
		FromBase: &diff.Changes{Files: []diff.File{
			{OldName: "policy.yaml", NewName: "policy.yaml", Status: diff.Modified, Hunks: hunks(t, "@@ -1 +1,2 @@\n+x\n z\n")},
		}},
	}
	cases := []struct {
		name string
		item report.Item
		want string
	}{
		{"a line is mapped", report.Item{At: at("deploy.yaml", 13)}, "probe-line deploy.yaml:11 RIGHT"},
		{"a line of the merge alone", report.Item{At: at("deploy.yaml", 1)}, "file deploy.yaml:0  (deploy.yaml: this line came with the base branch)"},
		{"a file of the merge alone", report.Item{At: at("main.yaml", 1), Related: []report.Location{at("deploy.yaml", 13)}}, "deciding-line deploy.yaml:11 RIGHT (main.yaml: this line came with the base branch)"},
		{"an unknown line", report.Item{At: at("large.yaml", 1)}, "summary :0 "},
		{"a removed line is mapped", report.Item{At: at("x.yaml", 1), BaseCauses: []report.Location{at("policy.yaml", 6)}}, "deciding-line policy.yaml:5 LEFT"},
		{"a base line of main alone", report.Item{At: at("x.yaml", 1), BaseCauses: []report.Location{at("policy.yaml", 1)}}, "file policy.yaml:0 "},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			items := []report.Item{c.item}
			place.All(items, d)
			if diff := cmp.Diff(c.want, show(items[0].Placement)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
