package sarif

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/org/probe-mtls-action/internal/check"
	"github.com/org/probe-mtls-action/internal/mesh"
	"github.com/org/probe-mtls-action/internal/report"
	"github.com/org/probe-mtls-action/render"
	"github.com/org/probe-mtls-action/render/source"
)

// Limits bound what Read takes; zero values are the defaults.
type Limits struct {
	Bytes   int64 // of the file; 128 MiB
	Results int   // 100,000
	List    int   // entries of any other list; 100,000
	Text    int   // bytes of any one text; 1 MiB
}

func (l Limits) orDefault() Limits {
	def := func(n *int, d int) {
		if *n == 0 {
			*n = d
		}
	}
	if l.Bytes == 0 {
		l.Bytes = 128 << 20
	}
	def(&l.Results, 100_000)
	def(&l.List, 100_000)
	def(&l.Text, 1<<20)
	return l
}

// ErrForeign is wrapped by the errors of Read for a file that this program did
// not write: no SARIF, or that of another tool.
var ErrForeign = errors.New("it was not written by " + toolName)

// Read reads a log that [Write] wrote. The log is not trusted: a fork's run may
// have made it up. Whatever is not of the form that Write gives is an error that
// names the place in the log; texts may still say anything. Rules come without
// their pages, and findings without a placement: the caller has its own.
func Read(r io.Reader, limits Limits) (*report.Report, error) {
	limits = limits.orDefault()
	data, err := io.ReadAll(io.LimitReader(r, limits.Bytes+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > limits.Bytes {
		return nil, fmt.Errorf("the SARIF log is larger than %d bytes", limits.Bytes)
	}
	if !utf8.Valid(data) {
		return nil, fmt.Errorf("the SARIF log is not UTF-8: %w", ErrForeign)
	}
	var l log
	if err := json.Unmarshal(data, &l); err != nil {
		return nil, fmt.Errorf("this is not a SARIF log: %w (%w)", err, foreign(data))
	}
	switch {
	case l.Version != version:
		return nil, fmt.Errorf("version: got %q, want %q: %w", l.Version, version, ErrForeign)
	case len(l.Runs) != 1:
		return nil, fmt.Errorf("runs: got %d, want the one that %s writes: %w", len(l.Runs), toolName, ErrForeign)
	case l.Runs[0].Tool.Driver.Name != toolName:
		return nil, fmt.Errorf("runs[0].tool.driver.name: got %q, want %q: %w", l.Runs[0].Tool.Driver.Name, toolName, ErrForeign)
	}
	rd := reader{limits: limits}
	rep := rd.run(&l.Runs[0])
	if rd.err != nil {
		return nil, rd.err
	}
	rep.Sort()
	return rep, nil
}

// errBroken marks a log of this program that cannot be read.
var errBroken = errors.New("the log is broken")

// foreign tells a log of another tool, whose properties may have any type, from
// a broken one of this program.
func foreign(data []byte) error {
	var l struct {
		Runs []struct {
			Tool struct{ Driver struct{ Name any } }
		}
	}
	if json.Unmarshal(data, &l) == nil && len(l.Runs) > 0 && l.Runs[0].Tool.Driver.Name == toolName {
		return errBroken
	}
	return ErrForeign
}

// reader turns the log into a report. It keeps the first error and goes on, so
// that each step stays one line.
type reader struct {
	limits Limits
	err    error
}

func (rd *reader) fail(at, format string, args ...any) {
	if rd.err == nil {
		rd.err = fmt.Errorf("%s: %s", at, fmt.Sprintf(format, args...))
	}
}

var (
	commitForm      = regexp.MustCompile(`^([0-9a-f]{40}|[0-9a-f]{64})?$`)
	ruleForm        = regexp.MustCompile(`^[A-Z]{1,16}[0-9]{1,8}$`)
	nameForm        = regexp.MustCompile(`^[A-Za-z0-9]{1,255}$`)
	fingerprintForm = regexp.MustCompile(`^[0-9a-f]{32}$`)
	lineHashForm    = regexp.MustCompile(`^([0-9a-f]{1,16}:[0-9]{1,9})?$`)
	versionForm     = regexp.MustCompile(`^[0-9A-Za-z.+_()-]{0,128}$`)
	categoryForm    = regexp.MustCompile(`^[^\x00-\x1f\x7f]{0,255}$`)
	shardForm       = regexp.MustCompile(`^([0-9]{1,6}/[0-9]{1,6})?$`)
)

func (rd *reader) form(at, s string, form *regexp.Regexp) string {
	if !form.MatchString(s) {
		rd.fail(at, "got %.80q, which is not of the form %s", s, form)
	}
	return s
}

func (rd *reader) text(at, s string) string {
	if len(s) > rd.limits.Text {
		rd.fail(at, "the text is longer than %d bytes", rd.limits.Text)
	}
	return s
}

func (rd *reader) texts(at string, all []string) []string {
	rd.list(at, len(all))
	for _, s := range all {
		rd.text(at, s)
	}
	return all
}

func (rd *reader) list(at string, n int) {
	if n > rd.limits.List {
		rd.fail(at, "%d entries; no more than %d are read", n, rd.limits.List)
	}
}

func (rd *reader) count(at string, n int) int {
	if n < 0 || n > 1<<31-1 {
		rd.fail(at, "got %d, want a count", n)
	}
	return n
}

// inside reports whether p is a clean path below the repository's root, or the
// root itself.
func inside(p string) bool {
	return p != "" && len(p) <= 4096 && p != ".." && !strings.HasPrefix(p, "../") && !strings.HasPrefix(p, "/") &&
		path.Clean(p) == p && !strings.Contains(p, "\x00")
}

func (rd *reader) dirs(at string, all []string) []string {
	rd.list(at, len(all))
	for _, d := range all {
		if !inside(d) {
			rd.fail(at, "%.80q is not a path inside the repository", d)
		}
	}
	return all
}

func (rd *reader) severity(at, s string) check.Severity {
	switch v := check.Severity(s); v {
	case check.Error, check.Warning, check.Note:
		return v
	}
	rd.fail(at, "got %.80q, want error, warning or note", s)
	return check.Error
}

func (rd *reader) run(in *run) *report.Report {
	p := &in.Properties
	out := &report.Report{
		Tool: report.Tool{
			Version:      rd.form("properties.version", p.Version, versionForm),
			Commit:       rd.form("properties.commit", p.Commit, versionForm),
			IstioVersion: rd.form("properties.istioVersion", p.IstioVersion, versionForm),
			Mesh:         mesh.Names{Name: rd.text("properties.mesh.name", p.Mesh.Name), Proxy: rd.text("properties.mesh.proxy", p.Mesh.Proxy), Agent: rd.text("properties.mesh.agent", p.Mesh.Agent)},
		},
		Roots:      rd.dirs("properties.roots", p.Roots),
		Unused:     rd.dirs("properties.unused", p.Unused),
		Unaffected: rd.count("properties.unaffected", p.Unaffected),
		Probes:     rd.count("properties.probes", p.Probes),
		Callers:    rd.count("properties.callers", p.Callers),
		Scope: report.Scope{
			Base:     rd.form("properties.base", p.Base, commitForm),
			Head:     rd.form("properties.head", p.Head, commitForm),
			Category: rd.form("properties.category", p.Category, categoryForm),
			Shard:    rd.form("properties.shard", p.Shard, shardForm),
		},
	}
	rd.list("properties.notLookedAt", len(p.NotLookedAt))
	for i, u := range p.NotLookedAt {
		at := fmt.Sprintf("properties.notLookedAt[%d]", i)
		if !inside(u.File) {
			rd.fail(at+".file", "%.80q is not a path inside the repository", u.File)
		}
		for _, s := range []*string{&u.Kind, &u.Namespace, &u.Name, &u.Reason} {
			*s = rd.text(at, *s)
		}
		out.Unseen = append(out.Unseen, u)
	}
	rd.list("tool.driver.rules", len(in.Tool.Driver.Rules))
	for i, d := range in.Tool.Driver.Rules {
		out.Rules = append(out.Rules, rd.rule(fmt.Sprintf("tool.driver.rules[%d]", i), &d))
		if rd.err != nil {
			return nil
		}
	}
	if n := len(in.Results) + len(p.Fixed); n > rd.limits.Results {
		rd.fail("results", "%d results; no more than %d are read", n, rd.limits.Results)
		return nil
	}
	for i := range in.Results {
		out.Items = append(out.Items, rd.result(fmt.Sprintf("results[%d]", i), &in.Results[i]))
		if rd.err != nil {
			return nil
		}
	}
	for i := range p.Fixed {
		out.Fixed = append(out.Fixed, rd.result(fmt.Sprintf("properties.fixed[%d]", i), &p.Fixed[i]))
		if rd.err != nil {
			return nil
		}
	}
	rd.list("invocations", len(in.Invocations))
	for i := range in.Invocations {
		rd.invocation(out, fmt.Sprintf("invocations[%d]", i), &in.Invocations[i])
	}
	if n := rd.count("properties.resultsLeftOut", p.LeftOut); n > 0 {
		out.Skipped = append(out.Skipped, report.Skip{Problem: render.Problem{
			Message: fmt.Sprintf("%d findings are not in the SARIF log, which code scanning's limits had cut", n),
			Hint:    "split the check into more shards",
		}})
	}
	return out
}

func (rd *reader) rule(at string, d *descriptor) *check.Rule {
	r := &check.Rule{ID: rd.form(at+".id", d.ID, ruleForm), Name: rd.form(at+".name", d.Name, nameForm)}
	level := ""
	if d.DefaultConfiguration != nil {
		level = d.DefaultConfiguration.Level
	}
	r.Severity = rd.severity(at+".defaultConfiguration.level", level)
	if d.ShortDescription != nil {
		r.Summary = strings.TrimSuffix(rd.text(at+".shortDescription", d.ShortDescription.Text), ".")
	}
	return r
}

func (rd *reader) invocation(out *report.Report, at string, in *invocation) {
	rd.list(at+".toolExecutionNotifications", len(in.ToolExecutionNotifications))
	told := false
	for i := range in.ToolExecutionNotifications {
		n := &in.ToolExecutionNotifications[i]
		at := fmt.Sprintf("%s.toolExecutionNotifications[%d]", at, i)
		var place report.Location
		if len(n.Locations) > 0 {
			place = rd.location(at+".locations[0]", &n.Locations[0])
		}
		p := n.Properties
		if p == nil {
			p = &notificationProperties{Message: n.Message.Text}
		}
		switch n.Descriptor.ID {
		case notChecked:
			told = true
			if p.Root != "" && !inside(p.Root) {
				rd.fail(at+".properties.root", "%.80q is not a path inside the repository", p.Root)
			}
			out.Skipped = append(out.Skipped, report.Skip{Root: p.Root, Problem: render.Problem{
				At: place.Span, Message: rd.text(at, p.Message), Hint: rd.text(at, p.Hint),
			}, State: rd.state(at+".properties.state", p.State), Cut: p.Cut, Hole: p.Hole})
		case remark:
			out.Notes = append(out.Notes, report.Remark{At: place, Text: rd.text(at, p.Message), Roots: rd.dirs(at+".properties.roots", p.Roots), Level: remarkLevel(n.Level)})
		}
	}
	if !in.ExecutionSuccessful && !told {
		rd.fail(at, "it was not successful and does not say what was not checked")
	}
}

// steps puts the chain and what is told of its entries together.
func (rd *reader) steps(at string, p *resultProperties, it *report.Item) []report.Step {
	if len(p.Steps) > 0 && len(p.Steps) != len(p.Chain) {
		rd.fail(at+".steps", "%d steps for a chain of %d", len(p.Steps), len(p.Chain))
		return nil
	}
	out := report.Texts(rd.texts(at+".chain", p.Chain)...)
	for i, s := range p.Steps {
		text := out[i].Text()
		switch {
		case s.Related == ownPlace:
			out[i].At = it.At
		case s.Related > 0 && s.Related <= len(it.Related):
			out[i].At = it.Related[s.Related-1]
		case s.Related != 0:
			rd.fail(at+".steps", "step %d rests on related location %d of %d", i, s.Related, len(it.Related))
		}
		out[i].At.Message, out[i].Deciding = text, s.Deciding
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

// remarkLevel is the level of a remark; anything but a warning is a note.
func remarkLevel(level string) check.Severity {
	if level == string(check.Warning) {
		return check.Warning
	}
	return ""
}

func (rd *reader) result(at string, in *result) report.Item {
	p := &in.Properties
	it := report.Item{
		RuleID:      rd.form(at+".ruleId", in.RuleID, ruleForm),
		RuleName:    rd.form(at+".properties.ruleName", p.RuleName, nameForm),
		Severity:    rd.severity(at+".level", in.Level),
		Verdict:     rd.verdict(at+".properties.verdict", p.Verdict),
		Summary:     rd.text(at+".properties.summary", p.Summary),
		Message:     rd.text(at+".properties.message", p.Message),
		Assumed:     rd.texts(at+".properties.assumed", p.Assumed),
		Roots:       rd.dirs(at+".properties.roots", p.Roots),
		Fingerprint: rd.form(at+".partialFingerprints."+fingerprintKey, in.PartialFingerprints[fingerprintKey], fingerprintForm),
		State:       rd.state(at+".properties.state", p.State),
		Hidden:      rd.hiding(at+".properties.hiddenByThisChange", p.Hidden),
	}
	if len(in.Locations) != 1 || len(in.Locations[0].LogicalLocations) != 1 {
		rd.fail(at+".locations", "want one location with one logical location")
		return it
	}
	it.At = rd.location(at+".locations[0]", &in.Locations[0])
	it.At.LineHash = rd.form(at+".partialFingerprints."+lineHashKey, in.PartialFingerprints[lineHashKey], lineHashForm)
	it.Subject = rd.text(at+".locations[0].logicalLocations", in.Locations[0].LogicalLocations[0].FullyQualifiedName)
	rd.list(at+".relatedLocations", len(in.RelatedLocations))
	for i := range in.RelatedLocations {
		it.Related = append(it.Related, rd.location(fmt.Sprintf("%s.relatedLocations[%d]", at, i), &in.RelatedLocations[i]))
	}
	it.Steps = rd.steps(at+".properties", p, &it)
	rd.list(at+".properties.remedies", len(p.Remedies))
	for i, m := range p.Remedies {
		at := fmt.Sprintf("%s.properties.remedies[%d]", at, i)
		r := report.Remedy{Title: rd.text(at, m.Title), YAML: rd.text(at, m.YAML)}
		if m.At != nil {
			r.At = rd.location(at+".at", m.At).Span
		}
		it.Remedies = append(it.Remedies, r)
	}
	rd.list(at+".fixes", len(in.Fixes))
	for i := range in.Fixes {
		it.Fixes = append(it.Fixes, rd.fix(fmt.Sprintf("%s.fixes[%d]", at, i), &in.Fixes[i]))
	}
	rd.list(at+".properties.occurrences", len(p.Occurrences))
	for i, o := range p.Occurrences {
		at := fmt.Sprintf("%s.properties.occurrences[%d]", at, i)
		if !inside(o.Root) {
			rd.fail(at+".root", "%.80q is not a path inside the repository", o.Root)
		}
		if o.Subject == "" {
			o.Subject = it.Subject
		}
		it.Occurrences = append(it.Occurrences, report.Occurrence{Root: o.Root, Subject: rd.text(at+".subject", o.Subject), New: o.New})
	}
	rd.list(at+".properties.baseCauses", len(p.BaseCauses))
	for i := range p.BaseCauses {
		it.BaseCauses = append(it.BaseCauses, rd.location(fmt.Sprintf("%s.properties.baseCauses[%d]", at, i), &p.BaseCauses[i]))
	}
	if len(in.Suppressions) > 0 {
		it.Suppressed = rd.suppression(at+".suppressions[0]", &in.Suppressions[0])
	}
	return it
}

func (rd *reader) verdict(at, s string) mesh.Verdict {
	if v := mesh.Verdict(s); slices.Contains(mesh.Verdicts, v) {
		return v
	}
	rd.fail(at, "got %.80q, which is not a verdict", s)
	return mesh.Unknown
}

func (rd *reader) hiding(at, s string) report.Hiding {
	switch v := report.Hiding(s); v {
	case report.NotHidden, report.HiddenWarns, report.HiddenFails:
		return v
	}
	rd.fail(at, "%.80q is neither warns nor fails", s)
	return report.NotHidden
}

func (rd *reader) state(at, s string) report.State {
	switch v := report.State(s); v {
	case report.None, report.New, report.Existing, report.Fixed:
		return v
	}
	rd.fail(at, "got %.80q, want new, existing or fixed", s)
	return report.None
}

func (rd *reader) suppression(at string, in *suppression) *report.Suppression {
	s := &report.Suppression{Kind: in.Kind, Reason: rd.text(at, in.Justification)}
	if s.Kind != "inSource" && s.Kind != "external" {
		rd.fail(at+".kind", "got %.80q, want inSource or external", s.Kind)
	}
	if in.Location != nil {
		s.At = rd.location(at+".location", in.Location)
	}
	return s
}

func (rd *reader) location(at string, in *location) report.Location {
	l := report.Location{Exact: true}
	name, err := url.PathUnescape(in.PhysicalLocation.ArtifactLocation.URI)
	switch {
	case err != nil:
		rd.fail(at+".physicalLocation.artifactLocation.uri", "%v", err)
	case !inside(name) || strings.Contains(in.PhysicalLocation.ArtifactLocation.URI, ":"):
		rd.fail(at+".physicalLocation.artifactLocation.uri", "%.80q is not a path inside the repository", name)
	}
	l.File = name
	whole := false
	if p := in.Properties; p != nil {
		l.Message, l.Why = rd.text(at, p.Message), rd.text(at, p.Why)
		l.Exact, l.Via = p.Exact, rd.dirs(at+".properties.via", p.Via)
		whole = p.WholeFile
	}
	if r := in.PhysicalLocation.Region; r != nil && !whole {
		if c := in.PhysicalLocation.ContextRegion; c != nil && c.Snippet != nil {
			l.Line = rd.text(at+".physicalLocation.contextRegion", c.Snippet.Text)
		}
		for _, n := range []int{r.StartLine, r.StartColumn, max(r.EndLine, 1), max(r.EndColumn, 1)} {
			if n < 1 || n > 1<<30 {
				rd.fail(at+".physicalLocation.region", "got %d, want a line or column", n)
			}
		}
		l.Start = source.Position{Line: r.StartLine, Column: r.StartColumn}
		if r.EndLine == r.StartLine && r.EndColumn > r.StartColumn {
			l.End = source.Position{Line: r.EndLine, Column: r.EndColumn}
		}
	}
	return l
}
