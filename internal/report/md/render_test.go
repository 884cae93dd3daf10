package md_test

import (
	"bytes"
	"html"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	rendered "github.com/yuin/goldmark/renderer/html"

	"github.com/org/probe-mtls-action/internal/report/md"
	"github.com/org/probe-mtls-action/internal/report/safe"
)

// github renders Markdown as GitHub does, HTML included, before it links
// mentions and references.
var github = goldmark.New(goldmark.WithExtensions(extension.GFM), goldmark.WithRendererOptions(rendered.WithUnsafe()))

func render(t *testing.T, source string) string {
	t.Helper()
	var b bytes.Buffer
	if err := github.Convert([]byte(source), &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// linked are what GitHub makes links of after rendering.
var linked = regexp.MustCompile(`(?i)@[a-z0-9]|#[0-9]|gh-[0-9]|://|www\.`)

func visible(s string) string { return strings.ReplaceAll(html.UnescapeString(s), "\u200b", "") }

// words is s with all white space made equal.
func words(s string) string { return strings.Join(strings.Fields(s), " ") }

var hostile = []string{
	"plain", "", " ", "\t", "\n", "a\nb", "# h", "1. x", "- x", "+", "---", "===", "> q", "| a | b |\n|---|---|", "a|b",
	"`", "``", "```", "```yaml\nx\n```", "~~~", "*a*", "__a__", "~~a~~", "[a](b)", "![a](b)", "[a]: b", "[^1]", "<b>", "</details>",
	"<!-- -->", "&lt;", "&#64;x", "&copy;", "@octocat", "@org/team", "#12", "o/r#12", "GH-12", "https://e.example", "www.e.example", "a@b.example",
	"\\", "\\`", "\\|", "`a\\|b`", "\x00", "\x1b[2J", "\u202e", "\u200b", "\ufeff", "\xff\xfe", "$x$", ":smile:", "- [ ] x", "    code",
	"::", " ::error::x", "a\n\t::x", "##[error]x",
	"a\\", "a`", "`a", " `a` ", "1)", "####### x", "<https://e.example>", "a  \nb", "\u00a0x", "*\u00a0x", "\r\n", "a\rb", "\u2028",
}

func FuzzText(f *testing.F) {
	for _, s := range hostile {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if !utf8.ValidString(s) {
			s = strings.ToValidUTF8(s, "\xff")
		}
		m := md.Text(s)
		if strings.ContainsAny(m, "\r\n") {
			t.Fatalf("more than one line: %q", m)
		}
		want := words(safe.Line(strings.NewReplacer("\n", " ", "\r", " ", "\t", " ").Replace(s)))
		for name, c := range map[string]struct{ source, before, after string }{
			"a paragraph":      {m, "<p>", "</p>\n"},
			"after a word":     {"x " + m, "<p>x ", "</p>\n"},
			"an item":          {"- x" + m, "<ul>\n<li>x", "</li>\n</ul>\n"},
			"a heading":        {"## x " + m, "<h2>x ", "</h2>\n"},
			"a table cell":     {"| x |\n| --- |\n| y" + m + " |", "<table>\n<thead>\n<tr>\n<th>x</th>\n</tr>\n</thead>\n<tbody>\n<tr>\n<td>y", "</td>\n</tr>\n</tbody>\n</table>\n"},
			"a details' title": {"<details><summary>x " + m + "</summary>\n\nz\n\n</details>", "<details><summary>x ", "</summary>\n<p>z</p>\n</details>"},
		} {
			if want == "" {
				continue
			}
			out := render(t, c.source)
			body, ok := strings.CutPrefix(out, c.before)
			if ok {
				body, ok = strings.CutSuffix(body, c.after)
			}
			if !ok || strings.Contains(body, "<") {
				t.Fatalf("as %s: %q becomes %q", name, m, out)
			}
			if linked.MatchString(html.UnescapeString(body)) {
				t.Fatalf("as %s: GitHub would link something in %q", name, body)
			}
			if got := words(visible(body)); got != want {
				t.Fatalf("as %s: %q shows as %q, want %q", name, m, got, want)
			}
		}
	})
}

func FuzzCode(f *testing.F) {
	for _, s := range hostile {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		want := safe.Line(s)
		for name, c := range map[string]struct{ source, before, after string }{
			"prose":        {"x " + md.Code(s) + " y", "<p>x <code>", "</code> y</p>\n"},
			"a table cell": {"| x |\n| --- |\n| x " + md.Code(s) + " y |", "<table>\n<thead>\n<tr>\n<th>x</th>\n</tr>\n</thead>\n<tbody>\n<tr>\n<td>x <code>", "</code> y</td>\n</tr>\n</tbody>\n</table>\n"},
		} {
			out := render(t, c.source)
			body, ok := strings.CutPrefix(out, c.before)
			if ok {
				body, ok = strings.CutSuffix(body, c.after)
			}
			if !ok || strings.Contains(body, "<") {
				t.Fatalf("in %s: %q becomes %q", name, c.source, out)
			}
			if got := visible(body); got != want {
				t.Fatalf("in %s: shows as %q, want %q", name, got, want)
			}
		}
	})
}

func FuzzFence(f *testing.F) {
	for _, s := range hostile {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		out := render(t, md.Details("t", md.Fence("yaml", s))+"\nafter\n")
		body, ok := strings.CutPrefix(out, "<details><summary>t</summary>\n<pre><code class=\"language-yaml\">")
		if ok {
			body, ok = strings.CutSuffix(body, "</code></pre>\n</details>\n<p>after</p>\n")
		}
		if !ok || strings.Contains(body, "<") {
			t.Fatalf("%q becomes %q", s, out)
		}
		if got, want := strings.TrimRight(html.UnescapeString(body), "\n"), safe.InertLines(strings.TrimRight(safe.Block(s), "\n")); got != want {
			t.Fatalf("shows as %q, want %q", got, want)
		}
	})
}

// FuzzTruncate cuts a text made of all kinds of blocks at any budget.
func FuzzTruncate(f *testing.F) {
	for i, s := range hostile {
		f.Add(s, i*7)
	}
	f.Fuzz(func(t *testing.T, s string, max int) {
		whole := md.Text(s) + "\n\n" + md.Fence("yaml", s) + "\n" + md.Details(md.Text(s), "- "+md.Code(s)+"\n\n"+md.Fence("", s)) + "\n" + md.Text(s) + " `end`\n"
		max %= md.Len(whole) + 10
		got := md.Truncate(whole, max)
		if max >= 0 && md.Len(got) > max {
			t.Fatalf("%d characters for a budget of %d", md.Len(got), max)
		}
		if !utf8.ValidString(got) {
			t.Fatal("a character is cut")
		}
		// What follows a cut text must stand on its own.
		out := render(t, got+"\n\nafter\n")
		if !strings.HasSuffix(out, "\n<p>after</p>\n") && out != "<p>after</p>\n" {
			t.Fatalf("a block is open at the end of %q", got)
		}
		if strings.Count(out, "<details>") != strings.Count(out, "</details>") {
			t.Fatalf("a details block is open: %q", got)
		}
	})
}
