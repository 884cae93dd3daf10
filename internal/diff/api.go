package diff

import "fmt"

// maxAPIFiles is how many files GitHub's pulls files API lists at most
// (docs.github.com, REST API, "List pull requests files").
const maxAPIFiles = 3000

// APIFile is an entry of GitHub's pulls files API.
type APIFile struct {
	Filename         string
	PreviousFilename string
	Status           string // added, removed, modified, renamed, copied, changed, unchanged
	Patch            string // hunks; missing for binary and large files
}

// FromAPI makes Changes of the answers of GitHub's pulls files API.
func FromAPI(base, head string, entries []APIFile) Changes {
	c := Changes{Base: base, Head: head}
	if len(entries) >= maxAPIFiles {
		c.Incomplete = fmt.Sprintf("GitHub lists only the first %d changed files of a pull request", maxAPIFiles)
	}
	for _, e := range entries {
		f := File{OldName: e.Filename, NewName: e.Filename, Status: Modified}
		switch e.Status {
		case "added":
			f.Status, f.OldName = Added, ""
		case "removed":
			f.Status, f.NewName = Removed, ""
		case "renamed", "copied":
			f.Status = Status(e.Status)
			f.OldName = e.PreviousFilename
			if f.OldName == "" && f.Status == Renamed {
				c.Incomplete = fmt.Sprintf("GitHub does not say where %q was renamed from", e.Filename)
			}
		case "unchanged":
			continue
		}
		if e.Patch == "" {
			f.NoHunks = "GitHub gives no patch: the file is too large or binary, or no line changed"
		} else if hunks, err := ParseHunks(e.Patch); err != nil {
			f.NoHunks = err.Error()
		} else {
			f.Hunks = hunks
		}
		c.Files = append(c.Files, f)
	}
	return c
}
