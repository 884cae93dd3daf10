package report

import (
	"strings"

	"github.com/org/probe-mtls-action/internal/check"
	"github.com/org/probe-mtls-action/internal/mesh"
	"github.com/org/probe-mtls-action/internal/probe"
)

// Homepage is where the product and the pages of its rules are.
const Homepage = "https://github.com/org/probe-mtls-action"

// RulePage returns the address of a rule's page.
func RulePage(id string) string { return Homepage + "/blob/main/docs/rules/" + id + ".md" }

// Target is what a finding on a probe or a caller speaks of.
type Target struct {
	Workload string // Deployment shop/web
	// Container and Field are "" for findings on policies and callers.
	Container string
	Field     probe.Kind
	// Caller is the name of the caller that the object declares, "" for other
	// findings and where an object declares one only.
	Caller string
}

// calls is how the rules speak of clients that call pods without an identity of
// the mesh: what the client wants, and what becomes of many.
var calls = map[string]struct{ one, many, suffers string }{
	"PMTLS013": {"webhook", "webhooks", "what they cover is refused"},
	"PMTLS014": {"aggregated API", "aggregated APIs", "discovery of their API groups fails"},
	"PMTLS015": {"scrape", "scrapes", "their metrics are missing"},
	"PMTLS016": {"client", "clients outside the mesh", "their requests fail"},
}

// Call reports whether the finding is on a client that calls pods without an
// identity of the mesh, rather than on a probe or a policy.
func (it *Item) Call() bool { return IsCall(it.RuleID) }

// IsCall reports whether a rule is on such clients.
func IsCall(rule string) bool {
	_, ok := calls[rule]
	return ok
}

// Target reads the subject. Only a container's name may hold a slash, in an
// object that no API server takes.
func (it *Item) Target() Target {
	parts := strings.SplitN(it.Subject, "/", 4)
	if len(parts) < 3 {
		return Target{Workload: it.Subject}
	}
	t := Target{Workload: parts[1] + " " + strings.TrimPrefix(parts[0]+"/"+parts[2], "/")}
	switch {
	case len(parts) < 4:
	case it.Call():
		t.Caller = parts[3]
	default:
		if i := strings.LastIndex(parts[3], "/"); i >= 0 {
			t.Container, t.Field = parts[3][:i], probe.Kind(parts[3][i+1:])
		}
	}
	return t
}

// Noun is what users call the probe: liveness probe, preStop handler; of a
// caller it is the name, and "" for findings on policies.
func (t Target) Noun() string {
	if t.Field == "" {
		return t.Caller
	}
	return t.Field.Noun()
}

// Plain tells whether the consequence is a clause about a probe or a caller,
// which can follow "after the merge".
func (it *Item) Plain() bool {
	return it.Consequence() != it.Summary || it.Call() && it.Hidden == NotHidden
}

// Value is the text at the item's own place: a port, mostly; "" if the place
// has none.
func (it *Item) Value() string {
	line := []rune(it.At.Line)
	from, to := it.At.Start.Column-1, it.At.End.Column-1
	if it.At.End.Line != it.At.Start.Line || from < 0 || to <= from || to > len(line) {
		return ""
	}
	return strings.Trim(string(line[from:to]), `"' `)
}

// Decider is the place that decides, and what it says; nil where none in the
// sources does. Related places come in the order in which a mesh decides, and
// its policy comes last.
func (it *Item) Decider() *Location {
	if n := len(it.Related); n > 0 {
		return &it.Related[n-1]
	}
	return nil
}

// Because says what decides, without its place; "" where nothing says.
func (it *Item) Because() string {
	if d := it.Decider(); d != nil && d.Message != "" {
		return d.Message
	}
	if n := len(it.Steps); n > 0 {
		return it.Steps[n-1].Text()
	}
	return ""
}

// CauseKey is equal for findings that have the same cause: the same decider and
// the same way to suffer from it.
func (it *Item) CauseKey() string {
	class := it.RuleID
	switch class {
	case "PMTLS001", "PMTLS002", "PMTLS003", "PMTLS004":
		class = "blocked" // one rule for each kind of probe
	}
	by := it.Because()
	if d := it.Decider(); d != nil {
		by = d.Span.String()
	}
	if it.Verdict == mesh.Unknown {
		class += " unknown"
	}
	return class + string(it.Hidden) + "\x00" + by
}

// sufferers is what becomes of many, by the probe's field.
var sufferers = map[probe.Kind]string{
	probe.Liveness:  "containers restart forever",
	probe.Readiness: "pods get no traffic",
	probe.Startup:   "containers restart forever",
	probe.PostStart: "containers are killed and restart forever",
	probe.PreStop:   "containers are stopped without their preStop call",
}

// Sufferers is what becomes of workloads with a finding like it: "containers
// restart forever"; "" where nothing can be said.
func Sufferers(it *Item) string {
	if c, ok := calls[it.RuleID]; ok {
		if it.RuleID == "PMTLS013" && it.Severity != check.Error {
			return "they are skipped without a word"
		}
		return c.suffers
	}
	return sufferers[it.Target().Field]
}

// Fate is what becomes of the probes of several findings, as a verb; effects
// tells whether their workloads suffer from it.
func Fate(items []*Item) (verb string, effects bool) {
	fails, may := "fail", false
	for _, it := range items {
		switch it.Verdict {
		case mesh.FalseHealthy:
			return "pass even when the application is dead", false
		case mesh.Ambiguous, mesh.Unknown:
			may = true
		}
	}
	switch {
	case items[0].Call() && may:
		fails = "may not be let in"
	case items[0].Call():
		fails = "are not let in"
	case may:
		fails = "may fail"
	}
	return fails, true
}

// Nouns is what findings on probes are about: probes, handlers or both.
func Nouns(items []*Item) string {
	if c, ok := calls[items[0].RuleID]; ok {
		return c.many
	}
	probes, handlers := false, false
	for _, it := range items {
		switch it.Target().Field {
		case probe.PostStart, probe.PreStop:
			handlers = true
		default:
			probes = true
		}
	}
	switch {
	case probes && handlers:
		return "probes and handlers"
	case handlers:
		return "handlers"
	}
	return "probes"
}

// Group gathers items of equal keys, in the order of the first of each; those
// with an empty key stand alone.
func Group(items []*Item, key func(*Item) string) [][]*Item {
	index := map[string]int{}
	var out [][]*Item
	for _, it := range items {
		k := key(it)
		i, ok := index[k]
		if !ok || k == "" {
			index[k] = len(out)
			out = append(out, []*Item{it})
			continue
		}
		out[i] = append(out[i], it)
	}
	return out
}

// ByCause gathers findings that share a cause; suppressed ones stand alone.
func ByCause(items []*Item) [][]*Item {
	return Group(items, func(it *Item) string {
		if it.Suppressed != nil {
			return ""
		}
		return it.CauseKey() + "\x00" + string(it.State)
	})
}
