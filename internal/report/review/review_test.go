package review_test

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/org/probe-mtls-action/internal/check"
	"github.com/org/probe-mtls-action/internal/github/githubtest"
	"github.com/org/probe-mtls-action/internal/report"
	"github.com/org/probe-mtls-action/internal/report/review"
	"github.com/org/probe-mtls-action/render"
)

func TestFirstRunThenNothingToDo(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubtest.Options{})
	items := []report.Item{item(1, "app.yaml", 10), item(2, "app.yaml", 20), item(3, "other.yaml", 20)}
	out := w.publish(items...)
	w.checkTold(out)
	if n := out.Count(review.LineComment); n != 3 {
		t.Errorf("%d line comments, want 3: %+v", n, out)
	}
	if n := len(w.server.Reviews()); n != 1 {
		t.Errorf("%d reviews, want 1", n)
	}
	for i, c := range w.server.Comments() {
		if c.Line != items[i].Placement.Line || c.Path != items[i].Placement.Path {
			t.Errorf("comment %d at %s:%d", i, c.Path, c.Line)
		}
		for _, want := range []string{"After the merge, the liveness probe of Deployment shop/web", "https://github.example/org/shop/blob/" + w.server.Head() + "/policy.yaml#L6", "mTLS mode STRICT", "`overlays/prod`", "https://github.com/org/probe-mtls-action/blob/main/docs/rules/PMTLS001.md", "probe-mtls:ignore PMTLS001", "    \"8080\":\n      mode: PERMISSIVE"} {
			if !strings.Contains(c.Body, want) {
				t.Errorf("comment %d lacks %q:\n%s", i, want, c.Body)
			}
		}
	}
	w.server.ResetLog()
	out = w.publish(items...)
	w.checkTold(out)
	if n := len(w.server.Writes()); n != 0 {
		t.Errorf("the second run wrote %d times: %v", n, w.server.Writes())
	}
	for _, r := range out.Results {
		if r.Action != review.Kept || r.URL == "" {
			t.Errorf("got %+v, want a kept comment with its address", r)
		}
	}
}

func TestPushMovesFixesAndAdds(t *testing.T) {
	t.Parallel()
	for name, perms := range map[string]githubtest.Permissions{"may resolve": githubtest.Full, "may only comment": githubtest.Minimal} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, githubtest.Options{Permissions: &perms})
			w.publish(item(1, "app.yaml", 10), item(2, "app.yaml", 20), item(3, "app.yaml", 30))

			w.push(map[string]string{"app.yaml": "one more\nand another\n" + lines(60, "app")})
			w.server.ResetLog()
			changed := item(3, "app.yaml", 32)
			changed.Remedies = []report.Remedy{{Title: "Use an exec probe"}}
			items := []report.Item{item(1, "app.yaml", 12), changed, item(4, "app.yaml", 42)}
			out := w.publish(items...)
			w.checkTold(out)
			want := []review.Action{review.Kept, review.Edited, review.New}
			for i, r := range out.Results {
				if r.Action != want[i] || r.Channel != review.LineComment {
					t.Errorf("finding %d: %+v, want %s", i, r, want[i])
				}
			}
			if out.Closed != 1 {
				t.Errorf("%d comments closed, want 1", out.Closed)
			}
			cs := w.server.Comments()
			if len(cs) != 4 {
				t.Fatalf("%d comments, want 4", len(cs))
			}
			if cs[0].Now != 12 || cs[0].Edits != 0 || cs[3].Line != 42 {
				t.Errorf("the kept comment is at %d with %d edits, the new one at %d", cs[0].Now, cs[0].Edits, cs[3].Line)
			}
			if perms == githubtest.Full {
				if !cs[1].Resolved || cs[1].Edits != 1 {
					t.Errorf("the fixed one: %+v", cs[1])
				}
			} else if cs[1].Resolved || cs[1].Minimized != "OUTDATED" || !strings.Contains(cs[1].Body, "**Fixed in** [`"+w.server.Head()[:7]) {
				t.Errorf("the fixed one: %+v", cs[1])
			}
			w.server.ResetLog()
			w.publish(items...)
			if n := len(w.server.Writes()); n != 0 {
				t.Errorf("the next run wrote %d times: %v", n, w.server.Writes())
			}

			// The finding comes back.
			out = w.publish(append(items, item(2, "app.yaml", 22))...)
			w.checkTold(out)
			if got := out.Results[3]; got.Action != review.Edited || len(w.server.Comments()) != 4 {
				t.Errorf("the returned finding: %+v, %d comments", got, len(w.server.Comments()))
			}
		})
	}
}

func TestPeopleAreLeftAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubtest.Options{})
	w.publish(item(1, "app.yaml", 10), item(2, "app.yaml", 20))
	ours := w.server.Comments()
	// A person quotes a comment with its marker, as a comment of their own.
	quote := w.server.AddComment(githubtest.Comment{Author: "reader", Path: "app.yaml", Line: 5, Body: ours[0].Body})
	reply := w.server.AddComment(githubtest.Comment{Author: "reader", InReplyTo: ours[1].ID, Body: "Why? " + ours[1].Body})
	// Another resolves a thread whose finding is still true.
	w.server.Update(ours[0].ID, func(c *githubtest.Comment) { c.Resolved, c.ResolvedBy = true, "reader" })

	w.server.ResetLog()
	out := w.publish(item(1, "app.yaml", 10))
	for _, c := range w.server.Comments() {
		switch c.ID {
		case quote, reply:
			if c.Edits != 0 || c.Minimized != "" {
				t.Errorf("a person's comment was touched: %+v", c)
			}
		case ours[0].ID:
			if !c.Resolved || c.Edits != 0 {
				t.Errorf("the resolution was not respected: %+v", c)
			}
		case ours[1].ID:
			// Fixed, and somebody answered: it says so but stays visible.
			if c.Minimized != "" || !strings.Contains(c.Body, "**Fixed in**") {
				t.Errorf("the fixed comment with an answer: %+v", c)
			}
		default:
			t.Errorf("an extra comment: %+v", c)
		}
	}
	if r := out.Results[0]; r.Channel != review.None || !r.Silenced || r.Reason == "" {
		t.Errorf("got %+v, want a finding that is left to the next channel", r)
	}
}

// Without GraphQL nothing can be resolved or folded: comments say it themselves,
// and what is ours is told by the login.
func TestWithoutGraphQL(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubtest.Options{NoGraphQL: true})
	w.publish(item(1, "app.yaml", 10), item(2, "app.yaml", 20))
	quote := w.server.AddComment(githubtest.Comment{Author: "reader", Path: "app.yaml", Line: 5, Body: w.server.Comments()[1].Body})
	out := w.publish(item(1, "app.yaml", 10))
	w.checkTold(out)
	cs := w.server.Comments()
	if out.Closed != 1 || len(cs) != 3 || !strings.Contains(cs[1].Body, "**Fixed in**") || cs[2].ID != quote || cs[2].Edits != 0 {
		t.Errorf("%+v: %+v", out, cs)
	}
	w.server.ResetLog()
	w.publish(item(1, "app.yaml", 10))
	for _, r := range w.server.Writes() {
		t.Errorf("the second run wrote %+v", r)
	}
	out = w.publish(item(1, "app.yaml", 10), item(2, "app.yaml", 20))
	if got := w.server.Comments(); out.Results[1].Action != review.Edited || len(got) != 3 || strings.Contains(got[1].Body, "**Fixed in**") {
		t.Errorf("the returned finding: %+v", out)
	}
}

func TestReadOnlyToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubtest.Options{Fork: true, Permissions: &githubtest.ReadOnly})
	out := w.publish(item(1, "app.yaml", 10), item(2, "app.yaml", 20))
	if out.Count(review.None) != 2 || !strings.Contains(out.Results[0].Reason, "not accessible by integration") {
		t.Errorf("got %+v", out)
	}
	if n := len(w.server.Writes()); n > 1 {
		t.Errorf("%d writes tried, want at most 1", n)
	}
}

func TestNoAccessAtAll(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubtest.Options{Permissions: &githubtest.Permissions{Contents: githubtest.Read}})
	out := w.publish(item(1, "app.yaml", 10))
	if out.Count(review.None) != 1 {
		t.Errorf("got %+v", out)
	}
}

