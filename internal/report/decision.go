package report

import (
	"cmp"
	"slices"
	"strings"

	"github.com/org/probe-mtls-action/internal/mesh"
)

// Decision is the whole judgement of one probe, of a passing one too.
type Decision struct {
	// Subject is <namespace>/<Kind>/<name>/<container>/<field>.
	Subject string
	// Roots are the directories of the roots that decide alike, sorted.
	Roots   []string
	Probe   string // "httpGet on port 8080"
	At      Location
	Verdict mesh.Verdict
	Reason  string // one sentence that names the deciding object; "" for a passing probe
	Steps   []Step
	Assumed []string
}

// MergeDecisions makes one decision of those that several roots take alike, and
// sorts by subject, place and root.
func MergeDecisions(all []Decision) []Decision {
	slices.SortStableFunc(all, func(a, b Decision) int {
		return cmp.Or(cmp.Compare(a.Subject, b.Subject), cmp.Compare(a.At.String(), b.At.String()), slices.Compare(a.Roots, b.Roots))
	})
	var out []Decision
	for _, d := range all {
		same := slices.IndexFunc(out, func(o Decision) bool { return o.key() == d.key() })
		if same < 0 {
			out = append(out, d)
			continue
		}
		out[same].Roots = append(out[same].Roots, d.Roots...)
	}
	for i := range out {
		slices.Sort(out[i].Roots)
		out[i].Roots = slices.Compact(out[i].Roots)
	}
	return out
}

// key is equal for decisions that differ in their roots alone.
func (d Decision) key() string {
	parts := append([]string{d.Subject, d.Probe, string(d.Verdict), d.Reason, d.At.String()}, d.Assumed...)
	for _, s := range d.Steps {
		parts = append(parts, s.At.Message, s.At.String())
	}
	return strings.Join(parts, "\x00")
}
