package check

import (
	"fmt"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/org/probe-mtls-action/render"
)

// Annotation is the annotation that asks to ignore findings of an object:
// "PMTLS001: reason", several separated by semicolons or line breaks.
const Annotation = "probe-mtls.dev/ignore"

// Remark is something to tell the user about the input that no rule reports.
type Remark struct {
	Text  string
	Field render.Field
}

// annotated are the places that [Annotation] may stand: on the object itself
// and on its pod template.
var annotated = []render.Path{
	render.PathOf("metadata", "annotations", Annotation),
	render.PathOf("spec", "template", "metadata", "annotations", Annotation),
	render.PathOf("spec", "jobTemplate", "spec", "template", "metadata", "annotations", Annotation),
}

// Remarks tells of every suppression annotation that cannot be obeyed: without
// a reason, without a rule's ID, or with an ID that none of the rules has.
func Remarks(rules []*Rule, objects []*render.Object) []Remark {
	known := make(map[string]bool, len(rules))
	for _, r := range rules {
		known[r.ID] = true
	}
	var remarks []Remark
	for _, o := range objects {
		for _, s := range annotations(o) {
			problem := s.problem
			if problem == "" && !known[s.id] {
				problem = fmt.Sprintf("no rule has the ID %s", s.id)
			}
			if problem != "" {
				remarks = append(remarks, Remark{
					Text:  fmt.Sprintf("%s of %s is not obeyed: %s; write \"PMTLS001: reason\"", Annotation, o.Ref, problem),
					Field: s.field,
				})
			}
		}
	}
	return remarks
}

// suppress marks the findings that an annotation of their object names.
func suppress(findings []Finding) {
	wishes := map[*render.Object][]wish{}
	for i := range findings {
		f := &findings[i]
		o := f.At.Object
		if o == nil {
			continue
		}
		if _, known := wishes[o]; !known {
			wishes[o] = annotations(o)
		}
		for _, w := range wishes[o] {
			if w.problem == "" && w.id == f.Rule.ID {
				f.Suppressed = &Suppression{Reason: w.reason, Field: w.field}
				break
			}
		}
	}
}

// wish is one entry of a suppression annotation.
type wish struct {
	id, reason string
	problem    string // why it is not obeyed, "" when it is
	field      render.Field
}

func annotations(o *render.Object) []wish {
	var wishes []wish
	for _, path := range annotated {
		n := o.At(path)
		if n == nil {
			continue
		}
		field := render.Field{Object: o, Path: path}
		if n.Kind != yaml.ScalarNode {
			wishes = append(wishes, wish{problem: "its value is no string", field: field})
			continue
		}
		wishes = append(wishes, parseAnnotation(n.Value, field)...)
	}
	return wishes
}

func parseAnnotation(value string, field render.Field) []wish {
	var wishes []wish
	entries := strings.FieldsFunc(value, func(r rune) bool { return r == ';' || r == '\n' })
	for _, entry := range entries {
		if strings.TrimSpace(entry) == "" {
			continue
		}
		ids, reason, problem := parseIgnore(entry)
		if problem != "" {
			wishes = append(wishes, wish{problem: problem, field: field})
			continue
		}
		for _, id := range ids {
			wishes = append(wishes, wish{id: id, reason: reason, field: field})
		}
	}
	if wishes == nil {
		wishes = []wish{{problem: "it is empty", field: field}}
	}
	return wishes
}

// ignoreEntry is one or more IDs, separated by commas or blanks, an optional
// colon, and the reason.
var ignoreEntry = regexp.MustCompile(`^(PMTLS\d{3}(?:(?:\s*,\s*|\s+)PMTLS\d{3})*)(?:\s*:\s*|\s+|$)(.*)$`)

var ignoreID = regexp.MustCompile(`PMTLS\d{3}`)

func parseIgnore(text string) (ids []string, reason, problem string) {
	text = strings.TrimSpace(text)
	m := ignoreEntry.FindStringSubmatch(text)
	if m == nil {
		return nil, "", fmt.Sprintf("%q does not begin with a rule's ID", shorten(text))
	}
	ids = ignoreID.FindAllString(m[1], -1)
	if reason = strings.TrimSpace(m[2]); reason == "" {
		return nil, "", fmt.Sprintf("%s has no reason", strings.Join(ids, ", "))
	}
	return ids, reason, ""
}

// shorten cuts text to what a message can carry.
func shorten(text string) string {
	const most = 40
	if r := []rune(text); len(r) > most {
		return string(r[:most]) + "…"
	}
	return text
}