// Comments stop at a cap; the rest is the caller's.
func TestThreeHundredPlaces(t *testing.T) {
	t.Parallel()
	base := shared.commit(t, "", map[string]string{"README": "x\n"})
	w := pullRequest(t, githubtest.Options{}, base, shared.commit(t, base, map[string]string{"app.yaml": lines(400, "app")}))
	var items []report.Item
	for i := 1; i <= 300; i++ {
		items = append(items, item(i, "app.yaml", i))
	}
	items[299].Severity, items[0].Severity = check.Error, check.Warning
	for run := 1; run <= 2; run++ {
		w.server.ResetLog()
		out := w.publish(items...)
		w.checkTold(out)
		if n := out.Count(review.LineComment); n != 25 {
			t.Errorf("run %d: %d line comments, want 25", run, n)
		}
		if n := len(w.server.Reviews()); n != 1 {
			t.Errorf("run %d: %d reviews, want 1", run, n)
		}
		if !out.Results[0].Over || out.Results[0].Reason == "" {
			t.Errorf("run %d: the warning is not left to the caller: %+v", run, out.Results[0])
		}
		if n := len(w.server.Writes()); run == 2 && n != 0 {
			t.Errorf("the second run wrote %d times", n)
		}
	}
}

// A policy breaks 301 probes: one comment, one review, few requests; the next
// run writes nothing, and when 300 are fixed the comment is edited once.
func TestOnePolicy(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubtest.Options{Permissions: &githubtest.Full})
	var items []report.Item
	for i := 1; i <= 301; i++ {
		it := item(i, "untouched.yaml", i)
		it.Placement = &report.Placement{Kind: report.OnDeciding, Path: "other.yaml", Line: 20, Side: report.Right}
		it.Roots = []string{fmt.Sprintf("overlays/%d", i%40), "overlays/all"}
		items = append(items, it)
	}
	out := w.publish(items...)
	w.checkTold(out)
	if n := out.Count(review.LineComment); n != 301 || len(w.server.Comments()) != 1 || len(w.server.Reviews()) != 1 {
		t.Fatalf("%d findings told, %d comments, %d reviews", n, len(w.server.Comments()), len(w.server.Reviews()))
	}
	if n := len(w.server.Requests()); n > 8 {
		t.Errorf("%d requests, want at most 8", n)
	}
	if body := w.server.Comments()[0].Body; !strings.Contains(body, "301 probes of 301 workloads fail") {
		t.Errorf("the comment does not say what breaks:\n%.600s", body)
	}
	w.server.ResetLog()
	w.publish(items...)
	if n := len(w.server.Writes()); n != 0 {
		t.Errorf("the second run wrote %d times", n)
	}
	w.push(map[string]string{"README": "x\n"})
	for run := 1; run <= 2; run++ {
		w.server.ResetLog()
		out = w.publish(items[7])
		w.checkTold(out)
		if n := len(w.server.Writes()); n != 2-run {
			t.Errorf("run %d after 300 were fixed wrote %d times: %v", run, n, w.server.Writes())
		}
		if body := w.server.Comments()[0].Body; !strings.Contains(body, "Fixed: 300 in `"+w.server.Head()[:7]+"`") || !strings.Contains(body, "1 of 301 is left: the liveness probe of Deployment shop/web8 fails") {
			t.Errorf("the comment does not say what is fixed:\n%.600s", body)
		}
	}
	// One of the fixed comes back to the same comment.
	out = w.publish(items[7], items[8])
	w.checkTold(out)
	if len(w.server.Comments()) != 1 || out.Results[1].Action != review.Edited {
		t.Errorf("%d comments, %+v", len(w.server.Comments()), out.Results)
	}
	// All are fixed: it says so and is resolved.
	out = w.publish()
	if c := w.server.Comments()[0]; out.Closed != 1 || !c.Resolved || !strings.Contains(c.Body, "**Fixed in**") {
		t.Errorf("%+v: %.200s", out, c.Body)
	}
}

