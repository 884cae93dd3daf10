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
	Body   string
	URL    string
}

// IssueComments returns the conversation, the oldest first.
func (c *Client) IssueComments(ctx context.Context, number int) ([]IssueComment, error) {
	var all []IssueComment
	more, err := pages(maxCommentPages, func(opt gh.ListOptions) (*gh.Response, error) {
		list, resp, err := c.rest.Issues.ListComments(ctx, c.owner, c.repo, number, &gh.IssueListCommentsOptions{ListOptions: opt})
		for _, one := range list {
			all = append(all, IssueComment{one.GetID(), one.GetUser().GetLogin(), one.GetBody(), one.GetHTMLURL()})
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

// Sticky keeps one comment of login's that contains marker at body: it makes
// the comment, edits it, or leaves it if it already reads so. It returns the
// comment's address. A comment of somebody else's with the marker is nobody's.
//
// A write without an answer is looked for in the conversation before it is
// tried again, at most twice.
func (c *Client) Sticky(ctx context.Context, number int, login, marker, body string) (string, error) {
	var lost error
	for attempt := 0; attempt < 3; attempt++ {
		all, err := c.IssueComments(ctx, number)
		if err != nil {
			if lost != nil {
				return "", lost
			}
			return "", err
		}
		var mine *IssueComment
		for i := range all {
			if SameLogin(all[i].Author, login) && strings.Contains(all[i].Body, marker) {
				mine = &all[i]
				break
			}
		}
		if mine != nil && strings.TrimSpace(mine.Body) == strings.TrimSpace(body) {
			return mine.URL, nil
		}
		url, err := c.putIssueComment(ctx, number, mine, body)
		if !MaybeDone(err) {
			return url, err
		}
		lost = err
	}
	return "", lost
}

func (c *Client) putIssueComment(ctx context.Context, number int, old *IssueComment, body string) (string, error) {
	if old == nil {
		made, _, err := c.rest.Issues.CreateComment(ctx, c.owner, c.repo, number, &gh.IssueComment{Body: &body})
		return made.GetHTMLURL(), c.wrap("create comment", true, err)
	}
	edited, _, err := c.rest.Issues.EditComment(ctx, c.owner, c.repo, old.ID, &gh.IssueComment{Body: &body})
	return edited.GetHTMLURL(), c.wrap("edit comment", true, err)
}
