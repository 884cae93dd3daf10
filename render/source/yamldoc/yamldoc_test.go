package yamldoc_test

import (
	"errors"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
	"pgregory.net/rapid"

	"github.com/org/probe-mtls-action/render/source"
	"github.com/org/probe-mtls-action/render/source/yamldoc"
)

func parse(t testing.TB, text string) []*yamldoc.Doc {
	t.Helper()
	docs, err := yamldoc.ParseAll(yamldoc.Whole(source.NewFile("f", []byte(text))))
	if err != nil {
		t.Fatal(err)
	}
	return docs
}

// value returns the node of the key v at the top of the document.
func value(d *yamldoc.Doc) *yaml.Node {
	for i := 0; i+1 < len(d.Root.Content); i += 2 {
		if d.Root.Content[i].Value == "v" {
			return d.Root.Content[i+1]
		}
	}
	return nil
}

func TestScalar(t *testing.T) {
	for text, want := range map[string]string{
		"v: 8080\n":                      "8080",
		"v: 8080 # no\n":                 "8080",
		"v:\t8080\n":                     "8080",
		"v:\n  8080\n":                   "8080",
		"v: &a 8080\n":                   "8080",
		"v: !!str 8080\n":                "8080",
		"v: !!str &a 8080\n":             "8080",
		"v: &a\n  # why\n  !!str 8080\n": "8080",
		"{v: 8080}\n":                    "8080",
		"{v: a b, w: c}\n":               "a b",
		"v: \"a\\\"b\" # c\n":            `"a\"b"`,
		"v: 'it''s'\n":                   `'it''s'`,
		"v: two\n  lines # c\n":          "two\n  lines",
		"v: |\n  a\n   b\n\nw: c\n":      "|\n  a\n   b\n",
		"v: >- # c\n  a\n  b\nw: c\n":    ">- # c\n  a\n  b\n",
		"v: |2\n    a\n":                 "|2\n    a\n",
		"\ufeffv: 8080\n":                "8080",
		"k: é日\nv: 8080\n":               "8080",
		"k: é\r\nv: 8080\r\n":            "8080",
		"k: a\u2028\nv: 8080\n":          "8080",
		"v: a#b\n":                       "a#b",
		"{\"k\": \"é\", \"v\":8080}":     "8080",
	} {
		d := parse(t, text)[0]
		sc, ok := d.Scalar(value(d))
		if !ok {
			t.Errorf("%q: no scalar", text)
			continue
		}
		if got := d.Text.String[sc.Start:sc.End]; got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestNoScalar(t *testing.T) {
	for _, text := range []string{"v:\n", "v: {}\n", "v: []\n", "v: ~\nw: 1\n"} {
		d := parse(t, text)[0]
		sc, ok := d.Scalar(value(d))
		if ok && d.Text.String[sc.Start:sc.End] != "~" {
			t.Errorf("%q: got %q", text, d.Text.String[sc.Start:sc.End])
		}
	}
}

// TestValue finds a word in the decoded value and looks for it in the file.
func TestValue(t *testing.T) {
	for _, text := range []string{
		"v: |\n  a\n  WORD b\n",
		"v: |\n\n\n    a\n      WORD\n",
		"v: |2-\n    a\n    WORD\n",
		"v: |+\n  a WORD\n\n\n",
		"v: >-\n  a\n  b\n\n  WORD\n",
		"v: |-\n  a\n  WORD\n    \n  \n",
		"v: >\n  a\n    more\n  b WORD\n",
		"v: \"a\\n\\tWORD b\"\n",
		"v: \"a \\\n   WORD\\u00e9\"\n",
		"v: \"a\n\n   WORD\"\n",
		"v: 'it''s\n  a WORD'\n",
		"v: 'it''s WORD'\n",
		"v: a\n  b\n  WORD\n",
		"v: |\r\n  a\r\n  WORD\r\n",
		"v: >-\r\n  a\r\n  WORD\r\n",
		"\ufeffv: |\n  é WORD\n",
		"\ufeffk: é\nv: '" + strings.Repeat("日", 3000) + "WORD'\n",
		"{k: '" + strings.Repeat("日", 3000) + "', v: x WORD, w: 1}\n",
	} {
		d := parse(t, text)[0]
		n := value(d)
		v, ok := d.Value(n)
		if !ok {
			t.Errorf("%q: no value", text)
			continue
		}
		i := strings.Index(v.String, "WORD")
		s := v.Span(i, i+4)
		if got := source.NewFile("f", []byte(text)).Text(s); v.String != n.Value || got != "WORD" {
			t.Errorf("%q: got %q at %v, value %q", text, got, s, v.String)
		}
	}
}

// TestValueOfAnyText writes random text in every style that the encoder has.
func TestValueOfAnyText(t *testing.T) {
	styles := []yaml.Style{0, yaml.DoubleQuotedStyle, yaml.SingleQuotedStyle, yaml.LiteralStyle, yaml.FoldedStyle}
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.StringMatching(`([a-z:#'"\\ é日-]|\n){0,40}x`).Draw(t, "value")
		n := &yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{
			{Kind: yaml.ScalarNode, Value: "v"},
			{Kind: yaml.ScalarNode, Tag: "!!str", Value: want, Style: rapid.SampledFrom(styles).Draw(t, "style")},
		}}
		text, err := yaml.Marshal(n)
		if err != nil {
			t.Fatal(err)
		}
		docs, err := yamldoc.ParseAll(yamldoc.Whole(source.NewFile("f", text)))
		if err != nil || len(docs) != 1 || value(docs[0]) == nil || value(docs[0]).Value != want {
			t.Skip("the encoder's text does not give the value back")
		}
		v, ok := docs[0].Value(value(docs[0]))
		if !ok {
			t.Fatalf("%q: no value", text)
		}
		for i := 0; i < len(want); i++ {
			at := v.Offset(i)
			if got := text[at]; got != want[i] && got != '\\' && want[i] != ' ' && want[i] != '\n' {
				t.Fatalf("%q: byte %d is %q, its place holds %q", text, i, want[i], got)
			}
			if i > 0 && at < v.Offset(i-1) {
				t.Fatalf("%q: byte %d stands before byte %d", text, i, i-1)
			}
		}
	})
}

