// Package wording turns what a mesh says of a probe or a policy into findings,
// so that all rules speak alike.
package wording

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/org/probe-mtls-action/internal/check"
	"github.com/org/probe-mtls-action/internal/mesh"
	"github.com/org/probe-mtls-action/internal/probe"
	"github.com/org/probe-mtls-action/render"
)

// Class is which sort of rule a judgement is for. The classes are exclusive and
// cover every verdict but ok, so that each probe has exactly one finding.
type Class int

// The classes.
const (
	Fine         Class = iota
	Blocked            // mTLS stands in the way: PMTLS001 to 004
	FalseHealthy       // PMTLS005
	PortMissing        // PMTLS006
	Order              // PMTLS011
	Rewrite            // PMTLS012
	NeverRun           // PMTLS010
)

// ClassOf returns the class of a judgement. An unknown or ambiguous verdict is of
// the class of its cause: it says what may happen.
func ClassOf(j mesh.Judgement) Class {
	switch {
	case j.Verdict == mesh.OK:
		return Fine
	case j.Cause == mesh.CauseOrder:
		return Order
	case j.Cause == mesh.CauseNeverRun:
		return NeverRun
	case j.Cause == mesh.CausePortNotFound:
		return PortMissing
	case j.Cause == mesh.CauseRewrite:
		return Rewrite
	case j.Verdict == mesh.FalseHealthy, j.Cause == mesh.CauseSidecar:
		return FalseHealthy
	}
	return Blocked
}

// Report reports one finding for each judgement of a class, of the given kinds
// of probe (all where none is given). The function writes its summary, without
// the workload's name, and the sentences that open its message.
func Report(p *check.Pass, class Class, write func(mesh.Judgement) (summary, opening string), kinds ...probe.Kind) {
	for _, j := range p.Judgements {
		if ClassOf(j) == class && oneOf(kinds, j.Probe.Kind) {
			summary, opening := write(j)
			p.Report(finding(p.Rule, j, summary, opening))
		}
	}
}

// ReportAs reports one finding for each judgement of a class. In its summary the
// probe's noun is followed by does, in the sentence that opens its message by
// which.
func ReportAs(p *check.Pass, class Class, does, which string) {
	Report(p, class, func(j mesh.Judgement) (summary, opening string) {
		noun := j.Probe.Kind.Noun()
		return noun + " " + does, "The " + Workload(j.Probe.Workload) + " uses " + noun + " " + which + "."
	})
}

// uncertain reports whether the manifests in view do not decide.
func uncertain(j mesh.Judgement) bool {
	return j.Verdict == mesh.Unknown || j.Verdict == mesh.Ambiguous
}

func oneOf(kinds []probe.Kind, kind probe.Kind) bool {
	for _, k := range kinds {
		if k == kind {
			return true
		}
	}
	return len(kinds) == 0
}

func finding(rule *check.Rule, j mesh.Judgement, summary, opening string) check.Finding {
	severity := rule.Severity
	if uncertain(j) && severity == check.Error {
		severity = check.Warning // nobody's build fails for what is not in view
	}
	at := j.Probe.PortField
	switch {
	case j.Cause == mesh.CauseNeverRun: // its port does not matter
		at = j.Probe.Field.Key(string(j.Probe.Handler))
	case at.IsZero():
		at = j.Probe.Field
	}
	parts := []string{opening, probed(j.Probe), sentence(j.Reason), Advice(j.Remedies)}
	if j.Verdict == mesh.Unknown {
		parts = append(parts, "The manifests in view do not decide this.")
	}
	return check.Finding{
		Severity: severity,
		Verdict:  j.Verdict,
		Subject:  check.SubjectOf(j.Probe),
		At:       at,
		Summary:  summary + " - " + j.Probe.Workload.Name,
		Message:  join(parts),
		Steps:    j.Chain,
		Assumed:  j.Assumed,
		Remedies: j.Remedies,
	}
}

// Workload returns "Deployment web in namespace shop".
func Workload(o *render.Object) string {
	return fmt.Sprintf("%s %s in namespace %s", o.Kind, o.Name, o.NamespaceOrDefault())
}

// Port returns "port 8080" or `port "http"`.
func Port(p probe.Port) string {
	if p.Name != "" {
		return fmt.Sprintf("port %q", p.Name)
	}
	return fmt.Sprintf("port %d", p.Number)
}

// probed says who is asked how and where.
func probed(p *probe.Probe) string {
	verb := "is probed by"
	if p.Kind == probe.PostStart || p.Kind == probe.PreStop {
		verb = "is called by"
	}
	container := "Container "
	if p.Init {
		container = "Init container "
	}
	return container + p.Container + " " + verb + " " + Asked(p) + "."
}

// Asked says how and where the kubelet asks: "httpGet (HTTPS) on port 8443".
func Asked(p *probe.Probe) string {
	how := string(p.Handler)
	switch {
	case p.Handler == probe.Exec || p.Handler == probe.Sleep:
		return how
	case p.Handler == probe.HTTPGet && p.Scheme == "HTTPS":
		how += " (HTTPS)"
	}
	return how + " on " + Port(p.Port)
}

// Advice is the sentence that names the best remedy, "" where there is none.
func Advice(remedies []mesh.Remedy) string {
	if len(remedies) == 0 {
		return ""
	}
	return "Advice: " + recase(sentence(remedies[0].Title), unicode.ToLower)
}

// sentence gives text its capital and its full stop.
func sentence(text string) string {
	text = recase(strings.TrimSpace(text), unicode.ToUpper)
	if text == "" || strings.ContainsAny(text[len(text)-1:], ".!?") {
		return text
	}
	return text + "."
}

// recase changes the first letter of text, unless its first word is a name
// such as PeerAuthentication or portLevelMtls.
func recase(text string, change func(rune) rune) string {
	word, _, _ := strings.Cut(text, " ")
	for i, r := range word {
		if i > 0 && unicode.IsUpper(r) {
			return text
		}
	}
	first, size := utf8.DecodeRuneInString(text)
	if size == 0 {
		return text
	}
	return string(change(first)) + text[size:]
}

func join(parts []string) string {
	kept := parts[:0:0]
	for _, p := range parts {
		if p != "" {
			kept = append(kept, p)
		}
	}
	return strings.Join(kept, " ")
}
