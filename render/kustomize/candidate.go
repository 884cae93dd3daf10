package kustomize

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/org/probe-mtls-action/render"
	"github.com/org/probe-mtls-action/render/source"
	"github.com/org/probe-mtls-action/render/source/yamldoc"
	"github.com/org/probe-mtls-action/render/trace"
)

// candidate is a piece of source text that a rendered value may come from.
type candidate struct {
	file *file
	// site is the value that the text stands in; nil for a line of an env file
	// and for the whole of a file that a generator reads.
	site *site
	// The bytes of text from start to end are what a sentinel replaces: the
	// inside of quotes, or the part of a literal after its equals sign.
	text       yamldoc.Text
	start, end int
	span       source.Span // the whole value, quotes included
	value      string
	tag        string // short YAML tag of the value
	block      bool   // a literal or folded block scalar
	part       bool   // only a part of the scalar, such as the VALUE of KEY=VALUE
	whole      bool   // all of a file that a generator reads
	binding    bool   // see binds
}

// Content implements [trace.Candidate].
func (c *candidate) Content() (value, tag string) { return c.value, c.tag }

// Binds implements [trace.Candidate].
func (c *candidate) Binds() bool { return c.binding }

// Edit implements [trace.Candidate].
func (c *candidate) Edit(text string) trace.Edit {
	e := trace.Edit{File: c.file.name, Start: c.text.Offset(c.start), End: c.text.End(c.end), Text: text}
	if c.block {
		e.Text = strconv.Quote(text)
		if strings.HasSuffix(c.text.String[:c.end], "\n") {
			e.Text += "\n"
		}
	}
	return e
}

// candidateAt returns the candidate for the scalar at s; nil when its text is
// not known or it is null.
func candidateAt(s *site) *candidate {
	n := s.node
	if n.Kind != yaml.ScalarNode || n.ShortTag() == "!!null" {
		return nil
	}
	d := s.document.doc
	sc, ok := d.Scalar(n)
	if !ok {
		return nil
	}
	c := &candidate{
		file: s.document.file, site: s, text: d.Text, start: sc.Start, end: sc.End,
		span: d.Text.Span(sc.Start, sc.End), value: n.Value, tag: n.ShortTag(),
	}
	switch sc.Style {
	case yaml.DoubleQuotedStyle, yaml.SingleQuotedStyle:
		c.start++
		c.end--
	case yaml.LiteralStyle, yaml.FoldedStyle:
		c.block = true
	}
	return c
}

// literalAt returns the candidate for the value of the KEY=VALUE text at s.
func literalAt(s *site) *candidate {
	text, ok := s.document.doc.Value(s.node)
	if !ok {
		return nil
	}
	i := strings.IndexByte(text.String, '=')
	if i < 0 {
		return nil
	}
	return partOf(s.document.file, s, text, i+1, len(text.String))
}

// partOf returns the candidate for a part of a text, without quotes around it.
func partOf(f *file, s *site, text yamldoc.Text, start, end int) *candidate {
	if v := text.String[start:end]; len(v) > 1 && (v[0] == '"' || v[0] == '\'') && v[0] == v[len(v)-1] && s != nil {
		start, end = start+1, end-1
	}
	if start >= end {
		return nil
	}
	return &candidate{
		file: f, site: s, text: text, start: start, end: end, span: text.Span(start, end),
		value: text.String[start:end], tag: "!!str", part: true,
	}
}

// maxOccurrences bounds the places of a value within one block scalar.
const maxOccurrences = 64

// occurrences returns the candidates for the places of value within the block
// scalar c, of which a replacement may pick one.
func (c *candidate) occurrences(value string) []*candidate {
	text, ok := c.site.document.doc.Value(c.site.node)
	if !ok || value == "" {
		return nil
	}
	var out []*candidate
	for at := 0; len(out) < maxOccurrences; {
		i := strings.Index(text.String[at:], value)
		if i < 0 {
			break
		}
		at += i
		out = append(out, &candidate{
			file: c.file, site: c.site, text: text, start: at, end: at + len(value), span: text.Span(at, at+len(value)),
			value: value, tag: "!!str", part: true, binding: c.binding,
		})
		at += len(value)
	}
	return out
}

// envCandidates returns the candidates of a file of KEY=VALUE lines.
func envCandidates(f *file) []*candidate {
	var out []*candidate
	text := yamldoc.Whole(f.text)
	at := 0
	for line := range strings.Lines(text.String) {
		body := strings.TrimRight(line, "\r\n")
		key := strings.TrimLeft(body, " \t\ufeff")
		if i := strings.IndexByte(body, '='); i >= 0 && !strings.HasPrefix(key, "#") {
			if c := partOf(f, nil, text, at+i+1, at+len(body)); c != nil {
				out = append(out, c)
			}
		}
		at += len(line)
	}
	return out
}

// fileCandidate returns the candidate for the text of a file that is a value as
// a whole, without the line end that closes it; nil for an empty file.
func fileCandidate(f *file) *candidate {
	text := yamldoc.Whole(f.text)
	c := partOf(f, nil, text, 0, len(strings.TrimRight(text.String, "\r\n")))
	if c != nil {
		c.whole = true
	}
	return c
}

// matching returns the candidates of f in the given role whose scalar has a
// value that match accepts. They are made anew each time: a repository has too
// many to keep.
func (f *file) matching(r role, match func(value string) bool) []*candidate {
	var out []*candidate
	add := func(c *candidate) {
		if c != nil && match(c.value) {
			out = append(out, c)
		}
	}
	for _, d := range f.documents(r) {
		for _, root := range d.roots {
			root.walk(func(s *site) {
				switch {
				case s.node.Kind != yaml.ScalarNode:
				case d.kind == render.FromTransformer && slices.Contains(s.keys(), "literals"):
					add(literalAt(s))
				case match(s.node.Value):
					add(candidateAt(s))
				}
			})
		}
	}
	switch {
	case r&roleEnv != 0:
		for _, c := range envCandidates(f) {
			add(c)
		}
	case r&roleData != 0:
		add(fileCandidate(f))
	}
	return out
}

// boolean matches the plain scalars that YAML 1.1 reads as booleans. Kustomize
// reads some files by YAML 1.1 and then refuses them where text is expected; a
// sentinel must not make them pass.
var boolean = regexp.MustCompile(`^(?i:y|n|yes|no|on|off|true|false)$`)
