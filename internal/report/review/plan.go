package review

// plan is what differs between what should be and what is.
type plan struct {
	create     []*finding
	edit       []change
	reopen     []change
	duplicates []duplicate
	fixed      []*posted
}

type change struct {
	f *finding
	p *posted
}

type duplicate struct{ extra, original *posted }

func (p plan) empty() bool {
	return len(p.create)+len(p.edit)+len(p.reopen)+len(p.duplicates)+len(p.fixed) == 0
}

// plan compares. What this run has been told was done is not done again even if
// the look does not show it: lists may lag behind writes.
func (r *run) plan(v *view) plan {
	var p plan
	for _, f := range r.findings {
		if !f.alive {
			continue
		}
		there := v.of[f]
		if len(there) == 0 {
			if f.unplaced == "" && !f.created && f.attempts < maxTries {
				p.create = append(p.create, f)
			}
			continue
		}
		c := there[0]
		for _, extra := range there[1:] {
			if !extra.replies && !extra.resolved && r.mayTry("duplicate", extra.ID) {
				p.duplicates = append(p.duplicates, duplicate{extra, c})
			}
		}
		if f.differs(c) && !f.edited && f.editErr == "" {
			p.edit = append(p.edit, change{f, c})
		}
		if c.resolved && !c.byPerson && r.mayTry("reopen", c.ID) {
			p.reopen = append(p.reopen, change{f, c})
		}
	}
	if !r.mayClose(v) {
		return p
	}
	for _, c := range v.unassigned {
		if c.open() && !r.closed[c.ID] && !r.mayBeAlive(c) && r.mayTry("fixed", c.ID) {
			p.fixed = append(p.fixed, c)
		}
	}
	return p
}

// differs tells whether a comment is to be edited.
func (f *finding) differs(c *posted) bool {
	return c.marker.state != f.state || c.marker.key != f.key
}

// mayClose tells whether a missing finding can be said to be fixed: not by a
// part of the roots, nor while it is unknown what is resolved already.
func (r *run) mayClose(v *view) bool {
	return r.rep.Scope.Shard == "" && (v.threads || v.restOnly)
}

// mayBeAlive tells whether a finding may be missing only because a root of its
// could not be checked.
func (r *run) mayBeAlive(c *posted) bool {
	for _, s := range r.rep.Skipped {
		if s.Root == "" || len(c.marker.roots) == 0 {
			return true
		}
		h := digest(s.Root, 8)
		for _, root := range c.marker.roots {
			if root == h || root == allRoots {
				return true
			}
		}
	}
	return false
}
