package app

import (
	"bytes"
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/org/probe-mtls-action/internal/actions"
	"github.com/org/probe-mtls-action/internal/diff"
	"github.com/org/probe-mtls-action/internal/report"
	"github.com/org/probe-mtls-action/internal/report/annotation"
	"github.com/org/probe-mtls-action/internal/report/markdown"
	"github.com/org/probe-mtls-action/internal/report/page"
	"github.com/org/probe-mtls-action/internal/report/review"
	"github.com/org/probe-mtls-action/internal/report/sarif"
	"github.com/org/probe-mtls-action/internal/report/summary"
	"github.com/org/probe-mtls-action/internal/scope"
)

// pull is the pull request to comment on.
type pull struct {
	number int
	head   string // commit that comments belong to
	diff   diff.Changes
	toTree *diff.Changes // from head to the tree that was checked, nil if the same
}

func pullOf(j *job, sc *scope.Scope) *pull {
	if j.event.PullRequest == nil || sc.Pull == nil {
		return nil
	}
	return &pull{number: j.event.PullRequest.Number, head: sc.Pull.Head, diff: sc.Pull.Diff, toTree: sc.Pull.ToTree}
}

// line maps a line of the checked tree to the head commit; 0 if it is not there.
func (p *pull) line(name string, line int) int {
	if p.toTree == nil {
		return line
	}
	_, old, fate := p.toTree.LineToOld(name, line)
	if fate != diff.Kept {
		return 0
	}
	return old
}

// delivery is one report for one pull request, or for none.
type delivery struct {
	rep  *report.Report
	pull *pull // nil outside a pull request
	// untrusted results were left by a stranger's run: they may say anything.
	untrusted bool
	// again tells that the same findings were counted with another pull request.
	again bool
}

// publication brings one report to its readers.
type publication struct {
	*job
	delivery
	policy report.Policy
	ledger *report.Ledger
	// remarks say why findings have no comment although they might.
	remarks map[*report.Item]string
	// over are the findings that found no room among the review comments.
	over []*report.Item
}

// publish sends every finding of every delivery through the channels that the
// user chose, keeps account of them, and turns the results into outputs and the
// exit code. What one channel does not take is left to the next; the log takes
// all. Code scanning, which may take its time, comes last.
func (j *job) publish(ctx context.Context, policy report.Policy, all ...delivery) error {
	var t tally
	for i, d := range all {
		p := &publication{job: j, delivery: d, policy: policy, ledger: report.NewLedger(d.rep), remarks: map[*report.Item]string{}}
		if err := p.printLog(d.rep); err == nil {
			p.recordAll(report.Log)
		}
		file, data := p.writeSARIF(i)
		if d.pull != nil {
			p.comment(ctx)
			p.sticky(ctx)
		}
		p.annotate()
		p.upload(ctx, file, data)
		p.summarize()
		t.add(p, file)
	}
	return j.finish(t)
}

func (p *publication) wants(reporter string) bool { return slices.Contains(p.in.Reporters, reporter) }

func (p *publication) recordAll(c report.Channel) {
	for i := range p.rep.Items {
		if p.rep.Items[i].Suppressed == nil {
			p.ledger.Record(&p.rep.Items[i], c)
		}
	}
}

// runURL is the page of this run, which shows its summary; "" outside one.
func (p *publication) runURL() string {
	if p.event.RunID == 0 || p.event.ServerURL == "" {
		return ""
	}
	return fmt.Sprintf("%s/%s/actions/runs/%d", p.event.ServerURL, p.repository(), p.event.RunID)
}

// links are where texts on GitHub point at: the checked commit, or on a pull
// request its head, which stays when the merge commit is gone.
func (p *publication) links() page.Links {
	commit := p.event.SHA
	if p.pull != nil {
		commit = p.pull.head
	}
	return page.Links{Server: p.event.ServerURL, Repository: p.repository(), Commit: commit}
}

// writeSARIF writes the SARIF file of the nth delivery and returns its name and
// content; "" if there is none.
func (p *publication) writeSARIF(n int) (name string, data []byte) {
	if !p.wants("sarif") || p.in.SARIFFile == "" {
		return "", nil
	}
	name = p.in.SARIFFile
	if n > 0 {
		ext := path.Ext(name)
		name = fmt.Sprintf("%s-%d%s", strings.TrimSuffix(name, ext), n+1, ext)
	}
	var b bytes.Buffer
	err := sarif.Write(&b, p.rep, sarif.Options{})
	if err == nil {
		err = p.writeFile(name, b.Bytes())
	}
	if err != nil {
		p.runner.Warningf("the SARIF file %s could not be written: %s", name, err)
		return "", nil
	}
	p.recordAll(report.SARIFFile)
	return name, b.Bytes()
}

// upload gives the results to code scanning. What a stranger's run left belongs
// to the pull request that it was about and to its head, and to nothing else.
func (p *publication) upload(ctx context.Context, file string, data []byte) {
	if !p.in.UploadSARIF || file == "" {
		return
	}
	if p.client == nil {
		p.runner.Warningf("upload-sarif needs a github-token")
		return
	}
	commit, ref := p.event.SHA, p.event.Ref
	if p.untrusted {
		if p.pull == nil {
			return
		}
		commit, ref = p.pull.head, fmt.Sprintf("refs/pull/%d/head", p.pull.number)
	}
	id, err := p.client.UploadSARIF(ctx, commit, ref, data)
	if err != nil {
		p.runner.Warningf("code scanning did not take the results (%s); the file %s has them all", err, file)
		return
	}
	p.runner.Debugf("code scanning took the results as upload %s", id)
}

