package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/org/probe-mtls-action/internal/actions"
	"github.com/org/probe-mtls-action/internal/diff"
	"github.com/org/probe-mtls-action/internal/git"
	"github.com/org/probe-mtls-action/internal/github"
	"github.com/org/probe-mtls-action/internal/outfile"
	"github.com/org/probe-mtls-action/internal/place"
	"github.com/org/probe-mtls-action/internal/report"
	"github.com/org/probe-mtls-action/internal/report/text"
	"github.com/org/probe-mtls-action/internal/scope"
	"github.com/org/probe-mtls-action/internal/settings"
)

// job is one run of the Action.
type job struct {
	env    *Env
	runner *actions.Runner
	in     actions.Inputs
	event  actions.Event
	client *github.Client // nil without a repository to speak to
	s      settings.Values
}

// newJob reads inputs and event. Mistakes are told as annotations; the error is
// then an *exitError without a message.
func newJob(env *Env) (*job, error) {
	j := &job{env: env, runner: actions.New(env.Stdout, env.Getenv)}
	in, mistakes := j.runner.Inputs()
	if len(mistakes) > 0 {
		j.runner.ReportInputErrors(mistakes)
		return nil, j.invalid()
	}
	j.in = in
	event, err := j.runner.Event()
	if err != nil {
		j.runner.Errorf("%s", err)
		return nil, j.invalid()
	}
	j.event = event
	if j.client, err = j.connect(); err != nil {
		j.runner.Errorf("%s", err)
		return nil, j.invalid()
	}
	j.s = in.Values
	if in.SARIFFile != "" {
		name, o := fileBelow(or(j.workspace().Dir, "."), in.SARIFFile)
		if err := outfile.Check(name, o); err != nil {
			j.runner.Errorf("the input sarif-file is %s: %s", in.SARIFFile, err)
			return nil, j.invalid()
		}
	}
	return j, nil
}

// invalid sets the outputs of a run that checked nothing.
func (j *job) invalid() error {
	if err := j.runner.SetOutputs(actions.Outputs{Conclusion: actions.Invalid}); err != nil {
		return &exitError{ExitUsage, err}
	}
	return &exitError{code: ExitUsage}
}

// fail tells err as an annotation and ends with its exit code.
func (j *job) fail(err error) error {
	var exit *exitError
	if !errors.As(err, &exit) {
		exit = notChecked(err)
	}
	if exit.err != nil {
		j.runner.Errorf("%s", exit.err)
	}
	conclusion := report.Incomplete
	if exit.code == ExitUsage {
		conclusion = actions.Invalid
	}
	if err := j.runner.SetOutputs(actions.Outputs{Conclusion: conclusion}); err != nil {
		j.runner.Errorf("%s", err)
	}
	return &exitError{code: exit.code}
}

func (j *job) connect() (*github.Client, error) {
	if j.event.Owner == "" || j.in.Token.IsZero() {
		return nil, nil
	}
	return github.New(github.Options{
		APIURL:     j.event.APIURL,
		GraphQLURL: j.event.GraphQLURL,
		Repository: j.repository(),
		Token:      j.in.Token.Reveal(),
		UserAgent:  "probe-mtls-action/" + version(j.env),
		Log:        j.runner.Debugf,
		Sleep:      j.env.Sleep,
	})
}

// category tells the results of this run from those of other jobs, legs and
// steps: the input, or else what names this very step.
func (j *job) category() string { return or(j.in.Category, j.runner.Category(j.in.Matrix)) }

// several tells whether there are results besides those of this step for sure: of
// other legs of a matrix, or those that somebody told these from by a name.
func (j *job) several() bool {
	return j.in.Category != "" || j.runner.Category(j.in.Matrix) != j.runner.Category("")
}

// repository returns owner/name.
func (j *job) repository() string { return j.event.Owner + "/" + j.event.Repo }

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

func runAction(ctx context.Context, env *Env) error {
	j, err := newJob(env)
	if err != nil {
		return err
	}
	if j.event.Name == actions.EventWorkflowRun {
		return j.reportRun(ctx)
	}
	rep, sc, policy, err := j.check(ctx)
	if err != nil {
		return j.fail(err)
	}
	return j.publish(ctx, policy, delivery{rep: rep, pull: pullOf(j, sc)})
}

// check examines what the event changed.
func (j *job) check(ctx context.Context) (*report.Report, *scope.Scope, report.Policy, error) {
	var none report.Policy
	repo, err := open(ctx, j.workspace(), &j.s, git.Within(j.event.Workspace))
	if err != nil {
		return nil, nil, none, err
	}
	defer repo.close()
	repo.buildGraph()
	end := j.runner.Group("Scope")
	sc, err := j.resolve(ctx, repo)
	if err == nil {
		err = j.runner.Verbatim(func(w io.Writer) error { return describe(w, j.event, sc) })
	}
	end()
	if err != nil {
		return nil, nil, none, err
	}
	policy := policy(&j.s, repo.config)
	if sc.Deleted {
		return newReport(j.env, repo, &j.s), sc, policy, nil
	}
	// Code scanning takes the newest results of a branch for the whole of it.
	s := j.s
	s.ChangedOnly = j.event.Push == nil || !slices.Contains(j.in.Reporters, "sarif")
	rep, err := examine(ctx, j.env, repo, &s, sc)
	if err != nil {
		return nil, nil, none, err
	}
	rep.Scope.Category, rep.Scope.Several = j.category(), j.several()
	if sc.Pull != nil {
		place.All(rep.Items, place.Diffs{PR: &sc.Pull.Diff, ToHead: sc.Pull.ToTree, FromBase: sc.Pull.FromBase})
	}
	return rep, sc, policy, nil
}

