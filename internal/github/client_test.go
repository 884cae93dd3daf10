package github_test

import (
	"bytes"
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/org/probe-mtls-action/internal/github"
	"github.com/org/probe-mtls-action/internal/github/githubtest"
)

const token = "ghs_very-secret-token"

var epoch = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)

// clock is a clock that only sleeping moves.
type clock struct {
	mu    sync.Mutex // the server reads it too
	now   time.Time
	slept []time.Duration
}

func (c *clock) time() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) sleep(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	c.slept = append(c.slept, d)
	return ctx.Err()
}

func (c *clock) total() (sum time.Duration) {
	for _, d := range c.slept {
		sum += d
	}
	return sum
}

// fixture is a repository with a pull request that changes one of two files.
func fixture(t testing.TB, opt githubtest.Options) (*githubtest.Server, string) {
	t.Helper()
	dir := t.TempDir()
	git := func(args ...string) string {
		cmd := exec.Command("git", append([]string{"-C", dir}, args...)...)
		cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1",
			"GIT_AUTHOR_NAME=A", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=A", "GIT_COMMITTER_EMAIL=a@example.com")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("git %v: %v: %s", args, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	write := func(name, content string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	git("init", "-q", "-b", "main")
	write("a.yaml", "a: 1\nb: 2\nc: 3\n")
	write("old.yaml", "x: 1\ny: 2\nz: 3\n")
	git("add", "-A")
	git("commit", "-qm", "base")
	base := git("rev-parse", "HEAD")
	git("checkout", "-q", "-b", "topic")
	write("a.yaml", "a: 1\nb: 20\nc: 3\n")
	git("mv", "old.yaml", "new.yaml")
	git("add", "-A")
	git("commit", "-qm", "topic")
	git("checkout", "-q", "main")
	write("later.yaml", "l: 1\n")
	git("add", "-A")
	git("commit", "-qm", "main goes on")
	opt.GitDir, opt.Base, opt.Head, opt.Token = dir, "main", "topic", token
	return githubtest.New(t, opt), base
}

func client(t testing.TB, s *githubtest.Server, c *clock, change ...func(*github.Options)) *github.Client {
	t.Helper()
	opt := github.Options{
		APIURL: s.APIURL(), GraphQLURL: s.GraphQLURL(), Repository: "org/shop", Token: token,
		Now: c.time, Sleep: c.sleep, Jitter: func() float64 { return 0.5 }, Pace: -1,
	}
	for _, f := range change {
		f(&opt)
	}
	gh, err := github.New(opt)
	if err != nil {
		t.Fatal(err)
	}
	return gh
}

func TestReading(t *testing.T) {
	for _, enterprise := range []bool{false, true} {
		s, base := fixture(t, githubtest.Options{Enterprise: enterprise, Fork: true, Permissions: &githubtest.ReadOnly})
		gh := client(t, s, &clock{now: epoch})
		ctx := context.Background()

		pr, err := gh.PullRequest(ctx, 7)
		if err != nil || pr.HeadSHA != s.Head() || !pr.Fork || pr.HeadRepo != "contributor/shop" || pr.State != "open" || pr.BaseRef != "main" {
			t.Errorf("PullRequest = %+v, %v", pr, err)
		}
		files, truncated, err := gh.Files(ctx, 7)
		if err != nil || truncated || len(files) != 2 || files[0].Name != "a.yaml" || !strings.Contains(files[0].Patch, "+b: 20") ||
			files[1].Name != "new.yaml" || files[1].PreviousName != "old.yaml" || files[1].Status != "renamed" {
			t.Errorf("Files = %+v, %v, %v", files, truncated, err)
		}
		mb, err := gh.MergeBase(ctx, pr.BaseSHA, pr.HeadSHA)
		if err != nil || mb != base {
			t.Errorf("MergeBase = %s, %v, want %s", mb, err, base)
		}
		if login, err := gh.Viewer(ctx); err != nil || login != "github-actions[bot]" {
			t.Errorf("Viewer = %q, %v", login, err)
		}
		if _, err := gh.PullRequest(ctx, 8); !isType[*github.NotPermitted](err) {
			t.Errorf("another pull request: %v", err)
		}
	}
}

func isType[T error](err error) bool { var e T; return errors.As(err, &e) }

func TestPages(t *testing.T) {
	s, _ := fixture(t, githubtest.Options{})
	for i := 0; i < 250; i++ {
		s.AddComment(githubtest.Comment{Author: "reader", Path: "a.yaml", Line: 2, Body: fmt.Sprint("comment ", i)})
	}
	gh := client(t, s, &clock{now: epoch})
	all, err := gh.Comments(context.Background(), 7)
	if err != nil || len(all) != 250 || all[249].Body != "comment 249" || all[0].Line != 2 {
		t.Errorf("%d comments, %v", len(all), err)
	}
	threads, err := gh.Threads(context.Background(), 7)
	if err != nil || len(threads.All) != 250 || threads.All[249].Comments[0].NodeID != all[249].NodeID || threads.All[0].Comments[0].Mine {
		t.Errorf("%d threads, %v", len(threads.All), err)
	}
}

// A read outlives what goes by itself, a write only what surely did nothing.
func TestRetries(t *testing.T) {
	const k = time.Second
	for _, c := range []struct {
		kind        githubtest.FaultKind
		delay       time.Duration
		read, write bool // succeeds although the fault strikes once
		waits       time.Duration
	}{
		{githubtest.ServerError, 0, true, false, 375 * time.Millisecond},
		{githubtest.Drop, 0, true, false, 375 * time.Millisecond},
		{githubtest.TooMany, 7 * k, true, true, 7*k + 500*time.Millisecond},
		{githubtest.SecondaryLimit, 7 * k, true, true, 7*k + 500*time.Millisecond},
		{githubtest.PrimaryLimit, 20 * k, true, true, 21*k + 500*time.Millisecond},
		{githubtest.TooManyBare, 0, true, true, 60 * k},
		{githubtest.Forbidden, 0, false, false, 0},
		{githubtest.NotFound, 0, false, false, 0},
		{githubtest.Garbage, 0, false, false, 0},
	} {
		t.Run(c.kind.String(), func(t *testing.T) {
			clk := &clock{now: epoch}
			s, _ := fixture(t, githubtest.Options{Now: clk.time})
			gh := client(t, s, clk)
			s.Inject(githubtest.Fault{Request: 1, Kind: c.kind, Delay: c.delay})
			if _, err := gh.PullRequest(context.Background(), 7); (err == nil) != c.read {
				t.Errorf("read: %v", err)
			}
			if c.read && clk.total() != c.waits {
				t.Errorf("waited %s, want %s", clk.total(), c.waits)
			}
			s.Inject(githubtest.Fault{Write: 1, Kind: c.kind, Delay: c.delay})
			err := gh.CreateReview(context.Background(), 7, s.Head(), "body", []github.Draft{{Path: "a.yaml", Line: 2, Side: "RIGHT", Body: "x"}})
			if (err == nil) != c.write {
				t.Errorf("write: %v", err)
			}
			want := 0
			if c.write {
				want = 1
			}
			if n := len(s.Comments()); n != want {
				t.Errorf("%d comments, want %d", n, want)
			}
			uncertain := c.kind == githubtest.ServerError || c.kind == githubtest.Drop || c.kind == githubtest.Garbage
			if github.MaybeDone(err) != uncertain {
				t.Errorf("MaybeDone(%v) = %v", err, !uncertain)
			}
		})
	}
}

func TestWaitingIsCapped(t *testing.T) {
	clk := &clock{now: epoch}
	s, _ := fixture(t, githubtest.Options{Now: clk.time})
	gh := client(t, s, clk, func(o *github.Options) { o.MaxWait = time.Minute })
	s.Inject(githubtest.Fault{Request: 1, Times: -1, Kind: githubtest.PrimaryLimit, Delay: time.Hour})
	_, err := gh.PullRequest(context.Background(), 7)
	var limited *github.RateLimited
	if !errors.As(err, &limited) || limited.Until.Before(epoch.Add(time.Hour)) || clk.total() != 0 {
		t.Errorf("got %v after %s", err, clk.total())
	}
	// Short waits add up to the same cap.
	s.Inject(githubtest.Fault{Request: 1, Times: -1, Kind: githubtest.TooMany, Delay: 25 * time.Second})
	for i := 0; i < 5; i++ {
		if _, err = gh.PullRequest(context.Background(), 7); !errors.As(err, &limited) {
			t.Fatalf("got %v", err)
		}
	}
	if clk.total() > time.Minute || clk.total() < 50*time.Second {
		t.Errorf("waited %s", clk.total())
	}
	// The limit is over: nothing remembers it.
	s.Inject()
	if _, err := gh.PullRequest(context.Background(), 7); err != nil {
		t.Error(err)
	}
}

// The last request of an hour is answered; the next is sent all the same, as
// only GitHub's clock knows when the hour is over.
func TestUsedUpLimitIsNotRemembered(t *testing.T) {
	requests := 0
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests++
		w.Header().Set("X-Ratelimit-Limit", "1000")
		w.Header().Set("X-Ratelimit-Remaining", "0")
		w.Header().Set("X-Ratelimit-Reset", fmt.Sprint(time.Now().Add(time.Hour).Unix()))
		fmt.Fprint(w, `{"number":7}`)
	}))
	defer api.Close()
	gh, err := github.New(github.Options{APIURL: api.URL, Repository: "org/shop"})
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < 2; i++ {
		if _, err := gh.PullRequest(context.Background(), 7); err != nil {
			t.Error(err)
		}
	}
	if requests != 2 {
		t.Errorf("%d requests, want 2", requests)
	}
}

