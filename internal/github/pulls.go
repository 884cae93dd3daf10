package github

import (
	"context"

	gh "github.com/google/go-github/v60/github"
)

// PullRequest is what a run needs to know of a pull request.
type PullRequest struct {
	Number  int
	State   string // open or closed
	Draft   bool
	HeadSHA string
	HeadRef string
	// HeadRepo is owner/name of the head's repository, "" if it was deleted.
	HeadRepo string
	BaseSHA  string // the tip of the base branch, not the merge base
	// MergeSHA is the commit that GitHub made to try the merge, "" if there is none.
	MergeSHA string
	BaseRef  string
	// Fork tells that the head is in another repository.
	Fork bool
	URL  string
}

// PullRequest returns pull request number.
func (c *Client) PullRequest(ctx context.Context, number int) (PullRequest, error) {
	pr, _, err := c.rest.PullRequests.Get(ctx, c.owner, c.repo, number)
	if err != nil {
		return PullRequest{}, c.wrap("get pull request", false, err)
	}
	return pullRequest(pr), nil
}

func pullRequest(pr *gh.PullRequest) PullRequest {
	head, base := pr.GetHead(), pr.GetBase()
	return PullRequest{
		Number: pr.GetNumber(), State: pr.GetState(), Draft: pr.GetDraft(),
		HeadSHA: head.GetSHA(), HeadRef: head.GetRef(), HeadRepo: head.GetRepo().GetFullName(),
		BaseSHA: base.GetSHA(), BaseRef: base.GetRef(), MergeSHA: pr.GetMergeCommitSHA(),
		Fork: head.GetRepo().GetFullName() != base.GetRepo().GetFullName(),
		URL:  pr.GetHTMLURL(),
	}
}

// ChangedFile is a file of a pull request as GitHub lists it.
type ChangedFile struct {
	Name, PreviousName string
	Status             string // added, removed, modified, renamed, copied, changed, unchanged
	// Patch has the hunks without file headers; GitHub leaves it out for
	// binary and very large files.
	Patch string
}

// maxFiles is where GitHub's list ends.
// https://docs.github.com/rest/pulls/pulls#list-pull-requests-files
const maxFiles = 3000

// Files returns the changed files of a pull request. GitHub lists at most
// 3,000; truncated tells that there may be more.
func (c *Client) Files(ctx context.Context, number int) (files []ChangedFile, truncated bool, err error) {
	more, err := pages(maxFiles/100+1, func(opt gh.ListOptions) (*gh.Response, error) {
		list, resp, err := c.rest.PullRequests.ListFiles(ctx, c.owner, c.repo, number, &opt)
		for _, f := range list {
			files = append(files, changedFile(f))
		}
		return resp, err
	})
	if err != nil {
		return nil, false, c.wrap("list files", false, err)
	}
	return files, more || len(files) >= maxFiles, nil
}

// MergeBase returns the commit at which head left base; both may be commit IDs
// or refs.
func (c *Client) MergeBase(ctx context.Context, base, head string) (string, error) {
	// One commit of the list is enough: the merge base comes with every page.
	cmp, _, err := c.rest.Repositories.CompareCommits(ctx, c.owner, c.repo, base, head, &gh.ListOptions{PerPage: 1})
	if err != nil {
		return "", c.wrap("compare commits", false, err)
	}
	if cmp.GetMergeBaseCommit().GetSHA() == "" {
		return "", &Unavailable{Detail: Detail{Op: "compare commits", Message: "the answer names no merge base"}}
	}
	return cmp.GetMergeBaseCommit().GetSHA(), nil
}

// Compare returns what changed from base to head, both commit IDs, seen from
// their merge base. GitHub lists at most 300 files; truncated tells that there
// may be more.
// https://docs.github.com/rest/commits/commits#compare-two-commits
func (c *Client) Compare(ctx context.Context, base, head string) (files []ChangedFile, truncated bool, err error) {
	cmp, _, err := c.rest.Repositories.CompareCommits(ctx, c.owner, c.repo, base, head, &gh.ListOptions{PerPage: 1})
	if err != nil {
		return nil, false, c.wrap("compare commits", false, err)
	}
	for _, f := range cmp.Files {
		files = append(files, changedFile(f))
	}
	return files, len(files) >= maxCompared, nil
}

// maxCompared is where the list of a comparison ends.
const maxCompared = 300

func changedFile(f *gh.CommitFile) ChangedFile {
	return ChangedFile{f.GetFilename(), f.GetPreviousFilename(), f.GetStatus(), f.GetPatch()}
}
