package json

import "github.com/org/probe-mtls-action/internal/report"

// fix is a change of files that was proven to end the finding.
type fix struct {
	Title string    `json:"title"`
	Tier  string    `json:"tier"` // safe or unsafe
	Cost  string    `json:"cost"` // what an unsafe one costs
	Roots []string  `json:"roots"`
	Also  []string  `json:"also"` // what else it changes
	Files []fixFile `json:"files"`
	Diff  string    `json:"diff"` // for git apply
}

type fixFile struct {
	File         string        `json:"file"`
	New          bool          `json:"new"`
	Replacements []replacement `json:"replacements"`
}

// replacement puts text in the place of the characters from start up to end.
type replacement struct {
	Start *position `json:"start"`
	End   *position `json:"end"`
	Text  string    `json:"text"`
}

func toFix(f *report.Fix) fix {
	out := fix{Title: f.Title, Tier: f.Tier(), Cost: f.Cost, Roots: list(f.Roots), Also: list(f.Also), Files: []fixFile{}, Diff: f.Diff}
	for _, file := range f.Files {
		ff := fixFile{File: file.Name, New: file.New, Replacements: []replacement{}}
		for _, r := range file.Replacements {
			ff.Replacements = append(ff.Replacements, replacement{toPosition(r.At.Start), toPosition(r.At.End), r.Text})
		}
		out.Files = append(out.Files, ff)
	}
	return out
}
