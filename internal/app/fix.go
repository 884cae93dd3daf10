package app

import (
	"sync"

	"github.com/org/probe-mtls-action/internal/fix"
)

// newFixes makes the session that proves fixes in the repository's work tree.
func newFixes(repo *repository) *fix.Session {
	var mu sync.Mutex
	known := map[string][]string{}
	return fix.New(repo.tree, func(file string) []string {
		mu.Lock()
		defer mu.Unlock()
		if roots, ok := known[file]; ok {
			return roots
		}
		g, err := repo.graph()
		if err != nil {
			return nil
		}
		var roots []string
		for _, root := range g.Roots() {
			if g.Closure(root.Dir).Has(file) {
				roots = append(roots, root.Dir)
			}
		}
		known[file] = roots
		return roots
	})
}
