// Package githubtest is a GitHub in memory: one repository with one pull request, for tests and local trials.
//
// It keeps comments, reviews, threads, code scanning uploads and workflow runs,
// computes diffs from a real Git repository, and is as strict as GitHub:
// comments only on lines that the diff shows, a whole review refused for one
// bad comment without naming it, 65,536 characters, permissions, rate limits,
// pages. Faults can be put at any request or write. Where GitHub's own
// descriptions are installed (see [ContractsEnv]) every request and response
// is checked against them.
package githubtest

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// Access is how far a token's permission goes.
type Access int

// The levels.
const (
	None Access = iota
	Read
	Write
)

// Permissions are what a job's token may do, in the words of a workflow's
// permissions key.
type Permissions struct {
	Actions, Checks, Contents, Issues, PullRequests, SecurityEvents Access
}

// The permissions of common tokens.
var (
	// Minimal is what the product asks for.
	Minimal = Permissions{Contents: Read, PullRequests: Write}
	// Full may do everything, resolving threads and uploading SARIF included.
	Full = Permissions{Actions: Write, Checks: Write, Contents: Write, Issues: Write, PullRequests: Write, SecurityEvents: Write}
	// ReadOnly is the token of a pull request from a fork, or of Dependabot.
	ReadOnly = Permissions{Actions: Read, Checks: Read, Contents: Read, Issues: Read, PullRequests: Read, SecurityEvents: Read}
)

// Options describes the repository and its pull request.
type Options struct {
	Repository string // owner/name; org/shop
	Number     int    // of the pull request; 7
	// GitDir is a Git repository (work tree or bare) that has both commits.
	GitDir string
	// Base and Head are revisions in GitDir: the tip of the base branch and
	// the pull request's head.
	Base, Head string
	Fork       bool   // the head is in a fork
	Login      string // who the token acts as; github-actions[bot]
	Token      string // requests with another one get 401; "" takes any
	// Permissions of the token; nil: Minimal.
	Permissions *Permissions
	// NoCodeScanning makes uploads fail as where the feature is not bought.
	NoCodeScanning bool
	// NoMinimize gives a token that may comment but not fold comments away.
	NoMinimize bool
	// NoGraphQL gives a token that GraphQL refuses.
	NoGraphQL bool
	// Lag hides a new review comment from the lists for so many requests.
	Lag int
	// Enterprise serves below /api/v3 and /api/graphql.
	Enterprise bool
	// Contents per minute before the secondary limit strikes; 0: no limit.
	ContentPerMinute int
	// Contracts is the directory of GitHub's descriptions; $PROBE_MTLS_CONTRACTS,
	// else contracts/node_modules of this repository.
	Contracts string
	Now       func() time.Time
	// Hook is called before each request is handled, outside any lock: tests
	// hold requests here to interleave runs.
	Hook func(*http.Request)
}

// Request is one request that came in.
type Request struct {
	Method, Path string // below the API's prefix
	Body         string
	Status       int  // 0: the connection was dropped
	Write        bool // not a read; GraphQL mutations are writes
	Done         bool // a write that changed something
}

// Server is a running GitHub.
type Server struct {
	opt      Options
	http     *httptest.Server
	git      gitRepo
	contract *contract
	skipped  string // why the contract is not checked
	perms    Permissions
	mux      *http.ServeMux

	mu         sync.Mutex
	state      state
	faults     []*Fault
	requests   []Request
	writes     int // since the last Inject or ResetLog
	received   int // since the last Inject or ResetLog
	total      int // since the start
	content    []time.Time
	violations []string
}

// New starts a server that ends with the test. The test fails if traffic
// breaks GitHub's descriptions; where they are not installed, the log says so.
func New(t testing.TB, opt Options) *Server {
	t.Helper()
	s, err := Start(opt)
	if err != nil {
		t.Fatalf("githubtest: %v", err)
	}
	if s.skipped != "" {
		t.Logf("traffic is not checked against GitHub's own descriptions: %s", s.skipped)
	}
	t.Cleanup(func() {
		s.Close()
		for _, v := range s.Violations() {
			t.Errorf("breaks GitHub's description: %s", v)
		}
	})
	return s
}

