package review_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/org/probe-mtls-action/internal/github"
	"github.com/org/probe-mtls-action/internal/github/githubtest"
	"github.com/org/probe-mtls-action/internal/report"
	"github.com/org/probe-mtls-action/internal/report/review"
	"github.com/org/probe-mtls-action/render/source"
)

// story is a pull request with a push between two runs: the second run has
// something to create on lines and on a file, to edit, to keep and to close.
type story struct {
	base         string
	one, two     string // heads
	first, items []report.Item
}

func newStory(t testing.TB) *story {
	s := &story{}
	s.base = shared.commit(t, "", map[string]string{"other.yaml": lines(40, "other")})
	s.one = shared.commit(t, s.base, map[string]string{"app.yaml": lines(60, "app"), "other.yaml": "new\n" + lines(40, "other")})
	s.two = shared.commit(t, s.one, map[string]string{"app.yaml": "top\n" + lines(60, "app")})
	s.first = []report.Item{item(1, "app.yaml", 10), item(2, "app.yaml", 20), item(3, "app.yaml", 30), item(4, "app.yaml", 40)}
	// One line breaks several: their comment is edited as one of them is fixed and
	// another comes.
	s.first = append(s.first, onPolicy(8), onPolicy(9))
	edited := item(2, "app.yaml", 21)
	edited.Remedies = []report.Remedy{{Title: "Use an exec probe"}}
	s.items = []report.Item{item(1, "app.yaml", 11), edited, item(5, "app.yaml", 51), item(6, "app.yaml", 52), item(7, "other.yaml", 30), onPolicy(9), onPolicy(10)}
	return s
}

// onPolicy is a finding whose probe the diff does not show, and whose cause is the
// first line of other.yaml.
func onPolicy(id int) report.Item {
	it := item(id, "untouched.yaml", id)
	it.Related = []report.Location{{Span: source.Span{File: "other.yaml", Start: source.Position{Line: 1, Column: 1}}, Message: "mTLS mode STRICT", Exact: true}}
	it.Placement = &report.Placement{Kind: report.OnDeciding, Path: "other.yaml", Line: 1, Side: report.Right}
	return it
}

// begin plays the story up to the second run.
func (s *story) begin(t testing.TB, opt githubtest.Options) *world {
	w := pullRequest(t, opt, s.base, s.one)
	w.publish(s.first...)
	if err := w.server.Push(s.two); err != nil {
		t.Fatal(err)
	}
	w.server.ResetLog()
	return w
}

// heal runs twice without faults: everything is told once, what is fixed is
// closed, and the second of the two runs has nothing to do.
func (s *story) heal(w *world) {
	w.t.Helper()
	w.server.Inject()
	out := w.publish(s.items...)
	w.checkTold(out)
	if n := out.Count(review.None); n != 0 {
		w.t.Errorf("after the fault %d findings are still not told: %+v", n, out)
	}
	if n := len(w.shown()); n != len(s.items) {
		w.t.Errorf("after the fault %d findings are shown, want %d", n, len(s.items))
	}
	w.server.ResetLog()
	w.publish(s.items...)
	if n := len(w.server.Writes()); n != 0 {
		w.t.Errorf("the run after the repair wrote %d times: %v", n, w.server.Writes())
	}
}

func (s *story) count(t testing.TB, perms githubtest.Permissions) (requests, writes int) {
	w := s.begin(t, githubtest.Options{Permissions: &perms})
	w.checkTold(w.publish(s.items...))
	return len(w.server.Requests()), len(w.server.Writes())
}

