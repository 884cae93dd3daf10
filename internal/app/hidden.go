package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/org/probe-mtls-action/internal/check"
	"github.com/org/probe-mtls-action/internal/config"
	"github.com/org/probe-mtls-action/internal/locate"
	"github.com/org/probe-mtls-action/internal/mesh/istio"
	"github.com/org/probe-mtls-action/internal/report"
	"github.com/org/probe-mtls-action/render"
	"github.com/org/probe-mtls-action/render/kustomize/graph"
	"github.com/org/probe-mtls-action/render/source"
)

// A change that is not merged yet says itself what is to be told of it: by the
// configuration, by files that this names, by suppressions. So it is judged with
// those of the base as well, and a new finding that only its own hide is told
// first, at the line that hides it.

// tellHidden puts in front of the report what the change hides.
func (c *comparison) tellHidden(ctx context.Context, rep *report.Report) error {
	if c.scope == nil || !c.scope.Guarded || c.tree == nil {
		return nil
	}
	hidden := c.suppressed(rep.Items)
	guard, note := c.guard()
	if guard != nil {
		if note != "" {
			rep.Notes = append(rep.Notes, report.Remark{Text: note})
		}
		more, err := c.misconfigured(ctx, rep, guard, hidden)
		if err != nil {
			return err
		}
		hidden = append(hidden, more...)
		hidden = append(hidden, c.tolerated(rep, guard)...)
	}
	if len(hidden) == 0 {
		return nil
	}
	rep.Items = append(hidden, rep.Items...)
	rep.Sort()
	return nil
}

// hiding is a way in which the change hides something.
type hiding struct {
	at   report.Location
	how  string // a clause: "exclude: leaves out prod"
	also []report.Location
}

// hide makes of a finding the one that it is hidden.
func (c *comparison) hide(it report.Item, h hiding, policy report.Policy) report.Item {
	found := it.At
	found.Message = "the hidden finding: " + it.Summary
	decider := h.at // the last one is what decides
	decider.Message = h.how
	it.Related = append(append(append([]report.Location{found}, h.also...), it.Related...), decider)
	it.State, it.Suppressed = report.New, nil
	it.Hidden = report.HiddenWarns
	if c.scope.Fork && policy.Fails(&report.Item{Severity: it.Severity, State: report.New}) {
		it.Hidden = report.HiddenFails
	} else {
		it.Severity = check.Warning
	}
	it.At = h.at
	it.Summary = "hidden by this change: " + it.Summary
	it.Message = "This change makes a finding and hides it: " + h.how + ". " + it.Message
	it.Fingerprint = report.Digest("hidden", it.Fingerprint)
	return it
}

// suppressed returns the new findings among items that suppressions silence
// which the base does not have.
func (c *comparison) suppressed(items []report.Item) []report.Item {
	var hidden []report.Item
	for _, it := range items {
		if it.Suppressed == nil {
			continue
		}
		rest := only(it, func(o report.Occurrence) bool { return o.New && !c.silencedBefore(it, o) })
		if len(rest.Occurrences) == 0 || objectOf(it.Subject) == it.Subject && c.saidBefore(it.Suppressed.At) {
			continue
		}
		hidden = append(hidden, c.hide(rest, hiding{
			at:  it.Suppressed.At,
			how: fmt.Sprintf("the suppression of %s is not in the base", it.RuleID),
		}, policy(c.s, c.config)))
	}
	return hidden
}

// only returns the finding with those of its occurrences that keep tells.
func only(it report.Item, keep func(report.Occurrence) bool) report.Item {
	var kept []report.Occurrence
	var roots []string
	for _, o := range it.Occurrences {
		if keep(o) {
			kept, roots = append(kept, o), append(roots, o.Root)
		}
	}
	slices.Sort(roots)
	it.Occurrences, it.Roots = kept, slices.Compact(roots)
	return it
}

// silenced tells of which objects and probes of the base the suppressions are
// wanted: of those with a suppressed finding at the head.
func silenced(items []report.Item, renamed func(string) string) func(root, subject string) bool {
	found := make(map[report.Occurrence]bool)
	for _, it := range items {
		for _, o := range it.Occurrences {
			if it.Suppressed != nil {
				found[report.Occurrence{Root: o.Root, Subject: o.Subject}] = true
				found[report.Occurrence{Root: o.Root, Subject: objectOf(o.Subject)}] = true
			}
		}
	}
	return func(root, subject string) bool {
		return found[report.Occurrence{Root: renamed(root), Subject: subject}]
	}
}

// objectOf returns the object of a probe's subject: <namespace>/<Kind>/<name>.
func objectOf(subject string) string {
	parts := strings.SplitN(subject, "/", 4)
	return strings.Join(parts[:min(3, len(parts))], "/")
}

