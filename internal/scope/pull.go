package scope

import (
	"context"
	"errors"

	"github.com/org/probe-mtls-action/internal/diff"
	"github.com/org/probe-mtls-action/internal/git"
)

// pullRequest resolves a pull request. actions/checkout leaves GitHub's merge
// of the head into the base branch, or the head itself where the workflow asks
// for it.
func (r *Resolver) pullRequest(ctx context.Context, ev Event) (*Scope, error) {
	head, err := r.Repo.Resolve(ctx, "HEAD")
	if err != nil {
		return nil, err
	}
	s := &Scope{Head: head, Pull: &Pull{Head: ev.Head}}
	parents, err := r.Repo.Parents(ctx, head)
	if err != nil {
		return nil, err
	}
	merged := len(parents) == 2 && parents[1] == ev.Head
	switch {
	case merged:
		// What the merge adds to the base branch is what the request changes.
		s.Base, err = parents[0], r.ensure(ctx, parents[0], ev.Head)
		if err != nil { // perhaps only the head is not available
			err = r.ensure(ctx, parents[0])
		}
	case head == ev.Head:
		s.Base, err = r.mergeBase(ctx, ev.Base, ev.Head)
	default:
		s.note("the commit that is checked out, %s, is neither the pull request's head %s nor GitHub's merge of it", head, ev.Head)
		s.Base, err = r.mergeBase(ctx, ev.Base, head)
	}
	if err != nil {
		return s, r.fromAPI(ctx, s, ev, err)
	}
	if err := r.changes(ctx, s); err != nil {
		return nil, err
	}
	return s, r.pull(ctx, s, ev, merged)
}

// fromAPI takes the changed files from GitHub when the base's tree is not to be
// had.
func (r *Resolver) fromAPI(ctx context.Context, s *Scope, ev Event, why error) error {
	s.Base = ""
	s.Pull.ToTree = r.toTree(ctx, s, ev)
	files, err := r.files(ctx, ev)
	if err != nil {
		s.noBase(ev.Base, errors.Join(why, err))
		s.Pull.Diff = s.Changes
		return nil
	}
	s.Changes, s.Pull.Diff = files, files
	if files.Incomplete != "" {
		s.note("the base %s cannot be read (%v), and %s, so every root is checked and nothing is compared", ev.Base, why, files.Incomplete)
		return nil
	}
	s.note("the base %s cannot be read, so the changed files come from GitHub's list and nothing is compared with the base: %v", ev.Base, why)
	// The work tree may have changes of its own.
	own, err := r.Repo.Changes(ctx, s.Head, git.WorkTree, false)
	if err != nil {
		return err
	}
	s.Changes.Files = append(s.Changes.Files[:len(s.Changes.Files):len(s.Changes.Files)], own.Files...)
	return nil
}

// files asks GitHub for the pull request's changed files.
func (r *Resolver) files(ctx context.Context, ev Event) (diff.Changes, error) {
	if r.API == nil {
		return diff.Changes{}, errors.New("GitHub cannot be asked")
	}
	entries, truncated, err := r.API.Files(ctx)
	if err != nil {
		return diff.Changes{}, err
	}
	files := diff.FromAPI(ev.Base, ev.Head, entries)
	if truncated && files.Incomplete == "" {
		files.Incomplete = "GitHub lists only a part of the changed files"
	}
	return files, nil
}

// pull finds the diff that GitHub shows, and how it relates to the trees.
func (r *Resolver) pull(ctx context.Context, s *Scope, ev Event, merged bool) error {
	s.Pull.ToTree = r.toTree(ctx, s, ev)
	from := s.Base
	if merged {
		var err error
		if from, err = r.mergeBase(ctx, ev.Base, ev.Head); err != nil {
			return r.guess(ctx, s, ev, err)
		}
	}
	shown, err := r.Repo.Changes(ctx, from, ev.Head, true)
	if err != nil {
		return r.guess(ctx, s, ev, err)
	}
	s.Pull.Diff = shown
	if from != s.Base {
		between, err := r.Repo.Changes(ctx, from, s.Base, true)
		if err != nil {
			return err
		}
		s.Pull.FromBase = &between
	}
	return nil
}

// toTree returns the changes from the pull request's head commit to the work
// tree; nil if there are none.
func (r *Resolver) toTree(ctx context.Context, s *Scope, ev Event) *diff.Changes {
	err := r.ensure(ctx, ev.Head)
	if err == nil {
		var c diff.Changes
		if c, err = r.Repo.Changes(ctx, ev.Head, git.WorkTree, true); err == nil {
			if len(c.Files) == 0 {
				return nil
			}
			return &c
		}
	}
	s.note("the pull request's head %s cannot be read, so comments go to whole files instead of lines: %v", ev.Head, err)
	return &diff.Changes{Base: ev.Head, Incomplete: "the head commit cannot be read"}
}

// guess makes the best of a merge base that is not available: GitHub's own list
// of files, or else what the merge changed. There the lines of files that the
// base branch changed as well are not known.
func (r *Resolver) guess(ctx context.Context, s *Scope, ev Event, why error) error {
	files, err := r.files(ctx, ev)
	if err == nil {
		s.Pull.Diff = files
		s.Pull.FromBase = &diff.Changes{Incomplete: "the merge base cannot be read"}
		return nil
	}
	why = errors.Join(why, err)
	shown, err := r.Repo.Changes(ctx, s.Base, s.Head, true)
	if err != nil {
		return err
	}
	for i := range shown.Files {
		f := &shown.Files[i]
		if t := s.Pull.ToTree; t != nil && (t.Incomplete != "" || t.New(f.NewName) != nil || t.Old(f.OldName) != nil) {
			f.Hunks, f.NoHunks = nil, "the base branch changed the file as well"
		}
	}
	shown.Head = ev.Head
	s.Pull.Diff = shown
	s.note("the merge base cannot be found, so comments may go to whole files instead of lines: %v", why)
	return nil
}
