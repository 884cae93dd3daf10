package github

import (
	"context"
	"fmt"

	gh "github.com/google/go-github/v60/github"
)

// CheckRun is a check run of its own on a commit, as a run makes it once.
type CheckRun struct {
	Name, HeadSHA string
	// Key tells it from other check runs of that name: it is found again by it where
	// an answer was lost.
	Key string
	// Conclusion is success, failure or neutral.
	Conclusion     string
	Title, Summary string // Markdown; at most MaxCheckText characters
	DetailsURL     string // "" for GitHub's own page
	Annotations    []CheckAnnotation
}

// MaxCheckText is what fits into the summary of a check run.
// https://docs.github.com/rest/checks/runs#create-a-check-run
const MaxCheckText = 65_535

// CheckAnnotation is a text on a line of a commit.
type CheckAnnotation struct {
	Path                    string
	Line, Column, EndColumn int    // 1-based; columns are 0 where there are none
	Level                   string // notice, warning, failure
	Title, Message          string
}

// perRequest is how many annotations GitHub takes at a time; further requests add
// to them.
const perRequest = 50

// CreateCheckRun makes a check run with its annotations and returns its page and
// how many annotations it got. It gives *NotPermitted where the token may not
// write checks. A write without an answer is looked for before it is tried again.
func (c *Client) CreateCheckRun(ctx context.Context, r CheckRun) (page string, annotated int, err error) {
	run, err := c.beginCheckRun(ctx, r)
	if err != nil {
		return "", 0, err
	}
	done := min(len(r.Annotations), perRequest)
	for done < len(r.Annotations) || run.GetStatus() != "completed" {
		next := min(done+perRequest, len(r.Annotations))
		if err := c.addToCheckRun(ctx, r, run, done, next); err != nil {
			return run.GetHTMLURL(), done, err
		}
		if done = next; done == len(r.Annotations) {
			break
		}
	}
	return run.GetHTMLURL(), done, nil
}

func (r CheckRun) output(from, to int) *gh.CheckRunOutput {
	o := &gh.CheckRunOutput{Title: &r.Title, Summary: &r.Summary}
	for _, a := range r.Annotations[from:to] {
		line := max(a.Line, 1)
		one := &gh.CheckRunAnnotation{Path: &a.Path, StartLine: &line, EndLine: &line, AnnotationLevel: &a.Level, Message: &a.Message, Title: &a.Title}
		if a.Column > 0 && a.EndColumn >= a.Column {
			one.StartColumn, one.EndColumn = &a.Column, &a.EndColumn
		}
		o.Annotations = append(o.Annotations, one)
	}
	return o
}

// beginCheckRun makes the check run with the first annotations; it is over where
// those are all.
func (c *Client) beginCheckRun(ctx context.Context, r CheckRun) (*gh.CheckRun, error) {
	const op = "create check run"
	opts := gh.CreateCheckRunOptions{Name: r.Name, HeadSHA: r.HeadSHA, ExternalID: &r.Key, Output: r.output(0, min(len(r.Annotations), perRequest))}
	if r.DetailsURL != "" {
		opts.DetailsURL = &r.DetailsURL
	}
	if len(r.Annotations) > perRequest {
		opts.Status = gh.String("in_progress")
	} else {
		opts.Status, opts.Conclusion = gh.String("completed"), &r.Conclusion
	}
	for attempt := 0; ; attempt++ {
		run, _, err := c.rest.Checks.CreateCheckRun(ctx, c.owner, c.repo, opts)
		err = c.wrap(op, true, err)
		if err == nil || !MaybeDone(err) || attempt == 2 {
			return run, err
		}
		if made, findErr := c.findCheckRun(ctx, r); findErr == nil && made != nil {
			return made, nil
		}
	}
}

// findCheckRun returns the check run with the key, nil if there is none.
func (c *Client) findCheckRun(ctx context.Context, r CheckRun) (*gh.CheckRun, error) {
	list, _, err := c.rest.Checks.ListCheckRunsForRef(ctx, c.owner, c.repo, r.HeadSHA, &gh.ListCheckRunsOptions{
		CheckName: &r.Name, Filter: gh.String("all"), ListOptions: gh.ListOptions{PerPage: 100},
	})
	if err != nil {
		return nil, c.wrap("list check runs", false, err)
	}
	for _, run := range list.CheckRuns {
		if run.GetExternalID() == r.Key {
			return run, nil
		}
	}
	return nil, nil
}

// addToCheckRun adds some annotations, and ends the run with the last of them.
func (c *Client) addToCheckRun(ctx context.Context, r CheckRun, run *gh.CheckRun, from, to int) error {
	const op = "update check run"
	opts := gh.UpdateCheckRunOptions{Name: r.Name, Output: r.output(from, to)}
	if to == len(r.Annotations) {
		opts.Status, opts.Conclusion = gh.String("completed"), &r.Conclusion
	}
	for attempt := 0; ; attempt++ {
		_, _, err := c.rest.Checks.UpdateCheckRun(ctx, c.owner, c.repo, run.GetID(), opts)
		err = c.wrap(op, true, err)
		if err == nil || !MaybeDone(err) || attempt == 2 {
			return err
		}
		now, _, getErr := c.rest.Checks.GetCheckRun(ctx, c.owner, c.repo, run.GetID())
		if getErr == nil && now.GetOutput().GetAnnotationsCount() >= to {
			return nil
		}
		if getErr != nil {
			return fmt.Errorf("%w; whether its annotations are there is not known", err)
		}
	}
}
