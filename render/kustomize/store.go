package kustomize

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
	"sync"
	"weak"

	"github.com/org/probe-mtls-action/render"
	"github.com/org/probe-mtls-action/render/source"
	"github.com/org/probe-mtls-action/render/trace"
)

const (
	maxLinks = 40   // symbolic links that one name may lead through
	maxPath  = 4096 // bytes of a name
)

var errNotPlain = errors.New("not a regular file")

// store caches what a tree holds. It is shared by all renders of a Renderer,
// so that each name is looked up only once, and few files are read and parsed
// again.
type store struct {
	tree   render.Tree
	limits Limits
	key    string // the field by which an object carries its source through a render

	sites *sites
	words *words
	// below is the store of the files as they are, nil for that itself; over has
	// the files of which something is left out, by name (see holes.go).
	below  *store
	over   map[string]*holed
	leaves bool // whether entries are left out of more files
	opts   Options

	surveyMu sync.Mutex
	surveys  map[string]target // by directory
	reaches  map[string]*reach // by directory

	mu    sync.Mutex
	names map[string]*name
	files shelf
}

// sites are the objects by the number in their source key.
type sites struct {
	mu  sync.Mutex
	all []weak.Pointer[site] // they live as long as their files
}

// name is the result of looking up one name.
type name struct {
	real    string // the name without symbolic links
	isDir   bool
	regular bool
	err     error
}

func newStore(tree render.Tree, opts Options) *store {
	return &store{
		tree: tree, limits: opts.Limits, key: "x-source-" + trace.Word(), sites: &sites{},
		names:   map[string]*name{".": {real: ".", isDir: true}},
		surveys: map[string]target{}, reaches: map[string]*reach{}, words: &words{begin: trace.Word()},
	}
}

// lookup finds the name p, following symbolic links inside the tree.
func (s *store) lookup(p string) *name {
	if s.below != nil {
		return s.below.lookup(p)
	}
	p = path.Clean(p)
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(p) > maxPath {
		return &name{err: &fs.PathError{Op: "open", Path: p[:100] + "…", Err: errors.New("file name too long")}}
	}
	return s.resolve(p, maxLinks)
}

func (s *store) resolve(p string, links int) *name {
	if n := s.names[p]; n != nil {
		return n
	}
	n := s.resolveNew(p, links)
	s.names[p] = n
	return n
}

func (s *store) resolveNew(p string, links int) *name {
	if p == ".." || strings.HasPrefix(p, "../") || path.IsAbs(p) {
		return &name{err: &fs.PathError{Op: "open", Path: p, Err: render.ErrOutside}}
	}
	dir := s.resolve(path.Dir(p), links)
	if dir.err != nil {
		return &name{err: dir.err}
	}
	if !dir.isDir {
		return &name{err: &fs.PathError{Op: "open", Path: p, Err: fs.ErrNotExist}}
	}
	full := path.Join(dir.real, path.Base(p))
	info, err := s.tree.Lstat(full)
	if err != nil {
		return &name{err: err}
	}
	if info.Mode()&fs.ModeSymlink == 0 {
		return &name{real: full, isDir: info.IsDir(), regular: info.Mode().IsRegular()}
	}
	if links == 0 {
		return &name{err: &fs.PathError{Op: "open", Path: p, Err: errors.New("too many symbolic links")}}
	}
	target, err := s.tree.ReadLink(full)
	if err != nil {
		return &name{err: err}
	}
	target = strings.ReplaceAll(target, `\`, "/")
	if path.IsAbs(target) {
		return &name{err: &fs.PathError{Op: "open", Path: p, Err: render.ErrOutside}}
	}
	return s.resolve(path.Join(dir.real, target), links-1)
}

// read returns the file at the real name, which lookup returned.
func (s *store) read(real string) *file {
	if s.below != nil {
		return s.readRest(real)
	}
	s.mu.Lock()
	f := s.files.get(real)
	if f == nil {
		f = &file{store: s, name: real}
		s.files.put(real, f)
	}
	s.mu.Unlock()
	f.load.Do(func() {
		f.raw, f.err = s.readAll(real)
		f.text = source.NewFile(real, f.raw)
		s.mu.Lock()
		defer s.mu.Unlock()
		f.weight = weightOf(len(f.raw))
		s.files.add(f.weight)
	})
	return f
}

func (s *store) readAll(real string) ([]byte, error) {
	// Opening a named pipe would block: look before opening.
	if n := s.lookup(real); n.err != nil {
		return nil, n.err
	} else if !n.regular {
		return nil, &fs.PathError{Op: "read", Path: real, Err: errNotPlain}
	}
	h, err := s.tree.Open(real)
	if err != nil {
		return nil, err
	}
	defer h.Close()
	limit := s.limits.FileSize
	data, err := io.ReadAll(io.LimitReader(h, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = &fs.PathError{Op: "read", Path: real, Err: fmt.Errorf("%w: more than %d bytes", render.ErrTooBig, limit)}
	}
	if err != nil {
		return nil, err
	}
	return data, nil
}
