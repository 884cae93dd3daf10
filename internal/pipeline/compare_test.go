package pipeline_test

import (
	"slices"
	"testing"

	"github.com/org/probe-mtls-action/internal/check"
	"github.com/org/probe-mtls-action/internal/pipeline"
	"github.com/org/probe-mtls-action/internal/report"
)

// item is a finding in the given roots.
func item(fingerprint string, severity check.Severity, roots ...string) report.Item {
	it := report.Item{RuleID: "PMTLS001", Fingerprint: fingerprint, Severity: severity, Roots: roots}
	for _, r := range roots {
		it.Occurrences = append(it.Occurrences, report.Occurrence{Root: r, Subject: "ns/Deployment/" + fingerprint})
	}
	return it
}

func items(all ...report.Item) []report.Item { return all }

// other gives an item another fingerprint: its file has another name.
func other(fingerprint string, it report.Item) report.Item {
	it.Fingerprint = fingerprint
	return it
}

// of lets an item speak of another object.
func of(object string, it report.Item) report.Item {
	for i := range it.Occurrences {
		it.Occurrences[i].Subject = object + "/c/livenessProbe"
	}
	return it
}

func suppressed(it report.Item) report.Item {
	it.Suppressed = &report.Suppression{Reason: "known"}
	return it
}

func TestCompare(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name       string
		head, base []report.Item
		renames    map[string]string
		unchanged  []string
		unchecked  []string
		objects    [2][]string  // of every root, at the base and at the head
		state      report.State // of the head's only item
		newIn      []string     // roots in which it is new
		fixed      []string     // fingerprints
	}{
		{name: "same on both sides", head: items(item("a", check.Error, "x")), base: items(item("a", check.Error, "x")), state: report.Existing},
		{name: "not there before", head: items(item("a", check.Error, "x")), state: report.New, newIn: []string{"x"}},
		{name: "one more root", head: items(item("a", check.Error, "x", "y")), base: items(item("a", check.Error, "x")), state: report.New, newIn: []string{"y"}},
		{name: "a root that the change does not reach", head: items(item("a", check.Error, "x")), unchanged: []string{"x"}, state: report.Existing},
		{name: "worse than before", head: items(item("a", check.Error, "x")), base: items(item("a", check.Warning, "x")), state: report.New, newIn: []string{"x"}},
		{name: "less bad than before", head: items(item("a", check.Warning, "x")), base: items(item("a", check.Error, "x")), state: report.Existing},
		{name: "not suppressed any more", head: items(item("a", check.Error, "x")), base: items(suppressed(item("a", check.Error, "x"))), state: report.New, newIn: []string{"x"}},
		{name: "suppressed now", head: items(suppressed(item("a", check.Error, "x"))), base: items(item("a", check.Error, "x")), state: report.Existing},
		{name: "suppressed from the start", head: items(suppressed(item("a", check.Error, "x"))), state: report.New, newIn: []string{"x"}},
		{name: "the root's new name", head: items(item("a", check.Error, "y")), base: items(item("a", check.Error, "x")), renames: map[string]string{"x": "y"}, state: report.Existing},
		{name: "the root's new name, with another workload", head: items(of("b/Deployment/w", item("a", check.Error, "y"))), base: items(of("a/Deployment/w", item("a", check.Error, "x"))), renames: map[string]string{"x": "y"}, state: report.New, newIn: []string{"y"}, fixed: nil},
		{name: "the root's new name, with another fingerprint", head: items(other("b", item("a", check.Error, "y"))), base: items(item("a", check.Error, "x")), renames: map[string]string{"x": "y"}, state: report.Existing},
		{name: "one root gone, another added", head: items(item("a", check.Error, "new/x")), base: items(item("a", check.Error, "x")), state: report.New, newIn: []string{"new/x"}},
		{name: "another namespace", head: items(of("b/Deployment/w", item("a", check.Error, "x"))), base: items(of("a/Deployment/w", item("a", check.Error, "x"))), objects: [2][]string{{"a/Deployment/w"}, {"b/Deployment/w"}}, state: report.Existing},
		{name: "another instance, which did not have it before", head: items(of("b/Deployment/w", item("a", check.Error, "x"))), base: items(of("a/Deployment/w", item("a", check.Error, "x"))), objects: [2][]string{{"a/Deployment/w", "b/Deployment/w"}, {"b/Deployment/w"}}, state: report.New, newIn: []string{"x"}},
		{name: "another instance, beside the one that does not have it now", head: items(of("b/Deployment/w", item("a", check.Error, "x"))), base: items(of("a/Deployment/w", item("a", check.Error, "x"))), objects: [2][]string{{"a/Deployment/w"}, {"a/Deployment/w", "b/Deployment/w"}}, state: report.New, newIn: []string{"x"}},
		{name: "a second instance", head: items(item("a", check.Error, "x"), of("b/Deployment/w", item("a", check.Error, "x")))[1:], base: nil, state: report.New, newIn: []string{"x"}},
		{name: "two of one object", head: items(item("a", check.Error, "x")), base: items(item("a", check.Error, "x"), other("b", item("a", check.Error, "x"))), state: report.Existing},
		{name: "gone", base: items(item("a", check.Error, "x")), fixed: []string{"a"}},
		{name: "gone, but it was suppressed", base: items(suppressed(item("a", check.Error, "x")))},
		{name: "gone from one of two roots", head: items(item("a", check.Error, "x")), base: items(item("a", check.Error, "x", "y")), state: report.Existing},
		{name: "gone where the change reaches, there elsewhere", head: items(item("a", check.Error, "y")), base: items(item("a", check.Error, "x")), unchanged: []string{"y"}, state: report.Existing},
		{name: "perhaps gone: the root could not be checked", base: items(item("a", check.Error, "x")), unchecked: []string{"x"}},
		{name: "perhaps gone from one of two roots", base: items(item("a", check.Error, "x", "y")), unchecked: []string{"y"}},
		{name: "the root that could not be checked has a new name", base: items(item("a", check.Error, "x")), renames: map[string]string{"x": "y"}, unchecked: []string{"y"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			fixed := pipeline.Compare(c.head, c.base, pipeline.Change{
				Renamed: func(name string) string {
					if n, ok := c.renames[name]; ok {
						return n
					}
					return name
				},
				Unchanged: func(root string) bool { return slices.Contains(c.unchanged, root) },
				Unchecked: func(root string) bool { return slices.Contains(c.unchecked, root) },
				Before:    func(_, object string) bool { return slices.Contains(c.objects[0], object) },
				After:     func(_, object string) bool { return slices.Contains(c.objects[1], object) },
			})
			var got []string
			for _, f := range fixed {
				if f.State != report.Fixed {
					t.Errorf("%s counts as %q among the fixed", f.Fingerprint, f.State)
				}
				got = append(got, f.Fingerprint)
			}
			if !slices.Equal(got, c.fixed) {
				t.Errorf("fixed are %v, want %v", got, c.fixed)
			}
			for _, it := range c.head {
				var newIn []string
				for _, o := range it.Occurrences {
					if o.New {
						newIn = append(newIn, o.Root)
					}
				}
				if it.State != c.state || !slices.Equal(newIn, c.newIn) {
					t.Errorf("the finding is %q, new in %v; want %q, new in %v", it.State, newIn, c.state, c.newIn)
				}
			}
		})
	}
}

