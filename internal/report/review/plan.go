package review

// plan is what differs between what should be and what is.
type plan struct {
	create []*group
	edit   []change
	reopen []change
	retire []ending
}

type change struct {
	g    *group
	p    *posted
	body string
}

// ending is a comment that is to say no more.
type ending struct {
	p     *posted
	state string  // stateFixed, stateMoved or stateDuplicate
	by    *posted // the one that tells its findings now; nil if fixed
}

func (p plan) empty() bool {
	return len(p.create)+len(p.edit)+len(p.reopen)+len(p.retire) == 0
}

// plan compares. What this run has been told was done is not done again even if
// the look does not show it: lists may lag behind writes.
func (r *run) plan(v *view) plan {
	var p plan
	open, made := v.open(), v.made
	for _, g := range r.groups {
		if c := v.of[g]; c != nil {
			r.planOne(&p, v, g, c)
			continue
		}
		if g.unplaced != "" || g.attempts >= maxTries || len(r.fresh(v, g)) == 0 {
			continue
		}
		if g.created {
			open++ // the list lags behind
			continue
		}
		if g.over = open >= r.opt.MaxComments || r.opt.Untrusted && made >= maxMade; g.over {
			continue
		}
		open, made = open+1, made+1
		p.create = append(p.create, g)
	}
	r.planEndings(&p, v)
	return p
}

func (r *run) planOne(p *plan, v *view, g *group, c *posted) {
	if c.foreign {
		return
	}
	if !g.edited && g.editErr == "" {
		if _, want := r.content(v, g, c); c.marker.state != want.state {
			p.edit = append(p.edit, change{g, c, r.body(v, g, c)})
		}
	}
	if c.resolved && !c.byPerson && c.thread != "" && r.mayTry("reopen", c.ID) {
		p.reopen = append(p.reopen, change{g: g, p: c})
	}
}

// fresh are the findings of a group that a new comment would tell.
func (r *run) fresh(v *view, g *group) []*finding {
	var all []*finding
	for _, f := range g.findings {
		if f.quiet == "" && v.leftAlone(f) == "" {
			all = append(all, f)
		}
	}
	return all
}

// leftAlone is why a person does not want to see a finding here; "" if nobody
// said so.
func (v *view) leftAlone(f *finding) string {
	if v.deleted[f.key] {
		return "its comment was deleted"
	}
	return v.closedByPerson(f)
}

// planEndings finds the comments that no group has: their findings are fixed,
// or told elsewhere by now.
func (r *run) planEndings(p *plan, v *view) {
	has := map[*posted]bool{}
	for _, c := range v.of {
		has[c] = true
	}
	alive := map[string]*finding{}
	stems := map[string]*finding{}
	for _, f := range r.findings {
		if f.alive {
			alive[f.key], stems[stem(f.key)] = f, f
		}
	}
	for _, c := range v.all {
		// What is folded away already only lacks the record; that of others is
		// not ours to write.
		if has[c] || c.marker.ended() || c.foreign && !c.shown() || r.closed[c.ID] || !r.mayTry("end", c.ID) {
			continue
		}
		var by *posted
		gone, told := true, false
		for _, e := range c.marker.entries {
			f := alive[e.key]
			if s := stems[stem(e.key)]; f == nil && s != nil && (s.group == nil || r.first.of[s.group] == nil) {
				f = s // the same under another suffix, which nobody told before
			}
			switch {
			case f != nil:
				gone = false
				if t := v.telling(f); t != nil {
					by, told = t, true
				} else if f.group != nil && f.group.created {
					told = true
				}
			case e.fixed == "" && r.mayBeAlive(e):
				gone = false
			}
		}
		switch {
		case gone && r.mayClose(v):
			p.retire = append(p.retire, ending{p: c, state: stateFixed})
		case gone || !told || c.closedByPerson() != "":
		case by != nil && c.onDiff() && c.Path == by.Path:
			if !c.replies && !c.resolved {
				p.retire = append(p.retire, ending{c, stateDuplicate, by})
			}
		default:
			p.retire = append(p.retire, ending{c, stateMoved, by})
		}
	}
}

// mayClose tells whether a missing finding can be said to be fixed: not by a
// part of the roots, nor while it is unknown what is resolved already.
func (r *run) mayClose(v *view) bool {
	return r.rep.Scope.Shard == "" && (v.threads || v.restOnly)
}

// mayBeAlive tells whether a finding may be missing only because a root of its
// could not be checked.
func (r *run) mayBeAlive(e entry) bool {
	for _, s := range r.rep.Skipped {
		if s.Root == "" || len(e.roots) == 0 {
			return true
		}
		h := digest(s.Root, 8)
		for _, root := range e.roots {
			if root == h {
				return true
			}
		}
	}
	return false
}
