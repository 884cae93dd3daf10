package github

import (
	"context"
	"time"

	gh "github.com/google/go-github/v60/github"
)

// Comment is a review comment on a pull request.
type Comment struct {
	ID        int64
	NodeID    string
	ReviewID  int64
	InReplyTo int64 // the thread's first comment, 0 for a first one
	Author    string
	Bot       bool // the author is an app
	// Association is the author's to the repository: OWNER, MEMBER,
	// COLLABORATOR, CONTRIBUTOR, NONE and the like.
	Association string
	Body        string
	Path        string
	Line        int    // 0 where it is outdated or on the whole file
	Side        string // LEFT or RIGHT
	OnFile      bool   // subject_type file
	CommitID    string
	URL         string // of the page
	Created     time.Time
}

// maxCommentPages bounds how many comments are read: 100 pages of 100.
const maxCommentPages = 100

// Comments returns all review comments of a pull request, the oldest first.
func (c *Client) Comments(ctx context.Context, number int) ([]Comment, error) {
	var all []Comment
	more, err := pages(maxCommentPages, func(opt gh.ListOptions) (*gh.Response, error) {
		list, resp, err := c.rest.PullRequests.ListComments(ctx, c.owner, c.repo, number,
			&gh.PullRequestListCommentsOptions{Sort: "created", Direction: "asc", ListOptions: opt})
		for _, one := range list {
			all = append(all, comment(one))
		}
		return resp, err
	})
	if err != nil {
		return nil, c.wrap("list review comments", false, err)
	}
	if more {
		return nil, &TooLarge{Detail{Op: "list review comments", Message: "more than 10,000 comments"}}
	}
	return all, nil
}

func comment(p *gh.PullRequestComment) Comment {
	return Comment{
		ID: p.GetID(), NodeID: p.GetNodeID(), ReviewID: p.GetPullRequestReviewID(), InReplyTo: p.GetInReplyTo(),
		Author: p.GetUser().GetLogin(), Bot: p.GetUser().GetType() == "Bot", Association: p.GetAuthorAssociation(), Body: p.GetBody(), Path: p.GetPath(), Line: p.GetLine(), Side: p.GetSide(),
		OnFile: p.GetSubjectType() == "file", CommitID: p.GetCommitID(), URL: p.GetHTMLURL(), Created: p.GetCreatedAt().Time,
	}
}

// Review is a review of a pull request, without its comments.
type Review struct {
	ID     int64
	Author string
	Bot    bool // the author is an app
	Body   string
}

// Reviews returns all reviews of a pull request, the oldest first.
func (c *Client) Reviews(ctx context.Context, number int) ([]Review, error) {
	var all []Review
	more, err := pages(maxCommentPages, func(opt gh.ListOptions) (*gh.Response, error) {
		list, resp, err := c.rest.PullRequests.ListReviews(ctx, c.owner, c.repo, number, &opt)
		for _, one := range list {
			all = append(all, Review{one.GetID(), one.GetUser().GetLogin(), one.GetUser().GetType() == "Bot", one.GetBody()})
		}
		return resp, err
	})
	if err != nil {
		return nil, c.wrap("list reviews", false, err)
	}
	if more {
		return nil, &TooLarge{Detail{Op: "list reviews", Message: "more than 10,000 reviews"}}
	}
	return all, nil
}

// Draft is a comment to be made. Line 0 is a comment on the whole file.
type Draft struct {
	Path string
	Body string
	Line int
	Side string // LEFT or RIGHT
	// StartLine is the first line of a comment on several lines, else 0; all
	// of them are on Side.
	StartLine int
}

// CreateReview posts body and its line comments as one review that neither
// approves nor requests changes. GitHub takes all or nothing: one bad comment
// gives *Unprocessable for all of them.
func (c *Client) CreateReview(ctx context.Context, number int, commit, body string, drafts []Draft) error {
	req := &gh.PullRequestReviewRequest{CommitID: &commit, Body: &body, Event: gh.String("COMMENT")}
	for _, d := range drafts {
		dc := &gh.DraftReviewComment{Path: gh.String(d.Path), Body: gh.String(d.Body), Line: gh.Int(d.Line), Side: gh.String(d.Side)}
		if d.StartLine > 0 && d.StartLine < d.Line {
			dc.StartLine, dc.StartSide = gh.Int(d.StartLine), gh.String(d.Side)
		}
		req.Comments = append(req.Comments, dc)
	}
	_, _, err := c.rest.PullRequests.CreateReview(ctx, c.owner, c.repo, number, req)
	return c.wrap("create review", true, err)
}

// CreateFileComment posts a comment on a whole changed file; a review cannot
// hold one.
func (c *Client) CreateFileComment(ctx context.Context, number int, commit string, d Draft) error {
	_, _, err := c.rest.PullRequests.CreateComment(ctx, c.owner, c.repo, number, &gh.PullRequestComment{
		CommitID: &commit, Path: gh.String(d.Path), Body: gh.String(d.Body), SubjectType: gh.String("file"),
	})
	return c.wrap("create file comment", true, err)
}

// EditComment replaces the body of a review comment.
func (c *Client) EditComment(ctx context.Context, id int64, body string) error {
	_, _, err := c.rest.PullRequests.EditComment(ctx, c.owner, c.repo, id, &gh.PullRequestComment{Body: &body})
	return c.wrap("edit review comment", true, err)
}
