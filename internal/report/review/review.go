// Package review keeps a pull request's review comments in step with the findings of a run.
//
// It works as a controller does: it compares the comments that should be there
// with those that are, writes the difference, and looks again, until nothing
// differs or nothing more can be done. Looking again is what makes it safe
// against answers that got lost and against another run at the same time:
//
//   - A write without an answer is never sent again blindly. The next look
//     tells whether it was carried out.
//   - Two runs that both saw no comment may both make one. Each looks again
//     after writing; whoever sees two of the same findings folds all but the
//     oldest away, so both choose the same survivor.
//   - A run whose commit is no longer the head of the pull request, or whose
//     pull request is closed, writes nothing.
//
// Findings of one cause at one place share a comment; each is accounted for. A
// finding counts as told while its comment is open, shown and on the current
// diff. What a person resolved, hid or deleted is not posted again. Only
// comments with the marker count that the token's own identity wrote, or
// another bot. Nothing is ever deleted.
package review

import (
	"context"
	"fmt"
	"time"

	"github.com/org/probe-mtls-action/internal/diff"
	"github.com/org/probe-mtls-action/internal/github"
	"github.com/org/probe-mtls-action/internal/report"
)

// GitHub is what the reporter needs; *github.Client is one. Errors are those of
// package github.
type GitHub interface {
	PullRequest(ctx context.Context, number int) (github.PullRequest, error)
	Comments(ctx context.Context, number int) ([]github.Comment, error)
	Threads(ctx context.Context, number int) (github.Threads, error)
	Reviews(ctx context.Context, number int) ([]github.Review, error)
	Viewer(ctx context.Context) (string, error)
	CreateReview(ctx context.Context, number int, commit, body string, drafts []github.Draft) error
	CreateFileComment(ctx context.Context, number int, commit string, d github.Draft) error
	EditComment(ctx context.Context, id int64, body string) error
	ResolveThread(ctx context.Context, threadID string) error
	UnresolveThread(ctx context.Context, threadID string) error
	Minimize(ctx context.Context, nodeID string, why github.Classifier) error
	Unminimize(ctx context.Context, nodeID string) error
	Pause(ctx context.Context, d time.Duration) error
}

var _ GitHub = (*github.Client)(nil)

// Options says where and how to publish.
type Options struct {
	Number     int    // of the pull request
	Repository string // owner/name, for links
	ServerURL  string // GITHUB_SERVER_URL, for links
	// Head is the commit that comments belong to; Report.Scope.Head if empty.
	Head string
	// Changes are the pull request's, merge base to head: no comment is sent
	// whose anchor is not in them.
	Changes diff.Changes
	// HeadLine gives the line of Head for a line of the tree that was checked,
	// 0 if Head has none; nil: the trees are the same.
	HeadLine func(path string, line int) int
	// OnlyNew makes no comments for findings that the base has as well. Such
	// a comment that is there already stays.
	OnlyNew bool
	// MaxComments bounds the comments that are open at a time; 25.
	MaxComments int
	// MaxFileComments bounds the comments on whole files, as each is a request
	// and a notification; 20.
	MaxFileComments int
	// Untrusted results were left by a stranger's run. Only findings whose line
	// the diff shows get a comment, and there is a bound on the comments that
	// all runs on a pull request ever make.
	Untrusted bool
	// RunURL is the page of the workflow run, "" for none.
	RunURL string
	// Login is who the token acts as, in case GitHub does not tell.
	Login string
}

// Channel is where a finding was told.
type Channel string

// The channels. None sends the finding on to the caller's next one.
const (
	LineComment Channel = "review comment"
	FileComment Channel = "file comment"
	None        Channel = "none"
)

// Action is what became of a comment in this run.
type Action string

// The actions; empty for None.
const (
	New    Action = "new"
	Kept   Action = "kept"
	Edited Action = "edited"
)

// Result says what became of one finding.
type Result struct {
	Fingerprint string
	Channel     Channel
	// Over tells that it has no comment because there are enough.
	Over bool
	// Silenced tells that a person resolved, hid or deleted its comment.
	Silenced bool
	Action   Action
	URL      string // of the comment, "" if not known
	Reason   string // why there is none, or a remark on the one there is
}

// Outcome is what a run did. Every finding of the report is in it once.
type Outcome struct {
	// Results has one entry per item of the report, in the same order.
	Results []Result
	// Login is who the token acts as, "" if it is not known.
	Login string
	// Closed counts comments of fixed findings that were resolved or marked.
	Closed int
	// Notes say what did not work, for the log.
	Notes []string
}

