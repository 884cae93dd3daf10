package yamldoc_test

import (
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
	"pgregory.net/rapid"

	"github.com/org/probe-mtls-action/render/source"
	"github.com/org/probe-mtls-action/render/source/yamldoc"
)

// TestValueOfAnyNotation writes scalars as people may: in any style, over
// several lines, with odd blanks, and with any line ends. Whatever the parser
// reads must be found in the text again.
func TestValueOfAnyNotation(t *testing.T) {
	found := 0
	rapid.Check(t, func(t *rapid.T) {
		text := drawScalar(t)
		if rapid.Bool().Draw(t, "crlf") {
			text = strings.ReplaceAll(text, "\n", "\r\n")
		}
		docs, err := yamldoc.ParseAll(yamldoc.Whole(source.NewFile("f", []byte(text))))
		if err != nil || len(docs) != 1 || docs[0].Root == nil || docs[0].Root.Kind != yaml.MappingNode {
			t.Skip("not YAML")
		}
		n := value(docs[0])
		if n == nil || n.Kind != yaml.ScalarNode || n.Value == "" {
			t.Skip("no scalar")
		}
		found++
		v, ok := docs[0].Value(n)
		if !ok {
			t.Fatalf("%q: no place for the value %q", text, n.Value)
		}
		for i := 0; i < len(n.Value); i++ {
			at, b := v.Offset(i), n.Value[i]
			if at >= len(text) && b != '\n' || at < len(text) && text[at] != b && text[at] != '\\' && b != ' ' && b != '\n' {
				t.Fatalf("%q: byte %d of %q is not at %d", text, i, n.Value, at)
			}
			if i > 0 && at < v.Offset(i-1) {
				t.Fatalf("%q: byte %d of %q stands before the one before it", text, i, n.Value)
			}
		}
	})
	if found == 0 {
		t.Error("nothing was found")
	}
}

// drawScalar returns a document with a scalar at the key v.
func drawScalar(t *rapid.T) string {
	line := rapid.OneOf(rapid.StringMatching(`([a-c:#é\[{} \t-]|'')*`), rapid.SampledFrom([]string{"", " ", "    ", "\t", "a  ", "- a: b"}))
	lines := rapid.SliceOfN(line, 1, 5).Draw(t, "lines")
	indent := rapid.IntRange(1, 4).Draw(t, "indent")
	join := func(first string, rest []string) string {
		out := first
		for _, l := range rest {
			pad := indent + rapid.SampledFrom([]int{0, 0, 0, 1, -indent}).Draw(t, "pad")
			out += "\n" + strings.Repeat(" ", pad) + l
		}
		return out
	}
	after := rapid.SampledFrom([]string{"\n", "", "\n\n", "\nw: 1\n", "\n   \nw: 1\n", "\n# c\nw: 1\n"}).Draw(t, "after")
	before := rapid.SampledFrom([]string{"", "\ufeff", "k: é\n", "# c\n"}).Draw(t, "before")
	switch rapid.SampledFrom([]string{"block", "double", "single", "plain"}).Draw(t, "style") {
	case "block":
		header := rapid.SampledFrom([]string{"|", ">", "|-", ">-", "|+", ">+", "|2", ">1-", "|- # c"}).Draw(t, "header")
		return before + "v: " + join(header, lines) + after
	case "double":
		escape := rapid.SampledFrom([]string{"", `\n`, `\t`, `\u00e9`, `\x41`, `\"`, "\\\n"}).Draw(t, "escape")
		return before + `v: "` + join(lines[0]+escape+lines[0], lines[1:]) + `"` + after
	case "single":
		return before + "v: '" + join(lines[0], lines[1:]) + "'" + after
	}
	return before + "v: " + join(lines[0], lines[1:]) + after
}
