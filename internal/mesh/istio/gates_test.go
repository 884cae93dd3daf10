package istio

import "testing"

// Every feature has a row, with a name and a source, that some release has.
func TestGatesAreComplete(t *testing.T) {
	for f := feature(0); f < featureCount; f++ {
		g := gates[f]
		if g.name == "" || g.source == "" {
			t.Errorf("feature %d has no name or source: %+v", f, g)
		}
		if g.until != (version{}) && !g.since.before(g.until) {
			t.Errorf("%s: no release has it", g.name)
		}
		if newest.before(g.since) {
			t.Errorf("%s: newer than the newest release", g.name)
		}
		if g.since != oldest && g.since.has(f) == (version{major: 0, minor: 1}).has(f) {
			t.Errorf("%s: its bound changes nothing", g.name)
		}
	}
}

func TestBoundsAreHalfOpen(t *testing.T) {
	for f := feature(0); f < featureCount; f++ {
		g := gates[f]
		if !g.since.has(f) {
			t.Errorf("%s: %s does not have it", g.name, g.since)
		}
		if g.until != (version{}) && g.until.has(f) {
			t.Errorf("%s: %s still has it", g.name, g.until)
		}
	}
}
