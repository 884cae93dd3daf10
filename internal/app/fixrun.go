package app

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/org/probe-mtls-action/internal/fix"
	"github.com/org/probe-mtls-action/internal/pipeline"
	"github.com/org/probe-mtls-action/internal/report"
	"github.com/org/probe-mtls-action/internal/report/safe"
	"github.com/org/probe-mtls-action/internal/settings"
	"github.com/org/probe-mtls-action/render"
)

// runFix makes or shows the fixes of what was found, and reports what is left.
func runFix(ctx context.Context, env *Env, s *settings.Values, repo *repository, rep *report.Report) error {
	if repo.fixes == nil {
		return usagef("--fix changes files, but the manifests come from the standard input: name the files or directories")
	}
	policy := policy(s, repo.config)
	var items []*report.Item
	for i := range rep.Items {
		if it := &rep.Items[i]; it.Suppressed == nil && !(policy.OnlyNew && it.State == report.Existing) {
			items = append(items, it)
		}
	}
	choice, err := repo.choose(ctx, s, items)
	if err != nil {
		return err
	}
	if s.Fix == "show" {
		diff := choice.Diff()
		if env.Getenv("GITHUB_ACTIONS") == "true" {
			diff = safe.InertLines(diff) // a runner would obey what the lines of files say
		}
		if _, err := io.WriteString(env.Stdout, diff); err != nil {
			return notChecked(fmt.Errorf("the diff could not be written: %w", reason(err)))
		}
		told := &fixTale{choice: choice, items: items, mode: s.Fix}
		told.write(env.Stderr, nil)
		return conclude(rep, policy)
	}
	made, refused := repo.fixes.Write(repo.git.Root(), choice)
	after, err := recheck(ctx, env, s)
	if err != nil {
		return err
	}
	if err := write(env, repo, s, after, policy); err != nil {
		return err
	}
	told := &fixTale{choice: made, refused: refused, items: items, mode: s.Fix}
	told.write(tale(env, s), after)
	return conclude(after, policy)
}

// recheck checks the work tree as it is now.
func recheck(ctx context.Context, env *Env, s *settings.Values) (*report.Report, error) {
	again := *s
	again.Fix, again.AddIgnore = "", ""
	repo, sc, err := openSince(ctx, env, &again)
	if err != nil {
		return nil, err
	}
	defer repo.close()
	return examine(ctx, env, repo, &again, sc)
}

// choose chooses the fixes to make and proves them together: in a draft of the
// whole tree no finding comes that was not there. What does not hold together is
// left out, the last fix first.
func (r *repository) choose(ctx context.Context, s *settings.Values, items []*report.Item) (*fix.Choice, error) {
	choice := r.fixes.Choose(items, s.Fix == "unsafe")
	if len(choice.Plans) < 2 {
		return choice, nil
	}
	touched := r.touched(choice)
	before, err := r.judgeIn(ctx, s, r.tree, touched)
	if err != nil {
		return nil, err
	}
	for len(choice.Plans) > 1 {
		after, err := r.judgeIn(ctx, s, r.fixes.Draft(choice), touched)
		if err != nil {
			return nil, err
		}
		if len(after.Skipped) <= len(before.Skipped) && !worseThan(after.Items, before.Items) {
			break
		}
		choice = r.fixes.First(choice, len(choice.Plans)/2)
	}
	return choice, nil
}

// touched are the roots that read a file which the choice changes.
func (r *repository) touched(choice *fix.Choice) names {
	touched := make(names)
	for file := range choice.After {
		for _, root := range r.fixes.Sharing(file) {
			touched[root] = true
		}
	}
	return touched
}

// judgeIn judges the roots of a tree that has the roots of the repository.
func (r *repository) judgeIn(ctx context.Context, s *settings.Values, tree render.Tree, dirs names) (*pipeline.Result, error) {
	d, err := r.deployments(ctx, s)
	if err != nil {
		return nil, err
	}
	var roots []render.Root
	for _, root := range d.all() {
		if dirs[root.Dir] {
			roots = append(roots, root)
		}
	}
	groups, err := r.group(ctx, r.view(tree, d), roots, s)
	if err != nil {
		return nil, err
	}
	res, err := whole(engine(r.env, tree, d.renderer.On(tree), s).Run(ctx, groups))
	if err != nil {
		return nil, runError(ctx, err)
	}
	return res, nil
}

