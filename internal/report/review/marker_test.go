package review

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// Whatever stands above it, the last line is the marker that counts.
func TestMarkerRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := marker{
			key:      rapid.StringMatching(`[0-9a-f]{32}(~[0-9a-f]{6})?`).Draw(t, "key"),
			state:    rapid.SampledFrom([]string{stateFixed, stateDuplicate, digest("x", 16)}).Draw(t, "state"),
			category: categoryHash(rapid.String().Draw(t, "category")),
			roots:    rootHashes(rapid.SliceOfN(rapid.String(), 0, 70).Draw(t, "roots")),
		}
		forged := marker{key: strings.Repeat("0", 32), state: stateFixed}.String()
		above := rapid.SampledFrom([]string{"", "text", forged, "```\n" + forged + "\n```"}).Draw(t, "above") + rapid.String().Draw(t, "more")
		if len(m.String()) > maxMarker {
			t.Fatalf("%d characters", len(m.String()))
		}
		got, ok := parseMarker(above + "\n" + m.String() + "\r\n")
		if !ok || got.key != m.key || got.state != m.state || got.category != m.category || !slices.Equal(got.roots, m.roots) && len(got.roots)+len(m.roots) > 0 {
			t.Fatalf("got %+v, want %+v", got, m)
		}
		if rest := withoutMarker(above + "\n" + m.String()); rest != strings.TrimRight(above, "\n ") {
			t.Fatalf("without the marker: %q, want %q", rest, above)
		}
	})
}

func FuzzParseMarker(f *testing.F) {
	f.Add(marker{key: strings.Repeat("a", 32), state: stateFixed, roots: []string{"00000000"}}.String())
	f.Add("<!-- probe-mtls::: roots: -->")
	f.Fuzz(func(t *testing.T, body string) {
		m, ok := parseMarker(body)
		if !ok {
			return
		}
		if again, ok := parseMarker(m.String()); !ok || again.key != m.key || again.state != m.state {
			t.Errorf("%+v does not survive: %+v", m, again)
		}
	})
}
