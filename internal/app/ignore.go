package app

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"

	"github.com/org/probe-mtls-action/internal/fix"
	"github.com/org/probe-mtls-action/internal/pipeline"
	"github.com/org/probe-mtls-action/internal/report"
	"github.com/org/probe-mtls-action/internal/report/safe"
	"github.com/org/probe-mtls-action/internal/settings"
)

// maxReason bounds the reason of a suppression, in characters.
const maxReason = 200

// checkIgnore refuses what cannot stand in a comment.
func checkIgnore(s *settings.Values) error {
	s.AddIgnore = strings.TrimSpace(s.AddIgnore)
	switch {
	case s.AddIgnore == "":
		return usagef("--add-ignore needs a reason: a suppression without one has no effect")
	case len([]rune(s.AddIgnore)) > maxReason || strings.ContainsFunc(s.AddIgnore, func(r rune) bool { return !unicode.IsPrint(r) }):
		return usagef("--add-ignore takes one line of at most %d printable characters", maxReason)
	case s.Fix != "" || s.WriteBaseline != "":
		return usagef("--add-ignore accepts findings where they are: give it without --fix and --write-baseline")
	}
	return nil
}

// runIgnore writes suppression comments on the findings' lines and reports what is
// left. Each was tried in memory: it suppresses its finding and brings no other.
func runIgnore(ctx context.Context, env *Env, s *settings.Values, repo *repository, rep *report.Report) error {
	if repo.fixes == nil {
		return usagef("--add-ignore changes files, but the manifests come from the standard input: name the files or directories")
	}
	policy := policy(s, repo.config)
	items := rep.Shown(policy.OnlyNew)
	choice, left := repo.fixes.Ignore(items, s.AddIgnore)
	choice, err := repo.obeyed(ctx, s, choice, items, left)
	if err != nil {
		return err
	}
	made, refused := repo.fixes.Write(repo.git.Root(), choice)
	after, err := recheck(ctx, env, s)
	if err != nil {
		return err
	}
	if err := write(env, repo, s, after, policy); err != nil {
		return err
	}
	out := tale(env, s)
	fmt.Fprintf(out, "\nAccepted by %s: %s\n", plural(len(made.Plans), "comment"), safe.Line(s.AddIgnore))
	for _, p := range made.Plans {
		file, line, ids := p.Accepts()
		fmt.Fprintf(out, "  %s:%d: %s\n", safe.Line(file), line, strings.Join(ids, ", "))
	}
	for _, r := range refused {
		fmt.Fprintf(out, "  not written: %s: %s\n", safe.Line(r.File), safe.Line(r.Err.Error()))
	}
	for _, it := range items {
		if why := left[it]; why != "" {
			fmt.Fprintf(out, "  left: %s: %s: %s\n", safe.Line(it.At.Span.String()), it.RuleID, why)
		}
	}
	return conclude(after, policy)
}

// obeyed returns the comments that do what they are for, and notes of the others
// why they are left out.
func (r *repository) obeyed(ctx context.Context, s *settings.Values, choice *fix.Choice, items []*report.Item, left map[*report.Item]string) (*fix.Choice, error) {
	if len(choice.Plans) == 0 {
		return choice, nil
	}
	touched := r.touched(choice)
	before, err := r.judgeIn(ctx, s, r.tree, touched)
	if err != nil {
		return nil, err
	}
	after, err := r.judgeIn(ctx, s, r.fixes.Draft(choice), touched)
	if err != nil {
		return nil, err
	}
	loud := loudIn(after)
	idle := func(p *fix.Plan) bool {
		file, line, ids := p.Accepts()
		return slices.ContainsFunc(items, func(it *report.Item) bool {
			return it.At.File == file && it.At.Start.Line == line && slices.Contains(ids, it.RuleID) &&
				slices.ContainsFunc(it.Occurrences, func(o report.Occurrence) bool { return loud[[4]string{it.RuleID, o.Root, o.Subject, file}] })
		})
	}
	if worseThan(after.Items, before.Items) || len(after.Skipped) > len(before.Skipped) {
		idle = func(*fix.Plan) bool { return true }
	}
	for _, p := range choice.Plans {
		if !idle(p) {
			continue
		}
		file, line, _ := p.Accepts()
		for _, it := range items {
			if it.At.File == file && it.At.Start.Line == line {
				left[it] = "a comment on its line is not read there: use the annotation on the object"
			}
		}
	}
	return r.fixes.Drop(choice, idle), nil
}

// loudIn has the occurrences of findings that nothing suppresses, with their file.
func loudIn(res *pipeline.Result) map[[4]string]bool {
	all := map[[4]string]bool{}
	for _, it := range res.Items {
		for _, o := range it.Occurrences {
			if it.Suppressed == nil {
				all[[4]string{it.RuleID, o.Root, o.Subject, it.At.File}] = true
			}
		}
	}
	return all
}

// tale is where a run that changes files tells of it: after the report, or beside
// a report that programs read.
func tale(env *Env, s *settings.Values) io.Writer {
	if s.Format == "text" && (s.Output == "" || s.Output == "-") && !s.Quiet {
		return env.Stdout
	}
	return env.Stderr
}
