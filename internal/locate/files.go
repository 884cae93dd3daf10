package locate

import (
	"bytes"
	"regexp"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/org/probe-mtls-action/internal/report"
	"github.com/org/probe-mtls-action/internal/report/linehash"
	"github.com/org/probe-mtls-action/render"
)

// maxLine bounds the source line kept with a location, in bytes: minified JSON
// is one line.
const maxLine = 500

// maxFile bounds the files whose lines are shown, in bytes.
const maxFile = 4 << 20

// fileCache reads the lines that locations show.
type fileCache struct {
	tree render.Tree

	mu    sync.Mutex
	files map[string]*file
}

type file struct {
	once   sync.Once
	lines  []string // without line ends
	hashes []string // GitHub's line hashes, by index of the line

	mu       sync.Mutex
	comments map[int]comment  // by the line that they apply to
	used     map[int][]string // IDs of rules that the comment on a line suppressed
}

func newFileCache(tree render.Tree) *fileCache {
	return &fileCache{tree: tree, files: make(map[string]*file)}
}

func (c *fileCache) get(name string) *file {
	c.mu.Lock()
	f := c.files[name]
	if f == nil {
		f = new(file)
		c.files[name] = f
	}
	c.mu.Unlock()
	f.once.Do(func() { f.read(c.tree, name) })
	return f
}

// mentions reports whether a file has text that re matches. It keeps nothing of
// the file, which is one of many that have no finding.
func (c *fileCache) mentions(name string, re *regexp.Regexp) bool {
	if info, err := c.tree.Stat(name); err != nil || !info.Mode().IsRegular() || info.Size() > maxFile {
		return false
	}
	content, err := c.tree.ReadFile(name)
	return err == nil && re.Match(content)
}

func (f *file) read(tree render.Tree, name string) {
	if info, err := tree.Stat(name); err != nil || info.Size() > maxFile {
		return
	}
	content, err := tree.ReadFile(name)
	if err != nil {
		return
	}
	f.hashes = linehash.Lines(content)
	content = bytes.TrimPrefix(content, []byte("\ufeff"))
	f.lines = strings.Split(string(content), "\n")
	for i, l := range f.lines {
		f.lines[i] = strings.TrimSuffix(l, "\r")
	}
}

// line returns the 1-based line n of the named file and its hash, "" where
// there is none.
func (c *fileCache) line(name string, n int) (text, hash string) {
	if name == "" || n < 1 {
		return "", ""
	}
	return c.get(name).line(n)
}

func (f *file) line(n int) (text, hash string) {
	if n < 1 {
		return "", ""
	}
	if n <= len(f.lines) {
		text = f.lines[n-1]
	}
	if n <= len(f.hashes) {
		hash = f.hashes[n-1]
	}
	return text, hash
}

// describe adds the source line to a location. A line too long to be shown is
// cut behind the place, or left out where the place is too far in.
func (c *fileCache) describe(loc *report.Location) {
	if loc.File != "" {
		c.describeIn(c.get(loc.File), loc)
	}
}

func (c *fileCache) describeIn(f *file, loc *report.Location) {
	loc.Line, loc.LineHash = f.line(loc.Start.Line)
	if len(loc.Line) <= maxLine {
		return
	}
	cut := maxLine
	for cut > 0 && !utf8.RuneStart(loc.Line[cut]) {
		cut--
	}
	if loc.Line = loc.Line[:cut]; utf8.RuneCountInString(loc.Line) < loc.Start.Column {
		loc.Line = ""
	}
}
