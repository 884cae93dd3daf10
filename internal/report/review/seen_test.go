package review_test

import (
	"strings"
	"testing"

	"github.com/org/probe-mtls-action/internal/github/githubtest"
	"github.com/org/probe-mtls-action/internal/report"
	"github.com/org/probe-mtls-action/internal/report/review"
)

// quiet publishes and fails if anything is written.
func (w *world) quiet(what string, items ...report.Item) review.Outcome {
	w.t.Helper()
	w.server.ResetLog()
	out := w.publish(items...)
	if n := len(w.server.Writes()); n != 0 {
		w.t.Errorf("%s: %d writes: %v", what, n, w.server.Writes())
	}
	return out
}

// A line that changes takes its comment off the diff: the finding is told anew
// at the right line, and the old comment is closed.
func TestOutdatedIsToldAnew(t *testing.T) {
	t.Parallel()
	for name, perms := range map[string]githubtest.Permissions{"full": githubtest.Full, "minimal": githubtest.Minimal} {
		w := newWorld(t, githubtest.Options{Permissions: &perms})
		w.publish(item(1, "app.yaml", 10))
		w.push(map[string]string{"app.yaml": strings.Replace(lines(60, "app"), "app line 10\n", "app line ten\n", 1)})
		out := w.publish(item(1, "app.yaml", 10))
		w.checkTold(out)
		cs := w.server.Comments()
		if len(cs) != 2 || out.Results[0].Action != review.New || cs[1].Now != 10 {
			t.Fatalf("%s: %+v, %d comments", name, out, len(cs))
		}
		if !strings.Contains(cs[0].Body, "**Moved**") || !cs[0].Resolved && cs[0].Minimized != "OUTDATED" {
			t.Errorf("%s: the old comment: %+v", name, cs[0])
		}
		w.quiet(name, item(1, "app.yaml", 10))
	}
}

// What a person resolved, hid or deleted is not posted again: it is left to the
// next channel, with the reason.
func TestPeopleAreRespected(t *testing.T) {
	t.Parallel()
	for why, act := range map[string]func(*githubtest.Server, int64){
		"somebody resolved the conversation": func(s *githubtest.Server, id int64) {
			s.Update(id, func(c *githubtest.Comment) { c.Resolved, c.ResolvedBy = true, "reader" })
		},
		"somebody hid the comment": func(s *githubtest.Server, id int64) {
			s.Update(id, func(c *githubtest.Comment) { c.Minimized = "OFF_TOPIC" })
		},
		"its comment was deleted": func(s *githubtest.Server, id int64) { s.Delete(id) },
	} {
		w := newWorld(t, githubtest.Options{})
		w.publish(item(1, "app.yaml", 10), item(2, "app.yaml", 20))
		act(w.server, w.server.Comments()[0].ID)
		out := w.quiet(why, item(1, "app.yaml", 10), item(2, "app.yaml", 20))
		if r := out.Results[0]; r.Channel != review.None || !r.Silenced || r.Reason != why {
			t.Errorf("%s: %+v", why, r)
		}
		if r := out.Results[1]; r.Channel != review.LineComment {
			t.Errorf("%s: the other finding: %+v", why, r)
		}
	}
}

// A resolved finding that is fixed and broken again by a later push is news.
func TestBrokenAgainIsNews(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubtest.Options{})
	w.publish(item(1, "app.yaml", 10))
	w.server.Update(w.server.Comments()[0].ID, func(c *githubtest.Comment) { c.Resolved, c.ResolvedBy = true, "reader" })
	w.publish()
	out := w.publish(item(1, "app.yaml", 10))
	w.checkTold(out)
	if n := len(w.server.Comments()); n != 2 || out.Results[0].Action != review.New {
		t.Errorf("%d comments: %+v", n, out)
	}
	w.quiet("after it", item(1, "app.yaml", 10))
}

// The job's token on one push and an app's on the next: nothing is posted twice.
func TestAnotherIdentity(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubtest.Options{Permissions: &githubtest.Full})
	w.publish(item(1, "app.yaml", 10), item(2, "app.yaml", 20))
	w.server.ActAs("probes[bot]")
	out := w.quiet("another identity", item(1, "app.yaml", 10), item(2, "app.yaml", 20))
	w.checkTold(out)
	if out.Count(review.LineComment) != 2 {
		t.Errorf("%+v", out)
	}
	out = w.publish(item(1, "app.yaml", 10), item(3, "app.yaml", 30))
	w.checkTold(out)
	if n := len(w.shown()); n != 2 || out.Count(review.LineComment) != 2 {
		t.Errorf("%d findings are shown: %+v", n, out)
	}
}

// An app whose token GraphQL refuses does not know who it is, and does not post
// twice all the same.
func TestAppWithoutGraphQL(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubtest.Options{NoGraphQL: true, Login: "probes[bot]"})
	w.publish(item(1, "app.yaml", 10), item(2, "app.yaml", 20))
	w.quiet("the second run", item(1, "app.yaml", 10), item(2, "app.yaml", 20))
	out := w.publish(item(1, "app.yaml", 10))
	w.checkTold(out)
	if cs := w.server.Comments(); len(cs) != 2 || !strings.Contains(cs[1].Body, "**Fixed in**") {
		t.Errorf("%+v", out)
	}
	w.quiet("the last run", item(1, "app.yaml", 10))
}

func TestClosedPullRequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubtest.Options{})
	w.server.ClosePullRequest()
	out := w.quiet("closed", item(1, "app.yaml", 10))
	if r := out.Results[0]; r.Channel != review.None || !strings.Contains(r.Reason, "closed") {
		t.Errorf("%+v", r)
	}
}
