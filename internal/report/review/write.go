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
func (r *run) write(ctx context.Context, p plan) {
	r.create(ctx, p.create)
	for _, c := range p.edit {
		r.edit(ctx, c)
	}
	for _, c := range p.reopen {
		r.reopen(ctx, c)
	}
	for _, d := range p.duplicates {
		r.foldDuplicate(ctx, d)
	}
	for _, c := range p.fixed {
		r.close(ctx, c)
	}
}

// create posts line comments in batches, then comments on files.
func (r *run) create(ctx context.Context, all []*finding) {
	var lines []*finding
	for _, f := range all {
		if f.draft.Line > 0 {
			lines = append(lines, f)
		}
	}
	parts := (len(lines) + batchSize - 1) / batchSize
	for i := 0; i < parts; i++ {
		batch := lines[i*batchSize : min(len(lines), (i+1)*batchSize)]
		r.postReview(ctx, batch, r.reviewBody(len(lines), i+1, parts))
	}
	for _, f := range all {
		if f.draft.Line == 0 {
			r.postOnFile(ctx, f)
		}
	}
}

// postReview posts one batch; if GitHub calls it unprocessable, its halves, so
// that one bad comment takes no other with it.
func (r *run) postReview(ctx context.Context, batch []*finding, body string) {
	if r.blocked != "" {
		return
	}
	drafts := make([]github.Draft, len(batch))
	for i, f := range batch {
		drafts[i] = f.draft
		f.sent = true
	}
	err := r.gh.CreateReview(ctx, r.opt.Number, r.opt.Head, body, drafts)
	if err == nil {
		for _, f := range batch {
			f.created = true
		}
		return
	}
	for _, f := range batch {
		f.lastErr = err.Error()
	}
	refused := r.failed(err)
	var forbidden *github.NotPermitted
	switch {
	case errors.As(err, &forbidden):
		r.block(err.Error())
	case refused && len(batch) > 1:
		half := len(batch) / 2
		r.postReview(ctx, batch[:half], body)
		r.postReview(ctx, batch[half:], body)
	case refused:
		// Alone and still refused: GitHub does not take this anchor.
		f := batch[0]
		f.draft.Line, f.draft.StartLine = 0, 0
		f.draft.Body, f.state = r.body(f)
	case github.MaybeDone(err):
		for _, f := range batch {
			f.attempts++
		}
	}
}

func (r *run) postOnFile(ctx context.Context, f *finding) {
	if r.blocked != "" {
		return
	}
	if r.fileComments >= r.opt.MaxFileComments {
		f.unplaced = fmt.Sprintf("%d comments on whole files are enough", r.opt.MaxFileComments)
		return
	}
	f.sent = true
	err := r.gh.CreateFileComment(ctx, r.opt.Number, r.opt.Head, f.draft)
	if err == nil {
		f.created = true
		r.fileComments++
		return
	}
	f.lastErr = err.Error()
	var forbidden *github.NotPermitted
	switch refused := r.failed(err); {
	case errors.As(err, &forbidden):
		r.block(err.Error())
	case refused:
		f.unplaced = err.Error()
	case github.MaybeDone(err):
		f.attempts++
		r.fileComments++
	}
}

func (r *run) edit(ctx context.Context, c change) {
	if r.blocked != "" {
		return
	}
	var err error
	if c.p.minimized && c.p.marker.state == stateFixed {
		// Folded away by us when it was fixed. Shown before it is edited: the
		// marker is what tells that it was not a person.
		err = r.gh.Unminimize(ctx, c.p.NodeID)
	}
	if err == nil {
		err = r.gh.EditComment(ctx, c.p.ID, c.f.draft.Body)
	}
	if err == nil {
		c.f.edited = true
		return
	}
	r.tried("edit", c.p.ID)
	if r.failed(err) || !r.mayTry("edit", c.p.ID) || r.blocked != "" {
		c.f.editErr = err.Error()
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
		c.f.reopened = true
	case r.failed(err):
		r.giveUp("reopen", c.p.ID)
		c.f.editErr = err.Error()
	}
}

func (r *run) foldDuplicate(ctx context.Context, d duplicate) {
	if r.blocked != "" {
		return
	}
	r.tried("duplicate", d.extra.ID)
	if !r.noMinimize {
		err := r.gh.Minimize(ctx, d.extra.NodeID, github.Duplicate)
		if err == nil {
			r.giveUp("duplicate", d.extra.ID)
			return
		}
		if !r.failed(err) {
			return
		}
		r.noMinimize = true
	}
	err := r.gh.EditComment(ctx, d.extra.ID, duplicateBody(d.original.URL, d.extra.marker))
	if err == nil {
		r.giveUp("duplicate", d.extra.ID)
		return
	}
	if r.failed(err) {
		r.giveUp("duplicate", d.extra.ID)
		r.note("a duplicate comment stays: %v", err)
	}
}

// close tells that a finding is gone: the thread is resolved; where the token
// may not, the comment says so itself and is folded away unless somebody
// answered.
func (r *run) close(ctx context.Context, c *posted) {
	if r.blocked != "" {
		return
	}
	r.tried("fixed", c.ID)
	if c.thread != "" && !r.noResolve {
		err := r.gh.ResolveThread(ctx, c.thread)
		if err == nil {
			r.closed[c.ID] = true
			return
		}
		if !r.failed(err) {
			return
		}
		r.noResolve = true
		r.note("threads of fixed findings are marked instead of resolved: %v", err)
	}
	if err := r.gh.EditComment(ctx, c.ID, r.goneBody(c)); err != nil {
		if r.failed(err) {
			r.giveUp("fixed", c.ID)
			r.note("a comment on a fixed finding stays as it is: %v", err)
		}
		return
	}
	r.closed[c.ID] = true
	if c.thread == "" || c.replies || r.noMinimize {
		return
	}
	if err := r.gh.Minimize(ctx, c.NodeID, github.Outdated); err != nil && r.failed(err) {
		r.noMinimize = true
	}
}
