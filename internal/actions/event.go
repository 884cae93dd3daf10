package actions

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/org/probe-mtls-action/internal/settings"
)

// Names of the events that the Action runs on.
const (
	EventPullRequest      = "pull_request"
	EventMergeGroup       = "merge_group"
	EventPush             = "push"
	EventSchedule         = "schedule"
	EventWorkflowDispatch = "workflow_dispatch"
	EventWorkflowRun      = "workflow_run"
)

// Event is what started the workflow run, from the default environment
// variables and the payload. At most one of its pointers is set, by Name.
type Event struct {
	Name          string // GITHUB_EVENT_NAME
	Action        string // the payload's activity type: opened, synchronize; "" if it has none
	Owner, Repo   string // of the repository that the workflow runs in
	DefaultBranch string // "" if the payload does not say
	// SHA and Ref are what the runner checks out by itself: for pull_request
	// the merge commit and refs/pull/N/merge.
	SHA, Ref          string
	Actor             string
	Workflow, Job     string
	RunID, RunAttempt int64 // 0 outside a workflow run
	Workspace         string
	// The URLs have no slash at the end.
	ServerURL, APIURL, GraphQLURL string

	PullRequest *PullRequest
	MergeGroup  *MergeGroup
	Push        *Push
	WorkflowRun *WorkflowRun
}

// PullRequest is the payload of pull_request.
type PullRequest struct {
	Number     int
	Base, Head Commit
	// Fork reports whether the head is in another repository than the base,
	// one that is gone included.
	Fork  bool
	Draft bool
	// Author is the login of who opened it.
	Author string
}

// MergeGroup is the payload of merge_group: the state that the queue tests.
type MergeGroup struct{ Base, Head Commit }

// Push is the payload of push. Before is "" for a ref that this push created,
// After for one that it deleted.
type Push struct {
	Before, After            string
	Created, Deleted, Forced bool
}

// WorkflowRun is the payload of workflow_run: the run that came to its end.
type WorkflowRun struct {
	ID         int64
	Name       string
	Event      string // what started that run: pull_request
	Conclusion string // success, failure, …
	Head       Commit
	// PullRequests has those that GitHub names; for a head in a fork it names
	// none, and the head is all there is to find the pull request by.
	PullRequests []WorkflowRunPullRequest
}

// WorkflowRunPullRequest is a pull request as workflow_run tells of it.
type WorkflowRunPullRequest struct {
	Number     int
	Base, Head Commit
}

// Commit is a commit and the name it is known under.
type Commit struct {
	SHA  string // 40 or 64 hexadecimal digits
	Ref  string // a branch (pull_request) or full ref (merge_group)
	Repo string // owner/name, "" if the repository is gone or not told
}

// UnsupportedEventError says that the Action does not run on an event.
type UnsupportedEventError struct{ Event string }

// Error says why, and what to do.
func (e *UnsupportedEventError) Error() string {
	if e.Event == "pull_request_target" {
		return "pull_request_target gives a pull request's content, which anyone can write, a token that may write and the repository's secrets; " +
			"this Action does not read such content there: run it on pull_request, and let a second workflow on workflow_run post the results of forks (see docs/github-action.md)"
	}
	name := e.Event
	if name == "" {
		return "GITHUB_EVENT_NAME is not set: the command action runs inside a GitHub Actions workflow; elsewhere, use the command check"
	}
	return fmt.Sprintf("the event %q is not supported: use %s", settings.Shorten(name), strings.Join([]string{
		EventPullRequest, EventMergeGroup, EventPush, EventSchedule, EventWorkflowDispatch, EventWorkflowRun}, ", "))
}

// Event reads what started the run. An event that the Action does not run on
// is an *UnsupportedEventError.
func (r *Runner) Event() (Event, error) {
	e := Event{
		Name:      r.getenv("GITHUB_EVENT_NAME"),
		SHA:       r.getenv("GITHUB_SHA"),
		Ref:       r.getenv("GITHUB_REF"),
		Actor:     r.getenv("GITHUB_ACTOR"),
		Workflow:  r.getenv("GITHUB_WORKFLOW"),
		Job:       r.getenv("GITHUB_JOB"),
		Workspace: r.getenv("GITHUB_WORKSPACE"),
	}
	switch e.Name {
	case EventPullRequest, EventMergeGroup, EventPush, EventSchedule, EventWorkflowDispatch, EventWorkflowRun:
	default:
		return Event{}, &UnsupportedEventError{Event: e.Name}
	}
	if err := errors.Join(r.readNumbers(&e), r.readURLs(&e)); err != nil {
		return Event{}, err
	}
	p, err := r.payload()
	if err != nil {
		return Event{}, err
	}
	if e.Owner, e.Repo, err = repository(r.getenv("GITHUB_REPOSITORY"), p.Repository.FullName); err != nil {
		return Event{}, err
	}
	if err := p.fill(&e); err != nil {
		return Event{}, fmt.Errorf("the payload of %s in GITHUB_EVENT_PATH: %w", e.Name, err)
	}
	return e, nil
}

func (r *Runner) readNumbers(e *Event) error {
	var idErr, attemptErr error
	e.RunID, idErr = r.number("GITHUB_RUN_ID")
	e.RunAttempt, attemptErr = r.number("GITHUB_RUN_ATTEMPT")
	return errors.Join(idErr, attemptErr)
}

func (r *Runner) number(name string) (int64, error) {
	v := r.getenv(name)
	if v == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(v, 10, 64)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("%s is %q, expected a number", name, settings.Shorten(v))
	}
	return n, nil
}

// readURLs takes GitHub's addresses from the environment, where GitHub
// Enterprise Server gives its own.
func (r *Runner) readURLs(e *Event) error {
	var err error
	if e.ServerURL, err = r.url("GITHUB_SERVER_URL", "https://github.com"); err != nil {
		return err
	}
	if e.APIURL, err = r.url("GITHUB_API_URL", "https://api.github.com"); err != nil {
		return err
	}
	graphQL := e.APIURL + "/graphql"
	if enterprise, ok := strings.CutSuffix(e.APIURL, "/api/v3"); ok {
		graphQL = enterprise + "/api/graphql"
	}
	e.GraphQLURL, err = r.url("GITHUB_GRAPHQL_URL", graphQL)
	return err
}

func (r *Runner) url(name, otherwise string) (string, error) {
	v := r.getenv(name)
	if v == "" {
		v = otherwise
	}
	u, err := url.Parse(v)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return "", fmt.Errorf("%s is not the http or https URL of a GitHub server", name)
	}
	return strings.TrimRight(v, "/"), nil
}

func repository(env, payload string) (owner, name string, err error) {
	full := env
	if full == "" {
		full = payload
	}
	if !validRepo(full) {
		return "", "", fmt.Errorf("GITHUB_REPOSITORY is %q, expected owner/name", settings.Shorten(full))
	}
	owner, name, _ = strings.Cut(full, "/")
	return owner, name, nil
}