// Liveness and readiness of one container in one hunk are one comment; another
// container, another cause, another hunk is another.
func TestGrouping(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubtest.Options{})
	live, ready := item(1, "app.yaml", 10), item(2, "app.yaml", 14)
	ready.Subject = "shop/Deployment/web1/app/readinessProbe"
	ready.RuleID = "PMTLS002"
	otherContainer := item(3, "app.yaml", 11)
	sameLine := item(4, "app.yaml", 11)
	sameLine.Subject = "shop/Deployment/web3/app/readinessProbe"
	otherCause := cause(item(5, "app.yaml", 12), 7)
	otherCause.Subject = live.Subject
	w.checkTold(w.publish(live, ready, otherContainer, sameLine, otherCause))
	var got []string
	for _, c := range w.server.Comments() {
		got = append(got, fmt.Sprintf("%s:%d %d findings", c.Path, c.Line, strings.Count(markerOf.FindString(c.Body), "@")))
	}
	slices.Sort(got)
	want := []string{"app.yaml:10 2 findings", "app.yaml:11 2 findings", "app.yaml:12 1 findings"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A comment of two findings, of which one moves to a line of its own: both stay
// told, each once.
func TestGroupsPart(t *testing.T) {
	t.Parallel()
	for name, perms := range map[string]githubtest.Permissions{"full": githubtest.Full, "minimal": githubtest.Minimal} {
		w := newWorld(t, githubtest.Options{Permissions: &perms})
		a, b := item(1, "untouched.yaml", 1), item(2, "untouched.yaml", 2)
		policy := &report.Placement{Kind: report.OnDeciding, Path: "other.yaml", Line: 20, Side: report.Right}
		a.Placement, b.Placement = policy, policy
		w.publish(a, b)
		w.push(map[string]string{"untouched.yaml": "x\n" + lines(5, "untouched")})
		b.Placement = &report.Placement{Kind: report.OnProbe, Path: "untouched.yaml", Line: 3, Side: report.Right}
		out := w.publish(a, b)
		w.checkTold(out)
		if cs := w.server.Comments(); len(cs) != 2 || out.Count(review.LineComment) != 2 || out.Results[1].Action != review.New {
			t.Errorf("%s: %d comments: %+v", name, len(cs), out)
		}
		w.server.ResetLog()
		w.publish(a, b)
		if n := len(w.server.Writes()); n != 0 {
			t.Errorf("%s: the next run wrote %d times", name, n)
		}
		// And together again.
		b.Placement = policy
		w.publish(a, b)
		out = w.publish(a, b)
		w.checkTold(out)
		if out.Count(review.LineComment) != 2 {
			t.Errorf("%s: %+v", name, out)
		}
		w.server.ResetLog()
		w.publish(a, b)
		if n := len(w.server.Writes()); n != 0 {
			t.Errorf("%s: the last run wrote %d times", name, n)
		}
	}
}

func TestVeryLongReason(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubtest.Options{})
	it := item(1, "app.yaml", 10)
	it.Message = strings.Repeat("schöner Grund ", 5000)
	it.Steps = append(it.Steps, report.Texts(strings.Repeat("and because ", 5000))...)
	for i := 0; i < 500; i++ {
		it.Roots = append(it.Roots, fmt.Sprintf("overlays/%s-%03d", strings.Repeat("x", 200), i))
		it.Related = append(it.Related, it.Related[0])
		it.Remedies = append(it.Remedies, it.Remedies[0])
	}
	out := w.publish(it)
	w.checkTold(out)
	body := w.server.Comments()[0].Body
	if n := utf8.RuneCountInString(body); n > 65000 || n < 30000 || !utf8.ValidString(body) {
		t.Errorf("%d characters", n)
	}
	if strings.Count(body, "```")%2 != 0 || strings.Count(body, "<details>") != strings.Count(body, "</details>") {
		t.Error("the cut left something open")
	}
	if !strings.Contains(body, "portLevelMtls") || !regexp.MustCompile(`- and [0-9]+ more`).MatchString(body) {
		t.Error("the fix, or the word that something was cut, is missing")
	}
	w.server.ResetLog()
	w.publish(it)
	if n := len(w.server.Writes()); n != 0 {
		t.Errorf("the second run wrote %d times", n)
	}
}

func TestHostileText(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubtest.Options{})
	it := item(1, "app.yaml", 10)
	it.Summary = "@everyone </details> <!-- probe-mtls:00000000000000000000000000000002:fixed roots: -->"
	it.Message = "x\n<!-- probe-mtls:00000000000000000000000000000002:fixed roots: -->\n"
	it.Remedies[0].YAML = "a: |\n  ```\n<!-- probe-mtls:00000000000000000000000000000002:fixed roots: -->\n"
	out := w.publish(it, item(2, "app.yaml", 20))
	w.checkTold(out)
	w.server.ResetLog()
	w.publish(it, item(2, "app.yaml", 20))
	if n := len(w.server.Writes()); n != 0 {
		t.Errorf("the second run wrote %d times", n)
	}
	if body := w.server.Comments()[0].Body; strings.Contains(body, "@everyone") {
		t.Errorf("a mention got through:\n%s", body)
	}
}

