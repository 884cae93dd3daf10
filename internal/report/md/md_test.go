package md_test

import (
	"strings"
	"testing"

	"github.com/org/probe-mtls-action/internal/report/md"
)

func TestText(t *testing.T) {
	for in, want := range map[string]string{
		"plain words, port 8080.":       "plain words, port 8080.",
		"my_name and _it_":              "my_name and &#95;it&#95;",
		"spec.containers[0].ports[1]":   "spec.containers[0].ports[1]",
		"[0](http://x)":                 "&#91;0&#93;(http:&#8203;//x)",
		"@octocat see #12 and GH-7":     "@&#8203;octocat see #&#8203;12 and GH-&#8203;7",
		"www.example.com":               "www&#8203;.example.com",
		"<img src=x onerror=1>":         "&lt;img src=x onerror=1&gt;",
		"a & b &amp; c":                 "a & b &amp;amp; c",
		"a|b`c`":                        "a&#124;b&#96;c&#96;",
		"# heading":                     "&#35; heading",
		"12. item":                      "12&#46; item",
		"- item":                        "&#45; item",
		"two\r\nlines":                  "two lines",
		"\x1b[31mred\u202e":             "&#92;x1b&#91;31mred&#92;u202e",
		"**bold** ~~gone~~ $x$ \\":      "&#42;&#42;bold&#42;&#42; &#126;&#126;gone&#126;&#126; &#36;x&#36; &#92;",
		"":                              "",
		"https://a.b/issues/1":          "https:&#8203;//a.b/issues/1",
		"===":                           "==&#61;",
		"---":                           "--&#45;",
		"== not underlined":             "== not underlined",
		"1.31":                          "1.31",
		"-x":                            "-x",
		"#":                             "&#35;",
		"déjà 日本":                       "déjà 日本",
		"</summary></details><script>x": "&lt;/summary&gt;&lt;/details&gt;&lt;script&gt;x",
	} {
		if got := md.Text(in); got != want {
			t.Errorf("Text(%q)\n got %s\nwant %s", in, got, want)
		}
	}
}

func TestCode(t *testing.T) {
	for in, want := range map[string]string{
		"a":       "`a`",
		"a`b":     "``a`b``",
		"`":       "`` ` ``",
		"``` x":   "```` ``` x ````",
		" a ":     "`  a  `",
		"a|b":     "<code>a&#124;b</code>",
		"":        "<code></code>",
		"a\nb":    `` + "`a\\nb`",
		"@you #1": "`@you #1`",
		"\u202ex": "`\\u202ex`",
	} {
		if got := md.Code(in); got != want {
			t.Errorf("Code(%q) = %s, want %s", in, got, want)
		}
	}
}

func TestFenceIsLongerThanItsContent(t *testing.T) {
	got := md.Fence("yaml", "a: |\r\n  ````\n  x\n")
	want := "`````yaml\na: |\n  ````\n  x\n`````\n"
	if got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestLink(t *testing.T) {
	for _, c := range []struct{ address, want string }{
		{"https://github.com/a/b", "[x](https://github.com/a/b)"},
		{"https://h/a_(b)", "[x](https://h/a_%28b%29)"},
		{"javascript:alert(1)", "x"},
		{"//host/a", "x"},
	} {
		if got := md.Link("x", c.address); got != c.want {
			t.Errorf("Link(%q) = %s, want %s", c.address, got, c.want)
		}
	}
}

func TestBlob(t *testing.T) {
	got := md.Blob("https://github.com/", "o/r", "abc", "a b/ü#?%.yaml", 3, 7)
	want := "https://github.com/o/r/blob/abc/a%20b/%C3%BC%23%3F%25.yaml#L3-L7"
	if got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := md.Blob("https://h/x", "o/r", "abc", "docs/A.md", 3, 3); got != "https://h/x/o/r/blob/abc/docs/A.md?plain=1#L3" {
		t.Errorf("got %s", got)
	}
}

func TestSome(t *testing.T) {
	all := []string{"a", "b", "c"}
	for max, want := range map[int]string{0: "a, b and c", 1: "a and 2 more", 2: "a, b and 1 more", 3: "a, b and c"} {
		if got := md.Some(all, max); got != want {
			t.Errorf("Some(%d) = %q, want %q", max, got, want)
		}
	}
}

func TestTruncateKeepsBlocksWhole(t *testing.T) {
	s := "Intro.\n\n" + md.Fence("yaml", strings.Repeat("a: b\n", 20)) + "\n" +
		md.Details("more", "text\n\n"+md.Fence("", strings.Repeat("x\n", 20))) + "\nEnd.\n"
	for max := 0; max <= md.Len(s)+1; max++ {
		got := md.Truncate(s, max)
		if md.Len(got) > max {
			t.Fatalf("max %d: got %d characters", max, md.Len(got))
		}
		if n := strings.Count(got, "```"); n%2 != 0 {
			t.Fatalf("max %d: a fence is open:\n%s", max, got)
		}
		if strings.Count(got, "<details>") != strings.Count(got, "</details>") {
			t.Fatalf("max %d: a details block is open:\n%s", max, got)
		}
		if got != "" && max < md.Len(s) && !strings.Contains(got, "more characters did not fit") {
			t.Fatalf("max %d: the cut is not told:\n%s", max, got)
		}
	}
}

func TestTruncateLongParagraph(t *testing.T) {
	got := md.Truncate(md.Text(strings.Repeat("wörd & @x ", 10000)), 1000)
	if n := md.Len(got); n > 1000 || n < 900 {
		t.Errorf("got %d characters", n)
	}
	if i := strings.LastIndex(got, "&"); strings.Contains(got[i:], "…") && !strings.Contains(got[i:], ";") && got[i+1] != ' ' {
		t.Errorf("an entity is cut: %q", got[i:])
	}
	if got := md.Truncate(strings.Repeat("日", 70000), 65000); md.Len(got) > 65000 || md.Len(got) < 64000 {
		t.Errorf("got %d characters", md.Len(got))
	}
	if got := md.TruncateBytes(strings.Repeat("日", 70000), 65000); len(got) > 65000 || len(got) < 64000 {
		t.Errorf("got %d bytes", len(got))
	}
}