func TestWritesKeepPace(t *testing.T) {
	clk := &clock{now: epoch}
	s, _ := fixture(t, githubtest.Options{})
	gh := client(t, s, clk, func(o *github.Options) { o.Pace = time.Second })
	for i := 0; i < 3; i++ {
		if err := gh.CreateReview(context.Background(), 7, s.Head(), "body", nil); err != nil {
			t.Fatal(err)
		}
	}
	if clk.total() != 2*time.Second {
		t.Errorf("three writes waited %s, want 2s", clk.total())
	}
}

// The token goes to the API only, and no error shows it or a signed address.
func TestNoTokenLeaks(t *testing.T) {
	var elsewhere atomic.Value
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		elsewhere.Store(r.Header.Get("Authorization"))
		http.Error(w, "no", http.StatusForbidden)
	}))
	defer other.Close()
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.Contains(r.URL.Path, "artifacts"):
			w.Header().Set("Location", other.URL+"/blob?sig=signature")
			w.WriteHeader(http.StatusFound)
		case r.Method == http.MethodPost:
			http.Redirect(w, r, other.URL+"/steal?token="+token, http.StatusTemporaryRedirect)
		default:
			w.WriteHeader(http.StatusUnprocessableEntity)
			fmt.Fprintf(w, `{"message":"bad %s","errors":["see https://x/y?sig=signature and %s"]}`, token, r.Header.Get("Authorization"))
		}
	}))
	defer api.Close()
	var logged strings.Builder
	gh, err := github.New(github.Options{APIURL: api.URL, Repository: "org/shop", Token: token, Sleep: (&clock{}).sleep,
		Log: func(f string, a ...any) { fmt.Fprintf(&logged, f, a...) }})
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	_, err1 := gh.PullRequest(ctx, 7)
	err2 := gh.CreateReview(ctx, 7, "sha", "body", nil)
	err3 := gh.ReadArtifact(ctx, 1, 100, nil, nil)
	for _, err := range []error{err1, err2, err3} {
		if err == nil {
			t.Fatal("no error")
		}
		text := fmt.Sprintf("%v %+v %#v", err, err, err) + logged.String()
		for _, secret := range []string{token, "signature"} {
			if strings.Contains(text, secret) {
				t.Errorf("an error shows %s: %s", secret, text)
			}
		}
	}
	if got := elsewhere.Load(); got != "" {
		t.Errorf("another host was sent Authorization %v", got)
	}
	api.Close()
	if _, err := gh.PullRequest(ctx, 7); !isType[*github.Unavailable](err) || github.MaybeDone(err) || strings.Contains(err.Error(), token) {
		t.Errorf("without a server: %v", err)
	}
	if err := gh.CreateReview(ctx, 7, "sha", "body", nil); github.MaybeDone(err) {
		t.Errorf("nothing left this machine, but: %v", err)
	}
}

