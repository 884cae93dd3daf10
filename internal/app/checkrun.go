package app

import (
	"bytes"
	"context"
	"fmt"

	"github.com/org/probe-mtls-action/internal/check"
	"github.com/org/probe-mtls-action/internal/github"
	"github.com/org/probe-mtls-action/internal/report"
	"github.com/org/probe-mtls-action/internal/report/annotation"
	"github.com/org/probe-mtls-action/internal/report/markdown"
	"github.com/org/probe-mtls-action/internal/report/page"
)

// checkName is what the check run of its own is called.
const checkName = "Probes under mTLS"

// checkLevels are the levels of annotations in the words of check runs.
var checkLevels = map[check.Severity]string{check.Error: "failure", check.Warning: "warning", check.Note: "notice"}

// checkRun makes a check run of its own, which has the whole report and takes any
// number of annotations.
func (p *publication) checkRun(ctx context.Context) {
	if !p.wants("check") {
		return
	}
	if p.client == nil {
		p.runner.Warningf("no check run without a github-token; the findings are in the annotations, the summary and the log")
		return
	}
	rep := p.shown()
	var text bytes.Buffer
	if _, err := markdown.Write(&text, rep, markdown.Options{Links: p.links(), Policy: p.policy, MaxCharacters: markdown.MaxCharacters}); err != nil {
		p.runner.Warningf("the check run could not be written: %s", err)
		return
	}
	run := github.CheckRun{
		Name: checkName, HeadSHA: p.links().Commit, Conclusion: "success", DetailsURL: p.runURL(),
		Key:   fmt.Sprintf("%s-%d-%d", p.tag(), p.event.RunID, p.event.RunAttempt),
		Title: page.Verdict(rep, p.policy), Summary: text.String(),
	}
	if p.rep.Scope.Several {
		run.Name += " (" + p.rep.Scope.Category + ")"
	}
	if p.rep.Conclude(p.policy).ExitCode() != ExitOK {
		run.Conclusion = "failure"
	}
	var told [][]*report.Item // by annotation
	for _, a := range annotation.List(rep, p.annotated()) {
		if a.File == "" {
			continue // the summary has it
		}
		run.Annotations = append(run.Annotations, github.CheckAnnotation{
			Path: a.File, Line: a.Line, Column: a.Column, EndColumn: a.EndColumn, Level: checkLevels[a.Level], Title: a.Title, Message: a.Message,
		})
		told = append(told, a.Items)
	}
	_, n, err := p.client.CreateCheckRun(ctx, run)
	if err != nil {
		p.runner.Warningf("check run: %s; what it lacks is in the annotations, the summary and the log", err)
	}
	keys := map[string]bool{}
	for _, items := range told[:n] {
		for _, it := range items {
			keys[it.Key()] = true
		}
	}
	for i := range p.rep.Items {
		if it := &p.rep.Items[i]; keys[it.Key()] && it.Suppressed == nil {
			p.ledger.Record(it, report.CheckRun)
		}
	}
}
