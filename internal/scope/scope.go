// Package scope finds what a run compares: which commit is the base, what
// changed since, and what a pull request's diff shows of it. It copes with the
// checkouts that CI leaves: one commit deep, detached, or on a merge commit.
package scope

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/org/probe-mtls-action/internal/diff"
	"github.com/org/probe-mtls-action/internal/git"
)

// Names of the events that have a base.
const (
	PullRequest = "pull_request"
	MergeGroup  = "merge_group"
	Push        = "push"
)

// Event is what started a run, in plain data.
type Event struct {
	Name string // GitHub's name of the event
	// Base and Head are commit IDs: of a pull request, a merge group, or the
	// states before and after a push. Base is "" for a push that made the ref,
	// Head for one that deleted it.
	Base, Head string
	// Ref is the full ref that was pushed; DefaultBranch is a branch's name.
	Ref, DefaultBranch string
}

// Fetcher brings commits into the clone.
type Fetcher interface {
	Fetch(ctx context.Context, ids ...string) error
}

// API answers from GitHub what the clone cannot.
type API interface {
	// MergeBase returns the merge base of two commits or branches.
	MergeBase(ctx context.Context, base, head string) (string, error)
	// Files lists the pull request's changed files; truncated means that there
	// are more.
	Files(ctx context.Context) (files []diff.APIFile, truncated bool, err error)
}

// Scope is what a run compares.
type Scope struct {
	// Base is the commit whose tree findings are compared with, "" if there is
	// none to read.
	Base string
	// Head is the commit that is checked out, "" outside Git.
	Head string
	// Changes lead from Base to the work tree. Incomplete is set where
	// everything must be taken for changed.
	Changes diff.Changes
	// Pull is set on a pull request.
	Pull *Pull
	// Guarded asks to judge a change of configuration and suppressions with those
	// of the base as well; with Fork what only the head's hide fails the check.
	Guarded, Fork bool
	// Deleted means that the event removed the branch: nothing is to be checked.
	Deleted bool
	// Notes tell the user what could not be done, and what to do about it.
	Notes []string
}

// Pull is what a pull request's diff shows.
type Pull struct {
	// Head is the commit that GitHub takes comments on.
	Head string
	// Diff are the changes from the merge base to Head.
	Diff diff.Changes
	// ToTree are the changes from Head to the work tree, FromBase those from
	// the merge base to Scope.Base; nil where both are the same.
	ToTree, FromBase *diff.Changes
}

// Resolver finds scopes in a repository.
type Resolver struct {
	Repo *git.Repo
	// Remote and API may be nil: then only what the clone has counts.
	Remote Fetcher
	API    API
}

// Everything is the scope of a run without a base: all roots, nothing compared.
func (r *Resolver) Everything(ctx context.Context, why string) (*Scope, error) {
	s := &Scope{Changes: diff.Changes{Incomplete: why}}
	if !r.Repo.Tracked() {
		return s, nil
	}
	head, err := r.Repo.Resolve(ctx, "HEAD")
	var missing *git.MissingError
	if errors.As(err, &missing) {
		return s, nil // no commit yet
	}
	s.Head = head
	return s, err
}

// Since compares the work tree with the commit at which rev and HEAD went
// apart, or with rev itself where the history at hand does not reach it.
func (r *Resolver) Since(ctx context.Context, rev string) (*Scope, error) {
	base, err := r.Repo.Resolve(ctx, rev)
	if err != nil {
		return nil, err
	}
	head, err := r.Repo.Resolve(ctx, "HEAD")
	if err != nil {
		return nil, err
	}
	s := &Scope{Head: head}
	if s.Base, err = r.Repo.MergeBase(ctx, base, head); err != nil {
		return nil, err
	}
	if s.Base == "" {
		s.Base = base
		s.note("%s and HEAD have no common commit in the history at hand, so the work tree is compared with %s itself; with `fetch-depth: 0` it would be the commit at which they went apart", rev, rev)
	}
	return s, r.changes(ctx, s)
}

// Event resolves the scope of an event.
func (r *Resolver) Event(ctx context.Context, ev Event) (*Scope, error) {
	if !r.Repo.Tracked() {
		return nil, fmt.Errorf("%s is no Git work tree: run actions/checkout before this action", r.Repo.Root())
	}
	switch ev.Name {
	case PullRequest:
		return r.pullRequest(ctx, ev)
	case MergeGroup:
		return r.between(ctx, ev)
	case Push:
		return r.push(ctx, ev)
	}
	return r.Everything(ctx, "the event "+ev.Name+" has no base to compare with")
}

// changes fills s.Changes from s.Base to the work tree.
func (r *Resolver) changes(ctx context.Context, s *Scope) (err error) {
	r.fill(ctx, s)
	s.Changes, err = r.Repo.Changes(ctx, s.Base, git.WorkTree, false)
	return err
}

// maxFill bounds the objects that are fetched for a clone made with a filter, and
// batch how many are asked for at a time.
const (
	maxFill = 20_000
	batch   = 500
)

