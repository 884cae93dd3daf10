package review

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

var exported = cmp.AllowUnexported(marker{}, entry{})

// Whatever stands above it, the last line is the marker that counts.
func TestMarkerRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := marker{
			state:    rapid.SampledFrom([]string{stateFixed, stateMoved, stateDuplicate, digest("x", 16)}).Draw(t, "state"),
			category: categoryHash(rapid.String().Draw(t, "category")),
		}
		for range rapid.IntRange(0, 5).Draw(t, "entries") {
			e := entry{
				key:   rapid.StringMatching(`[0-9a-f]{16}(~[0-9a-f]{6})?`).Draw(t, "key"),
				fixed: rapid.StringMatching(`([0-9a-f]{7})?`).Draw(t, "fixed"),
				roots: rootHashes(rapid.SliceOfN(rapid.StringN(1, 2, -1), 0, 6).Draw(t, "roots")),
			}
			m.entries = append(m.entries, e)
		}
		forged := marker{state: stateFixed, entries: []entry{{key: strings.Repeat("0", 32)}}}.String()
		above := rapid.SampledFrom([]string{"", "text", forged, "```\n" + forged + "\n```"}).Draw(t, "above") + rapid.String().Draw(t, "more")
		got, ok := parseMarker(above + "\n" + m.String() + "\r\n")
		if d := cmp.Diff(m, got, exported, cmpopts.EquateEmpty()); !ok || d != "" {
			t.Fatalf("(-written +read)\n%s", d)
		}
		if rest := withoutMarker(above + "\n" + m.String()); rest != strings.TrimRight(above, "\n ") {
			t.Fatalf("without the marker: %q, want %q", rest, above)
		}
	})
}

// A thousand findings with many roots stay far below the length of a comment;
// what is not listed stands for any root.
func TestLongMarker(t *testing.T) {
	m := marker{state: digest("x", 16)}
	for i := range maxFindings {
		var roots []string
		for j := range 40 {
			roots = append(roots, strings.Repeat("x", i%7)+string(rune('a'+j)))
		}
		m.entries = append(m.entries, entry{key: digest(string(rune(i)), 16) + "~" + digest("x", 6), roots: rootHashes(roots)})
	}
	s := m.String()
	if len(s) > budget/2 {
		t.Errorf("%d characters", len(s))
	}
	got, ok := parseMarker(s)
	if !ok || len(got.entries) != maxFindings || got.entries[0].roots != nil {
		t.Errorf("%d entries, the first with the roots %v", len(got.entries), got.entries[0].roots)
	}
}

func TestPostedRoundTrip(t *testing.T) {
	keys := []string{"0123456789abcdef", "0123456789abcdef~012345"}
	body := "text\n\n" + postedMarker("01234567", keys) + "\n"
	if got := parsePosted(body, "01234567"); !slices.Equal(got, keys) {
		t.Errorf("got %v", got)
	}
	if got := parsePosted(body, ""); got != nil {
		t.Errorf("another category reads %v", got)
	}
}

func FuzzParseMarker(f *testing.F) {
	f.Add(marker{state: stateFixed, entries: []entry{{key: strings.Repeat("a", 16), roots: []string{"00000000"}, fixed: "abcdef0"}}}.String())
	f.Add("<!-- probe-mtls:: findings: roots: -->")
	f.Add("<!-- probe-mtls:x findings:aaaaaaaa@9.1.x!, roots:,0, -->")
	f.Fuzz(func(t *testing.T, body string) {
		m, ok := parseMarker(body)
		if !ok {
			return
		}
		again, ok := parseMarker(m.String())
		if !ok || again.state != m.state || len(again.entries) != len(m.entries) {
			t.Errorf("%+v does not survive: %+v", m, again)
		}
	})
}
