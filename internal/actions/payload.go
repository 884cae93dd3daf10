package actions

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"unicode"

	"github.com/org/probe-mtls-action/internal/settings"
)

// maxPayload bounds the event payload; GitHub caps webhook payloads at 25 MB.
const maxPayload = 32 << 20

// payload is the part of GitHub's webhook payloads that matters here.
type payload struct {
	Action     string `json:"action"`
	Repository struct {
		FullName      string `json:"full_name"`
		DefaultBranch string `json:"default_branch"`
	} `json:"repository"`

	PullRequest *struct {
		Number int  `json:"number"`
		Draft  bool `json:"draft"`
		User   struct {
			Login string `json:"login"`
		} `json:"user"`
		Base payloadCommit `json:"base"`
		Head payloadCommit `json:"head"`
	} `json:"pull_request"`

	MergeGroup *struct {
		BaseSHA string `json:"base_sha"`
		BaseRef string `json:"base_ref"`
		HeadSHA string `json:"head_sha"`
		HeadRef string `json:"head_ref"`
	} `json:"merge_group"`

	Before  string `json:"before"`
	After   string `json:"after"`
	Created bool   `json:"created"`
	Deleted bool   `json:"deleted"`
	Forced  bool   `json:"forced"`

	WorkflowRun *struct {
		ID             int64        `json:"id"`
		Name           string       `json:"name"`
		Event          string       `json:"event"`
		Conclusion     string       `json:"conclusion"`
		HeadSHA        string       `json:"head_sha"`
		HeadBranch     string       `json:"head_branch"`
		HeadRepository *payloadRepo `json:"head_repository"`
		PullRequests   []struct {
			Number int           `json:"number"`
			Base   payloadCommit `json:"base"`
			Head   payloadCommit `json:"head"`
		} `json:"pull_requests"`
	} `json:"workflow_run"`
}

type payloadCommit struct {
	SHA  string       `json:"sha"`
	Ref  string       `json:"ref"`
	Repo *payloadRepo `json:"repo"` // null when the repository is gone
}

// payloadRepo is a repository; in workflow_run's pull requests it has no
// full_name.
type payloadRepo struct {
	FullName string `json:"full_name"`
}

func (r *Runner) payload() (*payload, error) {
	path := r.getenv("GITHUB_EVENT_PATH")
	if path == "" {
		return nil, errors.New("GITHUB_EVENT_PATH is not set: the command action runs inside a GitHub Actions workflow; elsewhere, use the command check")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read the event payload: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxPayload+1))
	if err != nil {
		return nil, fmt.Errorf("read the event payload: %w", err)
	}
	if len(data) > maxPayload {
		return nil, fmt.Errorf("the event payload in GITHUB_EVENT_PATH is longer than %d MiB", maxPayload>>20)
	}
	var p payload
	if err := json.Unmarshal(data, &p); err != nil {
		return nil, fmt.Errorf("the event payload in GITHUB_EVENT_PATH is not the JSON that GitHub writes: %w", err)
	}
	return &p, nil
}

