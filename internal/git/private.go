package git

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// A repository's configuration can make git run programs, ask other servers, or
// look away; there are too many ways to name them all, and every version of git
// has more. So git never works in the repository's own Git directory. private
// makes another one, in a temporary directory, that borrows objects and refs, and
// whose configuration has only the settings of kept.

// kept are the settings of a repository that are taken over, by their lower-case
// names: how objects and refs are stored; what the file system can do, which git
// found out when it made the repository; and what the names @{upstream} and
// origin/x stand for.
var kept = regexp.MustCompile(`^(?:extensions\.(?:objectformat|refstorage|partialclone)|` +
	`core\.(?:filemode|symlinks|ignorecase|precomposeunicode)|` +
	`branch\..*\.(?:remote|merge)|remote\..*\.(?:fetch|promisor))$`)

// noAttributes takes back what .gitattributes files say, which whoever writes the
// repository's files writes: that a file is to be compared after a conversion, or
// has no lines to show.
const noAttributes = "* !diff !text !eol !crlf !ident !filter !working-tree-encoding !whitespace !conflict-marker-size\n"

// address are the settings that name other repositories. They are only told to
// callers, see [Repo.Remotes].
var address = regexp.MustCompile(`^remote\..*\.(?:push)?url$`)

// private makes a Git directory that shows the repository at p and returns its
// name, which ends in .git. Its parent directory is to be removed after use.
func (p *place) private(ctx context.Context) (dir string, err error) {
	temp, err := os.MkdirTemp("", "probe-mtls-git-")
	if err != nil {
		return "", fmt.Errorf("make a temporary directory: %w", err)
	}
	defer func() {
		if err != nil {
			os.RemoveAll(temp)
		}
	}()
	if temp, err = filepath.EvalSymlinks(temp); err != nil {
		return "", err
	}
	dir = filepath.Join(temp, ".git")
	if err = os.MkdirAll(filepath.Join(dir, "objects", "info"), 0o700); err != nil {
		return "", err
	}
	objects, err := filepath.EvalSymlinks(filepath.Join(p.common, "objects"))
	if err != nil {
		return "", err
	}
	if err = os.WriteFile(filepath.Join(dir, "objects", "info", "alternates"), []byte(cQuote(objects)+"\n"), 0o600); err != nil {
		return "", err
	}
	for _, name := range []string{"HEAD", "FETCH_HEAD", "ORIG_HEAD", "MERGE_HEAD"} {
		if err = copyFile(filepath.Join(p.dir, name), filepath.Join(dir, name)); err != nil {
			return "", err
		}
	}
	if err = copyFile(filepath.Join(p.common, "shallow"), filepath.Join(dir, "shallow")); err != nil {
		return "", err
	}
	if err = os.Mkdir(filepath.Join(dir, "logs"), 0o700); err != nil {
		return "", err
	}
	for _, name := range []string{"refs", "packed-refs", "reftable", "logs/refs"} {
		if err = borrow(filepath.Join(p.common, name), filepath.Join(dir, name)); err != nil {
			return "", err
		}
	}
	if err = copyFile(filepath.Join(p.dir, "logs", "HEAD"), filepath.Join(dir, "logs", "HEAD")); err != nil {
		return "", err
	}
	if err = os.Mkdir(filepath.Join(dir, "info"), 0o700); err != nil {
		return "", err
	}
	if err = os.WriteFile(filepath.Join(dir, "info", "attributes"), []byte(noAttributes), 0o600); err != nil {
		return "", err
	}
	config, err := p.config(ctx, temp)
	if err != nil {
		return "", err
	}
	return dir, os.WriteFile(filepath.Join(dir, "config"), []byte(config), 0o600)
}

// config returns the text of the private configuration.
func (p *place) config(ctx context.Context, temp string) (string, error) {
	var b strings.Builder
	b.WriteString("[core]\n\trepositoryFormatVersion = 1\n\tbare = false\n")
	name := filepath.Join(p.common, "config")
	if _, err := os.Stat(name); errors.Is(err, fs.ErrNotExist) {
		return b.String(), nil
	}
	// As a file among others, it is data: nothing of it takes effect.
	r := &Repo{root: temp, dir: os.DevNull}
	out, err := r.run(ctx, "config", "--file", name, "--no-includes", "--null", "--list")
	if err != nil {
		return "", err
	}
	for line := range strings.SplitSeq(string(out), "\x00") {
		key, value, hasValue := strings.Cut(line, "\n")
		if address.MatchString(key) {
			p.remotes = append(p.remotes, value)
		}
		if !kept.MatchString(key) {
			continue
		}
		if !hasValue {
			value = "true"
		}
		section, rest, _ := strings.Cut(key, ".")
		i := strings.LastIndex(rest, ".")
		if i < 0 {
			fmt.Fprintf(&b, "[%s]\n\t%s = %s\n", section, rest, configQuote(value))
			continue
		}
		fmt.Fprintf(&b, "[%s %s]\n\t%s = %s\n", section, configQuote(rest[:i]), rest[i+1:], configQuote(value))
	}
	return b.String(), nil
}

// configQuote writes a value, or the name of a subsection, for a configuration.
func configQuote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(s) + `"`
}

// cQuote writes a name as Git does where it has characters of its own meaning.
func cQuote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c < 0x20 || c >= 0x7f:
			fmt.Fprintf(&b, "\\%03o", c)
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// copyFile copies a file, if it is there.
func copyFile(from, to string) error {
	info, err := os.Stat(from)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !info.Mode().IsRegular() {
		return nil
	}
	if err != nil {
		return err
	}
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if err := os.WriteFile(to, data, 0o600); err != nil {
		return err
	}
	// Git compares the time of an index with those of files.
	return os.Chtimes(to, info.ModTime(), info.ModTime())
}

// borrow lets a file or directory be seen at another place, if it is there.
func borrow(from, to string) error {
	info, err := os.Stat(from)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if os.Symlink(from, to) == nil {
		return nil
	}
	// On Windows, links are not for everyone.
	if info.IsDir() {
		return os.CopyFS(to, os.DirFS(from))
	}
	return copyFile(from, to)
}

// copyIndex makes the work tree's index the private one: what it knows of files
// saves reading them. Files that it says to take for unchanged count as any other.
func (r *Repo) copyIndex(ctx context.Context, p *place) error {
	entries, err := os.ReadDir(p.dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.Name() == "index" || strings.HasPrefix(e.Name(), "sharedindex.") {
			if err := copyFile(filepath.Join(p.dir, e.Name()), filepath.Join(r.dir, e.Name())); err != nil {
				return err
			}
		}
	}
	out, err := r.run(ctx, "ls-files", "-v", "-z")
	if err != nil {
		return damaged(err)
	}
	// A small letter in front marks the files.
	var names strings.Builder
	for line := range strings.SplitSeq(string(out), "\x00") {
		if len(line) > 2 && line[0] >= 'a' && line[0] <= 'z' {
			names.WriteString(line[2:] + "\x00")
		}
	}
	if names.Len() == 0 {
		return nil
	}
	cmd := r.command(ctx, nil, "update-index", "--no-assume-unchanged", "-z", "--stdin")
	cmd.Stdin = strings.NewReader(names.String())
	_, err = r.output(ctx, cmd)
	return damaged(err)
}
