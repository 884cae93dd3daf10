package app

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/org/probe-mtls-action/internal/config"
	"github.com/org/probe-mtls-action/internal/diff"
	"github.com/org/probe-mtls-action/internal/place"
	"github.com/org/probe-mtls-action/internal/report"
	"github.com/org/probe-mtls-action/internal/report/sarif"
	"github.com/org/probe-mtls-action/internal/rules"
	"github.com/org/probe-mtls-action/render"
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
	reports, err := j.joinParts(parts)
	if err != nil {
		return j.fail(usage(err))
	}
	var all []delivery
	for _, rep := range reports {
		d := delivery{rep: rep}
		if e := j.event.PullRequest; e != nil && j.client != nil {
			if d.pull, err = j.pullFromAPI(ctx, e.Number, e.Base.SHA, e.Head.SHA, rep); err != nil {
				j.runner.Warningf("the pull request's diff could not be read, so there are no review comments: %s", err)
			}
		}
		all = append(all, d)
	}
	return j.publish(ctx, policy(&j.s, config.Default()), all...)
}

func readSARIF(name string) (*report.Report, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, reason(err)
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("not a regular file") // a pipe would wait, a device may never end
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, reason(err)
	}
	defer f.Close()
	return sarif.Read(f, sarif.Limits{})
}

// joinParts makes one report of the shards of each check, and gives its rules
// their pages. Checks differ by category, such as the legs of a matrix; parts
// that are different shards belong together whatever their categories. The
// category input counts for all; without it, and where the parts agree on
// none, the category is that of this job.
func (j *job) joinParts(parts []*report.Report) ([]*report.Report, error) {
	var reports []*report.Report
	all := groups(parts)
	for _, group := range all {
		rep, err := report.Merge(group)
		if err != nil {
			return nil, err
		}
		switch own := rep.Scope.Category; {
		case j.in.Category != "" && len(all) > 1:
			rep.Scope.Category = j.in.Category + "/" + own
		case j.in.Category != "" || own == "":
			rep.Scope.Category = j.category()
		}
		rep.Scope.Several = len(all) > 1 || j.several()
		rep.Rules = rules.All()
		known := make(map[string]bool)
		for _, r := range rep.Rules {
			known[r.ID] = true
		}
		for i := range rep.Items {
			if !known[rep.Items[i].RuleID] {
				return nil, fmt.Errorf("the results name rule %q, which this version does not have", rep.Items[i].RuleID)
			}
		}
		reports = append(reports, rep)
	}
	return reports, nil
}

// groups returns the parts of each check, in the order of their first part.
func groups(parts []*report.Report) [][]*report.Report {
	shards := map[string]bool{}
	for _, p := range parts {
		shards[p.Scope.Shard] = true
	}
	if len(shards) == len(parts) {
		return [][]*report.Report{parts}
	}
	var all [][]*report.Report
	at := map[string]int{}
	for _, p := range parts {
		i, ok := at[p.Scope.Category]
		if !ok {
			i = len(all)
			at[p.Scope.Category] = i
			all = append(all, nil)
		}
		all[i] = append(all[i], p)
	}
	return all
}

// unreadable are results that there are but that cannot be read.
func unreadable(which []string) []report.Skip {
	var all []report.Skip
	for _, w := range which {
		all = append(all, report.Skip{Problem: render.Problem{Message: "the results cannot be read: " + w}})
	}
	return all
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