// silencedBefore reports whether the base silences the rule for the occurrence.
func (c *comparison) silencedBefore(it report.Item, o report.Occurrence) bool {
	for before, rules := range c.judged.Silences {
		if c.renamed(before.Root) == o.Root && (before.Subject == o.Subject || before.Subject == objectOf(o.Subject)) && slices.Contains(rules, it.RuleID) {
			return true
		}
	}
	return false
}

// saidBefore reports whether the base's file has the very line of a suppression.
// For what is not about a probe this is all that can be told: the base need not
// have a finding there, so that its place is not known.
func (c *comparison) saidBefore(at report.Location) bool {
	if at.Line == "" {
		return false
	}
	for old := range c.oldNames(at.File) {
		data, err := c.tree.ReadFile(old)
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(data)) {
			if strings.TrimSpace(line) == strings.TrimSpace(at.Line) {
				return true
			}
		}
	}
	return false
}

// oldNames yields the names that a file may have had at the base.
func (c *comparison) oldNames(name string) map[string]bool {
	all := map[string]bool{name: true}
	for _, f := range c.scope.Changes.Files {
		if f.NewName == name && f.OldName != "" {
			all[f.OldName] = true
		}
	}
	return all
}

// guard returns the base's configuration where the change touches it or a file
// that it names, nil where it does not. A configuration that the base does not
// have, or that is broken there, is the default one; note then says so.
func (c *comparison) guard() (guard *config.Config, note string) {
	file := c.repo.config.File
	if file == "" {
		file = config.DefaultFile
	}
	guard, err := config.Load(c.tree, file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		guard = config.Default()
	case err != nil:
		guard, note = config.Default(), fmt.Sprintf("the base's %s cannot be read, so what the change hides is told as if there were none: %v", file, err)
	}
	names := make(map[string]bool)
	for _, g := range []*graph.Graph{c.before, c.after} {
		for _, f := range append(append([]string{file}, guard.Files...), c.repo.config.Files...) {
			for _, n := range g.Names(f) {
				names[n] = true
			}
		}
	}
	if c.scope.Changes.Incomplete == "" && !slices.ContainsFunc(c.scope.Changes.Paths(), func(n string) bool { return names[n] }) {
		return nil, ""
	}
	return guard, note
}

// misconfigured returns the new findings that the base's configuration shows and
// the head's does not. known are told already.
func (c *comparison) misconfigured(ctx context.Context, rep *report.Report, guard *config.Config, known []report.Item) ([]report.Item, error) {
	repo := *c.repo
	repo.config, repo.deployed = guard, nil
	if len(c.s.Paths) == 0 {
		if repo.paths = guard.Paths; len(repo.paths) == 0 {
			var err error
			if repo.paths, err = repo.here(); err != nil {
				return nil, usage(err)
			}
		}
	}
	g := &comparison{repo: &repo, s: c.s, scope: c.scope, tree: c.tree, config: guard, before: c.before, after: c.after, renamed: c.renamed}
	if err := g.findDeployments(ctx); err != nil {
		return nil, err
	}
	if err := g.reach(); err != nil {
		return nil, err
	}
	seen := &report.Report{} // what could not be checked is told once, by the other one
	roots, err := g.choose(ctx, seen)
	if err != nil {
		return nil, err
	}
	look := repo.view(repo.tree, repo.deployed)
	look.past = true // the head may lack what the base's configuration names
	groups, err := repo.group(ctx, look, roots, c.s)
	if err != nil {
		return nil, err
	}
	head := engine(c.repo.env, repo.tree, repo.deployed.renderer, c.s)
	head.ListObjects = true
	g.base = engine(c.repo.env, c.tree, g.deployedBefore.renderer, c.s)
	g.base.ListObjects = true
	res, err := whole(head.Run(ctx, groups))
	if err != nil {
		return nil, runError(ctx, err)
	}
	take(seen, res)
	if err := g.judgeBase(ctx, seen, res); err != nil {
		return nil, err
	}
	shown := loud(rep.Items)
	maps.Copy(shown, loud(known))
	all := append(g.suppressed(seen.Items), slices.DeleteFunc(slices.Clone(seen.Items), func(it report.Item) bool { return it.Suppressed != nil })...)
	var hidden []report.Item
	for _, it := range all {
		for _, root := range it.Roots {
			rest := only(it, func(o report.Occurrence) bool {
				rank, ok := shown[[3]string{it.RuleID, o.Root, o.Subject}]
				return o.Root == root && o.New && !(ok && rank >= it.Severity.Rank())
			})
			if len(rest.Occurrences) > 0 {
				hidden = append(hidden, c.hide(rest, c.how(&repo, root), policy(c.s, guard)))
			}
		}
	}
	return report.Join(hidden), nil
}

// loud are the occurrences of findings that are not suppressed, with the rank of
// their severity.
func loud(items []report.Item) map[[3]string]int {
	out := make(map[[3]string]int)
	for _, it := range items {
		rank := it.Severity.Rank()
		if it.Hidden != report.NotHidden {
			rank = check.Error.Rank() // told as what it is
		}
		for _, o := range it.Occurrences {
			if it.Suppressed == nil {
				k := [3]string{it.RuleID, o.Root, o.Subject}
				out[k] = max(out[k], rank)
			}
		}
	}
	return out
}