func TestAnswersAreBounded(t *testing.T) {
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write(bytes.Repeat([]byte(" "), 5000))
	}))
	defer api.Close()
	gh, err := github.New(github.Options{APIURL: api.URL, Repository: "org/shop", MaxBody: 1000, Sleep: (&clock{}).sleep})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := gh.PullRequest(context.Background(), 7); !isType[*github.TooLarge](err) {
		t.Errorf("got %v", err)
	}
}

func TestBadOptions(t *testing.T) {
	for _, o := range []github.Options{
		{}, {Repository: "shop"}, {Repository: "a/b/c"}, {Repository: "a/b?c"},
		{Repository: "a/b", APIURL: "api.github.com"}, {Repository: "a/b", APIURL: "https://u:" + token + "@h"}, {Repository: "a/b", GraphQLURL: "ftp://h"},
	} {
		o.Token = token
		if _, err := github.New(o); err == nil {
			t.Errorf("%+v was taken", o)
		} else if strings.Contains(err.Error(), token) {
			t.Errorf("the error shows the token: %v", err)
		}
	}
}

func TestUnprocessable(t *testing.T) {
	s, _ := fixture(t, githubtest.Options{})
	gh := client(t, s, &clock{now: epoch})
	ctx := context.Background()
	var refused *github.Unprocessable
	err := gh.CreateReview(ctx, 7, s.Head(), "body", []github.Draft{{Path: "a.yaml", Line: 2000, Side: "RIGHT", Body: "x"}})
	if !errors.As(err, &refused) || len(refused.Texts) != 1 || !strings.Contains(refused.Texts[0], "must be part of the diff") {
		t.Errorf("review: %v", err)
	}
	err = gh.CreateFileComment(ctx, 7, s.Head(), github.Draft{Path: "later.yaml", Body: "x"})
	if !errors.As(err, &refused) || len(refused.Texts) != 1 || !strings.Contains(refused.Texts[0], "Path could not be resolved") {
		t.Errorf("file comment: %v", err)
	}
	err = gh.CreateReview(ctx, 7, s.Head(), "body", []github.Draft{{Path: "a.yaml", Line: 2, Side: "RIGHT", Body: strings.Repeat("x", 65537)}})
	if !errors.As(err, &refused) {
		t.Errorf("long body: %v", err)
	}
}

