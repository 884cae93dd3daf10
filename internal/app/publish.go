package app

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/org/probe-mtls-action/internal/actions"
	"github.com/org/probe-mtls-action/internal/diff"
	"github.com/org/probe-mtls-action/internal/github"
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
	remarks map[string]string // by key
	// over are the keys of findings that found no room among the review comments.
	over map[string]bool
	// notUploaded is why code scanning did not get the results.
	notUploaded string
	login       string // who the token acts as, "" if not known
}

// publish sends every finding of every delivery through the channels that the
// user chose, keeps account of them, and turns the results into outputs and the
// exit code. What one channel does not take is left to the next; the log takes
// all. Code scanning, which may take its time, comes last.
func (j *job) publish(ctx context.Context, policy report.Policy, all ...delivery) error {
	var t tally
	for i, d := range all {
		p := &publication{job: j, delivery: d, policy: policy, ledger: report.NewLedger(d.rep), remarks: map[string]string{}, over: map[string]bool{}}
		if err := p.printLog(d.rep); err == nil {
			p.recordAll(report.Log)
		}
		file, data := p.writeSARIF(i)
		// What is not there in a part of a result is not fixed.
		if d.pull != nil && !d.rep.Interrupted {
			p.comment(ctx)
			p.sticky(ctx)
		}
		if !d.rep.Interrupted {
			p.checkRun(ctx)
		}
		p.annotate()
		if !d.rep.Interrupted {
			p.upload(ctx, file, data)
		}
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
	if !p.wants("sarif") {
		return "", nil
	}
	var b bytes.Buffer
	err := sarif.Write(&b, p.rep, sarif.Options{})
	if err == nil {
		name, err = p.place(n, b.Bytes())
	}
	if err != nil {
		p.runner.Warningf("the SARIF file could not be written: %s", err)
		return "", nil
	}
	p.recordAll(report.SARIFFile)
	return name, b.Bytes()
}

// place writes the nth SARIF file where the input says, else into the runner's
// temporary directory, else into the workspace. It returns the name by which a
// later step of the job opens it: in a container, this process knows the
// temporary directory by another name than the host does.
func (p *publication) place(n int, data []byte) (string, error) {
	file := or(p.in.SARIFFile, "probe-mtls.sarif")
	if n > 0 {
		ext := path.Ext(file)
		file = fmt.Sprintf("%s-%d%s", strings.TrimSuffix(file, ext), n+1, ext)
	}
	temp := p.runner.Temp()
	if p.in.SARIFFile != "" || temp == "" {
		dir := p.workspace().Dir
		return file, writeFile(or(dir, "."), file, data)
	}
	// Steps of one job share the directory.
	file = "probe-mtls-" + p.tag() + "/" + file
	if err := writeFile(temp, file, data); err != nil {
		return "", err
	}
	host := or(p.in.RunnerTemp, temp)
	slash := "/"
	if strings.Contains(host, `\`) {
		slash = `\`
	}
	return strings.TrimRight(host, `/\`) + slash + strings.ReplaceAll(file, "/", slash), nil
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
	if why := p.partly(sarif.LeftOut(data)); why != "" {
		p.notUploaded = fmt.Sprintf("The results were not given to code scanning, which would close the alerts that are not among them: %s.", why)
		p.runner.Warningf("%s", p.notUploaded)
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
			p.remarks[it.Key()] = "Not commented again: " + r.Reason + "."
		case r.Over:
			p.over[it.Key()] = true
		}
	}
	p.login = out.Login
	for _, n := range out.Notes {
		p.runner.Noticef("review comments: %s", n)
	}
}

// sticky keeps the one comment with the whole report, if it is asked for, or
// with the findings that found no room among the review comments.
func (p *publication) sticky(ctx context.Context) {
	if p.client == nil || !p.wants("comment") && !p.wants("review") {
		return
	}
	rep := p.shown()
	heading := ""
	if !p.wants("comment") {
		heading = fmt.Sprintf("These are the findings beyond the %d review comments that there may be.\n\n", p.in.MaxComments)
		rep.Fixed, rep.Skipped, rep.Notes = nil, nil, nil
		rep.Items = slices.DeleteFunc(rep.Items, func(it report.Item) bool { return !p.over[it.Key()] })
	}
	marker := "<!-- probe-mtls:report:" + p.tag() + " -->"
	var b bytes.Buffer
	listed, err := markdown.Write(&b, rep, markdown.Options{Links: p.links(), Policy: p.policy, MaxCharacters: markdown.MaxCharacters})
	if err == nil {
		login := p.login
		if login == "" {
			login, _ = p.client.Viewer(ctx) // not known is an answer, too
		}
		var url string
		url, err = p.client.Sticky(ctx, github.Sticky{
			Number: p.pull.number, Login: login, Marker: marker, Body: marker + "\n" + heading + b.String(),
			Only:   len(rep.Items)+len(rep.Skipped)+len(rep.Fixed) == 0 && (len(rep.Roots) == 0 || !p.wants("comment")),
			Before: p.isHead,
		})
		if url == "" {
			listed = nil
		}
	}
	if err != nil {
		p.runner.Warningf("the pull request comment could not be written: %s", err)
		return
	}
	keys := map[string]bool{}
	for _, it := range listed {
		keys[it.Key()] = true
	}
	for i := range p.rep.Items {
		if it := &p.rep.Items[i]; keys[it.Key()] && it.Suppressed == nil {
			p.ledger.Record(it, report.PRComment)
		}
	}
}

// tag is short for the category, in names.
func (p *publication) tag() string {
	sum := sha256.Sum256([]byte(p.rep.Scope.Category))
	return hex.EncodeToString(sum[:4])
}

// shown is a copy of the report with what may be said on the pull request: of a
// stranger's results only findings whose line the diff shows.
func (p *publication) shown() *report.Report {
	rep := *p.rep
	rep.Items = slices.Clone(rep.Items)
	if p.untrusted {
		rep.Fixed, rep.Skipped, rep.Notes = nil, nil, nil
		rep.Items = slices.DeleteFunc(rep.Items, func(it report.Item) bool {
			return it.Placement == nil || it.Placement.Kind != report.OnProbe && it.Placement.Kind != report.OnDeciding
		})
	}
	return &rep
}

// isHead returns an error where the pull request has moved on or was closed.
func (p *publication) isHead(ctx context.Context) error {
	pr, err := p.client.PullRequest(ctx, p.pull.number)
	switch {
	case err != nil:
		return err
	case pr.State != "open":
		return fmt.Errorf("the pull request is %s", pr.State)
	case pr.HeadSHA != p.pull.head:
		return errors.New("the pull request has moved on; the run for its newest commit comments")
	}
	return nil
}

// annotate makes annotations of what has no comment, and of what the change
// hides, whatever else tells of it.
func (p *publication) annotate() {
	if !p.wants("annotations") {
		return
	}
	o := p.annotated()
	o.Used = p.runner.Made()
	taken, err := annotation.Write(p.env.Stdout, p.rep, o)
	if err != nil {
		return // the log is gone; finish tells so
	}
	for _, it := range taken {
		p.ledger.Record(it, report.Annotation)
	}
}

// annotated chooses the findings that annotations tell of.
func (p *publication) annotated() annotation.Options {
	o := annotation.Options{
		Skip: func(it *report.Item) bool {
			c := p.ledger.Channel(it)
			return it.Suppressed != nil || c == report.CheckRun ||
				it.Hidden == report.NotHidden && (c == report.ReviewComment || c == report.FileComment) ||
				p.policy.OnlyNew && it.State == report.Existing
		},
		Remark: func(it *report.Item) string { return p.remarks[it.Key()] },
	}
	if p.pull != nil {
		o.HeadLine = p.pull.line
	}
	return o
}

func (p *publication) summarize() {
	if !p.wants("summary") || !p.runner.HasSummary() {
		return
	}
	var b bytes.Buffer
	err := summary.Write(&b, p.rep, summary.Options{
		Links: p.links(), Policy: p.policy, Ledger: p.ledger, Notices: p.said(), Remark: func(it *report.Item) string { return p.remarks[it.Key()] },
		MaxBytes: min(summary.MaxBytes, p.runner.SummaryRoom()),
	})
	if err == nil {
		err = p.runner.AppendSummary(b.String())
	}
	if err != nil {
		p.runner.Warningf("the job summary could not be written: %s", err)
	}
}

// said are the sentences about channels that the summary has.
func (p *publication) said() []string {
	if p.notUploaded == "" {
		return nil
	}
	return []string{p.notUploaded}
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
	affected := p.rep.Affected
	if affected == nil {
		affected = checkedRoots(p.rep)
	}
	t.outputs.AffectedRoots = append(t.outputs.AffectedRoots, affected...)
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