// TestInstances tells two instances of one base in a root apart.
func TestInstances(t *testing.T) {
	t.Parallel()
	one := of("a/Deployment/w", item("f", check.Error, "x"))
	both := of("a/Deployment/w", item("f", check.Error, "x"))
	both.Occurrences = append(both.Occurrences, of("b/Deployment/w", item("f", check.Error, "x")).Occurrences...)
	head := items(both)
	always := func(string, string) bool { return true }
	never := func(string) bool { return false }
	fixed := pipeline.Compare(head, items(one), pipeline.Change{
		Renamed: func(name string) string { return name }, Unchanged: never, Unchecked: never, Before: always, After: always,
	})
	if len(fixed) > 0 || head[0].State != report.New || head[0].Occurrences[0].New || !head[0].Occurrences[1].New {
		t.Errorf("got %q, %+v, fixed %v", head[0].State, head[0].Occurrences, fixed)
	}
	if got := head[0].NewRoots(); !slices.Equal(got, []string{"x (b/Deployment/w/c/livenessProbe)"}) {
		t.Errorf("new in %q", got)
	}
}

func TestRenamed(t *testing.T) {
	t.Parallel()
	name := pipeline.Renamed(map[string]string{
		"old/kustomization.yaml": "new/kustomization.yaml",
		"a/pod.yaml":             "b/pod.yaml",
		"c/kustomization.yaml":   "c/kustomization.yml",
	})
	for old, want := range map[string]string{
		"old": "new", "a/pod.yaml": "b/pod.yaml", "a": "a", "c": "c", "old/kustomization.yaml": "new/kustomization.yaml", "other": "other",
	} {
		if got := name(old); got != want {
			t.Errorf("%s is now %s, want %s", old, got, want)
		}
	}
}
