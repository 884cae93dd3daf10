package review

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/org/probe-mtls-action/internal/github"
)

// mayTry tells whether a write has tries left.
func (r *run) mayTry(what string, id int64) bool {
	return r.tries[fmt.Sprint(what, " ", id)] < maxTries
}

func (r *run) tried(what string, id int64) { r.tries[fmt.Sprint(what, " ", id)]++ }

func (r *run) giveUp(what string, id int64) { r.tries[fmt.Sprint(what, " ", id)] = maxTries }

// failed takes note of a failed write and blocks the run where further writes
// would fail as well. It reports whether GitHub refused this very request.
func (r *run) failed(err error) (refused bool) {
	var limited *github.RateLimited
	var forbidden *github.NotPermitted
	switch {
	case errors.As(err, &limited):
		r.block(err.Error())
	case errors.As(err, &forbidden):
		// A missing comment is one comment's trouble, a token that may not
		// write is everybody's.
		if forbidden.Status != http.StatusNotFound && forbidden.Status != http.StatusOK {
			r.block(err.Error())
		}
		return true
	case github.Refused(err):
		if r.refusals++; r.refusals >= maxRefusals {
			r.block(fmt.Sprintf("GitHub refused %d requests, the last with: %v", r.refusals, err))
		}
		return true
	case errors.Is(err, context.Canceled):
		r.block(err.Error())
	default:
		r.uncertain = true
		if r.failures++; r.failures >= maxFailures {
			r.block(err.Error())
		}
	}
	return false
}

// write carries the plan out, the most important first.
func (r *run) write(ctx context.Context, v *view, p plan) {
	r.create(ctx, v, p.create)
	for _, c := range p.edit {
		r.edit(ctx, c)
	}
	for _, c := range p.reopen {
		r.reopen(ctx, c)
	}
	for _, e := range p.retire {
		r.retire(ctx, e)
	}
}

// create posts line comments in batches, then comments on files.
func (r *run) create(ctx context.Context, v *view, all []*group) {
	var lines []*group
	for _, g := range all {
		g.draft.Body = r.body(v, g, nil)
		if g.draft.Line > 0 {
			lines = append(lines, g)
		}
	}
	parts := (len(lines) + batchSize - 1) / batchSize
	for i := 0; i < parts; i++ {
		batch := lines[i*batchSize : min(len(lines), (i+1)*batchSize)]
		r.postReview(ctx, v, batch)
	}
	for _, g := range all {
		if g.draft.Line == 0 {
			r.postOnFile(ctx, v, g)
		}
	}
}

// postReview posts one batch; if GitHub calls it unprocessable, its halves, so
// that one bad comment takes no other with it.
func (r *run) postReview(ctx context.Context, v *view, batch []*group) {
	if r.blocked != "" {
		return
	}
	drafts := make([]github.Draft, len(batch))
	for i, g := range batch {
		drafts[i] = g.draft
		r.sending(v, g)
	}
	err := r.gh.CreateReview(ctx, r.opt.Number, r.opt.Head, r.reviewBody(v, batch), drafts)
	if err == nil {
		for _, g := range batch {
			g.created = true
		}
		return
	}
	for _, g := range batch {
		g.lastErr = err.Error()
	}
	refused := r.failed(err)
	var forbidden *github.NotPermitted
	switch {
	case errors.As(err, &forbidden):
		r.block(err.Error())
	case refused && len(batch) > 1:
		half := len(batch) / 2
		r.postReview(ctx, v, batch[:half])
		r.postReview(ctx, v, batch[half:])
	case refused:
		// Alone and still refused: GitHub does not take this anchor.
		g := batch[0]
		if r.opt.Untrusted {
			g.unplaced = err.Error()
			return
		}
		g.draft.Line, g.draft.StartLine = 0, 0
		g.draft.Body = r.body(v, g, nil)
	case github.MaybeDone(err):
		for _, g := range batch {
			g.attempts++
		}
	}
}