func TestThreadsAndComments(t *testing.T) {
	s, _ := fixture(t, githubtest.Options{Permissions: &githubtest.Full})
	gh := client(t, s, &clock{now: epoch})
	ctx := context.Background()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(gh.CreateReview(ctx, 7, s.Head(), "body", []github.Draft{{Path: "a.yaml", StartLine: 1, Line: 2, Side: "RIGHT", Body: "x"}}))
	must(gh.CreateFileComment(ctx, 7, s.Head(), github.Draft{Path: "new.yaml", Body: "y"}))
	all, err := gh.Comments(ctx, 7)
	must(err)
	if len(all) != 2 || all[0].OnFile || !all[1].OnFile || all[0].Author != "github-actions[bot]" {
		t.Fatalf("got %+v", all)
	}
	must(gh.EditComment(ctx, all[0].ID, "edited"))
	must(gh.Minimize(ctx, all[1].NodeID, github.Outdated))
	threads, err := gh.Threads(ctx, 7)
	must(err)
	must(gh.ResolveThread(ctx, threads.All[0].ID))
	threads, err = gh.Threads(ctx, 7)
	must(err)
	if !threads.All[0].Resolved || !github.SameLogin(threads.All[0].ResolvedBy, threads.Viewer) || !threads.All[1].Comments[0].Minimized || !threads.All[1].Comments[0].Mine {
		t.Errorf("got %+v", threads)
	}
	must(gh.UnresolveThread(ctx, threads.All[0].ID))
	must(gh.Unminimize(ctx, all[1].NodeID))
	for _, c := range s.Comments() {
		if c.Resolved || c.Minimized != "" {
			t.Errorf("got %+v", c)
		}
	}
	if err := gh.EditComment(ctx, s.AddComment(githubtest.Comment{Author: "reader", Path: "a.yaml", Line: 1, Body: "z"}), "mine now"); !isType[*github.NotPermitted](err) {
		t.Errorf("editing a person's comment: %v", err)
	}
	if err := gh.ResolveThread(ctx, "PRRT_1"); !isType[*github.NotPermitted](err) {
		t.Errorf("no such thread: %v", err)
	}
}

