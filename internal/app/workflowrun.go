package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path"
	"strings"

	"github.com/org/probe-mtls-action/internal/actions"
	"github.com/org/probe-mtls-action/internal/config"
	"github.com/org/probe-mtls-action/internal/github"
	"github.com/org/probe-mtls-action/internal/report"
	"github.com/org/probe-mtls-action/internal/report/sarif"
)

// reportRun reports what an untrusted run of another workflow left as an
// artifact: the trusted half of the two workflows for forks. Nothing of the
// pull request is checked out or rendered here. A run that has nothing to say
// to an open pull request is no failure: that is what most of them are.
func (j *job) reportRun(ctx context.Context) error {
	run := j.event.WorkflowRun
	if j.client == nil {
		return j.fail(usagef("workflow_run needs the input github-token, to read the artifact of run %d", run.ID))
	}
	pulls, why, err := j.pullRequestsOf(ctx)
	if err != nil {
		return j.fail(err)
	}
	if len(pulls) == 0 {
		return j.nothing(why)
	}
	parts, err := j.readArtifacts(ctx, run.ID)
	if err != nil {
		return j.fail(err)
	}
	reports, err := j.joinParts(parts)
	if err != nil {
		return j.fail(notChecked(err))
	}
	var all []delivery
	for _, rep := range reports {
		for i, p := range meant(pulls, rep) {
			one := *rep
			one.Items = append([]report.Item(nil), rep.Items...)
			pr, err := j.pullFromAPI(ctx, p.Number, p.BaseSHA, run.Head.SHA, &one)
			if err != nil {
				return j.fail(fmt.Errorf("the diff of pull request #%d: %w", p.Number, err))
			}
			all = append(all, delivery{rep: &one, pull: pr, untrusted: true, again: i > 0})
		}
	}
	return j.publish(ctx, policy(&j.s, config.Default()), all...)
}

// nothing ends a run that has nothing to report, and says why.
func (j *job) nothing(why string) error {
	j.runner.Noticef("nothing to report: %s", why)
	if err := j.runner.SetOutputs(actions.Outputs{Conclusion: actions.Skipped}); err != nil {
		return &exitError{ExitUsage, err}
	}
	return nil
}

// pullRequestsOf finds the open pull requests whose head the finished run
// checked; why is set where there is none. The payload names none for forks,
// so GitHub is asked; what the artifact claims plays no part.
func (j *job) pullRequestsOf(ctx context.Context) (found []github.PullRequest, why string, err error) {
	run := j.event.WorkflowRun
	owner, _, _ := strings.Cut(run.Head.Repo, "/")
	switch {
	case run.Event != actions.EventPullRequest:
		return nil, fmt.Sprintf("run %d was started by %s, and only runs of pull_request are reported", run.ID, run.Event), nil
	case owner == "" || run.Head.Ref == "":
		return nil, fmt.Sprintf("the repository or the branch that run %d checked is gone", run.ID), nil
	}
	if found, err = j.client.PullRequestsOf(ctx, owner, run.Head.Ref, run.Head.SHA); err != nil {
		return nil, "", err
	}
	if len(found) == 0 {
		why = fmt.Sprintf("no open pull request has the head %s of run %d: a newer commit was pushed since, or the pull request was closed or merged", run.Head.SHA, run.ID)
	}
	return found, why, nil
}

// meant chooses among several pull requests of one head the one that a run
// checked: by the commit it says it checked, or the one it compared with. Where
// neither tells them apart, the results go to all.
func meant(pulls []github.PullRequest, rep *report.Report) []github.PullRequest {
	for _, is := range []func(github.PullRequest) bool{
		func(p github.PullRequest) bool { return rep.Scope.Head != "" && p.MergeSHA == rep.Scope.Head },
		func(p github.PullRequest) bool { return rep.Scope.Base != "" && p.BaseSHA == rep.Scope.Base },
	} {
		var chosen []github.PullRequest
		for _, p := range pulls {
			if is(p) {
				chosen = append(chosen, p)
			}
		}
		if len(chosen) > 0 {
			return chosen
		}
	}
	return pulls
}

// Bounds on what is read of a run's artifacts.
const (
	// maxArtifact is in bytes, of the SARIF files of one artifact.
	maxArtifact = 128 << 20
	// maxArchive is in bytes, of one artifact as GitHub keeps it: a SARIF file
	// that code scanning takes has at most 10 MiB.
	maxArchive = 32 << 20
	// maxArtifacts is how many are looked into: a matrix has at most 256 jobs.
	maxArtifacts = 300
)

// readArtifacts reads the results that the run left: the SARIF files of this
// program in the artifacts that the input names. Whatever else a run leaves is
// none of our business; what is ours and cannot be read is said.
func (j *job) readArtifacts(ctx context.Context, id int64) ([]*report.Report, error) {
	artifacts, err := j.client.Artifacts(ctx, id)
	if err != nil {
		return nil, err
	}
	var parts []*report.Report
	var broken []string
	read := 0
	for _, a := range artifacts {
		if named, _ := path.Match(or(j.in.Artifact, "*"), a.Name); !named || a.Expired {
			continue
		}
		if a.Size > maxArchive || read == maxArtifacts {
			j.runner.Debugf("artifact %q is left out: %d bytes, the %dth", a.Name, a.Size, read+1)
			continue
		}
		read++
		err := j.client.ReadArtifact(ctx, a.ID, maxArtifact, func(name string) bool { return path.Ext(name) == ".sarif" }, func(name string, data []byte) error {
			part, err := sarif.Read(bytes.NewReader(data), sarif.Limits{})
			switch {
			case errors.Is(err, sarif.ErrForeign):
				j.runner.Debugf("%q in artifact %q is left out: %s", name, a.Name, err)
			case err != nil:
				broken = append(broken, fmt.Sprintf("%s in artifact %s: %s", name, a.Name, err))
			default:
				parts = append(parts, part)
			}
			return nil
		})
		switch {
		case github.Refused(err):
			j.runner.Debugf("artifact %q is left out: %s", a.Name, err)
		case err != nil:
			return nil, notChecked(err)
		}
	}
	for _, b := range broken {
		j.runner.Warningf("results that cannot be read: %s", b)
	}
	switch {
	case len(parts) == 0 && len(broken) > 0:
		return nil, notChecked(errors.New("none of the results can be read"))
	case len(parts) == 0:
		return nil, notChecked(fmt.Errorf("run %d left no results: upload the file named by the output sarif-file as an artifact%s", id, called(j.in.Artifact)))
	case len(broken) > 0:
		parts[0].Skipped = append(parts[0].Skipped, unreadable(broken)...)
	}
	return parts, nil
}

func called(pattern string) string {
	if pattern == "" {
		return ""
	}
	return fmt.Sprintf(" whose name matches %q", pattern)
}
