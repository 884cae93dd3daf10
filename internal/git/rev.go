package git

import (
	"context"
	"fmt"
	"strings"
)

// MissingError says that a revision or commit is not in this clone.
type MissingError struct {
	Rev     string
	Shallow bool // the clone lacks history
}

// Error says what is missing and what to do.
func (e *MissingError) Error() string {
	if e.Shallow {
		return fmt.Sprintf("revision %q is not in this shallow clone: set `fetch-depth: 0` for actions/checkout (`fetch-depth: 2` is enough for the parent of HEAD), or run `git fetch --unshallow`", e.Rev)
	}
	return fmt.Sprintf("revision %q is not in this repository: check its spelling, or run `git fetch` first", e.Rev)
}

// Resolve returns the ID of the commit that rev names. A branch that exists
// only as origin's is found without its prefix, too. The error for an unknown
// revision is a [*MissingError].
func (r *Repo) Resolve(ctx context.Context, rev string) (string, error) {
	if rev == "" || strings.HasPrefix(rev, "-") || strings.ContainsAny(rev, "\x00\n") {
		return "", fmt.Errorf("%q is not a revision: give a branch, a tag or a commit", rev)
	}
	if !r.tracked {
		return "", fmt.Errorf("revision %q: %s is not in a Git repository", rev, r.root)
	}
	for _, name := range []string{rev, "refs/remotes/origin/" + rev} {
		out, err := r.run(ctx, "rev-parse", "--verify", "--quiet", name+"^{commit}")
		if err == nil {
			return strings.TrimSpace(string(out)), nil
		}
		if exitCode(err) < 0 || saysAny(err, "corrupt", "unable to") {
			return "", damaged(err)
		}
		if saysAny(err, "missing") {
			break
		}
	}
	shallow, err := r.Shallow()
	if err != nil {
		return "", err
	}
	return "", &MissingError{rev, shallow}
}

// Has reports whether the commit id and its tree are in this clone.
func (r *Repo) Has(ctx context.Context, id string) bool {
	if !IsID(id) {
		return false
	}
	_, err := r.run(ctx, "rev-parse", "--verify", "--quiet", id+"^{tree}")
	return err == nil
}

// MissingAt returns the objects of the commit's tree that a clone which was made
// with a filter lacks.
func (r *Repo) MissingAt(ctx context.Context, commit string) ([]string, error) {
	if _, err := r.run(ctx, "config", "--get-regexp", `^remote\..*\.promisor$`); err != nil {
		return nil, nil // a whole one
	}
	out, err := r.run(ctx, "rev-list", "--objects", "--no-object-names", "--missing=print", "--max-count=1", commit)
	if err != nil {
		return nil, damaged(err)
	}
	var ids []string
	for line := range strings.Lines(string(out)) {
		if id, missing := strings.CutPrefix(strings.TrimSpace(line), "?"); missing {
			ids = append(ids, id)
		}
	}
	return ids, nil
}

// IsID reports whether s is a full object ID (SHA-1 or SHA-256) other than the
// zero ID that stands for "none".
func IsID(s string) bool {
	if len(s) != 40 && len(s) != 64 {
		return false
	}
	return strings.Trim(s, "0123456789abcdef") == "" && strings.Trim(s, "0") != ""
}

// MergeBase returns the best common ancestor of two commits, "" if the history
// at hand has none.
func (r *Repo) MergeBase(ctx context.Context, a, b string) (string, error) {
	out, err := r.run(ctx, "merge-base", a, b)
	if exitCode(err) == 1 {
		return "", nil
	}
	if err != nil {
		return "", damaged(err)
	}
	return strings.TrimSpace(string(out)), nil
}

// Parents returns the parents that the commit itself names, in order. They need
// not be in the clone: a shallow one knows their names all the same.
func (r *Repo) Parents(ctx context.Context, id string) ([]string, error) {
	out, err := r.run(ctx, "cat-file", "commit", id)
	if err != nil {
		return nil, damaged(err)
	}
	var parents []string
	for line := range strings.Lines(string(out)) {
		line = strings.TrimSuffix(line, "\n")
		if line == "" {
			break
		}
		if p, ok := strings.CutPrefix(line, "parent "); ok {
			parents = append(parents, p)
		}
	}
	return parents, nil
}

// damaged explains an error that means a broken or incomplete object store.
func damaged(err error) error {
	if saysAny(err, "promisor", "lazy fetch", "transport 'none' not allowed", "not allowed") {
		return fmt.Errorf("the clone lacks objects because it was made with a filter: clone without `filter:` (or `--filter`): %w", err)
	}
	if saysAny(err, "corrupt", "missing", "unable to read", "bad object", "Could not read", "inflate", "loose object") {
		return fmt.Errorf("the repository is damaged or incomplete: run `git fsck`, or check it out anew: %w", err)
	}
	return err
}

// Remotes returns the URLs of the repository's remotes as its configuration has
// them, none outside Git. Nothing is fetched from them.
func (r *Repo) Remotes() []string { return r.remotes }
