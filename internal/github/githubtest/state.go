package githubtest

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"fmt"
	"io"
	"slices"
	"sort"
	"time"
)

// Comment is a review comment as the server keeps it.
type Comment struct {
	ID        int64
	ReviewID  int64
	InReplyTo int64
	Author    string
	Body      string
	Path      string
	Line      int // at CommitID; 0 on a file
	StartLine int
	Side      string
	OnFile    bool
	CommitID  string
	// Now is the line at the present head, 0 once it is outdated.
	Now        int
	Resolved   bool
	ResolvedBy string
	Minimized  string // the classifier, "" if shown
	Edits      int
	created    time.Time
	diffHunk   string
	pending    bool
	visible    int // lists show it from this request on
}

// Review is a review as the server keeps it.
type Review struct {
	ID       int64
	Author   string
	Body     string
	State    string
	CommitID string
	Comments int
	created  time.Time
}

// IssueComment is a comment in the conversation.
type IssueComment struct {
	ID      int64
	Author  string
	Body    string
	Edits   int
	created time.Time
}

// Upload is a SARIF file that code scanning took, unpacked.
type Upload struct {
	ID, CommitSHA, Ref string
	SARIF              []byte
}

// Run is a workflow run.
type Run struct {
	ID         int64
	Event      string // pull_request
	HeadSHA    string
	HeadBranch string
	HeadRepo   string // owner/name; the repository itself
	// PullRequests that GitHub lists; none for forks.
	PullRequests []int
}

type artifact struct {
	id, run int64
	name    string
	zip     []byte
}

type state struct {
	base, head    string
	closed        bool
	nextID        int64
	changes       int // counts what writes changed
	comments      []*Comment
	reviews       []*Review
	issueComments []*IssueComment
	uploads       []Upload
	checks        []*CheckRun
	runs          []Run
	artifacts     []artifact
}

// id returns a number above what 32 bits hold, as GitHub's are by now.
func (st *state) id() int64 {
	st.nextID++
	return 3_000_000_000 + st.nextID
}

func (st *state) comment(id int64) *Comment {
	for _, c := range st.comments {
		if c.ID == id {
			return c
		}
	}
	return nil
}

func (st *state) pullState() string {
	if st.closed {
		return "closed"
	}
	return "open"
}

// ClosePullRequest closes the pull request, as a person could.
func (s *Server) ClosePullRequest() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.closed = true
}

// ActAs gives the token another identity from now on.
func (s *Server) ActAs(login string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opt.Login = login
}

// Delete deletes a review comment, as a person on the page could.
func (s *Server) Delete(id int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.comments = slices.DeleteFunc(s.state.comments, func(c *Comment) bool { return c.ID == id })
}

// Push makes rev the head of the pull request: comments move with their lines
// or become outdated.
func (s *Server) Push(rev string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	sha, err := s.git.commit(rev)
	if err == nil {
		s.state.head = sha
	}
	return err
}

// Head returns the pull request's head commit.
func (s *Server) Head() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state.head
}

// Comments returns all review comments, the oldest first.
func (s *Server) Comments() []Comment {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []Comment
	for _, c := range s.state.comments {
		one := *c
		one.Now = s.lineNow(c)
		all = append(all, one)
	}
	return all
}

// Reviews returns all reviews, the oldest first.
func (s *Server) Reviews() []Review {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []Review
	for _, r := range s.state.reviews {
		all = append(all, *r)
	}
	return all
}

// IssueComments returns the conversation, the oldest first.
func (s *Server) IssueComments() []IssueComment {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []IssueComment
	for _, c := range s.state.issueComments {
		all = append(all, *c)
	}
	return all
}

// Uploads returns what code scanning took.
func (s *Server) Uploads() []Upload {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.state.uploads)
}

// Requests returns the requests since the start or the last ResetLog.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// Writes returns the requests that were no reads, refused ones included.
func (s *Server) Writes() []Request {
	return slices.DeleteFunc(s.Requests(), func(r Request) bool { return !r.Write })
}

// ResetLog forgets the requests and counts anew; faults stay.
func (s *Server) ResetLog() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests, s.received, s.writes = nil, 0, 0
}

// Violations returns where traffic broke GitHub's descriptions.
func (s *Server) Violations() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.violations)
}

// AddComment adds a review comment by somebody else and returns its ID.
// InReplyTo makes it an answer.
func (s *Server) AddComment(c Comment) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.ID, c.created = s.state.id(), s.opt.Now()
	if parent := s.state.comment(c.InReplyTo); parent != nil {
		c.Path, c.Line, c.Side, c.CommitID, c.OnFile = parent.Path, parent.Line, parent.Side, parent.CommitID, parent.OnFile
	}
	if c.CommitID == "" {
		c.CommitID = s.state.head
	}
	if c.Side == "" {
		c.Side = "RIGHT"
	}
	s.state.comments = append(s.state.comments, &c)
	return c.ID
}

// AddIssueComment adds a comment to the conversation.
func (s *Server) AddIssueComment(author, body string) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := &IssueComment{ID: s.state.id(), Author: author, Body: body, created: s.opt.Now()}
	s.state.issueComments = append(s.state.issueComments, c)
	return c.ID
}

// Update changes a review comment as a person on the page could.
func (s *Server) Update(id int64, change func(*Comment)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.state.comment(id); c != nil {
		change(c)
	}
}

// AddRun adds a finished workflow run and returns its ID.
func (s *Server) AddRun(r Run) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	r.ID = s.state.id()
	if r.HeadRepo == "" {
		r.HeadRepo = s.opt.Repository
	}
	s.state.runs = append(s.state.runs, r)
	return r.ID
}

// AddArtifact leaves files in a run and returns the artifact's ID.
func (s *Server) AddArtifact(run int64, name string, files map[string][]byte) (int64, error) {
	var buf bytes.Buffer
	z := zip.NewWriter(&buf)
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.BestSpeed) })
	names := make([]string, 0, len(files))
	for n := range files {
		names = append(names, n)
	}
	sort.Strings(names)
	for _, n := range names {
		w, err := z.Create(n)
		if err != nil {
			return 0, err
		}
		if _, err := w.Write(files[n]); err != nil {
			return 0, err
		}
	}
	if err := z.Close(); err != nil {
		return 0, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	a := artifact{s.state.id(), run, name, buf.Bytes()}
	s.state.artifacts = append(s.state.artifacts, a)
	return a.id, nil
}

// lineNow is where a comment stands at the present head, 0 if it is outdated:
// the line changed, or the diff no longer shows it.
func (s *Server) lineNow(c *Comment) int {
	if c.OnFile || c.Line == 0 {
		return 0
	}
	line := c.Line
	if c.Side != "LEFT" {
		line = s.git.moved(c.Path, c.Line, c.CommitID, s.state.head)
	}
	if line == 0 {
		return 0
	}
	d := s.file(s.state.head, c.Path)
	if d == nil || d.hunk(line, c.Side) < 0 {
		return 0
	}
	return line
}

// files are the pull request's changes up to a commit.
func (s *Server) files(head string) ([]fileDiff, error) {
	base, err := s.git.mergeBase(s.state.base, head)
	if err != nil {
		return nil, err
	}
	return s.git.diff(base, head)
}

func (s *Server) file(head, path string) *fileDiff {
	all, err := s.files(head)
	if err != nil {
		return nil
	}
	for i := range all {
		if all[i].name == path {
			return &all[i]
		}
	}
	return nil
}

func nodeID(kind string, id int64) string { return fmt.Sprintf("%s_%d", kind, id) }
