package review

import (
	"context"
	"strings"

	"github.com/org/probe-mtls-action/internal/github"
)

// posted is a comment of ours that is there.
type posted struct {
	github.Comment
	marker    marker
	thread    string // GraphQL ID, "" if not known
	resolved  bool
	byPerson  bool // somebody else resolved it
	minimized bool
	replies   bool // somebody else answered
}

// open tells whether a comment still tells of its finding.
func (p *posted) open() bool {
	return !p.resolved && !p.minimized && p.marker.state != stateFixed
}

// view is what one look saw.
type view struct {
	// all are our comments of this category, the oldest first, without those
	// marked as duplicates.
	all []*posted
	// of are each finding's comments, the one that counts first; unassigned
	// are the rest.
	of         map[*finding][]*posted
	unassigned []*posted
	// threads tells whether GraphQL answered; without it nothing is known of
	// resolved and minimised comments.
	threads bool
	// restOnly tells that GraphQL will not answer this token at all.
	restOnly bool
}

// assign gives each finding its comments: those with its key, or where there
// are none, an open one of the same cause that is no other finding's. So a
// comment stays with its finding when another of the same cause comes or goes.
func (v *view) assign(findings []*finding) {
	v.of = map[*finding][]*posted{}
	taken := map[string]bool{}
	for _, f := range findings {
		if f.alive {
			taken[f.key] = true
			v.of[f] = ranked(v.all, f.key)
		}
	}
	for _, anywhere := range []bool{false, true} {
		for _, f := range findings {
			if f.alive && len(v.of[f]) == 0 {
				v.adopt(f, taken, anywhere)
			}
		}
	}
	for _, p := range v.all {
		if !taken[p.marker.key] {
			v.unassigned = append(v.unassigned, p)
		}
	}
}

// adopt gives f an open comment of the same cause that nobody has, on its own
// path or anywhere.
func (v *view) adopt(f *finding, taken map[string]bool, anywhere bool) {
	for _, p := range v.all {
		k := p.marker.key
		if p.open() && !taken[k] && cause(k) == cause(f.key) && (anywhere || p.Path == f.draft.Path) {
			taken[k] = true
			v.of[f] = ranked(v.all, k)
			return
		}
	}
}

// openOnFiles counts the open comments on whole files.
func (v *view) openOnFiles() int {
	n := 0
	for _, p := range v.all {
		if p.OnFile && p.open() {
			n++
		}
	}
	return n
}

// ranked returns the comments with a key; the first is the one that counts: the
// oldest that is not folded away, or else the oldest.
func ranked(all []*posted, key string) []*posted {
	var shown, folded []*posted
	for _, p := range all {
		switch {
		case p.marker.key != key:
		case p.minimized && p.marker.state != stateFixed:
			folded = append(folded, p)
		default:
			shown = append(shown, p)
		}
	}
	if len(shown) > 0 {
		return shown
	}
	return folded[:min(1, len(folded))]
}

// look lists the comments that are there.
func (r *run) look(ctx context.Context) (*view, error) {
	comments, err := r.gh.Comments(ctx, r.opt.Number)
	if err != nil {
		return nil, err
	}
	v := &view{threads: true}
	threads, err := r.gh.Threads(ctx, r.opt.Number)
	if err != nil {
		v.threads, v.restOnly = false, github.Refused(err)
		r.noteOnce("threads", "what is resolved is not known: "+err.Error())
		r.whoAmI(ctx)
	}
	type state struct {
		thread *github.Thread
		github.ThreadComment
	}
	states := map[string]state{}
	for i := range threads.All {
		t := &threads.All[i]
		for _, c := range t.Comments {
			states[c.NodeID] = state{t, c}
		}
	}
	mine := func(c github.Comment) bool {
		if s, ok := states[c.NodeID]; ok {
			return s.Mine
		}
		login := r.login
		if v.threads {
			login = threads.Viewer
		}
		return strings.EqualFold(c.Author, login)
	}
	category := categoryHash(r.rep.Scope.Category)
	byID := map[int64]*posted{}
	for _, c := range comments {
		if c.InReplyTo != 0 {
			if p := byID[c.InReplyTo]; p != nil && !mine(c) {
				p.replies = true
			}
			continue
		}
		m, ok := parseMarker(c.Body)
		if !ok || m.category != category || m.state == stateDuplicate || !mine(c) {
			continue
		}
		p := &posted{Comment: c, marker: m}
		if s, ok := states[c.NodeID]; ok {
			p.thread, p.resolved, p.minimized = s.thread.ID, s.thread.Resolved, s.Minimized
			p.byPerson = p.resolved && s.thread.ResolvedBy != "" && !github.SameLogin(s.thread.ResolvedBy, threads.Viewer)
		}
		byID[c.ID] = p
		v.all = append(v.all, p)
	}
	v.assign(r.findings)
	return v, nil
}

// whoAmI finds the token's identity where the list of threads does not tell it.
func (r *run) whoAmI(ctx context.Context) {
	if r.login != "" {
		return
	}
	r.login = r.opt.Login
	if r.login == "" {
		if login, err := r.gh.Viewer(ctx); err == nil {
			r.login = login
		} else {
			r.login = "github-actions[bot]"
		}
	}
}

// noteOnce notes something once per run.
func (r *run) noteOnce(key, text string) {
	if r.tries["note "+key]++; r.tries["note "+key] == 1 {
		r.note("%s", text)
	}
}