func TestSlice(t *testing.T) {
	d := parse(t, "v: |\n  one\n  two\n  three\n")[0]
	v, _ := d.Value(value(d))
	s := v.Slice(4, 9)
	if s.String != "two\nt" || s.Span(0, 3).String() != "f:3:3" || s.Span(4, 5).String() != "f:4:3" {
		t.Errorf("%q %v %v", s.String, s.Span(0, 3), s.Span(4, 5))
	}
	inner := s.Slice(1, 3)
	if got := inner.Span(0, 2).String(); inner.String != "wo" || got != "f:3:4" {
		t.Errorf("%q %v", inner.String, got)
	}
}

func TestSplit(t *testing.T) {
	docs := parse(t, "# head\n---\na: 1\n--- # two\nb: 2\n---\n\n---   \nv: |\n  x\n--- \n  y: 3\n")
	var got []string
	for _, d := range docs {
		if d.Root != nil {
			got = append(got, d.Text.Span(d.Start(d.Root), d.Start(d.Root)).String())
		}
	}
	if want := "f:3:1 f:5:1 f:9:1 f:12:3"; strings.Join(got, " ") != want {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestSyntaxError(t *testing.T) {
	for text, want := range map[string]string{
		"a: 1\n---\nb: 1\n c: 2\n":       "f:4:2",
		"a: [1\n":                        "f:1:1",
		"a: 1\n\tb: 2\n":                 "f:2:2",
		"ok: 1\n---\nx: \"unclosed\n":    "f:3:1",
		"a:\n  b: 1\n  c: {d: 1\ne: 2\n": "f:3:3",
	} {
		_, err := yamldoc.ParseAll(yamldoc.Whole(source.NewFile("f", []byte(text))))
		e := (*yamldoc.SyntaxError)(nil)
		if !errors.As(err, &e) {
			t.Errorf("%q: got %v", text, err)
			continue
		}
		if got := e.At.String(); got != want || e.Message == "" || strings.HasPrefix(e.Message, "yaml:") {
			t.Errorf("%q: got %s %q, want %s", text, got, e.Message, want)
		}
	}
}

// FuzzParse makes sure that no text makes the parser panic, and that what it
// says of scalars is in the text.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"v: |\n  a\n", "v: >+\n\n a\n  b\n\n", "a: \"\\x41\\\n b\"", "- 'it''s'\n- &a !!str x\n- *a", "{a: [b, c d]}", "\ufeffa: b\r\n---\r\nc: d"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		docs, _ := yamldoc.ParseAll(yamldoc.Whole(source.NewFile("f", []byte(text))))
		for _, d := range docs {
			check(t, d, d.Root, 0)
		}
	})
}

func check(t *testing.T, d *yamldoc.Doc, n *yaml.Node, depth int) {
	if n == nil || depth > 100 {
		return
	}
	if sc, ok := d.Scalar(n); ok && (sc.Start < 0 || sc.End > len(d.Text.String) || sc.Start >= sc.End) {
		t.Errorf("%q: %+v", d.Text.String, sc)
	}
	if v, ok := d.Value(n); ok {
		if v.String != n.Value {
			t.Errorf("got %q, want %q", v.String, n.Value)
		}
		for i := 0; i <= len(v.String); i++ {
			if at := v.Offset(i); at < 0 || at > len(d.Text.File.Data) {
				t.Errorf("%q: offset %d of byte %d of %q", d.Text.File.Data, at, i, v.String)
			}
		}
	}
	for _, c := range n.Content {
		check(t, d, c, depth+1)
	}
}