// Every fault at every write, and at every request, for a moment and for good.
//
// With PROBE_MTLS_LONG, as .ci/run sets it, every kind of fault is tried at every
// position; without it every position has a third of the kinds, in turn.
func TestEveryFaultAtEveryPosition(t *testing.T) {
	t.Parallel()
	every := 3
	if os.Getenv("PROBE_MTLS_LONG") != "" {
		every = 1
	}
	s := newStory(t)
	for name, perms := range map[string]githubtest.Permissions{"minimal": githubtest.Minimal, "full": githubtest.Full} {
		requests, writes := s.count(t, perms)
		if writes < 4 {
			t.Fatalf("the story has %d writes only", writes)
		}
		for _, kind := range githubtest.Kinds {
			if kind == githubtest.Slow {
				continue // see TestSlowAnswer
			}
			t.Run(fmt.Sprintf("%s/%s", name, kind), func(t *testing.T) {
				t.Parallel()
				var faults []githubtest.Fault
				for k := 1; k <= writes; k++ {
					faults = append(faults, githubtest.Fault{Write: k}, githubtest.Fault{Write: k, Times: -1})
				}
				for k := 1; k <= requests && perms == githubtest.Minimal; k++ {
					faults = append(faults, githubtest.Fault{Request: k})
				}
				for i, f := range faults {
					if (i+int(kind))%every != 0 {
						continue
					}
					f.Kind, f.Delay = kind, 10*time.Second
					w := s.begin(t, githubtest.Options{Permissions: &perms})
					w.server.Inject(f)
					w.checkTold(w.publish(s.items...))
					s.heal(w)
					w.server.Close()
					if t.Failed() {
						t.Fatalf("with %+v", f)
					}
				}
			})
		}
	}
}

// A lost answer is not a reason to send findings elsewhere: the next look shows
// that the comments are there.
func TestLostAnswerIsFound(t *testing.T) {
	t.Parallel()
	for _, kind := range []githubtest.FaultKind{githubtest.DropAfter, githubtest.ServerErrorAfter, githubtest.Drop, githubtest.ServerError} {
		w := newWorld(t, githubtest.Options{})
		w.server.Inject(githubtest.Fault{Write: 1, Kind: kind})
		out := w.publish(item(1, "app.yaml", 10), item(2, "app.yaml", 20))
		w.checkTold(out)
		if out.Count(review.LineComment) != 2 || len(w.server.Comments()) != 2 || out.Results[0].Action != review.New {
			t.Errorf("%s: %+v", kind, out)
		}
	}
}

// GitHub's lists may lag behind its writes: what it confirmed is not sent again.
func TestListsLagBehind(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubtest.Options{Lag: 6})
	out := w.publish(item(1, "app.yaml", 10), item(2, "app.yaml", 20))
	if out.Count(review.LineComment) != 2 || len(w.server.Comments()) != 2 {
		t.Errorf("%d comments: %+v", len(w.server.Comments()), out)
	}
}

// A client that gave up waiting does not know that the write went through.
func TestSlowAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubtest.Options{})
	w.server.Inject(githubtest.Fault{Write: 1, Kind: githubtest.Slow, Delay: 2 * time.Second})
	items := []report.Item{item(1, "app.yaml", 10)}
	client := w.client(func(o *github.Options) { o.Timeout = 500 * time.Millisecond })
	out, err := review.Publish(context.Background(), client, &report.Report{Items: items}, w.options())
	if err != nil {
		t.Fatal(err)
	}
	checkLedger(t, items, out)
	w.checkTold(out)
	if len(w.server.Comments()) != 1 || out.Count(review.LineComment) != 1 {
		t.Errorf("got %+v", out)
	}
}

// The secondary limit on content strikes in the middle: the client waits.
func TestContentLimit(t *testing.T) {
	t.Parallel()
	now := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	var mu sync.Mutex
	clock := func() time.Time { mu.Lock(); defer mu.Unlock(); return now }
	w := newWorld(t, githubtest.Options{ContentPerMinute: 2, Now: clock})
	var items []report.Item
	for i := 1; i <= 5; i++ {
		items = append(items, onFile(cause(item(i, "app.yaml", 0), i)))
	}
	client := w.client(func(o *github.Options) {
		o.Now = clock
		o.Sleep = func(_ context.Context, d time.Duration) error {
			mu.Lock()
			defer mu.Unlock()
			now = now.Add(d)
			return nil
		}
	})
	out, err := review.Publish(context.Background(), client, &report.Report{Items: items}, w.options())
	if err != nil {
		t.Fatal(err)
	}
	w.checkTold(out)
	if n := out.Count(review.FileComment); n != 5 {
		t.Errorf("%d file comments, want 5: %+v", n, out)
	}
}