// comment keeps the review comments in step with the findings.
func (p *publication) comment(ctx context.Context) {
	if !p.wants("review") {
		return
	}
	if p.client == nil {
		p.runner.Warningf("no review comments without a github-token; the findings are in the annotations, the summary and the log")
		return
	}
	out, err := review.Publish(ctx, p.client, p.rep, review.Options{
		Number:     p.pull.number,
		Repository: p.repository(),
		ServerURL:  p.event.ServerURL,
		Head:       p.pull.head,
		Changes:    p.pull.diff,
		HeadLine:   p.pull.line,
		OnlyNew:    p.policy.OnlyNew,

		MaxComments: p.in.MaxComments,
		Untrusted:   p.untrusted,
		RunURL:      p.runURL(),
	})
	if err != nil {
		p.runner.Warningf("review comments: %s; the findings are in the annotations, the summary and the log", err)
	}
	for i, r := range out.Results {
		it := &p.rep.Items[i]
		switch {
		case r.Channel == review.LineComment:
			p.ledger.Record(it, report.ReviewComment)
		case r.Channel == review.FileComment:
			p.ledger.Record(it, report.FileComment)
		case r.Silenced:
			p.remarks[it] = r.Reason
		case r.Over:
			p.over = append(p.over, it)
		}
	}
	for _, n := range out.Notes {
		p.runner.Noticef("review comments: %s", n)
	}
}

// stickyMarker is how the one comment for all findings is found again.
const stickyMarker = "<!-- probe-mtls:report -->"

// sticky keeps one comment with the whole report, if it is asked for.
func (p *publication) sticky(ctx context.Context) {
	if !p.wants("comment") || p.client == nil {
		return
	}
	var b bytes.Buffer
	listed, err := markdown.Write(&b, p.rep, markdown.Options{Links: p.links(), Policy: p.policy, MaxCharacters: markdown.MaxCharacters})
	if err == nil {
		_, err = p.client.Sticky(ctx, p.pull.number, p.login(ctx), stickyMarker, stickyMarker+"\n"+b.String())
	}
	if err != nil {
		p.runner.Warningf("the pull request comment could not be written: %s", err)
		return
	}
	for _, it := range listed {
		p.ledger.Record(it, report.PRComment)
	}
}

// login is who the token acts as.
func (p *publication) login(ctx context.Context) string {
	login, err := p.client.Viewer(ctx)
	if err != nil {
		return "github-actions[bot]"
	}
	return login
}

// annotate makes annotations of what has no comment, and of what the change
// hides, whatever else tells of it.
func (p *publication) annotate() {
	if !p.wants("annotations") {
		return
	}
	taken, err := annotation.Write(p.env.Stdout, p.rep, annotation.Options{Skip: func(it *report.Item) bool {
		c := p.ledger.Channel(it)
		return it.Suppressed != nil || it.Hidden == report.NotHidden && (c == report.ReviewComment || c == report.FileComment) ||
			p.policy.OnlyNew && it.State == report.Existing
	}})
	if err != nil {
		return // the log is gone; finish tells so
	}
	for _, it := range taken {
		p.ledger.Record(it, report.Annotation)
	}
}

func (p *publication) summarize() {
	if !p.wants("summary") || !p.runner.HasSummary() {
		return
	}
	var b bytes.Buffer
	err := summary.Write(&b, p.rep, summary.Options{
		Links: p.links(), Policy: p.policy, Ledger: p.ledger,
		MaxBytes: min(summary.MaxBytes, p.runner.SummaryRoom()),
	})
	if err == nil {
		err = p.runner.AppendSummary(b.String())
	}
	if err != nil {
		p.runner.Warningf("the job summary could not be written: %s", err)
	}
}

// tally sums up deliveries.
type tally struct {
	code    int
	outputs actions.Outputs
}

// add closes the account of a delivery.
func (t *tally) add(p *publication, sarifFile string) {
	conclusion := p.rep.Conclude(p.policy)
	code := conclusion.ExitCode()
	if err := p.ledger.Check(); err != nil {
		p.runner.Errorf("%s", err)
		code = max(code, ExitFindings)
	} else {
		fmt.Fprintln(p.env.Stdout, p.ledger)
	}
	// Findings weigh more than what could not be checked, that more than nothing.
	rank := map[report.Conclusion]int{report.Success: 1, report.Incomplete: 2, report.Failure: 3}
	if rank[conclusion] > rank[t.outputs.Conclusion] {
		t.outputs.Conclusion, t.code = conclusion, code
	}
	if t.outputs.SARIFFile == "" {
		t.outputs.SARIFFile = sarifFile
	}
	if p.again {
		return
	}
	c := p.rep.Counts()
	t.outputs.Findings += c.Total()
	t.outputs.Errors += c.Errors
	t.outputs.Warnings += c.Warnings
	t.outputs.Notes += c.Notes
	t.outputs.AffectedRoots = append(t.outputs.AffectedRoots, checkedRoots(p.rep)...)
}

// finish sets outputs and exit code.
func (j *job) finish(t tally) error {
	slices.Sort(t.outputs.AffectedRoots)
	t.outputs.AffectedRoots = slices.Compact(t.outputs.AffectedRoots)
	err := j.runner.SetOutputs(t.outputs)
	if err == nil {
		err = j.runner.Err()
	}
	if err != nil {
		return &exitError{code: max(t.code, ExitFindings), err: err}
	}
	if t.code != ExitOK {
		return &exitError{code: t.code}
	}
	return nil
}

// checkedRoots are the roots of the run, those that could not be checked too.
func checkedRoots(rep *report.Report) []string {
	roots := append([]string{}, rep.Roots...)
	for _, s := range rep.Skipped {
		if s.Root != "" {
			roots = append(roots, s.Root)
		}
	}
	slices.Sort(roots)
	return slices.Compact(roots)
}
