package kustomizetest

import (
	"encoding/base64"
	"fmt"
	"strings"
)

// Spelling is one of the ways in which YAML, or kustomize's decoder, lets a word
// be written. A reader that takes kustomize's input apart must understand every
// one of them, or not depend on it.
type Spelling struct {
	Name  string
	write func(word string) string
}

// Write writes the word, whose second and further lines, if any, are indented by
// that many blanks. A key ends with its colon.
func (s Spelling) Write(word string, indent int) string {
	return strings.ReplaceAll(s.write(word), "\n", "\n"+strings.Repeat(" ", indent))
}

// ValueSpellings are ways to write a scalar behind "- " or "key: " in block
// style. Each is read as the string itself by YAML 1.1 and 1.2 decoders that
// know the tag binary.
func ValueSpellings() []Spelling {
	return []Spelling{
		{"plain", func(w string) string { return w }},
		{"single quotes", single},
		{"double quotes", func(w string) string { return escape(w, `"`, verbatim) }},
		{`\x escapes`, func(w string) string { return escape(w, `"`, `\x%02x`) }},
		{`\u escapes`, func(w string) string { return escape(w, `"`, `\u%04x`) }},
		{`\U escapes`, func(w string) string { return escape(w, `"`, `\U%08X`) }},
		{"escaped line break", func(w string) string {
			half := len(w) / 2
			return `"` + w[:half] + "\\\n" + w[half:] + `"`
		}},
		{"folded", func(w string) string { return ">-\n  " + w }},
		{"literal", func(w string) string { return "|-\n  " + w }},
		{"literal, indentation given", func(w string) string { return "|2-\n  " + w }},
		{"tag str", func(w string) string { return "!!str " + w }},
		{"tag str, in full", func(w string) string { return "!<tag:yaml.org,2002:str> " + single(w) }},
		{"tag of its own", func(w string) string { return "!own " + single(w) }},
		{"no specific tag", func(w string) string { return "! " + single(w) }},
		{"binary", func(w string) string { return "!!binary " + base64.StdEncoding.EncodeToString([]byte(w)) }},
		{"binary, folded", func(w string) string {
			b := base64.StdEncoding.EncodeToString([]byte(w))
			return "!!binary >-\n  " + b[:len(b)/2] + "\n  " + b[len(b)/2:]
		}},
		{"binary, in full", func(w string) string {
			return "!<tag:yaml.org,2002:binary> " + single(base64.StdEncoding.EncodeToString([]byte(w)))
		}},
		{"anchor", func(w string) string { return "&anchor " + w }},
		{"anchor and tag", func(w string) string { return "&anchor !!str " + single(w) }},
		{"next line", func(w string) string { return "\n  " + w }},
		{"comment before", func(w string) string { return "# x\n  " + w }},
	}
}

// KeySpellings are ways to write the key of a mapping, with the colon. Kustomize
// reads keys by way of JSON, where Go folds the case of all letters.
func KeySpellings() []Spelling {
	colon := func(f func(string) string) func(string) string {
		return func(w string) string { return f(w) + ":" }
	}
	return []Spelling{
		{"plain", colon(func(w string) string { return w })},
		{"single quotes", colon(single)},
		{`\x escapes`, colon(func(w string) string { return escape(w, `"`, `\x%02x`) })},
		{`\u escapes`, colon(func(w string) string { return escape(w, `"`, `\u%04x`) })},
		{"upper case", colon(strings.ToUpper)},
		{"mixed case", colon(func(w string) string { return strings.ToUpper(w[:1]) + w[1:] })},
		{"long s and Kelvin", colon(func(w string) string { return strings.NewReplacer("s", "ſ", "S", "ſ", "k", "\u212a").Replace(w) })},
		{"long s, escaped", colon(func(w string) string {
			return strings.NewReplacer("s", `\u017f`, "k", `\u212A`).Replace(`"` + w + `"`)
		})},
		{"tag str", colon(func(w string) string { return "!!str " + w })},
		{"binary", colon(func(w string) string { return "!!binary " + base64.StdEncoding.EncodeToString([]byte(w)) })},
		{"explicit", func(w string) string { return "? " + w + "\n:" }},
		{"explicit, folded", func(w string) string { return "? >-\n  " + w + "\n:" }},
		{"anchor", colon(func(w string) string { return "&key " + w + " " })},
	}
}

func single(w string) string { return "'" + strings.ReplaceAll(w, "'", "''") + "'" }

const verbatim = "%c"

// escape writes every character by the format, between two marks.
func escape(w, mark, format string) string {
	var b strings.Builder
	for _, c := range w {
		fmt.Fprintf(&b, format, c)
	}
	return mark + b.String() + mark
}
