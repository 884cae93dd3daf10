package check

import (
	"fmt"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/org/probe-mtls-action/internal/kube"
	"github.com/org/probe-mtls-action/render"
)

// Annotation is the annotation that asks to ignore findings of an object:
// "PMTLS001: reason", several separated by semicolons or line breaks.
const Annotation = "probe-mtls.dev/ignore"

// Remark is something to tell the user about the input that no rule reports.
type Remark struct {
	Text  string
	Field render.Field
	Level Severity // Note, or Warning for a wish of the user that is not fulfilled
}

// ownAnnotation is the place of [Annotation] on the object itself; it may stand
// on each of its pod templates too.
var ownAnnotation = render.PathOf("metadata", "annotations", Annotation)

// Remarks tells of every suppression annotation that has no effect: without
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
					Text:  fmt.Sprintf("%s of %s has no effect: %s; write \"PMTLS001: reason\"", Annotation, o.Ref, problem),
					Field: s.field,
					Level: Warning,
				})
			}
		}
	}
	return remarks
}

// Wish is a suppression by annotation that can be obeyed.
type Wish struct {
	ID    string // of a rule
	Field render.Field
	// Used: some finding of the object is suppressed by it.
	Used bool
}

// Wishes returns the suppressions of objects by annotation that can be obeyed,
// given the findings of [Run].
func Wishes(rules []*Rule, objects []*render.Object, findings []Finding) []Wish {
	known := make(map[string]bool, len(rules))
	for _, r := range rules {
		known[r.ID] = true
	}
	type use struct {
		id string
		at *render.Object
	}
	used := map[use]bool{}
	for i := range findings {
		if findings[i].Suppressed != nil {
			used[use{findings[i].Rule.ID, findings[i].At.Object}] = true
		}
	}
	var out []Wish
	for _, o := range objects {
		for _, w := range annotations(o) {
			if w.problem == "" && known[w.id] {
				out = append(out, Wish{ID: w.id, Field: w.field, Used: used[use{w.id, o}]})
			}
		}
	}
	return out
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

// Silences reports whether a suppression annotation of the object names the rule.
func Silences(o *render.Object, rule string) bool {
	for _, w := range annotations(o) {
		if w.problem == "" && w.id == rule {
			return true
		}
	}
	return false
}

// wish is one entry of a suppression annotation.
type wish struct {
	id, reason string
	problem    string // why it is not obeyed, "" when it is
	field      render.Field
}

func annotations(o *render.Object) []wish {
	var wishes []wish
	places := []render.Field{{Object: o, Path: ownAnnotation}}
	for _, s := range kube.PodAnnotations(o) {
		places = append(places, s.Field(Annotation))
	}
	for _, field := range places {
		n := field.Node()
		if n == nil {
			continue
		}
		if n.Kind != yaml.ScalarNode {
			wishes = append(wishes, wish{problem: "its value is not a string", field: field})
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

var anyCaseID = regexp.MustCompile(`^(?i:pmtls)\d{3}\b`)

var ignoreID = regexp.MustCompile(`PMTLS\d{3}`)

func parseIgnore(text string) (ids []string, reason, problem string) {
	text = strings.TrimSpace(text)
	m := ignoreEntry.FindStringSubmatch(text)
	if id := anyCaseID.FindString(text); m == nil && id != "" && id != strings.ToUpper(id) {
		return nil, "", fmt.Sprintf("%q is not a rule's ID: %s is written in capitals", id, strings.ToUpper(id))
	}
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
