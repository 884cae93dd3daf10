package render

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// DirTree is the [Tree] of a directory on disk. Symbolic links are followed
// inside the directory; a name that leads out of it gives an error.
type DirTree struct {
	root *os.Root
	Tree // the root's files
}

// OpenTree opens the directory dir as a Tree. Close it after use.
func OpenTree(dir string) (*DirTree, error) {
	abs, err := filepath.Abs(dir)
	if err == nil {
		abs, err = filepath.EvalSymlinks(abs)
	}
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", dir, unwrapPath(err))
	}
	root, err := os.OpenRoot(abs)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", dir, unwrapPath(err))
	}
	return &DirTree{root: root, Tree: root.FS().(Tree)}, nil
}

// Dir returns the absolute path of the directory, without symbolic links.
func (t *DirTree) Dir() string { return t.root.Name() }

// Close releases the directory. The tree is of no use afterwards.
func (t *DirTree) Close() error { return t.root.Close() }

func unwrapPath(err error) error {
	if p := (*fs.PathError)(nil); errors.As(err, &p) {
		return p.Err
	}
	return err
}
