package review

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/org/probe-mtls-action/internal/github"
)

// posted is a comment with our marker that is there.
type posted struct {
	github.Comment
	marker    marker
	thread    string // GraphQL ID, "" if not known
	resolved  bool
	byPerson  bool // somebody else resolved it
	minimized bool
	replies   bool // somebody else answered
	// foreign is another identity of this program's: it counts, but is not
	// ours to edit. Where it is not known who we are, trying shows it.
	foreign bool
}

// onDiff tells whether a reader of the diff finds it.
func (p *posted) onDiff() bool { return p.OnFile || p.Line > 0 }

// shown tells whether it is unfolded.
func (p *posted) shown() bool { return !p.resolved && !p.minimized }

// live tells whether it tells of its findings: open, shown, on the current diff.
func (p *posted) live() bool { return p.shown() && p.onDiff() && !p.marker.ended() }

// returnable tells whether a comment that we ended ourselves can speak again.
func (p *posted) returnable() bool {
	return !p.foreign && p.onDiff() && !p.byPerson && (p.marker.state == stateFixed || p.resolved && !p.marker.ended())
}

// closedByPerson is what somebody did to it while its findings were told; "" if
// nobody did.
func (p *posted) closedByPerson() string {
	switch {
	case p.marker.ended() || p.foreign && p.resolved && !p.byPerson:
		return ""
	case p.byPerson:
		return "somebody resolved the conversation"
	case p.minimized:
		return "somebody hid the comment"
	}
	return ""
}

// view is what one look saw.
type view struct {
	// all are our comments of this category, the oldest first.
	all []*posted
	// made counts our comments of any category, ended ones included.
	made int
	// of is each group's comment.
	of map[*group]*posted
	// deleted are the keys that a review told of and that no comment has.
	deleted map[string]bool
	// threads tells whether GraphQL answered; without it nothing is known of
	// resolved and minimised comments.
	threads bool
	// restOnly tells that GraphQL will not answer this token at all.
	restOnly bool
}

// assign gives each group a comment: a live one of its file that tells one of
// its findings, or one of ours that we ended and that stands on its very line.
// The comment with most of them comes first, among equals one on the very line,
// then the oldest.
func (v *view) assign(groups []*group) {
	type pair struct {
		g     *group
		p     *posted
		score int
		order int
	}
	var pairs []pair
	for _, g := range groups {
		if g.unplaced != "" {
			// It has no place now; a comment where it had one still tells it.
			for _, p := range v.all {
				if s := overlap(g, p); p.live() && s > 0 {
					pairs = append(pairs, pair{g, p, s, 0})
				}
			}
			continue
		}
		for i, p := range v.all {
			s := overlap(g, p)
			exact := p.OnFile == (g.draft.Line == 0) && (p.OnFile || p.Line == g.draft.Line && p.Side == g.draft.Side)
			switch {
			case s == 0 || p.Path != g.draft.Path:
				continue
			case p.live():
				s += 1 << 40
			case !p.returnable() || !exact:
				continue
			}
			if exact {
				s += 1 << 19
			}
			pairs = append(pairs, pair{g, p, s, -i})
		}
	}
	slices.SortStableFunc(pairs, func(a, b pair) int {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(b.order, a.order))
	})
	v.of = map[*group]*posted{}
	taken := map[*posted]bool{}
	for _, one := range pairs {
		if v.of[one.g] == nil && !taken[one.p] {
			v.of[one.g], taken[one.p] = one.p, true
		}
	}
}

// overlap is how much of a group a comment tells: its findings by fingerprint,
// and of equals those with the very key.
func overlap(g *group, p *posted) int {
	n := 0
	for _, f := range g.findings {
		for _, e := range p.marker.entries {
			if stem(e.key) == stem(f.key) {
				n += 1 << 20
			}
			if e.key == f.key {
				n++
			}
		}
	}
	return n
}

// telling returns the comment that tells f, nil if none does.
func (v *view) telling(f *finding) *posted {
	if f.group == nil {
		return nil
	}
	p := v.of[f.group]
	if p == nil || !p.live() && !p.returnable() {
		return nil
	}
	return p
}

// closedByPerson is what somebody did to the latest comment that told f; ""
// if nobody did.
func (v *view) closedByPerson(f *finding) string {
	for i := len(v.all) - 1; i >= 0; i-- {
		p := v.all[i]
		if p.marker.state == stateMoved || p.marker.state == stateDuplicate {
			continue
		}
		if e := p.marker.entry(f.key); e != nil {
			if e.fixed != "" {
				return ""
			}
			return p.closedByPerson()
		}
	}
	return ""
}

