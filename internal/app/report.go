package app

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path"
	"strings"

	"github.com/org/probe-mtls-action/internal/check"
	"github.com/org/probe-mtls-action/internal/config"
	"github.com/org/probe-mtls-action/internal/diff"
	"github.com/org/probe-mtls-action/internal/place"
	"github.com/org/probe-mtls-action/internal/report"
	"github.com/org/probe-mtls-action/internal/report/sarif"
	"github.com/org/probe-mtls-action/internal/rules"
)

// runReport joins the results of shards and posts them once.
func runReport(ctx context.Context, env *Env, files []string) error {
	j, err := newJob(env)
	if err != nil {
		return err
	}
	var parts []*report.Report
	for _, name := range files {
		part, err := readSARIF(j.workspace().path(name))
		if err != nil {
			return j.fail(usagef("%s: %w", name, err))
		}
		parts = append(parts, part)
	}
	rep, err := joinParts(parts)
	if err != nil {
		return j.fail(usage(err))
	}
	var pr *pull
	if e := j.event.PullRequest; e != nil && j.client != nil {
		if pr, err = j.pullFromAPI(ctx, e.Number, e.Base.SHA, e.Head.SHA, rep); err != nil {
			j.runner.Warningf("the pull request's diff could not be read, so there are no review comments: %s", err)
		}
	}
	return j.publish(ctx, rep, pr, policy(&j.s, config.Default()))
}

// reportRun reports what an untrusted run of another workflow left as an
// artifact: the trusted half of the two workflows for forks. Nothing of the
// pull request is checked out or rendered here.
func (j *job) reportRun(ctx context.Context) error {
	run := j.event.WorkflowRun
	if j.client == nil {
		return j.fail(usagef("workflow_run needs the input github-token, to read the artifact of run %d", run.ID))
	}
	number, base, err := j.pullRequestOf(ctx)
	if err != nil {
		return j.fail(err)
	}
	parts, err := j.readArtifacts(ctx, run.ID)
	if err != nil {
		return j.fail(err)
	}
	rep, err := joinParts(parts)
	if err != nil {
		return j.fail(err)
	}
	pr, err := j.pullFromAPI(ctx, number, base, run.Head.SHA, rep)
	if err != nil {
		return j.fail(fmt.Errorf("the diff of pull request #%d: %w", number, err))
	}
	return j.publish(ctx, rep, pr, policy(&j.s, config.Default()))
}

// pullRequestOf finds the open pull request whose head the finished run
// checked. The payload names none for forks, so GitHub is asked; what the
// artifact claims plays no part.
func (j *job) pullRequestOf(ctx context.Context) (number int, base string, err error) {
	run := j.event.WorkflowRun
	if run.Event != "pull_request" {
		return 0, "", usagef("run %d was started by %s: only runs of pull_request are reported", run.ID, run.Event)
	}
	owner, _, _ := strings.Cut(run.Head.Repo, "/")
	found, err := j.client.PullRequestsOf(ctx, owner, run.Head.Ref, run.Head.SHA)
	if err != nil {
		return 0, "", err
	}
	switch len(found) {
	case 0:
		return 0, "", notChecked(fmt.Errorf("no open pull request has the head %s of run %d: a newer commit was pushed since, or the pull request was closed", run.Head.SHA, run.ID))
	case 1:
		return found[0].Number, found[0].BaseSHA, nil
	}
	return 0, "", notChecked(fmt.Errorf("%d open pull requests have the head %s: cannot tell which one run %d checked", len(found), run.Head.SHA, run.ID))
}

// maxArtifact bounds what is read of a run's artifacts, in bytes.
const maxArtifact = 128 << 20

// readArtifacts reads all SARIF files of all artifacts of the run.
func (j *job) readArtifacts(ctx context.Context, id int64) ([]*report.Report, error) {
	artifacts, err := j.client.Artifacts(ctx, id)
	if err != nil {
		return nil, err
	}
	var parts []*report.Report
	for _, a := range artifacts {
		if a.Expired {
			continue
		}
		err := j.client.ReadArtifact(ctx, a.ID, maxArtifact, func(name string, data []byte) error {
			if path.Ext(name) != ".sarif" {
				return nil
			}
			part, err := sarif.Read(bytes.NewReader(data), sarif.Limits{})
			if err != nil {
				return fmt.Errorf("%s in artifact %s: %w", name, a.Name, err)
			}
			parts = append(parts, part)
			return nil
		})
		if err != nil {
			return nil, notChecked(err)
		}
	}
	if len(parts) == 0 {
		return nil, notChecked(fmt.Errorf("run %d left no SARIF file: upload the file named by the output sarif-file as an artifact", id))
	}
	return parts, nil
}

func readSARIF(name string) (*report.Report, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, reason(err)
	}
	defer f.Close()
	return sarif.Read(f, sarif.Limits{})
}

// joinParts makes one report of several and gives its rules their pages.
func joinParts(parts []*report.Report) (*report.Report, error) {
	rep, err := report.Merge(parts)
	if err != nil {
		return nil, err
	}
	rep.Rules = rules.All()
	known := make(map[string]*check.Rule)
	for _, r := range rep.Rules {
		known[r.ID] = r
	}
	for i := range rep.Items {
		if known[rep.Items[i].RuleID] == nil {
			return nil, fmt.Errorf("the results name rule %q, which this version does not have", rep.Items[i].RuleID)
		}
	}
	return rep, nil
}

// pullFromAPI learns the pull request's diff from GitHub, and how the lines
// that were checked relate to its head, and places the findings.
func (j *job) pullFromAPI(ctx context.Context, number int, base, head string, rep *report.Report) (*pull, error) {
	files, truncated, err := j.client.Files(ctx, number)
	if err != nil {
		return nil, err
	}
	pr := &pull{number: number, head: head, diff: diff.FromAPI(base, head, apiFiles(files))}
	if truncated {
		pr.diff.Incomplete = "GitHub lists only a part of the changed files"
	}
	if checked := rep.Scope.Head; checked != head {
		pr.toTree = j.fromHead(ctx, head, checked)
	}
	place.All(rep.Items, place.Diffs{PR: &pr.diff, ToHead: pr.toTree})
	return pr, nil
}

// fromHead returns the changes from the head commit to the one that was checked
// (GitHub's merge commit). Where GitHub does not know it, lines cannot be
// mapped, and findings go to whole files.
func (j *job) fromHead(ctx context.Context, head, checked string) *diff.Changes {
	unknown := &diff.Changes{Base: head, Head: checked, Incomplete: "the checked commit cannot be compared with the head"}
	if checked == "" {
		return unknown
	}
	files, truncated, err := j.client.Compare(ctx, head, checked)
	if err != nil || truncated {
		return unknown
	}
	c := diff.FromAPI(head, checked, apiFiles(files))
	return &c
}