// worseThan reports whether after has an occurrence of a finding that before
// does not have.
func worseThan(after, before []report.Item) bool {
	had := map[[3]string]bool{}
	for _, it := range before {
		for _, o := range it.Occurrences {
			had[[3]string{it.RuleID, o.Root, o.Subject}] = true
		}
	}
	return slices.ContainsFunc(after, func(it report.Item) bool {
		return slices.ContainsFunc(it.Occurrences, func(o report.Occurrence) bool { return !had[[3]string{it.RuleID, o.Root, o.Subject}] })
	})
}

// fixTale tells what --fix did.
type fixTale struct {
	choice  *fix.Choice
	refused []fix.Refusal
	items   []*report.Item
	mode    string
}

// write tells what was fixed, and of what is left why. after is nil where nothing
// was written.
func (t *fixTale) write(w io.Writer, after *report.Report) {
	did := "Fixed"
	if after == nil {
		did = "Would fix"
	}
	if len(t.choice.Plans) == 0 {
		fmt.Fprintln(w, "\nNothing was changed.")
	} else {
		fmt.Fprintf(w, "\n%s by %s:\n", did, plural(len(t.choice.Plans), "change"))
	}
	for _, p := range t.choice.Plans {
		fmt.Fprintf(w, "  %s: %s\n", safe.Line(strings.Join(p.Files(), ", ")), safe.Line(p.Title))
		if p.Cost != "" {
			fmt.Fprintf(w, "    costs: %s\n", safe.Line(p.Cost))
		}
	}
	for _, file := range slices.Sorted(maps.Keys(t.choice.After)) {
		if fix.Generated(t.choice.Before[file]) {
			fmt.Fprintf(w, "  warning: %s says that it is generated: change what generates it, too\n", safe.Line(file))
		}
	}
	for _, r := range t.refused {
		fmt.Fprintf(w, "  not written: %s: %s\n", safe.Line(r.File), safe.Line(r.Err.Error()))
	}
	left := t.left(after)
	if len(left) == 0 {
		return
	}
	fmt.Fprintln(w, "Left:")
	for _, line := range left {
		fmt.Fprintln(w, "  "+safe.Line(line))
	}
}

// left says of each finding that is not fixed why.
func (t *fixTale) left(after *report.Report) []string {
	gone := map[string]bool{}
	for _, p := range t.choice.Plans {
		gone[p.Key] = true
	}
	items := t.items
	if after != nil {
		items = nil
		for i := range after.Items {
			if after.Items[i].Suppressed == nil {
				items = append(items, &after.Items[i])
			}
		}
	}
	var out []string
	for _, it := range items {
		if after == nil && slices.ContainsFunc(it.Fixes, func(f report.Fix) bool { return gone[f.Key] }) {
			continue
		}
		out = append(out, fmt.Sprintf("%s: %s: %s", it.At.Span, it.RuleID, t.why(it)))
	}
	return out
}

// why says why a finding was not fixed.
func (t *fixTale) why(it *report.Item) string {
	for _, f := range it.Fixes {
		for _, file := range f.Files {
			for _, r := range t.refused {
				if r.File == file.Name {
					return r.File + " could not be written: " + r.Err.Error()
				}
			}
		}
	}
	switch {
	case len(it.Fixes) > 0 && !it.Fixes[0].Safe() && t.mode != "unsafe":
		return fmt.Sprintf("no safe fix is proven; --fix=unsafe would: %s (%s)", it.Fixes[0].Title, it.Fixes[0].Cost)
	case len(it.Fixes) > 0:
		return "its fix does not go together with the others; run --fix again"
	case len(it.Remedies) > 0:
		return "no fix could be proven; advice: " + it.Remedies[0].Title
	}
	return "no fix is known"
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