// workspace is the environment with the checkout as the working directory.
func (j *job) workspace() *Env {
	env := *j.env
	if env.Dir == "" {
		env.Dir = j.event.Workspace
	}
	return &env
}

// resolve finds what the run compares: the base input, or what the event says.
func (j *job) resolve(ctx context.Context, repo *repository) (*scope.Scope, error) {
	r := scope.Resolver{Repo: repo.git}
	if j.event.Owner != "" {
		r.Remote = repo.git.Remote(j.event.ServerURL+"/"+j.repository()+".git", j.in.Token.Reveal())
	}
	if j.client != nil && j.event.PullRequest != nil {
		r.API = pullAPI{j.client, j.event.PullRequest.Number}
	}
	if j.s.Base != "" {
		sc, err := r.Since(ctx, j.s.Base)
		if err != nil {
			return nil, usagef("input base: %w", err)
		}
		return j.guarded(sc), nil
	}
	ev := scope.Event{Name: j.event.Name, Ref: j.event.Ref, DefaultBranch: j.event.DefaultBranch}
	switch {
	case j.event.PullRequest != nil:
		ev.Base, ev.Head = j.event.PullRequest.Base.SHA, j.event.PullRequest.Head.SHA
	case j.event.MergeGroup != nil:
		ev.Base, ev.Head = j.event.MergeGroup.Base.SHA, j.event.MergeGroup.Head.SHA
	case j.event.Push != nil:
		ev.Base, ev.Head = j.event.Push.Before, j.event.Push.After
	}
	sc, err := r.Event(ctx, ev)
	if err != nil {
		return nil, notChecked(err)
	}
	return j.guarded(sc), nil
}

// guarded asks for a look at what a change hides before it is merged.
func (j *job) guarded(sc *scope.Scope) *scope.Scope {
	sc.Guarded = j.event.PullRequest != nil || j.event.MergeGroup != nil
	sc.Fork = j.event.PullRequest != nil && j.event.PullRequest.Fork
	return sc
}

// pullAPI is what a scope asks GitHub.
type pullAPI struct {
	client *github.Client
	number int
}

func (a pullAPI) MergeBase(ctx context.Context, base, head string) (string, error) {
	return a.client.MergeBase(ctx, base, head)
}

func (a pullAPI) Files(ctx context.Context) ([]diff.APIFile, bool, error) {
	files, truncated, err := a.client.Files(ctx, a.number)
	return apiFiles(files), truncated, err
}

func apiFiles(files []github.ChangedFile) []diff.APIFile {
	out := make([]diff.APIFile, len(files))
	for i, f := range files {
		out[i] = diff.APIFile{Filename: f.Name, PreviousFilename: f.PreviousName, Status: f.Status, Patch: f.Patch}
	}
	return out
}

// describe says in the log what is compared.
func describe(w io.Writer, ev actions.Event, sc *scope.Scope) error {
	var b strings.Builder
	fmt.Fprintf(&b, "event %s", ev.Name)
	if ev.PullRequest != nil {
		fmt.Fprintf(&b, ", pull request #%d", ev.PullRequest.Number)
	}
	b.WriteString("\n")
	switch {
	case sc.Deleted:
		b.WriteString("the branch was deleted: there is nothing to check\n")
	case sc.Base != "":
		fmt.Fprintf(&b, "comparing %s with %s: %d changed files\n", or(sc.Head, "the work tree"), sc.Base, len(sc.Changes.Files))
	case sc.Changes.Incomplete != "":
		fmt.Fprintf(&b, "checking everything: %s\n", sc.Changes.Incomplete)
	}
	for _, n := range sc.Notes {
		fmt.Fprintf(&b, "note: %s\n", n)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// printLog prints the whole report to the log, the channel that never fails.
func (j *job) printLog(rep *report.Report) error {
	end := j.runner.Group("Findings")
	defer end()
	return j.runner.Verbatim(func(w io.Writer) error {
		return text.Write(w, rep, text.Options{Verbose: j.in.Verbose})
	})
}

// writeFile writes a file below dir, and the directories that it lacks.
func writeFile(dir, name string, data []byte) error {
	file, o := fileBelow(dir, name)
	return outfile.Write(file, o, data)
}

func fileBelow(dir, name string) (string, outfile.Options) {
	return filepath.Join(dir, filepath.FromSlash(name)), outfile.Options{Repository: dir, MakeDirs: true}
}