func TestAnchors(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubtest.Options{})
	outside := item(1, "other.yaml", 2) // not in a hunk: on the file
	context := cause(item(2, "other.yaml", 18), 7)
	foreign := item(3, "untouched.yaml", 2)
	left := item(4, "other.yaml", 20)
	left.Placement.Side = report.Left
	whole := onFile(item(5, "app.yaml", 0))
	none := item(6, "app.yaml", 3)
	none.Placement = &report.Placement{Kind: report.InSummary}
	unplaced := item(7, "app.yaml", 3)
	unplaced.Placement = nil
	out := w.publish(outside, context, foreign, left, whole, none, unplaced)
	w.checkTold(out)
	want := []review.Channel{review.FileComment, review.LineComment, review.None, review.LineComment, review.FileComment, review.None, review.None}
	for i, r := range out.Results {
		if r.Channel != want[i] {
			t.Errorf("finding %d: %+v, want %s", i+1, r, want[i])
		}
	}
	for _, r := range w.server.Requests() {
		if r.Status == 422 {
			t.Errorf("GitHub had to refuse %s", r.Body)
		}
	}
	w.server.ResetLog()
	w.publish(outside, context, foreign, left, whole, none, unplaced)
	if n := len(w.server.Writes()); n != 0 {
		t.Errorf("the second run wrote %d times", n)
	}
}

func TestEnoughFileComments(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubtest.Options{})
	var items []report.Item
	for i := 1; i <= 24; i++ {
		items = append(items, onFile(cause(item(i, "app.yaml", 0), i)))
	}
	for run := 1; run <= 2; run++ {
		w.server.ResetLog()
		out := w.publish(items...)
		w.checkTold(out)
		if out.Count(review.FileComment) != 20 || out.Count(review.None) != 4 || run == 1 && !out.Results[23].Over {
			t.Errorf("run %d: %+v", run, out)
		}
		if n := len(w.server.Writes()); run == 2 && n != 0 {
			t.Errorf("the second run wrote %d times", n)
		}
	}
}

// GitHub's diff may show less than ours: the bad comment is found by halving.
func TestHalving(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubtest.Options{})
	var items []report.Item
	for i := 1; i <= 25; i++ {
		items = append(items, item(i, "app.yaml", i))
	}
	items[13].Placement.Line = 5000
	opt := w.options()
	for i := range opt.Changes.Files {
		if f := &opt.Changes.Files[i]; f.NewName == "app.yaml" {
			f.Hunks[0].Lines = append(f.Hunks[0].Lines, f.Hunks[0].Lines[0])
			f.Hunks[0].Lines[len(f.Hunks[0].Lines)-1].New = 5000
		}
	}
	out, err := review.Publish(context.Background(), w.client(), &report.Report{Items: items}, opt)
	if err != nil {
		t.Fatal(err)
	}
	checkLedger(t, items, out)
	w.checkTold(out)
	if out.Count(review.LineComment) != 24 || out.Results[13].Channel != review.FileComment {
		t.Errorf("got %+v", out)
	}
}

func TestOnlyNewAndSuppressed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubtest.Options{Permissions: &githubtest.Full})
	w.publish(item(1, "app.yaml", 10), item(2, "app.yaml", 20))
	w.opt.OnlyNew = true
	existing, kept, quiet := item(3, "app.yaml", 30), item(1, "app.yaml", 10), item(2, "app.yaml", 20)
	existing.State, kept.State = report.Existing, report.Existing
	quiet.Suppressed = &report.Suppression{Kind: "inSource", Reason: "tested by hand"}
	out := w.publish(existing, kept, quiet)
	if out.Results[0].Channel != review.None || out.Results[1].Channel != review.LineComment || out.Results[2].Channel != review.None || out.Closed != 1 {
		t.Errorf("got %+v", out)
	}
}

// A finding that is missing because its root could not be checked is not fixed.
func TestUncheckedIsNotFixed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubtest.Options{Permissions: &githubtest.Full})
	prod, dev := item(1, "app.yaml", 10), item(2, "app.yaml", 20)
	dev.Roots = []string{"overlays/dev"}
	w.publish(prod, dev)
	for _, c := range []struct {
		rep    report.Report
		closed int
	}{
		{report.Report{Scope: report.Scope{Shard: "1/2"}}, 0},
		{report.Report{Scope: report.Scope{Category: "istio-1.30"}}, 0},
		{report.Report{Skipped: []report.Skip{{Root: "", Problem: render.Problem{}}}}, 0},
		{report.Report{Skipped: []report.Skip{{Root: "overlays/prod"}}}, 1},
		{report.Report{}, 1},
	} {
		out, err := review.Publish(context.Background(), w.client(), &c.rep, w.options())
		if err != nil || out.Closed != c.closed {
			t.Errorf("%+v %+v: closed %d, want %d (%v)", c.rep.Scope, c.rep.Skipped, out.Closed, c.closed, err)
		}
	}
}