// fill brings files of the base into a clone that was made with a filter. Without
// them new and existing findings cannot be told apart, which is said where it
// matters.
func (r *Resolver) fill(ctx context.Context, s *Scope) {
	if r.Remote == nil {
		return
	}
	missing, err := r.Repo.MissingAt(ctx, s.Base)
	if err == nil && len(missing) > maxFill {
		err = fmt.Errorf("the clone lacks %d files of it; at most %d are fetched", len(missing), maxFill)
	}
	for err == nil && len(missing) > 0 {
		n := min(batch, len(missing))
		err = r.Remote.Fetch(ctx, missing[:n]...)
		missing = missing[n:]
	}
	if err != nil {
		s.note("files of the base %s cannot be read, as the clone was made with a filter: clone without `filter:` (%v)", s.Base, err)
	}
}

// between compares with a base that the event names.
func (r *Resolver) between(ctx context.Context, ev Event) (*Scope, error) {
	head, err := r.Repo.Resolve(ctx, "HEAD")
	if err != nil {
		return nil, err
	}
	s := &Scope{Head: head}
	if err := r.ensure(ctx, ev.Base); err != nil {
		s.noBase(ev.Base, err)
		return s, nil
	}
	s.Base = ev.Base
	return s, r.changes(ctx, s)
}

// push compares with what the ref was before, or for a new ref and one whose
// former commit is gone, with where it left the default branch.
func (r *Resolver) push(ctx context.Context, ev Event) (*Scope, error) {
	if !git.IsID(ev.Head) {
		return &Scope{Deleted: true}, nil
	}
	head, err := r.Repo.Resolve(ctx, "HEAD")
	if err != nil {
		return nil, err
	}
	s := &Scope{Head: head}
	if git.IsID(ev.Base) {
		err = r.ensure(ctx, ev.Base)
		if err == nil {
			s.Base = ev.Base
			return s, r.changes(ctx, s)
		}
	}
	if ev.DefaultBranch == "" || ev.Ref == "refs/heads/"+ev.DefaultBranch {
		if err != nil {
			s.noBase(ev.Base, err)
		} else {
			s.Changes.Incomplete = "the push made the branch, so there is no base to compare with"
		}
		return s, nil
	}
	base, baseErr := r.mergeBase(ctx, ev.DefaultBranch, ev.Head)
	if baseErr != nil {
		s.noBase(ev.DefaultBranch, errors.Join(err, baseErr))
		return s, nil
	}
	if err != nil && base == ev.Head {
		// What the push replaced is not known, and nothing else would be looked at.
		s.noBase(ev.Base, err)
		return s, nil
	}
	if err != nil {
		s.note("the commit before this push is not available (%v), so the work tree is compared with where it left %s", err, ev.DefaultBranch)
	}
	s.Base = base
	return s, r.changes(ctx, s)
}

// ensure makes sure that the clone has the commits with their trees.
func (r *Resolver) ensure(ctx context.Context, ids ...string) error {
	var missing []string
	for _, id := range ids {
		if !git.IsID(id) {
			return fmt.Errorf("%q is not a commit ID", id)
		}
		if !r.Repo.Has(ctx, id) {
			missing = append(missing, id)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	if r.Remote == nil {
		shallow, err := r.Repo.Shallow()
		if err != nil {
			return err
		}
		return &git.MissingError{Rev: missing[0], Shallow: shallow}
	}
	if err := r.Remote.Fetch(ctx, missing...); err != nil {
		return err
	}
	for _, id := range missing {
		if !r.Repo.Has(ctx, id) {
			return &git.MissingError{Rev: id}
		}
	}
	return nil
}

// mergeBase finds the merge base of a commit or branch and a commit, and brings
// it into the clone. A shallow clone may lack the best one: GitHub knows it.
func (r *Resolver) mergeBase(ctx context.Context, base, head string) (string, error) {
	shallow, err := r.Repo.Shallow()
	if err != nil {
		return "", err
	}
	var apiErr error
	if shallow && r.API != nil {
		var id string
		if id, apiErr = r.API.MergeBase(ctx, base, head); apiErr == nil {
			return id, r.ensure(ctx, id)
		}
	}
	a, err := r.Repo.Resolve(ctx, base)
	if err != nil {
		return "", errors.Join(apiErr, err)
	}
	if !r.Repo.Has(ctx, head) {
		return "", errors.Join(apiErr, &git.MissingError{Rev: head, Shallow: shallow})
	}
	id, err := r.Repo.MergeBase(ctx, a, head)
	if err == nil && id == "" {
		err = fmt.Errorf("%s and %s have no common commit in the history at hand: set `fetch-depth: 0` for actions/checkout", base, head)
	}
	if err != nil {
		return "", errors.Join(apiErr, err)
	}
	return id, nil
}

func (s *Scope) note(format string, args ...any) {
	// Joined errors come on several lines.
	s.Notes = append(s.Notes, strings.ReplaceAll(fmt.Sprintf(format, args...), "\n", "; "))
}

// noBase makes s a scope of everything because the base is not available.
func (s *Scope) noBase(base string, err error) {
	s.Base = ""
	s.Changes = diff.Changes{Incomplete: "the base cannot be read"}
	s.note("the base %s cannot be read, so every root is checked and nothing is compared: %v", base, err)
}