// scheduler lets one request through at a time, in an order that a test draws.
type scheduler struct {
	mu      sync.Mutex
	cond    *sync.Cond
	live    int
	waiting []string
	granted string
	pick    func(n int) int
}

func newScheduler(live int, pick func(n int) int) *scheduler {
	s := &scheduler{live: live, pick: pick}
	s.cond = sync.NewCond(&s.mu)
	return s
}

// turn waits until everybody waits or is done, and the draw falls on who.
func (s *scheduler) turn(who string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := 0
	for i < len(s.waiting) && s.waiting[i] < who {
		i++
	}
	s.waiting = append(s.waiting[:i], append([]string{who}, s.waiting[i:]...)...)
	s.grant()
	for s.granted != who {
		s.cond.Wait()
	}
	s.granted = ""
	for i, one := range s.waiting {
		if one == who {
			s.waiting = append(s.waiting[:i], s.waiting[i+1:]...)
			break
		}
	}
}

func (s *scheduler) done() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.live--
	s.grant()
}

func (s *scheduler) grant() {
	if s.granted == "" && s.live > 0 && len(s.waiting) == s.live {
		s.granted = s.waiting[s.pick(len(s.waiting))]
		s.cond.Broadcast()
	}
}

// Two runs at once, their requests in any order, now and then with a fault: each
// finding is shown once, whoever came first, and both ledgers are right.
func TestTwoRunsAtOnce(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	rapid.Check(t, func(rt *rapid.T) {
		perms := githubtest.Minimal
		if rapid.Bool().Draw(rt, "full") {
			perms = githubtest.Full
		}
		draws := rapid.SliceOfN(rapid.IntRange(0, 1), 40, 40).Draw(rt, "order")
		n := 0
		var sched *scheduler
		fault := githubtest.Fault{Kind: rapid.SampledFrom(append([]githubtest.FaultKind{0, 0, 0}, githubtest.Kinds...)).Draw(rt, "fault"), Delay: time.Second}
		if fault.Kind != 0 && fault.Kind != githubtest.Slow {
			fault.Request = rapid.IntRange(1, 30).Draw(rt, "at request")
		}
		noMinimize := rapid.Bool().Draw(rt, "may not minimize")
		w := s.begin(t, githubtest.Options{Permissions: &perms, NoMinimize: noMinimize, Hook: func(r *http.Request) {
			if sched != nil {
				sched.turn(r.UserAgent())
			}
		}})
		defer w.server.Close()
		w.server.Inject(fault)
		sched = newScheduler(2, func(waiting int) int { n++; return draws[(n-1)%len(draws)] % waiting })
		outs := make([]review.Outcome, 2)
		var wg sync.WaitGroup
		for i := range outs {
			client := w.client(func(o *github.Options) { o.UserAgent = fmt.Sprintf("run-%d", i) })
			opt := w.options()
			wg.Go(func() {
				defer sched.done()
				var err error
				if outs[i], err = review.Publish(context.Background(), client, &report.Report{Items: s.items}, opt); err != nil {
					rt.Errorf("run %d: %v", i, err)
				}
			})
		}
		wg.Wait()
		sched = nil
		for _, out := range outs {
			checkLedger(t, s.items, out)
			if fault.Request > 0 {
				continue // what it left undone, the next run does
			}
			w.checkTold(out)
			if n := out.Count(review.None); n != 0 {
				t.Errorf("%d findings not told: %+v", n, out)
			}
		}
		s.heal(w)
		if t.Failed() {
			rt.Fatalf("order %v", draws)
		}
	})
}
