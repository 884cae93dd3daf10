package diff_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/org/probe-mtls-action/internal/diff"
)

func TestParseRaw(t *testing.T) {
	const id = "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"
	entry := func(modes, status string, names ...string) string {
		return ":" + modes + " " + id + " " + id + " " + status + "\x00" + strings.Join(names, "\x00") + "\x00"
	}
	got, err := diff.ParseRaw([]byte(
		entry("000000 100644", "A", "new") +
			entry("100644 000000", "D", "gone") +
			entry("100644 100755", "M", "mo\nde") +
			entry("100644 120000", "T", "type") +
			entry("100644 100644", "R090", "from", "to") +
			entry("100644 100644", "C100", "src", "copy") +
			entry("160000 160000", "M", "sub") +
			entry("100644 100644", "U", "conflict\xff")))
	if err != nil {
		t.Fatal(err)
	}
	want := []diff.File{
		{NewName: "new", NewMode: "100644", Status: diff.Added},
		{OldName: "gone", OldMode: "100644", Status: diff.Removed},
		{OldName: "mo\nde", NewName: "mo\nde", OldMode: "100644", NewMode: "100755", Status: diff.Modified},
		{OldName: "type", NewName: "type", OldMode: "100644", NewMode: "120000", Status: diff.Modified},
		{OldName: "from", NewName: "to", OldMode: "100644", NewMode: "100644", Status: diff.Renamed},
		{OldName: "src", NewName: "copy", OldMode: "100644", NewMode: "100644", Status: diff.Copied},
		{OldName: "sub", NewName: "sub", OldMode: "160000", NewMode: "160000", Status: diff.Modified},
		{OldName: "conflict\xff", NewName: "conflict\xff", OldMode: "100644", NewMode: "100644", Status: diff.Modified},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	c := diff.Changes{Files: got}
	if d := cmp.Diff([]string{"conflict\xff", "copy", "from", "gone", "mo\nde", "new", "sub", "to", "type"}, c.Paths()); d != "" {
		t.Errorf("Paths (-want +got):\n%s", d)
	}
	for _, bad := range []string{"x", ":100644 100644 a b M\x00", ":a\x00b\x00", entry("100644 100644", "R100", "from")} {
		if _, err := diff.ParseRaw([]byte(bad)); err == nil {
			t.Errorf("ParseRaw(%q) has no error", bad)
		}
	}
}

func TestAddPatch(t *testing.T) {
	files := []diff.File{
		{OldName: "a", NewName: "a", Status: diff.Modified},
		{OldName: "bin", NewName: "bin", Status: diff.Modified},
		{OldName: "type", NewName: "type", OldMode: "100644", NewMode: "120000", Status: diff.Modified},
		{OldName: "mode", NewName: "mode", OldMode: "100644", NewMode: "100755", Status: diff.Modified},
		{NewName: "new", NewMode: "100644", Status: diff.Added},
	}
	patch := "diff --git \"a/\\001\" \"b/\\001\"\nindex 1..2\n--- whatever\n+++ whatever\n@@ -1,2 +1,3 @@ context\n one\r\n-diff --git a/x b/x\n+--- two\n+three\n\\ No newline at end of file\n" +
		"diff --git a/bin b/bin\nBinary files a/bin and b/bin differ\n" +
		"diff --git a/type b/type\ndeleted file mode 100644\n--- a/type\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n" +
		"diff --git a/type b/type\nnew file mode 120000\n--- /dev/null\n+++ b/type\n@@ -0,0 +1 @@\n+y\n" +
		"diff --git a/mode b/mode\nold mode 100644\nnew mode 100755\n" +
		"diff --git a/new b/new\nnew file mode 100644\n--- /dev/null\n+++ b/new\n@@ -0,0 +1 @@\n+n\n"
	diff.AddPatch(files, []byte(patch))
	want := []diff.Hunk{{Old: diff.Range{Start: 1, Count: 2}, New: diff.Range{Start: 1, Count: 3}, Lines: []diff.Line{
		{Op: diff.Context, Old: 1, New: 1, Text: "one"},
		{Op: diff.Delete, Old: 2, Text: "diff --git a/x b/x"},
		{Op: diff.Add, New: 2, Text: "--- two"},
		{Op: diff.Add, New: 3, Text: "three"},
	}}}
	if d := cmp.Diff(want, files[0].Hunks); d != "" {
		t.Errorf("hunks (-want +got):\n%s", d)
	}
	if !files[1].Binary || files[1].NoHunks == "" {
		t.Errorf("binary file: %+v", files[1])
	}
	if files[2].NoHunks == "" || files[2].Hunks != nil {
		t.Errorf("change of type: %+v", files[2])
	}
	if files[3].NoHunks != "" || files[3].Hunks != nil {
		t.Errorf("change of mode: %+v", files[3])
	}
	if len(files[4].Hunks) != 1 || !files[4].HasNew(1) || files[4].HasNew(2) {
		t.Errorf("new file: %+v", files[4])
	}
	other := []diff.File{{OldName: "a", NewName: "a"}}
	diff.AddPatch(other, []byte(patch))
	if other[0].NoHunks == "" {
		t.Error("a patch of other files is taken")
	}
}

func TestFromAPI(t *testing.T) {
	c := diff.FromAPI("b", "h", []diff.APIFile{
		{Filename: "m", Status: "modified", Patch: "@@ -1 +1,2 @@\n a\n+b"},
		{Filename: "c", Status: "changed"},
		{Filename: "n", Status: "added", Patch: "@@ -0,0 +1 @@\n+b"},
		{Filename: "g", Status: "removed", Patch: "@@ -1 +0,0 @@\n-b"},
		{Filename: "r", PreviousFilename: "q", Status: "renamed"},
		{Filename: "u", Status: "unchanged"},
		{Filename: "broken", Status: "modified", Patch: "@@ rubbish"},
	})
	if d := cmp.Diff([]string{"broken", "c", "g", "m", "n", "q", "r"}, c.Paths()); d != "" {
		t.Errorf("Paths (-want +got):\n%s", d)
	}
	if c.Incomplete != "" {
		t.Errorf("Incomplete = %q", c.Incomplete)
	}
	if !c.New("m").HasNew(2) || c.New("g") != nil || c.Old("g") == nil || c.Old("q").NewName != "r" {
		t.Errorf("wrong files: %+v", c.Files)
	}
	for _, name := range []string{"c", "r", "broken"} {
		if c.New(name).NoHunks == "" {
			t.Errorf("%s: the missing patch is not told", name)
		}
	}
	many := make([]diff.APIFile, 3000)
	for i := range many {
		many[i] = diff.APIFile{Filename: fmt.Sprint(i), Status: "added"}
	}
	if diff.FromAPI("", "", many).Incomplete == "" {
		t.Error("3,000 files count as complete")
	}
	if diff.FromAPI("", "", []diff.APIFile{{Filename: "a", Status: "renamed"}}).Incomplete == "" {
		t.Error("a rename from nowhere counts as complete")
	}
}

// TestLineMapping edits random files and compares the mapping with where the
// kept lines really went.
func TestLineMapping(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		// ops says of each line whether it is kept, deleted or added.
		ops := rapid.SliceOfN(rapid.SampledFrom([]byte("     -+")), 1, 60).Draw(t, "ops")
		context := rapid.IntRange(0, 4).Draw(t, "context")
		patch, kept, deleted, added := unified(ops, context)
		f := diff.File{OldName: "f", NewName: "f", Status: diff.Modified}
		if patch != "" {
			hunks, err := diff.ParseHunks(patch)
			if err != nil {
				t.Fatalf("%v\n%s", err, patch)
			}
			f.Hunks = hunks
		}
		for old, now := range kept {
			if got, ok := f.ToNew(old); !ok || got != now {
				t.Fatalf("ToNew(%d) = %d, %v; want %d\n%s", old, got, ok, now, patch)
			}
			if got, ok := f.ToOld(now); !ok || got != old {
				t.Fatalf("ToOld(%d) = %d, %v; want %d\n%s", now, got, ok, old, patch)
			}
		}
		for _, old := range deleted {
			if got, ok := f.ToNew(old); ok {
				t.Fatalf("ToNew(%d) = %d for a deleted line\n%s", old, got, patch)
			}
		}
		for _, now := range added {
			if got, ok := f.ToOld(now); ok || !f.HasNew(now) {
				t.Fatalf("ToOld(%d) = %d for an added line\n%s", now, got, patch)
			}
		}
	})
}

