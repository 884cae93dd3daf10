package diff

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
)

// ParseRaw reads the output of `git diff --raw -z`, whose names are exact:
// ":<mode> <mode> <id> <id> <status>\0<name>\0", with a second name for renames
// and copies.
func ParseRaw(out []byte) ([]File, error) {
	var files []File
	rest := out
	next := func() (string, error) {
		field, tail, found := bytes.Cut(rest, []byte{0})
		if !found {
			return "", errors.New("raw diff: the output ends in the middle of an entry")
		}
		rest = tail
		return string(field), nil
	}
	for len(rest) > 0 {
		head, err := next()
		if err != nil {
			return nil, err
		}
		f := strings.Fields(head)
		if len(f) != 5 || !strings.HasPrefix(head, ":") {
			return nil, fmt.Errorf("raw diff: unexpected entry %q", head)
		}
		file := File{OldMode: mode(f[0][1:]), NewMode: mode(f[1])}
		name, err := next()
		if err != nil {
			return nil, err
		}
		file.OldName, file.NewName = name, name
		switch f[4][0] {
		case 'A':
			file.Status, file.OldName = Added, ""
		case 'D':
			file.Status, file.NewName = Removed, ""
		case 'R', 'C':
			file.Status = Renamed
			if f[4][0] == 'C' {
				file.Status = Copied
			}
			if file.NewName, err = next(); err != nil {
				return nil, err
			}
		default: // M, T (type change), U (conflict)
			file.Status = Modified
		}
		files = append(files, file)
	}
	return files, nil
}

func mode(s string) string {
	if strings.Trim(s, "0") == "" {
		return ""
	}
	return s
}

// kind returns the part of a mode that tells files, links and submodules apart.
func kind(mode string) string {
	if len(mode) < 3 {
		return ""
	}
	return mode[:3]
}

// AddPatch fills the hunks of files from the output of `git diff -p` over the
// same trees with the same options, which lists the same files in the same
// order. Names in the patch are not looked at.
func AddPatch(files []File, patch []byte) {
	sections := sections(patch)
	want := 0
	for i := range files {
		want += files[i].sections()
	}
	if want != len(sections) {
		for i := range files {
			files[i].NoHunks = "git's patch does not match its list of files"
		}
		return
	}
	for i := range files {
		f := &files[i]
		n := f.sections()
		for _, s := range sections[:n] {
			f.addSection(s)
		}
		if n == 2 {
			// The two halves do not share line numbers.
			f.Hunks, f.NoHunks = nil, "the file changed its type"
		}
		sections = sections[n:]
	}
}

// sections is how many patches git prints for f: a change of type is shown as a
// removal and an addition.
func (f *File) sections() int {
	if f.OldMode != "" && f.NewMode != "" && kind(f.OldMode) != kind(f.NewMode) {
		return 2
	}
	return 1
}

// sections splits a patch before each "diff --git" line. No line of a file's
// content can look like one, as those begin with a space, a sign or a
// backslash.
func sections(patch []byte) [][]byte {
	const start = "diff --git "
	var list [][]byte
	from := -1
	for at := 0; at < len(patch); {
		if bytes.HasPrefix(patch[at:], []byte(start)) {
			if from >= 0 {
				list = append(list, patch[from:at])
			}
			from = at
		}
		n := bytes.IndexByte(patch[at:], '\n')
		if n < 0 {
			break
		}
		at += n + 1
	}
	if from >= 0 {
		list = append(list, patch[from:])
	}
	return list
}

func (f *File) addSection(s []byte) {
	at := bytes.Index(s, []byte("\n@@ -"))
	if at < 0 {
		if bytes.Contains(s, []byte("\nBinary files ")) || bytes.Contains(s, []byte("\nGIT binary patch")) {
			f.Binary, f.NoHunks = true, "the file is binary"
		}
		return
	}
	hunks, err := ParseHunks(string(s[at+1:]))
	if err != nil {
		f.NoHunks = err.Error()
		return
	}
	f.Hunks = hunks
}
