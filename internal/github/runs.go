package github

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"

	gh "github.com/google/go-github/v60/github"
)

// WorkflowRun is a run of a workflow.
type WorkflowRun struct {
	ID                        int64
	Event                     string // what triggered it: pull_request
	Status, Conclusion        string
	HeadSHA, HeadBranch       string
	HeadRepository            string // owner/name
	WorkflowName, DisplayName string
	// PullRequests are the numbers that GitHub lists; for runs from forks it
	// lists none.
	PullRequests []int
}

// WorkflowRun returns a run.
func (c *Client) WorkflowRun(ctx context.Context, id int64) (WorkflowRun, error) {
	r, _, err := c.rest.Actions.GetWorkflowRunByID(ctx, c.owner, c.repo, id)
	if err != nil {
		return WorkflowRun{}, c.wrap("get workflow run", false, err)
	}
	run := WorkflowRun{
		ID: r.GetID(), Event: r.GetEvent(), Status: r.GetStatus(), Conclusion: r.GetConclusion(),
		HeadSHA: r.GetHeadSHA(), HeadBranch: r.GetHeadBranch(), HeadRepository: r.GetHeadRepository().GetFullName(),
		WorkflowName: r.GetName(), DisplayName: r.GetDisplayTitle(),
	}
	for _, p := range r.PullRequests {
		run.PullRequests = append(run.PullRequests, p.GetNumber())
	}
	return run, nil
}

// PullRequestsOf returns the open pull requests whose head is commit at branch
// of owner/name: the way from a run on a fork to its pull request.
func (c *Client) PullRequestsOf(ctx context.Context, headOwner, branch, commit string) ([]PullRequest, error) {
	var all []PullRequest
	_, err := pages(10, func(opt gh.ListOptions) (*gh.Response, error) {
		list, resp, err := c.rest.PullRequests.List(ctx, c.owner, c.repo,
			&gh.PullRequestListOptions{State: "open", Head: headOwner + ":" + branch, ListOptions: opt})
		for _, p := range list {
			if p.GetHead().GetSHA() == commit {
				all = append(all, pullRequest(p))
			}
		}
		return resp, err
	})
	return all, c.wrap("list pull requests", false, err)
}

// Artifact is a file that a workflow run left.
type Artifact struct {
	ID      int64
	Name    string
	Size    int64 // bytes, compressed
	Expired bool
}

// Artifacts returns what a run left.
func (c *Client) Artifacts(ctx context.Context, runID int64) ([]Artifact, error) {
	var all []Artifact
	_, err := pages(10, func(opt gh.ListOptions) (*gh.Response, error) {
		list, resp, err := c.rest.Actions.ListWorkflowRunArtifacts(ctx, c.owner, c.repo, runID, &opt)
		if list != nil {
			for _, a := range list.Artifacts {
				all = append(all, Artifact{a.GetID(), a.GetName(), a.GetSizeInBytes(), a.GetExpired()})
			}
		}
		return resp, err
	})
	return all, c.wrap("list artifacts", false, err)
}

// maxArtifactFiles bounds the entries of an artifact's archive.
const maxArtifactFiles = 1000

// ReadArtifact downloads an artifact and hands every regular file in it whose
// name is wanted to visit; nil wants all. Neither the archive nor the sum of
// those files may be over max bytes: what a pull request's own run left is
// untrusted. Names are as in the archive and must not be used as paths.
func (c *Client) ReadArtifact(ctx context.Context, id int64, max int64, wanted func(name string) bool, visit func(name string, data []byte) error) error {
	const op = "download artifact"
	address, resp, err := c.rest.Actions.DownloadArtifact(ctx, c.owner, c.repo, id, 1)
	if err != nil {
		if resp != nil && resp.Response != nil {
			return c.fromResponse(Detail{Op: op}, &gh.ErrorResponse{Response: resp.Response, Message: resp.Status})
		}
		return c.wrap(op, false, err)
	}
	// The address is signed and on another host: the transport sends no token there.
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address.String(), nil)
	if err != nil {
		return c.wrap(op, false, err)
	}
	got, err := c.http.Do(req)
	if err != nil {
		return c.wrap(op, false, err)
	}
	defer got.Body.Close()
	if got.StatusCode != http.StatusOK {
		return c.fromResponse(Detail{Op: op}, &gh.ErrorResponse{Response: got, Message: got.Status})
	}
	data, err := io.ReadAll(io.LimitReader(got.Body, max+1))
	if err != nil {
		return c.wrap(op, false, err)
	}
	if int64(len(data)) > max {
		return &TooLarge{Detail{Op: op, Message: fmt.Sprintf("over %d bytes", max)}}
	}
	return unzip(op, data, max, wanted, visit)
}

func unzip(op string, data []byte, max int64, wanted func(string) bool, visit func(string, []byte) error) error {
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return &Unprocessable{Detail: Detail{Op: op, Message: "not a zip archive: " + err.Error()}}
	}
	if len(z.File) > maxArtifactFiles {
		return &TooLarge{Detail{Op: op, Message: fmt.Sprintf("more than %d files", maxArtifactFiles)}}
	}
	left := max
	for _, f := range z.File {
		if !f.Mode().IsRegular() || wanted != nil && !wanted(f.Name) {
			continue
		}
		r, err := f.Open()
		if err != nil {
			return &Unprocessable{Detail: Detail{Op: op, Message: fmt.Sprintf("%q: %v", f.Name, err)}}
		}
		content, err := io.ReadAll(io.LimitReader(r, left+1))
		r.Close()
		if err != nil {
			return &Unprocessable{Detail: Detail{Op: op, Message: fmt.Sprintf("%q: %v", f.Name, err)}}
		}
		if left -= int64(len(content)); left < 0 {
			return &TooLarge{Detail{Op: op, Message: fmt.Sprintf("over %d bytes unpacked", max)}}
		}
		if err := visit(f.Name, content); err != nil {
			return err
		}
	}
	return nil
}
