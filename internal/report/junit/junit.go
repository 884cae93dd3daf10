// Package junit writes a report as JUnit XML: one test suite a root, one test
// case a judged probe, so that what passes shows too.
package junit

import (
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/org/probe-mtls-action/internal/report"
	"github.com/org/probe-mtls-action/internal/report/safe"
)

type suites struct {
	XMLName  xml.Name `xml:"testsuites"`
	Name     string   `xml:"name,attr"`
	Tests    int      `xml:"tests,attr"`
	Failures int      `xml:"failures,attr"`
	Errors   int      `xml:"errors,attr"`
	Skipped  int      `xml:"skipped,attr"`
	Suites   []*suite `xml:"testsuite"`
}

type suite struct {
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Errors   int         `xml:"errors,attr"`
	Skipped  int         `xml:"skipped,attr"`
	Cases    []*testCase `xml:"testcase"`
}

type testCase struct {
	Class   string    `xml:"classname,attr"`
	Name    string    `xml:"name,attr"`
	File    string    `xml:"file,attr,omitempty"`
	Failure *problem  `xml:"failure"`
	Error   *problem  `xml:"error"`
	Skipped *skipping `xml:"skipped"`
}

type problem struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr"`
	Text    string `xml:",chardata"`
}

type skipping struct {
	Message string `xml:"message,attr"`
}

// Options choose what counts.
type Options struct {
	// OnlyNew makes findings that the base revision has too skipped cases.
	OnlyNew bool
}

// Write writes a case for each probe in r.Judged, failed where it has a finding,
// skipped where that is suppressed; cases for findings of policies, under the
// rule's ID; and an error for what was not checked.
func Write(w io.Writer, r *report.Report, o Options) error {
	all := builder{suites: map[string]*suite{}}
	cases := map[report.Occurrence]*testCase{}
	for _, occ := range r.Judged {
		cases[report.Occurrence{Root: occ.Root, Subject: occ.Subject}] = all.add(occ.Root, occ.Subject)
	}
	for i := range r.Items {
		it := &r.Items[i]
		for _, occ := range occurrences(it) {
			c := cases[report.Occurrence{Root: occ.Root, Subject: occ.Subject}]
			if c == nil || c.Failure != nil || c.Skipped != nil { // of a policy, or a second finding of the probe
				c = all.add(occ.Root, it.RuleID+" "+occ.Subject)
			}
			c.File = safe.Line(it.At.File)
			switch {
			case it.Suppressed != nil:
				c.Skipped = &skipping{safe.Line(it.RuleID + " is suppressed: " + it.Suppressed.Reason)}
			case o.OnlyNew && it.State == report.Existing:
				c.Skipped = &skipping{safe.Line(it.RuleID + ", which the base has too: " + it.Consequence())}
			default:
				c.Failure = failure(it)
			}
		}
	}
	for _, s := range r.Skipped {
		c := all.add(s.Root, "render")
		c.File = safe.Line(s.At.File)
		c.Error = &problem{Message: safe.Line(s.Message), Type: "not-checked", Text: safe.Line(strings.TrimSpace(s.At.String() + " " + s.Hint))}
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(all.total()); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

// occurrences are those of a finding; its roots stand for them where a report
// that was read back has none.
func occurrences(it *report.Item) []report.Occurrence {
	if len(it.Occurrences) > 0 {
		return it.Occurrences
	}
	var out []report.Occurrence
	for _, root := range it.Roots {
		out = append(out, report.Occurrence{Root: root, Subject: it.Subject})
	}
	return out
}

func failure(it *report.Item) *problem {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n", safe.Line(it.At.Span.String()), safe.Line(it.Message))
	for _, l := range it.Related {
		fmt.Fprintf(&b, "%s: %s\n", safe.Line(l.Span.String()), safe.Line(l.Message))
	}
	return &problem{Message: safe.Line(it.Consequence()), Type: it.RuleID, Text: b.String()}
}

type builder struct {
	order  []string
	suites map[string]*suite
}

func (b *builder) add(root, name string) *testCase {
	s := b.suites[root]
	if s == nil {
		s = &suite{Name: safe.Line(root)}
		b.suites[root] = s
		b.order = append(b.order, root)
	}
	c := &testCase{Class: safe.Line(root), Name: safe.Line(name)}
	s.Cases = append(s.Cases, c)
	return c
}

func (b *builder) total() *suites {
	out := &suites{Name: "probe-mtls-action"}
	slices.Sort(b.order)
	for _, root := range b.order {
		s := b.suites[root]
		for _, c := range s.Cases {
			s.Tests++
			switch {
			case c.Failure != nil:
				s.Failures++
			case c.Error != nil:
				s.Errors++
			case c.Skipped != nil:
				s.Skipped++
			}
		}
		out.Tests += s.Tests
		out.Failures += s.Failures
		out.Errors += s.Errors
		out.Skipped += s.Skipped
		out.Suites = append(out.Suites, s)
	}
	return out
}