// tolerated takes out of the report, and returns, the new findings that would
// fail the run by the base's failOn and do not by the head's.
func (c *comparison) tolerated(rep *report.Report, guard *config.Config) []report.Item {
	before, now := policy(c.s, guard), policy(c.s, c.repo.config)
	at := c.place("failOn")
	var hidden, rest []report.Item
	for _, it := range rep.Items {
		if it.State != report.New || !before.Fails(&it) || now.Fails(&it) {
			rest = append(rest, it)
			continue
		}
		hidden = append(hidden, c.hide(it, hiding{at: at, how: fmt.Sprintf("failOn is %s, and was %s", now.FailOn, before.FailOn)}, before))
	}
	rep.Items = rest
	return hidden
}

// how finds what of the head's configuration hides findings of a root, which
// the configuration of guard shows.
func (c *comparison) how(guard *repository, root string) hiding {
	now := c.repo.config
	if now.Excluded(root) && !guard.config.Excluded(root) {
		for _, s := range now.Says {
			if one := (&config.Config{Exclude: []string{s.Value}}); s.Key == "exclude[]" && one.Excluded(root) {
				return hiding{at: c.located(s.At), how: "exclude leaves out the root " + root}
			}
		}
	}
	if !slices.ContainsFunc(c.repo.paths, func(p string) bool { return within(root, p) }) {
		return hiding{at: c.place("paths"), how: "paths leaves out the root " + root}
	}
	changed := c.changedSettings(guard.config, root)
	if len(changed) == 0 {
		return hiding{at: c.place(""), how: "the change removes settings of the configuration"}
	}
	h := hiding{at: changed[0].at, how: "it changes " + changed[0].key}
	for _, s := range changed[1:] {
		h.how += ", " + s.key
		s.at.Message = "the change sets " + s.key
		h.also = append(h.also, s.at)
	}
	return h
}

// changedSetting is a setting that the change adds or changes.
type changedSetting struct {
	key string
	at  report.Location
}

// changedSettings lists what the head's configuration says of a root's mesh and
// context and the base's does not, in the order of the file; what stands in files
// that it names comes last.
func (c *comparison) changedSettings(before *config.Config, root string) []changedSetting {
	said := make(map[[2]string]int)
	for _, s := range before.Says {
		said[[2]string{s.Key, s.Value}]++
	}
	var out []changedSetting
	for _, s := range c.repo.config.Says {
		k := [2]string{s.Key, s.Value}
		if said[k]--; said[k] >= 0 || strings.HasPrefix(s.Key, "exclude") || strings.HasPrefix(s.Key, "paths") || s.Key == "failOn" {
			continue
		}
		out = append(out, changedSetting{s.Key, c.located(s.At)})
	}
	// What names an environment and its roots decides least of what it says.
	slices.SortStableFunc(out, func(a, b changedSetting) int { return cmp.Compare(weightOf(a.key), weightOf(b.key)) })
	was, is := meshOf(before, root), meshOf(c.repo.config, root)
	for _, key := range slices.Sorted(maps.Keys(is.Places)) {
		f := is.Places[key]
		n := f.Node()
		if !strings.Contains(key, ".") || n == nil || n.Kind != yaml.ScalarNode {
			continue
		}
		if old := was.Places[key].Node(); old != nil && old.Value == n.Value {
			continue
		}
		o, err := f.Object.Trace(context.Background(), f.Path)
		if err == nil && o.Span.File != c.repo.config.File {
			out = append(out, changedSetting{"mesh." + key, c.located(o.Span)})
		}
	}
	return out
}

func weightOf(key string) int {
	switch key {
	case "environments[].roots[]":
		return 1
	case "environments[].name":
		return 2
	}
	return 0
}

func meshOf(cfg *config.Config, root string) istio.Options {
	if e, err := cfg.EnvironmentOf(root); err == nil && e != nil {
		return e.Mesh
	}
	return cfg.Mesh
}

// place returns where the head's configuration has a key, else the file's first
// line: the change removed it there.
func (c *comparison) place(key string) report.Location {
	file := c.repo.config.File
	if file == "" {
		if file = c.config.File; file == "" {
			file = config.DefaultFile
		}
	}
	for _, s := range c.repo.config.Says {
		if key != "" && (s.Key == key || strings.HasPrefix(s.Key, key+"[")) {
			return c.located(s.At)
		}
	}
	return c.located(source.Span{File: file, Start: source.Position{Line: 1, Column: 1}})
}

// located adds the source line to a place in the work tree.
func (c *comparison) located(at source.Span) report.Location {
	names := c.after.Names(at.File)
	at.File = names[len(names)-1]
	return locate.New(c.repo.tree).Problem(render.Problem{At: at})
}
