package app

import (
	"context"
	"slices"
	"sync"

	"github.com/org/probe-mtls-action/internal/fix"
	"github.com/org/probe-mtls-action/internal/pipeline"
	"github.com/org/probe-mtls-action/internal/report"
	"github.com/org/probe-mtls-action/internal/settings"
	"github.com/org/probe-mtls-action/render"
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
			if !repo.config.Excluded(root.Dir) && g.Closure(root.Dir).Has(file) {
				roots = append(roots, root.Dir)
			}
		}
		known[file] = roots
		return roots
	})
}

// maxBystanders bounds the roots that fixes are proven in although they do not
// have the findings.
const maxBystanders = 300

// finishFixes looks at the fixes of places that other roots share. One that does
// harm there is not offered; one that changes them comes after those that change
// the findings' own roots alone, and says what else it changes.
func (r *repository) finishFixes(ctx context.Context, s *settings.Values, rep *report.Report) error {
	if r.fixes == nil {
		return nil
	}
	shared := map[string][]string{} // roots by the key of a fix
	for i := range rep.Items {
		for _, f := range rep.Items[i].Fixes {
			if _, known := shared[f.Key]; !known {
				shared[f.Key] = r.fixes.Shared(f.Key)
			}
		}
	}
	others := map[string][]string{} // keys by root
	var keys []string
	for key, roots := range shared {
		if len(roots) == 0 {
			continue
		}
		keys = append(keys, key)
		for _, root := range roots {
			others[root] = append(others[root], key)
		}
	}
	if len(keys) == 0 {
		return nil
	}
	slices.Sort(keys)
	harmless := func(string) bool { return false }
	changed := func(string) []string { return nil }
	if len(others) <= maxBystanders {
		b := r.fixes.Bystanders(others)
		if _, err := r.proveIn(ctx, s, others, b); err != nil {
			return err
		}
		harmless, changed = b.Harmless, b.Changed
	}
	narrower, roots := r.fixes.Narrower(slices.DeleteFunc(slices.Clone(keys), func(key string) bool {
		return harmless(key) && len(changed(key)) == 0
	}))
	if len(roots) > 0 {
		own := map[string][]string{}
		for _, root := range roots {
			own[root] = nil
		}
		if _, err := r.proveIn(ctx, s, own, narrower); err != nil {
			return err
		}
	}
	for i := range rep.Items {
		it := &rep.Items[i]
		var kept []report.Fix
		for _, f := range it.Fixes {
			switch also := changed(f.Key); {
			case len(shared[f.Key]) == 0 || harmless(f.Key) && len(also) == 0:
				kept = append(kept, f)
			case harmless(f.Key):
				f.Also = append(f.Also, also...)
				kept = append(kept, f)
			}
		}
		it.Fixes = r.fixes.Order(append(narrower.Of(it), kept...))
	}
	return nil
}

// proveIn renders and judges roots, by their directories, for a prover.
func (r *repository) proveIn(ctx context.Context, s *settings.Values, dirs map[string][]string, p pipeline.Prover) (*pipeline.Result, error) {
	d, err := r.deployments(ctx, s)
	if err != nil {
		return nil, err
	}
	var roots []render.Root
	for _, root := range d.all() {
		if _, ok := dirs[root.Dir]; ok {
			roots = append(roots, root)
		}
	}
	groups, err := r.group(ctx, r.view(r.tree, d), roots, s)
	if err != nil {
		return nil, err
	}
	e := engine(r.env, r.tree, d.renderer, s)
	e.Prover, e.ProveAll = p, true
	res, err := whole(e.Run(ctx, groups))
	if err != nil {
		return nil, runError(ctx, err)
	}
	return res, nil
}