func TestSticky(t *testing.T) {
	const login, mark = "github-actions[bot]", "<!-- mark -->"
	s, _ := fixture(t, githubtest.Options{})
	gh := client(t, s, &clock{now: epoch})
	s.AddIssueComment("reader", "quoting "+mark)
	for i, body := range []string{"one " + mark, "one " + mark, "two " + mark} {
		s.ResetLog()
		s.Inject(githubtest.Fault{Write: 1, Kind: githubtest.DropAfter})
		if url, err := gh.Sticky(context.Background(), github.Sticky{Number: 7, Login: login, Marker: mark, Body: body}); err != nil || url == "" {
			t.Fatalf("%d: %q, %v", i, url, err)
		}
		all := s.IssueComments()
		if len(all) != 2 || all[1].Body != body || all[0].Body != "quoting "+mark {
			t.Fatalf("%d: %+v", i, all)
		}
		if n := len(s.Writes()); n > 1 || i == 1 && n != 0 {
			t.Errorf("%d: %d writes", i, n)
		}
	}
}

func TestSARIF(t *testing.T) {
	ctx := context.Background()
	s, _ := fixture(t, githubtest.Options{Permissions: &githubtest.Full})
	gh := client(t, s, &clock{now: epoch})
	sarif := []byte(`{"version":"2.1.0","runs":[]}`)
	if id, err := gh.UploadSARIF(ctx, s.Head(), "refs/pull/7/merge", sarif); err != nil || id == "" {
		t.Fatalf("%q, %v", id, err)
	}
	if ups := s.Uploads(); len(ups) != 1 || !bytes.Equal(ups[0].SARIF, sarif) || ups[0].Ref != "refs/pull/7/merge" {
		t.Errorf("got %+v", ups)
	}
	var refused *github.Unprocessable
	if _, err := gh.UploadSARIF(ctx, s.Head(), "refs/pull/7/merge", []byte(`{"version":"1.0"}`)); !errors.As(err, &refused) || len(refused.Texts) == 0 {
		t.Errorf("a bad file: %v", err)
	}
	for _, opt := range []githubtest.Options{{Permissions: &githubtest.Full, NoCodeScanning: true}, {Permissions: &githubtest.ReadOnly}} {
		s, _ := fixture(t, opt)
		if _, err := client(t, s, &clock{now: epoch}).UploadSARIF(ctx, s.Head(), "refs/pull/7/merge", sarif); !isType[*github.NotPermitted](err) {
			t.Errorf("without code scanning: %v", err)
		}
	}
}