// Count returns how many findings went to a channel.
func (o Outcome) Count(c Channel) int {
	n := 0
	for _, r := range o.Results {
		if r.Channel == c {
			n++
		}
	}
	return n
}

const (
	// batchSize is how many comments one review carries; GitHub has been seen
	// to refuse much larger ones as abuse.
	batchSize = 30
	// maxMade bounds the comments that untrusted results ever get on one pull
	// request, closed ones included.
	maxMade = 100
	// budget is how long a body may get, in characters. GitHub's limit is
	// 65,536.
	budget = 65000
	// maxRounds bounds looking and writing.
	maxRounds = 8
	// maxTries bounds how often one write without an answer is tried.
	maxTries = 3
	// maxFailures bounds writes without a useful answer in one run.
	maxFailures = 6
	// maxRefusals bounds requests that GitHub calls unprocessable in one run:
	// enough to find every bad comment of one batch.
	maxRefusals = 2 * batchSize
)

// Publish brings the review comments in step with rep. What GitHub refuses or
// does not answer is no error but in the outcome: those findings have the
// channel None and a reason. The error is for options that cannot be right and
// for a context that ended; the outcome is whole even then.
func Publish(ctx context.Context, gh GitHub, rep *report.Report, opt Options) (Outcome, error) {
	if opt.Head == "" {
		opt.Head = rep.Scope.Head
	}
	if opt.MaxFileComments <= 0 {
		opt.MaxFileComments = 20
	}
	if opt.MaxComments <= 0 {
		opt.MaxComments = 25
	}
	r := &run{gh: gh, rep: rep, opt: opt, tries: map[string]int{}, closed: map[int64]bool{}, sentKeys: map[string]bool{}, strangers: map[string]bool{}}
	r.findings, r.groups = r.desired()
	var err error
	switch {
	case opt.Number <= 0 || opt.Head == "":
		err = fmt.Errorf("review comments need the number of a pull request and its head commit; got %d and %q", opt.Number, opt.Head)
		r.block(err.Error())
	default:
		r.reconcile(ctx)
		err = ctx.Err()
	}
	return r.outcome(), err
}

// run is the state of one Publish.
type run struct {
	gh       GitHub
	rep      *report.Report
	opt      Options
	findings []*finding
	groups   []*group

	first, last *view  // the first and the latest look
	login       string // "" while it is not known
	askedWho    bool

	blocked      string // why nothing more is written, "" while writing
	failures     int
	refusals     int
	fileComments int  // open ones, with those of this run
	noResolve    bool // GitHub does not let this token resolve threads
	noMinimize   bool
	uncertain    bool // a write of this round has no answer
	tries        map[string]int
	closed       map[int64]bool  // comments that this run ended
	fixed        int             // of them those of fixed findings
	sentKeys     map[string]bool // findings whose comment was sent
	strangers    map[string]bool // logins whose comments are not ours to edit
	notes        []string
}

func (r *run) block(why string) {
	if r.blocked == "" {
		r.blocked = why
	}
}

func (r *run) note(format string, args ...any) {
	r.notes = append(r.notes, fmt.Sprintf(format, args...))
}

// reconcile looks and writes until nothing differs.
func (r *run) reconcile(ctx context.Context) {
	for round := 0; round < maxRounds; round++ {
		v, err := r.look(ctx)
		if err != nil {
			r.block("the comments that are there could not be listed: " + err.Error())
			return
		}
		if r.first == nil {
			r.first = v
			r.fileComments = v.openOnFiles()
		}
		r.last = v
		p := r.plan(v)
		if r.blocked != "" || p.empty() {
			return
		}
		if !r.isHead(ctx) {
			return
		}
		r.uncertain = false
		r.write(ctx, v, p)
		if r.uncertain {
			// What was written may take a moment to show.
			if r.gh.Pause(ctx, time.Second<<min(round, 4)) != nil {
				return
			}
		}
	}
	r.note("the comments still changed after %d looks", maxRounds)
}

// isHead checks that the pull request has not moved on.
func (r *run) isHead(ctx context.Context) bool {
	pr, err := r.gh.PullRequest(ctx, r.opt.Number)
	switch {
	case err != nil:
		r.block("the pull request could not be read: " + err.Error())
	case pr.State != "open":
		r.block("the pull request is " + pr.State)
	case pr.HeadSHA != r.opt.Head:
		r.block(fmt.Sprintf("the pull request has moved on from %s to %s; the run for that commit comments", short(r.opt.Head), short(pr.HeadSHA)))
	}
	return r.blocked == ""
}

func short(sha string) string { return sha[:min(len(sha), 7)] }