// fill copies the part of the payload that belongs to e.Name into e, checked.
func (p *payload) fill(e *Event) error {
	e.Action, e.DefaultBranch = p.Action, p.Repository.DefaultBranch
	var c checker
	switch e.Name {
	case EventPullRequest:
		if p.PullRequest == nil {
			return errors.New("it has no pull_request")
		}
		pr := p.PullRequest
		e.PullRequest = &PullRequest{
			Number: c.number("pull_request.number", pr.Number),
			Base:   c.commit("pull_request.base", pr.Base),
			Head:   c.commit("pull_request.head", pr.Head),
			Draft:  pr.Draft,
			Author: pr.User.Login,
		}
		base := e.PullRequest.Base.Repo
		if base == "" {
			base = e.Owner + "/" + e.Repo
		}
		e.PullRequest.Fork = !strings.EqualFold(e.PullRequest.Head.Repo, base)
	case EventMergeGroup:
		if p.MergeGroup == nil {
			return errors.New("it has no merge_group")
		}
		g, repo := p.MergeGroup, &payloadRepo{FullName: e.Owner + "/" + e.Repo}
		e.MergeGroup = &MergeGroup{
			Base: c.commit("merge_group.base", payloadCommit{g.BaseSHA, g.BaseRef, repo}),
			Head: c.commit("merge_group.head", payloadCommit{g.HeadSHA, g.HeadRef, repo}),
		}
	case EventPush:
		e.Push = &Push{
			Before: c.maybeSHA("before", p.Before), After: c.maybeSHA("after", p.After),
			Created: p.Created, Deleted: p.Deleted, Forced: p.Forced,
		}
	case EventWorkflowRun:
		if p.WorkflowRun == nil {
			return errors.New("it has no workflow_run")
		}
		w := p.WorkflowRun
		if w.ID <= 0 {
			return errors.New("its workflow_run has no id")
		}
		run := &WorkflowRun{ID: w.ID, Name: w.Name, Event: w.Event, Conclusion: w.Conclusion}
		run.Head = c.maybeNamed("workflow_run.head", payloadCommit{w.HeadSHA, w.HeadBranch, w.HeadRepository})
		for _, pr := range w.PullRequests {
			run.PullRequests = append(run.PullRequests, WorkflowRunPullRequest{
				Number: c.number("workflow_run.pull_requests.number", pr.Number),
				Base:   c.commit("workflow_run.pull_requests.base", pr.Base),
				Head:   c.commit("workflow_run.pull_requests.head", pr.Head),
			})
		}
		e.WorkflowRun = run
	}
	return errors.Join(c.errs...)
}

// checker collects what is wrong with a payload's values. GitHub wrote the
// payload, but people chose the names in it.
type checker struct{ errs []error }

func (c *checker) number(field string, n int) int {
	if n <= 0 {
		c.errs = append(c.errs, fmt.Errorf("its %s is %d, expected a positive number", field, n))
	}
	return n
}

func (c *checker) commit(field string, p payloadCommit) Commit {
	if p.Ref == "" {
		c.errs = append(c.errs, fmt.Errorf("it has no %s.ref", field))
	}
	return c.maybeNamed(field, p)
}

// maybeNamed takes a commit that no branch names: the run of a tag, say.
func (c *checker) maybeNamed(field string, p payloadCommit) Commit {
	out := Commit{SHA: p.SHA, Ref: p.Ref}
	if !objectID.MatchString(p.SHA) {
		c.errs = append(c.errs, fmt.Errorf("its %s.sha is %q, expected a commit ID", field, settings.Shorten(p.SHA)))
	}
	if !validRef(p.Ref) {
		c.errs = append(c.errs, fmt.Errorf("its %s.ref is %q, which is not the name of a branch", field, settings.Shorten(p.Ref)))
	}
	if p.Repo != nil && p.Repo.FullName != "" {
		out.Repo = p.Repo.FullName
		if !validRepo(out.Repo) {
			c.errs = append(c.errs, fmt.Errorf("its %s.repo.full_name is %q, expected owner/name", field, settings.Shorten(out.Repo)))
		}
	}
	return out
}

// maybeSHA gives "" for GitHub's way to say that there is no commit: zeros.
func (c *checker) maybeSHA(field, sha string) string {
	if strings.Trim(sha, "0") == "" {
		return ""
	}
	if !objectID.MatchString(sha) {
		c.errs = append(c.errs, fmt.Errorf("its %s is %q, expected a commit ID", field, settings.Shorten(sha)))
	}
	return sha
}

var (
	objectID = regexp.MustCompile(`^([0-9a-f]{40}|[0-9a-f]{64})$`)
	repoName = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,100}/[A-Za-z0-9_.-]{1,100}$`)
)

func validRepo(full string) bool {
	_, name, _ := strings.Cut(full, "/")
	return repoName.MatchString(full) && name != "." && name != ".."
}

// validRef follows git check-ref-format where a wrong name could be taken for
// something else: an option, a revision expression, a second line.
func validRef(ref string) bool {
	return len(ref) <= 1024 && !strings.HasPrefix(ref, "-") && !strings.Contains(ref, "..") &&
		!strings.Contains(ref, "@{") && !strings.ContainsAny(ref, " ~^:?*[\\") && !strings.ContainsFunc(ref, unicode.IsControl)
}