func TestArtifacts(t *testing.T) {
	ctx := context.Background()
	s, _ := fixture(t, githubtest.Options{Fork: true, Permissions: &githubtest.ReadOnly})
	gh := client(t, s, &clock{now: epoch})
	id := s.AddRun(githubtest.Run{Event: "pull_request", HeadSHA: s.Head(), HeadBranch: "topic", HeadRepo: "contributor/shop"})
	art, err := s.AddArtifact(id, "probe-mtls", map[string][]byte{"probe-mtls.sarif": []byte("{}"), "../evil": bytes.Repeat([]byte("x"), 2000)})
	if err != nil {
		t.Fatal(err)
	}
	run, err := gh.WorkflowRun(ctx, id)
	if err != nil || run.HeadSHA != s.Head() || run.Event != "pull_request" || run.HeadRepository != "contributor/shop" || len(run.PullRequests) != 0 {
		t.Errorf("run %+v, %v", run, err)
	}
	prs, err := gh.PullRequestsOf(ctx, "contributor", run.HeadBranch, run.HeadSHA)
	if err != nil || len(prs) != 1 || prs[0].Number != 7 {
		t.Errorf("pull requests %+v, %v", prs, err)
	}
	if prs, err := gh.PullRequestsOf(ctx, "contributor", run.HeadBranch, "another"); err != nil || len(prs) != 0 {
		t.Errorf("pull requests of another commit %+v, %v", prs, err)
	}
	list, err := gh.Artifacts(ctx, id)
	if err != nil || len(list) != 1 || list[0].ID != art || list[0].Name != "probe-mtls" || list[0].Expired {
		t.Errorf("artifacts %+v, %v", list, err)
	}
	got := map[string]int{}
	visit := func(name string, data []byte) error { got[name] = len(data); return nil }
	if err := gh.ReadArtifact(ctx, art, 1<<20, nil, visit); err != nil || got["probe-mtls.sarif"] != 2 || got["../evil"] != 2000 {
		t.Errorf("%v, %v", got, err)
	}
	// 2,000 equal bytes pack well: the bound holds for what comes out.
	if err := gh.ReadArtifact(ctx, art, 1000, nil, visit); !isType[*github.TooLarge](err) {
		t.Errorf("over the bound: %v", err)
	}
	if err := gh.ReadArtifact(ctx, 1, 1000, nil, visit); err == nil {
		t.Error("an artifact that is not there was read")
	}
}

// probeEnv makes TestEnvironment call the API at its value and nothing else.
const probeEnv = "GITHUB_CLIENT_TEST_API"

// Proxies and certificate authorities are the environment's. Go reads it once
// per process, so each case is a process of its own.
func TestEnvironment(t *testing.T) {
	if api := os.Getenv(probeEnv); api != "" {
		gh, err := github.New(github.Options{APIURL: api, Repository: "org/shop", Sleep: (&clock{}).sleep})
		if err != nil {
			t.Fatal(err)
		}
		if pr, err := gh.PullRequest(context.Background(), 7); err != nil || pr.Number != 7 {
			t.Fatalf("%+v, %v", pr, err)
		}
		return
	}
	answer := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, `{"number":7}`) })
	secure := httptest.NewUnstartedServer(answer)
	secure.Config.ErrorLog = log.New(io.Discard, "", 0) // one handshake is meant to fail
	secure.StartTLS()
	defer secure.Close()
	proxy := httptest.NewServer(answer)
	defer proxy.Close()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: secure.Certificate().Raw}), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		api, env, fails string
	}{
		{secure.URL, "SSL_CERT_FILE=" + ca, ""},
		{secure.URL, "SSL_CERT_FILE=" + os.DevNull, "certificate"},
		{"http://github.invalid/api/v3", "HTTP_PROXY=" + proxy.URL, ""},
		{"http://github.invalid/api/v3", "NO_PROXY=*", "not available"},
	} {
		cmd := exec.Command(os.Args[0], "-test.run=^TestEnvironment$")
		cmd.Env = append(os.Environ(), probeEnv+"="+c.api, "HTTP_PROXY=", "HTTPS_PROXY=", "http_proxy=", "https_proxy=", "SSL_CERT_DIR="+t.TempDir(), c.env)
		out, err := cmd.CombinedOutput()
		if (err == nil) != (c.fails == "") || !strings.Contains(string(out), c.fails) {
			t.Errorf("%s with %s: %v\n%s", c.api, c.env, err, out)
		}
	}
}
