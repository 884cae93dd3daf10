package sarif

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/org/probe-mtls-action/internal/check"
	"github.com/org/probe-mtls-action/internal/report"
	"github.com/org/probe-mtls-action/render/source"
)

// Options bound what is written; zero values are GitHub's limits.
type Options struct {
	// MaxResults is how many results a run may have.
	MaxResults int
	// MaxCompressed is how many bytes the log may take once it is compressed
	// with gzip.
	MaxCompressed int
}

// GitHub's limits for one upload:
// https://docs.github.com/en/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning#file-size-and-item-limits
const (
	maxResults    = 25000
	maxCompressed = 10 << 20
	maxLocations  = 1000
	maxTags       = 10 // of 20 that are accepted, the first 10 are kept
	maxName       = 255
	maxSentence   = 1024 // of a short or full description
)

// Write writes r. Where it does not fit into the limits, the least grave
// findings are left out, and the log says how many.
func Write(w io.Writer, r *report.Report, o Options) error {
	if o.MaxResults == 0 {
		o.MaxResults = maxResults
	}
	if o.MaxCompressed == 0 {
		o.MaxCompressed = maxCompressed
	}
	data, err := fit(r, o)
	if err != nil {
		return err
	}
	_, err = w.Write(data)
	return err
}

func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(v)
	return b.Bytes(), err
}

// build returns the log with those findings of r that keep says.
func build(r *report.Report, keep []bool) log {
	index := map[string]int{}
	for i, rule := range r.Rules {
		index[rule.ID] = i
	}
	results := []result{}
	for i := range r.Items {
		if keep[i] {
			results = append(results, toResult(&r.Items[i], index))
		}
	}
	leftOut := len(r.Items) - len(results)
	return log{Schema: schema, Version: version, Runs: []run{{
		Tool:               tool{toDriver(r)},
		AutomationDetails:  automationDetails{automationID(r.Scope)},
		Invocations:        []invocation{toInvocation(r, leftOut)},
		OriginalURIBaseIDs: map[string]artifactLocation{srcRoot: {Description: &text{Text: "The root of the repository."}}},
		ColumnKind:         "unicodeCodePoints",
		Results:            results,
		Properties:         toRunProperties(r, index, leftOut),
	}}}
}

var semver = regexp.MustCompile(`^v?(\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?)$`)

func toDriver(r *report.Report) driver {
	d := driver{
		Name: toolName, Version: number(r.Tool.Version), InformationURI: report.Homepage, Rules: []descriptor{},
		Notifications: []descriptor{
			toNotice(notChecked, "SomethingNotChecked", "Something could not be checked, so the absence of results says nothing about it."),
			toNotice(remark, "InputRemark", "A remark on the input that is not a finding."),
			toNotice(cut, "LeastGraveResultsLeftOut", "Results were left out because of the limits of code scanning."),
		},
	}
	if semver.MatchString(r.Tool.Version) {
		d.SemanticVersion = d.Version
	}
	for _, rule := range r.Rules {
		d.Rules = append(d.Rules, toRule(rule))
	}
	return d
}

// number returns a version that begins with a number, as SARIF's rules want it,
// for builds that have none too.
func number(version string) string {
	if m := semver.FindStringSubmatch(version); m != nil {
		return m[1]
	}
	return "0.0.0 (" + version + ")"
}

func toNotice(id, name, what string) descriptor {
	t := &text{Text: what}
	return descriptor{ID: id, Name: name, ShortDescription: t, FullDescription: t, Help: t}
}

func toRule(rule *check.Rule) descriptor {
	tags := []string{"istio", "kubernetes", "mtls", "probes", "reliability"}
	severity := string(rule.Severity)
	if rule.Severity == check.Note {
		severity = "recommendation" // GitHub's word
	}
	return descriptor{
		ID:                   rule.ID,
		Name:                 shorten(rule.Name, maxName),
		ShortDescription:     &text{Text: shorten(sentence(rule.Summary), maxSentence)},
		FullDescription:      &text{Text: shorten(description(rule), maxSentence)},
		DefaultConfiguration: &configuration{string(rule.Severity)},
		HelpURI:              report.RulePage(rule.ID),
		Help:                 &text{Text: sentence(rule.Summary) + "\n\n" + rule.Doc, Markdown: rule.Doc},
		Properties:           &ruleProperties{Tags: tags[:min(len(tags), maxTags)], Precision: "very-high", ProblemSeverity: severity},
	}
}