func TestCategoriesDoNotMeddle(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubtest.Options{Permissions: &githubtest.Full})
	for _, category := range []string{"istio-1.20", "istio-1.30", "istio-1.20"} {
		rep := &report.Report{Items: []report.Item{item(1, "app.yaml", 10)}, Scope: report.Scope{Category: category}}
		if _, err := review.Publish(context.Background(), w.client(), rep, w.options()); err != nil {
			t.Fatal(err)
		}
	}
	all := w.server.Comments()
	if len(all) != 2 {
		t.Fatalf("%d comments, want one for each category", len(all))
	}
	for i, category := range []string{"istio-1.20", "istio-1.30"} {
		if c := all[i]; !strings.Contains(c.Body, "· "+category) {
			t.Errorf("the comment does not say which of them it is:\n%s", c.Body)
		}
	}
	// The findings of one are fixed, and the other's stay.
	w.server.ResetLog()
	rep := &report.Report{Scope: report.Scope{Category: "istio-1.30"}}
	if _, err := review.Publish(context.Background(), w.client(), rep, w.options()); err != nil {
		t.Fatal(err)
	}
	if all := w.server.Comments(); !strings.Contains(all[1].Body, "**Fixed in**") || strings.Contains(all[0].Body, "Fixed") || all[0].Resolved {
		t.Errorf("one category's run closed another's comment: %+v", all)
	}
}

func TestStaleRunWritesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubtest.Options{})
	opt := w.options()
	w.push(map[string]string{"app.yaml": lines(61, "app")})
	items := []report.Item{item(1, "app.yaml", 10)}
	out, err := review.Publish(context.Background(), w.client(), &report.Report{Items: items}, opt)
	if err != nil {
		t.Fatal(err)
	}
	checkLedger(t, items, out)
	if len(w.server.Writes()) != 0 || !strings.Contains(out.Results[0].Reason, "has moved on") {
		t.Errorf("got %+v", out)
	}
}

// One cause may show at several places: each has its comment, and keeps it when
// another is fixed or comes.
func TestOneCauseAtSeveralPlaces(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubtest.Options{Permissions: &githubtest.Full})
	a, b, c := item(1, "app.yaml", 10), item(1, "other.yaml", 20), cause(item(1, "app.yaml", 40), 9)
	lines := func() string {
		s := ""
		for _, c := range w.server.Comments() {
			s += fmt.Sprintf("%s:%d", c.Path, c.Line)
			if c.Resolved {
				s += " resolved"
			}
			s += "; "
		}
		return s
	}
	for i, step := range []struct {
		items []report.Item
		want  string
	}{
		{[]report.Item{a, b}, "app.yaml:10; other.yaml:20; "},
		{[]report.Item{b}, "app.yaml:10 resolved; other.yaml:20; "},
		// A comment that was closed speaks again only for its own line.
		{[]report.Item{b, c}, "app.yaml:10 resolved; other.yaml:20; app.yaml:40; "},
		{[]report.Item{a, b, c}, "app.yaml:10; other.yaml:20; app.yaml:40; "},
	} {
		out := w.publish(step.items...)
		if got := lines(); got != step.want || out.Count(review.LineComment) != len(step.items) {
			t.Errorf("step %d: %s, want %s (%+v)", i, got, step.want, out)
		}
		w.server.ResetLog()
		w.publish(step.items...)
		if n := len(w.server.Writes()); n != 0 {
			t.Errorf("step %d: the run after it wrote %d times", i, n)
		}
	}
}

func TestEnterpriseServer(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubtest.Options{Enterprise: true})
	out := w.publish(item(1, "app.yaml", 10))
	w.checkTold(out)
	if out.Count(review.LineComment) != 1 {
		t.Errorf("got %+v", out)
	}
}

func TestWrongOptions(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubtest.Options{})
	items := []report.Item{item(1, "app.yaml", 10)}
	out, err := review.Publish(context.Background(), w.client(), &report.Report{Items: items}, review.Options{})
	if err == nil {
		t.Error("no error without a pull request")
	}
	checkLedger(t, items, out)
}