// unified writes a patch with the given number of context lines, and tells
// where each line went.
func unified(ops []byte, context int) (patch string, kept map[int]int, deleted, added []int) {
	kept = map[int]int{}
	near := make([]bool, len(ops))
	for i, op := range ops {
		for j := max(0, i-context); op != ' ' && j <= min(len(ops)-1, i+context); j++ {
			near[j] = true
		}
	}
	old, now := 0, 0
	var b strings.Builder
	for i := 0; i < len(ops); {
		var body strings.Builder
		startOld, startNow := old, now
		for i < len(ops) && near[i] {
			if ops[i] != '+' {
				old++
			}
			if ops[i] != '-' {
				now++
			}
			switch ops[i] {
			case ' ':
				kept[old] = now
			case '-':
				deleted = append(deleted, old)
			case '+':
				added = append(added, now)
			}
			fmt.Fprintf(&body, "%cline\n", ops[i])
			i++
		}
		if body.Len() > 0 {
			first := func(start, end int) int {
				if start == end {
					return start
				}
				return start + 1
			}
			fmt.Fprintf(&b, "@@ -%d,%d +%d,%d @@\n%s", first(startOld, old), old-startOld, first(startNow, now), now-startNow, body.String())
		}
		for i < len(ops) && !near[i] {
			old, now, i = old+1, now+1, i+1
			kept[old] = now
		}
	}
	return b.String(), kept, deleted, added
}

