package review_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

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
		for _, want := range []string{items[i].Summary, "https://github.example/org/shop/blob/" + w.server.Head() + "/policy.yaml#L6", "mTLS mode STRICT", "`overlays/prod`", "    \"8080\":\n      mode: PERMISSIVE"} {
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
			changed.Message = "Another reason."
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
				if !cs[1].Resolved || cs[1].Edits != 0 {
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
	if r := out.Results[0]; r.Action != review.Kept || r.Reason == "" {
		t.Errorf("got %+v", r)
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

func TestThreeHundredFindings(t *testing.T) {
	t.Parallel()
	base := shared.commit(t, "", map[string]string{"README": "x\n"})
	w := pullRequest(t, githubtest.Options{}, base, shared.commit(t, base, map[string]string{"app.yaml": lines(400, "app")}))
	var items []report.Item
	for i := 1; i <= 300; i++ {
		items = append(items, item(i, "app.yaml", i))
	}
	out := w.publish(items...)
	w.checkTold(out)
	if n := out.Count(review.LineComment); n != 300 {
		t.Errorf("%d line comments, want 300", n)
	}
	if n := len(w.server.Reviews()); n != 10 {
		t.Errorf("%d reviews, want 10", n)
	}
	w.server.ResetLog()
	w.publish(items...)
	if n := len(w.server.Writes()); n != 0 {
		t.Errorf("the second run wrote %d times", n)
	}
}

func TestVeryLongReason(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubtest.Options{})
	it := item(1, "app.yaml", 10)
	it.Message = strings.Repeat("schöner Grund ", 5000)
	it.Chain = append(it.Chain, strings.Repeat("and because ", 5000))
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
	if !strings.Contains(body, "portLevelMtls") || !strings.Contains(body, "did not fit") {
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
	context := item(2, "other.yaml", 18)
	foreign := item(3, "untouched.yaml", 2)
	left := item(4, "other.yaml", 20)
	left.Placement.Side = report.Left
	onFile := item(5, "app.yaml", 0)
	onFile.Placement = &report.Placement{Kind: report.OnFile, Path: "app.yaml"}
	none := item(6, "app.yaml", 3)
	none.Placement = &report.Placement{Kind: report.InSummary}
	unplaced := item(7, "app.yaml", 3)
	unplaced.Placement = nil
	out := w.publish(outside, context, foreign, left, onFile, none, unplaced)
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
	w.publish(outside, context, foreign, left, onFile, none, unplaced)
	if n := len(w.server.Writes()); n != 0 {
		t.Errorf("the second run wrote %d times", n)
	}
}

func TestEnoughFileComments(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubtest.Options{})
	var items []report.Item
	for i := 1; i <= 25; i++ {
		items = append(items, item(i, "app.yaml", 0))
		items[i-1].Placement.Kind = report.OnFile
	}
	for run := 1; run <= 2; run++ {
		w.server.ResetLog()
		out := w.publish(items...)
		w.checkTold(out)
		if out.Count(review.FileComment) != 20 || out.Count(review.None) != 5 {
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
	if out.Results[0].Channel != review.None || out.Results[1].Action != review.Kept || out.Results[2].Channel != review.None || out.Closed != 1 {
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
	if n := len(w.server.Comments()); n != 2 {
		t.Errorf("%d comments, want one for each category", n)
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
	a, b, c := item(1, "app.yaml", 10), item(1, "other.yaml", 20), item(1, "app.yaml", 40)
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
		// The first one of app.yaml again, so its thread is opened again.
		{[]report.Item{b, c}, "app.yaml:10; other.yaml:20; "},
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

func TestSuggestion(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubtest.Options{})
	w.opt.Suggest = func(it report.Item) (review.Suggestion, bool) {
		return review.Suggestion{Path: "app.yaml", StartLine: 9, Line: it.Placement.Line, Text: "fixed: true"}, true
	}
	w.publish(item(1, "app.yaml", 10))
	c := w.server.Comments()[0]
	if c.StartLine != 9 || c.Line != 10 || !strings.Contains(c.Body, "```suggestion\nfixed: true\n```\n") {
		t.Errorf("got %+v", c)
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