// Start starts a server; its caller closes it.
func Start(opt Options) (*Server, error) {
	if opt.Repository == "" {
		opt.Repository = "org/shop"
	}
	if opt.Number == 0 {
		opt.Number = 7
	}
	if opt.Login == "" {
		opt.Login = "github-actions[bot]"
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	s := &Server{opt: opt, git: gitRepo{opt.GitDir}, perms: Minimal}
	if opt.Permissions != nil {
		s.perms = *opt.Permissions
	}
	var err error
	if s.state.base, err = s.git.commit(opt.Base); err != nil {
		return nil, err
	}
	if s.state.head, err = s.git.commit(opt.Head); err != nil {
		return nil, err
	}
	if err := s.findContract(); err != nil {
		return nil, err
	}
	s.mux = s.newMux()
	s.http = httptest.NewServer(http.HandlerFunc(s.serve))
	return s, nil
}

func (s *Server) findContract() error {
	dir, asked := s.opt.Contracts, true
	if dir == "" {
		dir = os.Getenv(ContractsEnv)
	}
	if dir == "" {
		_, file, _, _ := runtime.Caller(0)
		dir, asked = filepath.Join(filepath.Dir(file), "../../../contracts/node_modules"), false
	}
	if _, err := os.Stat(filepath.Join(dir, "@octokit")); err != nil && !asked {
		s.skipped = "@octokit/openapi and @octokit/graphql-schema are not installed; run make contracts or set " + ContractsEnv
		return nil
	}
	var err error
	s.contract, err = loadContract(dir, s.opt.Enterprise)
	return err
}

// Close ends the server.
func (s *Server) Close() { s.http.Close() }

// URL is where the server listens, and what GITHUB_SERVER_URL is.
func (s *Server) URL() string { return s.http.URL }

// APIURL is what GITHUB_API_URL is.
func (s *Server) APIURL() string {
	if s.opt.Enterprise {
		return s.http.URL + "/api/v3"
	}
	return s.http.URL
}

// GraphQLURL is what GITHUB_GRAPHQL_URL is.
func (s *Server) GraphQLURL() string {
	if s.opt.Enterprise {
		return s.http.URL + "/api/graphql"
	}
	return s.http.URL + "/graphql"
}

// Env is what Actions tells a job of this server.
func (s *Server) Env() map[string]string {
	return map[string]string{
		"GITHUB_API_URL": s.APIURL(), "GITHUB_GRAPHQL_URL": s.GraphQLURL(), "GITHUB_SERVER_URL": s.URL(),
		"GITHUB_REPOSITORY": s.opt.Repository,
	}
}

// Checked reports whether traffic is checked against GitHub's descriptions.
func (s *Server) Checked() bool { return s.contract != nil }

// serve is the way of every request: log, fault, authentication, handler,
// contract.
func (s *Server) serve(w http.ResponseWriter, req *http.Request) {
	if s.serveGit(w, req) {
		return
	}
	body, err := io.ReadAll(io.LimitReader(req.Body, 64<<20))
	if err != nil {
		return // the client went away
	}
	if s.opt.Hook != nil {
		s.opt.Hook(req)
	}
	rec, fault := s.handle(req, body)
	if fault != nil && fault.Kind == Slow {
		time.Sleep(fault.Delay)
	}
	if rec == nil {
		panic(http.ErrAbortHandler) // closes the connection without an answer
	}
	for k, v := range rec.Header() {
		w.Header()[k] = v
	}
	w.WriteHeader(rec.Code)
	_, _ = w.Write(rec.Body.Bytes())
}

// handle returns the answer, nil where the connection is to break.
func (s *Server) handle(req *http.Request, body []byte) (*httptest.ResponseRecorder, *Fault) {
	path, graphql := s.route(req.URL.Path)
	write := req.Method != http.MethodGet && req.Method != http.MethodHead
	if graphql {
		write = strings.Contains(string(body), `"mutation`)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.received++
	s.total++
	if write {
		s.writes++
	}
	entry := Request{Method: req.Method, Path: path, Body: string(body), Write: write}
	fault := s.fault(write)
	rec := httptest.NewRecorder()
	if fault == nil || fault.Kind.after() {
		before := s.state.changes
		s.answer(rec, req, path, graphql, body)
		entry.Done = s.state.changes != before
		s.checkContract(req, path, graphql, body, rec)
	}
	if fault != nil && !fault.apply(rec, s.opt.Now()) {
		rec = nil
	} else {
		entry.Status = rec.Code
	}
	s.requests = append(s.requests, entry)
	return rec, fault
}

// route strips the API's prefix.
func (s *Server) route(path string) (rest string, graphql bool) {
	if !s.opt.Enterprise {
		return path, path == "/graphql"
	}
	if path == "/api/graphql" {
		return path, true
	}
	if rest, ok := strings.CutPrefix(path, "/api/v3"); ok {
		return rest, false
	}
	return "/outside-of-the-api" + path, false
}

func (s *Server) answer(rec *httptest.ResponseRecorder, req *http.Request, path string, graphql bool, body []byte) {
	rec.Header().Set("X-Ratelimit-Limit", "1000")
	rec.Header().Set("X-Ratelimit-Remaining", "999")
	rec.Header().Set("X-Ratelimit-Reset", fmt.Sprint(s.opt.Now().Add(time.Hour).Unix()))
	if strings.HasPrefix(path, "/_blob/") {
		s.serveBlob(rec, req)
		return
	}
	if auth := req.Header.Get("Authorization"); auth == "" || s.opt.Token != "" && auth != "Bearer "+s.opt.Token {
		problem(rec, http.StatusUnauthorized, "Bad credentials")
		return
	}
	if graphql {
		s.serveGraphQL(rec, body)
		return
	}
	r := req.Clone(req.Context())
	r.URL.Path = path
	r.Body = io.NopCloser(bytes.NewReader(body))
	s.mux.ServeHTTP(rec, r)
}

func (s *Server) checkContract(req *http.Request, path string, graphql bool, body []byte, rec *httptest.ResponseRecorder) {
	switch {
	case s.contract == nil || strings.HasPrefix(path, "/_blob/"):
	case graphql:
		s.violations = append(s.violations, s.contract.checkGraphQL(body, rec.Body.Bytes())...)
	default:
		s.violations = append(s.violations, s.contract.check(req, path, body, rec.Code, rec.Header(), rec.Body.Bytes())...)
	}
}
