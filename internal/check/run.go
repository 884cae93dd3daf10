package check

import (
	"slices"

	"github.com/org/probe-mtls-action/internal/caller"
	"github.com/org/probe-mtls-action/internal/mesh"
	"github.com/org/probe-mtls-action/internal/parallel"
	"github.com/org/probe-mtls-action/render"
)

// Run judges every probe of the model once, runs the rules over the verdicts
// and returns what they report, ordered by subject, rule and field. Findings
// that an annotation of their object asks to ignore are marked as suppressed.
// Run does no I/O; objects are those the model was built from.
func Run(rules []*Rule, objects []*render.Object, model mesh.Model) []Finding {
	findings, _ := Judge(rules, objects, model)
	return findings
}

// Judge is [Run] that also returns the verdicts on callers, fine ones too.
func Judge(rules []*Rule, objects []*render.Object, model mesh.Model) ([]Finding, []caller.Judgement) {
	probes := model.Probes()
	judgements := make([]mesh.Judgement, len(probes))
	parallel.For(len(probes), func(i int) { judgements[i] = model.Judge(probes[i]) })

	calls := judgeCalls(objects, model)

	var findings []Finding
	for _, rule := range rules {
		rule.Run(&Pass{
			Rule:       rule,
			Objects:    objects,
			Model:      model,
			Judgements: judgements,
			Calls:      calls,
			Report: func(f Finding) {
				f.Rule = rule
				if f.Severity == "" {
					f.Severity = rule.Severity
				}
				if f.Verdict == "" {
					f.Verdict = rule.Verdict
				}
				findings = append(findings, f)
			},
		})
	}
	suppress(findings)
	sortFindings(findings)
	return findings, calls
}

// judgeCalls judges every caller in view that has no identity of the mesh.
func judgeCalls(objects []*render.Object, model mesh.Model) []caller.Judgement {
	found := caller.Find(objects, model)
	calls := make([]caller.Judgement, len(found))
	parallel.For(len(found), func(i int) { calls[i] = caller.Judgement{Caller: found[i], Judgement: found[i].Judge()} })
	return calls
}

// sortFindings orders findings so that neither the order of documents nor that
// of rules shows.
func sortFindings(findings []Finding) {
	type keyed struct {
		key     []string
		finding Finding
	}
	all := make([]keyed, len(findings))
	for i, f := range findings {
		root := ""
		if f.At.Object != nil {
			root = f.At.Object.Root.Dir
		}
		all[i] = keyed{
			key:     []string{f.Subject.String(), f.Subject.Ref.Group, root, f.Rule.ID, f.At.Path.String(), f.Message},
			finding: f,
		}
	}
	slices.SortStableFunc(all, func(a, b keyed) int { return slices.Compare(a.key, b.key) })
	for i := range all {
		findings[i] = all[i].finding
	}
}