// description is the first paragraph of the rule's page.
func description(rule *check.Rule) string {
	for _, paragraph := range strings.Split(rule.Doc, "\n\n") {
		p := strings.TrimSpace(paragraph)
		if p != "" && !strings.HasPrefix(p, "#") && !strings.HasPrefix(p, "```") && !strings.HasPrefix(p, "|") {
			return sentence(strings.Join(strings.Fields(p), " "))
		}
	}
	return sentence(rule.Summary)
}

// sentence ends s with a full stop.
func sentence(s string) string {
	if s == "" || strings.ContainsAny(s[len(s)-1:], ".!?") {
		return s
	}
	return s + "."
}

func shorten(s string, limit int) string {
	if runes := []rune(s); len(runes) > limit {
		return string(runes[:limit-2]) + "…."
	}
	return s
}

// automationID is "category/": all up to the last slash is what code scanning
// tells analyses of one commit apart by.
func automationID(s report.Scope) string {
	id := s.Category
	if id == "" {
		id = toolName
	}
	id = strings.TrimRight(id, "/")
	if s.Shard != "" {
		id += "/shard-" + strings.ReplaceAll(s.Shard, "/", "-of-")
	}
	return id + "/"
}

func toInvocation(r *report.Report, leftOut int) invocation {
	in := invocation{ExecutionSuccessful: len(r.Skipped) == 0}
	for _, s := range r.Skipped {
		n := notification{
			Descriptor: reference{notChecked, 0}, Level: "error",
			Message:    text{Text: escape(skipText(s))},
			Properties: &notificationProperties{Message: s.Message, Root: s.Root, Hint: s.Hint, State: string(s.State), Cut: s.Cut, Hole: s.Hole},
		}
		if !s.At.IsZero() {
			n.Locations = []location{toLocation(report.Location{Span: s.At, Exact: true})}
		}
		in.ToolExecutionNotifications = append(in.ToolExecutionNotifications, n)
	}
	for _, note := range r.Notes {
		n := notification{
			Descriptor: reference{remark, 1}, Level: string(cmp.Or(note.Level, check.Note)),
			Message:    text{Text: escape(sentence(note.Text))},
			Properties: &notificationProperties{Message: note.Text, Roots: note.Roots},
		}
		if !note.At.IsZero() {
			n.Locations = []location{toLocation(note.At)}
		}
		in.ToolExecutionNotifications = append(in.ToolExecutionNotifications, n)
	}
	if leftOut > 0 {
		in.ToolExecutionNotifications = append(in.ToolExecutionNotifications, notification{
			Descriptor: reference{cut, 2}, Level: "warning",
			Message: text{Text: fmt.Sprintf("%d results, the least grave ones, were left out because of code scanning's limits.", leftOut)},
		})
	}
	return in
}

// maxUnseen is how many things that were not looked at are listed.
const maxUnseen = 2000

func skipText(s report.Skip) string {
	t := report.Capital(s.Word()) + ": "
	if s.Root != "" {
		t += s.Root + ": "
	}
	t += sentence(s.Message)
	if s.Hint != "" {
		t += " To do: " + sentence(s.Hint)
	}
	return t
}

func toRunProperties(r *report.Report, index map[string]int, leftOut int) runProperties {
	p := runProperties{
		Version: r.Tool.Version, Commit: r.Tool.Commit, IstioVersion: r.Tool.IstioVersion, Mesh: meshNames(r.Tool.Mesh),
		Roots: append([]string{}, r.Roots...), Unused: r.Unused, Unaffected: r.Unaffected, Probes: r.Probes, Callers: r.Callers,
		Base: r.Scope.Base, Head: r.Scope.Head, Category: r.Scope.Category, Shard: r.Scope.Shard,
		LeftOut: leftOut, NotLookedAt: r.Unseen[:min(len(r.Unseen), maxUnseen)],
	}
	for i := range r.Fixed {
		p.Fixed = append(p.Fixed, toResult(&r.Fixed[i], index))
	}
	return p
}