// sending remembers what may be there from now on.
func (r *run) sending(v *view, g *group) {
	g.sent = true
	for _, f := range r.fresh(v, g) {
		r.sentKeys[f.key] = true
	}
}

func (r *run) postOnFile(ctx context.Context, v *view, g *group) {
	if r.blocked != "" {
		return
	}
	if r.fileComments >= r.opt.MaxFileComments {
		g.unplaced = fmt.Sprintf("%d comments on whole files are enough", r.opt.MaxFileComments)
		g.over = true
		return
	}
	r.sending(v, g)
	err := r.gh.CreateFileComment(ctx, r.opt.Number, r.opt.Head, g.draft)
	if err == nil {
		g.created = true
		r.fileComments++
		return
	}
	g.lastErr = err.Error()
	var forbidden *github.NotPermitted
	switch refused := r.failed(err); {
	case errors.As(err, &forbidden):
		r.block(err.Error())
	case refused:
		g.unplaced = err.Error()
	case github.MaybeDone(err):
		g.attempts++
		r.fileComments++
	}
}

func (r *run) edit(ctx context.Context, c change) {
	if r.blocked != "" {
		return
	}
	var err error
	if c.p.minimized && c.p.marker.ended() {
		// Folded away by us when it was fixed. Shown before it is edited: the
		// marker is what tells that it was not a person.
		err = r.gh.Unminimize(ctx, c.p.NodeID)
	}
	if err == nil {
		err = r.gh.EditComment(ctx, c.p.ID, c.body)
	}
	if err == nil {
		c.g.edited = true
		return
	}
	r.tried("edit", c.p.ID)
	refused := r.failed(err)
	if refused && r.login == "" {
		// Another identity's, it turns out: it counts as it is.
		r.strangers[c.p.Author] = true
		return
	}
	if refused || !r.mayTry("edit", c.p.ID) || r.blocked != "" {
		c.g.editErr = err.Error()
	}
}

// reopen takes back a resolution of our own: the finding has returned.
func (r *run) reopen(ctx context.Context, c change) {
	if r.blocked != "" {
		return
	}
	r.tried("reopen", c.p.ID)
	switch err := r.gh.UnresolveThread(ctx, c.p.thread); {
	case err == nil:
		r.giveUp("reopen", c.p.ID)
		c.g.reopened = true
	case r.failed(err):
		r.giveUp("reopen", c.p.ID)
		c.g.editErr = err.Error()
	}
}

// retire ends a comment: it is resolved or, where the token may not, folded
// away, unless somebody answered; then it says itself what became of it. That
// comes last, for it is the record that all is done.
func (r *run) retire(ctx context.Context, e ending) {
	if r.blocked != "" {
		return
	}
	c := e.p
	r.tried("end", c.ID)
	folded := !c.shown()
	if !folded && e.state != stateDuplicate && c.thread != "" && !r.noResolve {
		err := r.gh.ResolveThread(ctx, c.thread)
		switch {
		case err == nil:
			folded = true
		case !r.failed(err):
			return
		default:
			r.noResolve = true
			r.note("threads of comments that are done with are marked instead of resolved: %v", err)
		}
	}
	if !folded && c.thread != "" && !c.replies && !r.noMinimize && r.blocked == "" {
		why := github.Outdated
		if e.state == stateDuplicate {
			why = github.Duplicate
		}
		if err := r.gh.Minimize(ctx, c.NodeID, why); err != nil {
			if !r.failed(err) {
				return
			}
			r.noMinimize = true
		}
	}
	if c.foreign {
		r.giveUp("end", c.ID)
		return
	}
	if r.blocked != "" {
		return
	}
	if err := r.gh.EditComment(ctx, c.ID, r.lastWords(e)); err != nil {
		if r.failed(err) {
			r.giveUp("end", c.ID)
			r.note("a comment that is done with stays as it is: %v", err)
		}
		return
	}
	r.closed[c.ID] = true
	if e.state == stateFixed {
		r.fixed++
	}
}
