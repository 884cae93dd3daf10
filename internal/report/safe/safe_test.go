package safe_test

import (
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/org/probe-mtls-action/internal/report/safe"
)

func TestLine(t *testing.T) {
	for in, want := range map[string]string{
		"plain, with spaces":       "plain, with spaces",
		"日本語 é e\u0301 😀":          "日本語 é e\u0301 😀",
		"a\tb\r\nc":                `a\tb\r\nc`,
		"\x1b[31mred\x1b]8;;x\x07": `\x1b[31mred\x1b]8;;x\x07`,
		"\u202etxt\u2066":          `\u202etxt\u2066`,
		"a\u200bb\ufeff":           `a\u200bb\ufeff`,
		"\u3164":                   `\u3164`,
		"\U000e0041":               `\U000e0041`,
		"\xffx":                    `\xffx`,
		"\u2028":                   `\u2028`,
		`\n`:                       `\n`,
	} {
		if got := safe.Line(in); got != want {
			t.Errorf("Line(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestBlockKeepsLines(t *testing.T) {
	if got, want := safe.Block("a:\r\n\tb\x00\rc\n"), "a:\n\tb\\x00\\rc\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func FuzzLine(f *testing.F) {
	f.Add("a\x1b\u202e\xff")
	f.Fuzz(func(t *testing.T, s string) {
		got := safe.Line(s)
		if !utf8.ValidString(got) {
			t.Fatalf("no UTF-8: %q", got)
		}
		for _, r := range got {
			if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Zl, r) || unicode.Is(unicode.Zp, r) {
				t.Fatalf("%U is left in %q", r, got)
			}
		}
		if again := safe.Line(got); again != got {
			t.Fatalf("%q becomes %q", got, again)
		}
	})
}