// toSteps tells of each step of the chain which of the related places it rests
// on, if any.
func toSteps(it *report.Item, related int) []step {
	out := make([]step, len(it.Steps))
	for i := range it.Steps {
		s := &it.Steps[i]
		out[i].Deciding = s.Deciding
		if s.At.File == "" {
			continue
		}
		if s.At.Span == it.At.Span {
			out[i].Related = ownPlace
			continue
		}
		if k := slices.IndexFunc(it.Related[:related], func(l report.Location) bool { return l.Span == s.At.Span }); k >= 0 {
			out[i].Related = k + 1
		}
	}
	return out
}

func toResult(it *report.Item, index map[string]int) result {
	primary := toLocation(it.At)
	primary.LogicalLocations = []logicalLocation{{FullyQualifiedName: it.Subject, Kind: "resource"}}
	related := it.Related[:min(len(it.Related), maxLocations-1)]
	res := result{
		RuleID: it.RuleID, Level: string(it.Severity),
		Message:             text{Text: message(it, len(related))},
		Locations:           []location{primary},
		PartialFingerprints: map[string]string{fingerprintKey: it.Fingerprint},
		Properties: resultProperties{
			Verdict: string(it.Verdict), State: string(it.State), Hidden: string(it.Hidden), RuleName: it.RuleName, Summary: it.Summary, Message: it.Message,
			Roots: append([]string{}, it.Roots...), Chain: it.Chain(), Steps: toSteps(it, len(related)), Assumed: it.Assumed,
			RelatedLeftOut: len(it.Related) - len(related),
		},
	}
	if i, ok := index[it.RuleID]; ok {
		res.RuleIndex = &i
	}
	if it.At.LineHash != "" {
		res.PartialFingerprints[lineHashKey] = it.At.LineHash
	}
	for i, l := range related {
		loc := toLocation(l)
		loc.ID = i + 1
		loc.Message = &text{Text: escape(sentence(l.Message))}
		if l.Message == "" {
			loc.Message = nil
		}
		res.RelatedLocations = append(res.RelatedLocations, loc)
	}
	for _, r := range it.Remedies {
		m := remedy{Title: r.Title, YAML: r.YAML}
		if !r.At.IsZero() {
			at := toLocation(report.Location{Span: r.At, Exact: true})
			m.At = &at
		}
		res.Properties.Remedies = append(res.Properties.Remedies, m)
	}
	res.Fixes = toFixes(it.Fixes)
	for _, o := range it.Occurrences {
		if o.Subject == it.Subject {
			o.Subject = ""
		}
		res.Properties.Occurrences = append(res.Properties.Occurrences, occurrence(o))
	}
	for _, l := range it.BaseCauses {
		res.Properties.BaseCauses = append(res.Properties.BaseCauses, toLocation(l))
	}
	if s := it.Suppressed; s != nil {
		sup := suppression{Kind: s.Kind, Status: "accepted", Justification: s.Reason}
		if !s.At.IsZero() {
			at := toLocation(s.At)
			sup.Location = &at
		}
		res.Suppressions = []suppression{sup}
	}
	return res
}

func toLocation(l report.Location) location {
	loc := location{PhysicalLocation: physicalLocation{
		ArtifactLocation: artifactLocation{URI: uri(l.File), URIBaseID: srcRoot},
		Region:           toRegion(l.Span),
	}}
	if l.Line != "" && !l.Start.IsZero() {
		loc.PhysicalLocation.ContextRegion = &region{StartLine: l.Start.Line, Snippet: &text{Text: l.Line}}
	}
	if p := (locationProperties{Message: l.Message, Exact: l.Exact, Why: l.Why, Via: l.Via, WholeFile: l.Start.IsZero()}); p.Message != "" || !p.Exact || p.Via != nil || p.WholeFile {
		loc.Properties = &p
	}
	return loc
}

// toRegion returns a region on one line: code scanning shows an alert on a pull
// request only where all its lines are in the diff. A place on several lines
// ends with its first line. For a whole file, which code scanning cannot show,
// the region is its first line.
func toRegion(s source.Span) *region {
	if s.Start.IsZero() {
		return &region{StartLine: 1}
	}
	r := &region{StartLine: s.Start.Line, StartColumn: s.Start.Column}
	if s.End.Line == s.Start.Line && s.End.Column > s.Start.Column {
		r.EndLine, r.EndColumn = s.End.Line, s.End.Column
	}
	return r
}