// openOnFiles counts the open comments on whole files.
func (v *view) openOnFiles() int {
	n := 0
	for _, p := range v.all {
		if p.OnFile && p.live() {
			n++
		}
	}
	return n
}

// open counts the comments that a reader sees.
func (v *view) open() int {
	n := 0
	for _, p := range v.all {
		if p.live() {
			n++
		}
	}
	return n
}

// look lists the comments that are there. Reviews come first: a comment that a
// listed review carries was made before the comments are listed.
func (r *run) look(ctx context.Context) (*view, error) {
	v := &view{threads: true, deleted: map[string]bool{}}
	reviews, err := r.gh.Reviews(ctx, r.opt.Number)
	if err != nil {
		r.noteOnce("reviews", "which comments were deleted is not known: "+err.Error())
	}
	comments, err := r.gh.Comments(ctx, r.opt.Number)
	if err != nil {
		return nil, err
	}
	threads, err := r.gh.Threads(ctx, r.opt.Number)
	if err != nil {
		v.threads, v.restOnly = false, github.Refused(err)
		r.noteOnce("threads", "what is resolved is not known: "+err.Error())
		r.whoAmI(ctx)
	} else if r.login == "" {
		r.login = threads.Viewer
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
	category := categoryHash(r.rep.Scope.Category)
	byID := map[int64]*posted{}
	for _, c := range comments {
		s, known := states[c.NodeID]
		mine := known && s.Mine || github.SameLogin(c.Author, r.login)
		if c.InReplyTo != 0 {
			if p := byID[c.InReplyTo]; p != nil && !mine {
				p.replies = true
			}
			continue
		}
		ours := mine || r.trusted(c)
		if ours && strings.Contains(c.Body, markerStart) {
			v.made++
		}
		m, ok := parseMarker(c.Body)
		if ok && ours && m.category != category {
			r.rep.Scope.Several = true // so each says which one it is
		}
		if !ok || m.category != category || !ours {
			continue
		}
		p := &posted{Comment: c, marker: m, foreign: !mine && (r.login != "" || r.strangers[c.Author])}
		if known {
			p.thread, p.resolved, p.minimized = s.thread.ID, s.thread.Resolved, s.Minimized
			p.byPerson = p.resolved && s.thread.ResolvedBy != "" && !github.SameLogin(s.thread.ResolvedBy, threads.Viewer) && !github.SameLogin(s.thread.ResolvedBy, c.Author)
		}
		byID[c.ID] = p
		v.all = append(v.all, p)
	}
	r.findDeleted(v, reviews, category)
	v.assign(r.groups)
	return v, nil
}

// trusted tells whether a comment with our marker may be this program's under
// another identity, such as the job's token before it was an app's: a bot's, or
// where it is not known who we are, that of anybody who may write here.
func (r *run) trusted(c github.Comment) bool {
	if c.Bot {
		return true
	}
	return r.login == "" && slices.Contains([]string{"OWNER", "MEMBER", "COLLABORATOR"}, c.Association)
}

// findDeleted finds what reviews told of and no comment tells any more.
func (r *run) findDeleted(v *view, reviews []github.Review, category string) {
	there := map[string]bool{}
	for _, p := range v.all {
		for _, e := range p.marker.entries {
			there[stem(e.key)] = true
		}
	}
	for _, one := range reviews {
		if !github.SameLogin(one.Author, r.login) && !one.Bot {
			continue
		}
		for _, key := range parsePosted(one.Body, category) {
			if !there[stem(key)] && !r.sentKeys[key] {
				v.deleted[key] = true
			}
		}
	}
}

// whoAmI finds the token's identity where the list of threads does not tell it.
func (r *run) whoAmI(ctx context.Context) {
	if r.login != "" || r.askedWho {
		return
	}
	r.askedWho = true
	if r.login = r.opt.Login; r.login == "" {
		if login, err := r.gh.Viewer(ctx); err == nil {
			r.login = login
		}
	}
}

// noteOnce notes something once per run.
func (r *run) noteOnce(key, text string) {
	if r.tries["note "+key]++; r.tries["note "+key] == 1 {
		r.note("%s", strings.TrimSpace(text))
	}
}
