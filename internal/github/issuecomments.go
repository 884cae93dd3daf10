package github

import (
	"context"
	"strings"

	gh "github.com/google/go-github/v60/github"
)

// IssueComment is a comment in the conversation of an issue or pull request.
type IssueComment struct {
	ID     int64
	Author string
	Bot    bool // the author is an app
	Body   string
	URL    string
}

// IssueComments returns the conversation, the oldest first.
func (c *Client) IssueComments(ctx context.Context, number int) ([]IssueComment, error) {
	var all []IssueComment
	more, err := pages(maxCommentPages, func(opt gh.ListOptions) (*gh.Response, error) {
		list, resp, err := c.rest.Issues.ListComments(ctx, c.owner, c.repo, number, &gh.IssueListCommentsOptions{ListOptions: opt})
		for _, one := range list {
			all = append(all, IssueComment{one.GetID(), one.GetUser().GetLogin(), one.GetUser().GetType() == "Bot", one.GetBody(), one.GetHTMLURL()})
		}
		return resp, err
	})
	if err != nil {
		return nil, c.wrap("list comments", false, err)
	}
	if more {
		return nil, &TooLarge{Detail{Op: "list comments", Message: "more than 10,000 comments"}}
	}
	return all, nil
}

// Sticky describes the one comment that [Client.Sticky] keeps.
type Sticky struct {
	Number int
	// Login is who the token acts as, "" if that is not known: then the comment
	// of any app counts that has the marker.
	Login  string
	Marker string // part of Body
	Body   string
	// Only keeps a comment up to date that is there, and makes none.
	Only bool
	// Before is asked before each write; its error keeps it from being done.
	// nil allows all.
	Before func(context.Context) error
}

// Sticky keeps one comment with a marker: it makes the comment, edits it, or
// leaves it if it already reads so. It returns the comment's address, "" where
// there is none. A person's comment with the marker is nobody's. Where two runs
// made one each, the younger one, which nobody can have answered, is deleted.
//
// A write without an answer is looked for in the conversation before it is
// tried again, at most twice.
func (c *Client) Sticky(ctx context.Context, s Sticky) (string, error) {
	var lost error
	for attempt := 0; attempt < 4; attempt++ {
		mine, err := c.stickies(ctx, s)
		if err != nil {
			if lost != nil {
				err = lost
			}
			return "", err
		}
		switch {
		case len(mine) > 1:
			last := mine[len(mine)-1]
			_, err := c.rest.Issues.DeleteComment(ctx, c.owner, c.repo, last.ID)
			if err := c.wrap("delete comment", true, err); err != nil && !MaybeDone(err) {
				return mine[0].URL, nil // it stays, and the next run may try again
			}
			continue
		case len(mine) == 1 && strings.TrimSpace(mine[0].Body) == strings.TrimSpace(s.Body):
			return mine[0].URL, nil
		case len(mine) == 0 && s.Only:
			return "", nil
		}
		if s.Before != nil {
			if err := s.Before(ctx); err != nil {
				return "", err
			}
		}
		var old *IssueComment
		if len(mine) > 0 {
			old = &mine[0]
		}
		url, err := c.putIssueComment(ctx, s.Number, old, s.Body)
		switch {
		case MaybeDone(err):
			lost = err
		case err != nil || old != nil:
			return url, err
		}
		// Made, or perhaps made: look whether another run did so too.
		lost = err
	}
	return "", lost
}

// stickies are the comments with the marker that may be ours, the oldest first.
func (c *Client) stickies(ctx context.Context, s Sticky) ([]IssueComment, error) {
	all, err := c.IssueComments(ctx, s.Number)
	var mine []IssueComment
	for _, one := range all {
		if (SameLogin(one.Author, s.Login) || s.Login == "" && one.Bot) && strings.Contains(one.Body, s.Marker) {
			mine = append(mine, one)
		}
	}
	return mine, err
}

func (c *Client) putIssueComment(ctx context.Context, number int, old *IssueComment, body string) (string, error) {
	if old == nil {
		made, _, err := c.rest.Issues.CreateComment(ctx, c.owner, c.repo, number, &gh.IssueComment{Body: &body})
		return made.GetHTMLURL(), c.wrap("create comment", true, err)
	}
	edited, _, err := c.rest.Issues.EditComment(ctx, c.owner, c.repo, old.ID, &gh.IssueComment{Body: &body})
	return edited.GetHTMLURL(), c.wrap("edit comment", true, err)
}
