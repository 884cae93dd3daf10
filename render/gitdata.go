package render

import (
	"errors"
	"io/fs"
	"path"
	"strings"
	"unicode"
)

// ErrGitData is the error of a name that leads to Git's own data: an entry named
// .git, which holds credentials and is no content, and what such an entry points
// at. Every [Tree] refuses it.
var ErrGitData = errors.New("belongs to Git's own data, which is not part of the repository's content")

// IsGitName reports whether a file system may take elem, one element of a path,
// for ".git". Besides the case of letters these are the spellings that Git itself
// refuses to check out (git 2.39, is_ntfs_dotgit and is_hfs_dotgit): the short
// names of NTFS, its trailing blanks, dots and streams, its backslashes, and the
// characters that HFS+ and APFS do not see.
func IsGitName(elem string) bool {
	// Most names are told by their first letters.
	if elem == "" || elem[0] < 0x80 && elem[0] != '.' && elem[0] != 'g' && elem[0] != 'G' && !strings.Contains(elem, `\`) {
		return false
	}
	for part := range strings.SplitSeq(elem, `\`) {
		if isGitName(part) {
			return true
		}
	}
	return false
}

func isGitName(s string) bool {
	s = strings.Map(func(c rune) rune {
		if unicode.In(c, unicode.Cf, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point) {
			return -1
		}
		return unicode.ToLower(c)
	}, s)
	s, _, _ = strings.Cut(s, ":")
	s = strings.TrimRight(s, " .")
	short, ok := strings.CutPrefix(s, "git~")
	return s == ".git" || ok && len(short) == 1 && short[0] >= '0' && short[0] <= '9'
}

// gitData finds Git directories that have another name than .git: what a file or
// link named .git points at, as in submodules and work trees.
type gitData struct {
	dirs []string // real names of Git directories inside the tree
}

// pointers looks for entries named .git in the whole tree and returns what they
// point at. Nothing but Git makes such an entry: it cannot be committed.
func pointers(tree Tree) gitData {
	var g gitData
	_ = fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return nil // what cannot be read points nowhere
		case d.Name() != ".git":
			return nil
		case d.IsDir():
			return fs.SkipDir
		case d.Type()&fs.ModeSymlink != 0:
			if target, err := tree.ReadLink(name); err == nil {
				g.add(tree, path.Dir(name), target)
			}
		case d.Type().IsRegular():
			if data, err := tree.ReadFile(name); err == nil && len(data) < 1<<16 {
				if target, ok := strings.CutPrefix(string(data), "gitdir:"); ok {
					g.add(tree, path.Dir(name), strings.Trim(target, " \r\n"))
				}
			}
		}
		return nil
	})
	return g
}

// add notes the Git directory that is named target in dir, and the one that it
// shares with the other work trees of the same repository.
func (g *gitData) add(tree Tree, dir, target string) {
	target = strings.ReplaceAll(target, `\`, "/")
	if path.IsAbs(target) {
		root, ok := tree.(interface{ Dir() string })
		if !ok {
			return
		}
		if target, ok = strings.CutPrefix(target, strings.TrimSuffix(root.Dir(), "/")+"/"); !ok {
			return
		}
		dir = "."
	}
	name := path.Join(dir, target)
	if !fs.ValidPath(name) || name == "." {
		return
	}
	g.dirs = append(g.dirs, name)
	if data, err := tree.ReadFile(path.Join(name, "commondir")); err == nil && len(data) < 1<<16 {
		if common := path.Join(name, strings.Trim(string(data), " \r\n")); fs.ValidPath(common) && common != "." {
			g.dirs = append(g.dirs, common)
		}
	}
}

// hold reports whether name is one of the directories or lies below one.
func (g *gitData) hold(name string) bool {
	for _, d := range g.dirs {
		if name == d || strings.HasPrefix(name, d+"/") {
			return true
		}
	}
	return false
}