func TestLineFates(t *testing.T) {
	hunks, err := diff.ParseHunks("@@ -2,2 +2,2 @@\n a\n-b\n+c\n")
	if err != nil {
		t.Fatal(err)
	}
	c := diff.Changes{Files: []diff.File{
		{OldName: "old", NewName: "new", Status: diff.Renamed, Hunks: hunks},
		{NewName: "added", Status: diff.Added},
		{OldName: "removed", Status: diff.Removed},
		{OldName: "large", NewName: "large", Status: diff.Modified, NoHunks: "too large"},
		{OldName: "source", NewName: "copy", Status: diff.Copied},
	}}
	for _, tc := range []struct {
		name string
		line int
		want string
	}{
		{"new", 1, "old:1 kept"}, {"new", 2, "old:2 kept"}, {"new", 3, ":0 gone"}, {"new", 9, "old:9 kept"},
		{"added", 1, ":0 gone"}, {"removed", 1, ":0 gone"}, {"large", 1, ":0 unknown"}, {"other", 7, "other:7 kept"}, {"copy", 3, "source:3 kept"},
	} {
		name, line, fate := c.LineToOld(tc.name, tc.line)
		if got := fmt.Sprintf("%s:%d %s", name, line, fate); got != tc.want {
			t.Errorf("LineToOld(%s, %d) = %s; want %s", tc.name, tc.line, got, tc.want)
		}
	}
	for _, tc := range []struct {
		name string
		line int
		want string
	}{
		{"old", 2, "new:2 kept"}, {"old", 3, ":0 gone"}, {"removed", 1, ":0 gone"}, {"large", 1, ":0 unknown"}, {"other", 7, "other:7 kept"}, {"source", 3, "source:3 kept"},
	} {
		name, line, fate := c.LineToNew(tc.name, tc.line)
		if got := fmt.Sprintf("%s:%d %s", name, line, fate); got != tc.want {
			t.Errorf("LineToNew(%s, %d) = %s; want %s", tc.name, tc.line, got, tc.want)
		}
	}
	c.Incomplete = "cut"
	if _, _, fate := c.LineToOld("other", 1); fate != diff.Unknown {
		t.Errorf("an incomplete list knows the fate of a line: %s", fate)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n"))
	f.Add([]byte("@@ -1,2 +1 @@\n a\n-b\n\\ No newline at end of file"))
	f.Add([]byte(":100644 100644 a b M\x00name\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if files, err := diff.ParseRaw(data); err == nil {
			diff.AddPatch(files, data)
		}
		files := []diff.File{{OldName: "a", NewName: "a"}}
		diff.AddPatch(files, data)
		for _, h := range files[0].Hunks {
			for _, l := range h.Lines {
				if l.New != 0 && !files[0].HasNew(l.New) {
					t.Errorf("line %d is in a hunk but HasNew says no", l.New)
				}
			}
		}
		_, _ = diff.ParseHunks(string(data))
	})
}
