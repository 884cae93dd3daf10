package githubtest

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// maxBody is GitHub's limit for a comment, in characters.
const maxBody = 65536

const notAccessible = "Resource not accessible by integration"

// problem writes an error as GitHub does; errors are strings or objects.
func problem(w http.ResponseWriter, status int, message string, errs ...any) {
	body := object{"message": message, "documentation_url": "https://docs.github.com/rest", "status": strconv.Itoa(status)}
	if len(errs) > 0 {
		body["errors"] = errs
	}
	write(w, status, body)
}

func write(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

// mux routes requests below the API's prefix.
func (s *Server) mux() *http.ServeMux {
	m := http.NewServeMux()
	repo := "/repos/" + s.opt.Repository
	pull := fmt.Sprintf("%s/pulls/%d", repo, s.opt.Number)
	handle := func(pattern string, have, need Access, h http.HandlerFunc) {
		m.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			if have < need {
				problem(w, http.StatusForbidden, notAccessible)
				return
			}
			h(w, r)
		})
	}
	p := s.perms
	prs, issues := p.PullRequests, max(p.PullRequests, p.Issues)
	handle("GET "+pull, prs, Read, func(w http.ResponseWriter, r *http.Request) { write(w, 200, s.pullRequest()) })
	handle("GET "+repo+"/pulls", prs, Read, s.listPulls)
	handle("GET "+pull+"/files", prs, Read, s.listFiles)
	handle("GET "+pull+"/comments", prs, Read, s.listComments)
	handle("POST "+pull+"/comments", prs, Write, s.createComment)
	handle("PATCH "+repo+"/pulls/comments/{id}", prs, Write, s.editComment)
	handle("GET "+pull+"/reviews", prs, Read, s.listReviews)
	handle("POST "+pull+"/reviews", prs, Write, s.createReview)
	conversation := fmt.Sprintf("%s/issues/%d/comments", repo, s.opt.Number)
	handle("GET "+conversation, issues, Read, s.listIssueComments)
	handle("POST "+conversation, issues, Write, s.createIssueComment)
	handle("PATCH "+repo+"/issues/comments/{id}", issues, Write, s.editIssueComment)
	handle("GET "+repo+"/compare/{basehead}", p.Contents, Read, s.compare)
	handle("POST "+repo+"/code-scanning/sarifs", p.SecurityEvents, Write, s.uploadSARIF)
	handle("GET "+repo+"/code-scanning/sarifs/{id}", p.SecurityEvents, Read, s.sarifStatus)
	handle("GET "+repo+"/actions/runs/{id}", p.Actions, Read, s.getRun)
	handle("GET "+repo+"/actions/runs/{id}/artifacts", p.Actions, Read, s.listArtifacts)
	handle("GET "+repo+"/actions/artifacts/{id}/zip", p.Actions, Read, s.artifactAddress)
	handle("GET /user", None, None, func(w http.ResponseWriter, r *http.Request) { problem(w, http.StatusForbidden, notAccessible) })
	handle("/", None, None, func(w http.ResponseWriter, r *http.Request) { problem(w, http.StatusNotFound, "Not Found") })
	return m
}

// page cuts a list as the query asks and links the next page.
func paginate[T any](s *Server, w http.ResponseWriter, r *http.Request, all []T) []T {
	q := r.URL.Query()
	size, number := 30, 1
	if n, err := strconv.Atoi(q.Get("per_page")); err == nil && n > 0 {
		size = min(n, 100)
	}
	if n, err := strconv.Atoi(q.Get("page")); err == nil && n > 0 {
		number = n
	}
	from := min((number-1)*size, len(all))
	to := min(from+size, len(all))
	if to < len(all) {
		q.Set("page", strconv.Itoa(number+1))
		next := url.URL{Path: r.URL.Path, RawQuery: q.Encode()}
		w.Header().Set("Link", fmt.Sprintf(`<%s%s>; rel="next"`, s.APIURL(), next.String()))
	}
	return all[from:to]
}

func (s *Server) listPulls(w http.ResponseWriter, r *http.Request) {
	all := []object{}
	owner, _, _ := strings.Cut(s.headRepository(), "/")
	if head := r.URL.Query().Get("head"); head == "" || head == owner+":topic" {
		all = append(all, s.pullRequest())
	}
	write(w, 200, paginate(s, w, r, all))
}

func (s *Server) listFiles(w http.ResponseWriter, r *http.Request) {
	files, err := s.files(s.state.head)
	if err != nil {
		problem(w, http.StatusInternalServerError, "Server Error")
		return
	}
	all := []object{}
	for _, f := range files[:min(len(files), 3000)] {
		all = append(all, s.changedFile(f, s.state.head))
	}
	write(w, 200, paginate(s, w, r, all))
}

func (s *Server) listComments(w http.ResponseWriter, r *http.Request) {
	shown := []*Comment{}
	for _, c := range s.state.comments {
		if s.visible(c) {
			shown = append(shown, c)
		}
	}
	all := []object{}
	for _, c := range paginate(s, w, r, shown) {
		all = append(all, s.reviewComment(c))
	}
	write(w, 200, all)
}

// visible tells whether lists show a comment.
func (s *Server) visible(c *Comment) bool { return !c.pending && s.total >= c.visible }

func (s *Server) listReviews(w http.ResponseWriter, r *http.Request) {
	all := []object{}
	for _, one := range paginate(s, w, r, s.state.reviews) {
		all = append(all, s.review(one))
	}
	write(w, 200, all)
}

func (s *Server) listIssueComments(w http.ResponseWriter, r *http.Request) {
	all := []object{}
	for _, one := range paginate(s, w, r, s.state.issueComments) {
		all = append(all, s.issueComment(one))
	}
	write(w, 200, all)
}

// draft is a comment as requests bring it.
type draft struct {
	Path, Body, Side string
	Line             int
	StartLine        int    `json:"start_line"`
	StartSide        string `json:"start_side"`
	CommitID         string `json:"commit_id"`
	SubjectType      string `json:"subject_type"`
	InReplyTo        int64  `json:"in_reply_to"`
}

// complaint is why GitHub refuses a line comment, "" if it takes it.
func (s *Server) complaint(d draft, files []fileDiff) (string, int, *fileDiff) {
	if utf8.RuneCountInString(d.Body) > maxBody {
		return "Body is too long (maximum is 65536 characters)", 0, nil
	}
	if strings.TrimSpace(d.Body) == "" {
		return "Body can't be blank", 0, nil
	}
	var file *fileDiff
	for i := range files {
		if files[i].name == d.Path {
			file = &files[i]
		}
	}
	switch {
	case file == nil:
		return "Path could not be resolved", 0, nil
	case d.SubjectType == "file":
		return "", -1, file
	case d.Line == 0 || d.Side != "" && d.Side != "LEFT" && d.Side != "RIGHT":
		return "Line could not be resolved", 0, nil
	}
	hunk := file.hunk(d.Line, d.Side)
	if hunk < 0 {
		return "Pull request review thread line must be part of the diff", 0, nil
	}
	if d.StartLine != 0 {
		side := d.StartSide
		if side == "" {
			side = d.Side
		}
		if d.StartLine >= d.Line && side == d.Side {
			return "Pull request review thread start line must precede the end line", 0, nil
		}
		if file.hunk(d.StartLine, side) != hunk {
			return "Pull request review thread start line must be part of the same hunk as the line", 0, nil
		}
	}
	return "", hunk, file
}

// commitOf checks that comments go to a commit of the pull request.
func (s *Server) commitOf(id string) (string, bool) {
	if id == "" {
		return s.state.head, true
	}
	sha, err := s.git.commit(id)
	return sha, err == nil && sha == id && s.git.isAncestor(sha, s.state.head) && !s.git.isAncestor(sha, s.state.base)
}

func (s *Server) add(d draft, commit string, review int64, hunk int, file *fileDiff, pending bool) *Comment {
	side := d.Side
	if side == "" {
		side = "RIGHT"
	}
	c := &Comment{
		ID: s.state.id(), ReviewID: review, Author: s.opt.Login, Body: d.Body, Path: d.Path, Line: d.Line, StartLine: d.StartLine,
		Side: side, OnFile: d.SubjectType == "file", CommitID: commit, created: s.opt.Now(), diffHunk: file.hunkText(hunk), pending: pending, visible: s.total + s.opt.Lag,
	}
	s.state.comments = append(s.state.comments, c)
	return c
}

// crowded applies the secondary limit on content.
func (s *Server) crowded(w http.ResponseWriter) bool {
	if s.opt.ContentPerMinute == 0 {
		return false
	}
	now := s.opt.Now()
	for len(s.content) > 0 && now.Sub(s.content[0]) >= time.Minute {
		s.content = s.content[1:]
	}
	if len(s.content) >= s.opt.ContentPerMinute {
		w.Header().Set("Retry-After", "60")
		problem(w, http.StatusForbidden, "You have exceeded a secondary rate limit and have been temporarily blocked from content creation. Please retry your request again later.")
		return true
	}
	s.content = append(s.content, now)
	return false
}

func (s *Server) createReview(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Body, Event string
		CommitID    string `json:"commit_id"`
		Comments    []draft
	}
	if s.crowded(w) || !decode(w, r, &in) {
		return
	}
	refuse := func(text string) { problem(w, http.StatusUnprocessableEntity, "Unprocessable Entity", text) }
	commit, ok := s.commitOf(in.CommitID)
	if !ok {
		refuse("Commit is not part of the pull request")
		return
	}
	if in.Body == "" && (in.Event == "COMMENT" || in.Event == "REQUEST_CHANGES") && len(in.Comments) == 0 {
		refuse("Body can't be blank")
		return
	}
	if utf8.RuneCountInString(in.Body) > maxBody {
		refuse("Body is too long (maximum is 65536 characters)")
		return
	}
	files, err := s.files(commit)
	if err != nil {
		problem(w, http.StatusInternalServerError, "Server Error")
		return
	}
	// One bad comment refuses all, and GitHub does not say which.
	for _, d := range in.Comments {
		if text, _, _ := s.complaint(d, files); text != "" {
			refuse(text)
			return
		}
	}
	state := map[string]string{"COMMENT": "COMMENTED", "APPROVE": "APPROVED", "REQUEST_CHANGES": "CHANGES_REQUESTED"}[in.Event]
	if state == "" {
		state = "PENDING"
	}
	s.state.changes++
	review := &Review{ID: s.state.id(), Author: s.opt.Login, Body: in.Body, State: state, CommitID: commit, Comments: len(in.Comments), created: s.opt.Now()}
	s.state.reviews = append(s.state.reviews, review)
	for _, d := range in.Comments {
		_, hunk, file := s.complaint(d, files)
		s.add(d, commit, review.ID, hunk, file, state == "PENDING")
	}
	write(w, 200, s.review(review))
}

func (s *Server) createComment(w http.ResponseWriter, r *http.Request) {
	var in draft
	if s.crowded(w) || !decode(w, r, &in) {
		return
	}
	refuse := func(text string) {
		problem(w, http.StatusUnprocessableEntity, "Validation Failed", object{"resource": "PullRequestReviewComment", "code": "custom", "field": "pull_request_review_thread", "message": text})
	}
	commit, ok := s.commitOf(in.CommitID)
	if !ok || in.CommitID == "" {
		refuse("commit_id is not part of the pull request")
		return
	}
	files, err := s.files(commit)
	if err != nil {
		problem(w, http.StatusInternalServerError, "Server Error")
		return
	}
	text, hunk, file := s.complaint(in, files)
	if text != "" {
		refuse(text)
		return
	}
	s.state.changes++
	// GitHub wraps a single comment in a review of its own.
	review := &Review{ID: s.state.id(), Author: s.opt.Login, State: "COMMENTED", CommitID: commit, Comments: 1, created: s.opt.Now()}
	s.state.reviews = append(s.state.reviews, review)
	write(w, 201, s.reviewComment(s.add(in, commit, review.ID, hunk, file, false)))
}

func (s *Server) editComment(w http.ResponseWriter, r *http.Request) {
	var in struct{ Body string }
	if !decode(w, r, &in) {
		return
	}
	id, _ := strconv.ParseInt(r.PathValue("id"), 10, 64)
	c := s.state.comment(id)
	switch {
	case c == nil:
		problem(w, http.StatusNotFound, "Not Found")
	case c.Author != s.opt.Login:
		problem(w, http.StatusForbidden, notAccessible)
	case utf8.RuneCountInString(in.Body) > maxBody || in.Body == "":
		problem(w, http.StatusUnprocessableEntity, "Validation Failed", object{"resource": "PullRequestReviewComment", "code": "unprocessable", "field": "data", "message": "Body is too long (maximum is 65536 characters)"})
	default:
		s.state.changes++
		c.Body = in.Body
		c.Edits++
		write(w, 200, s.reviewComment(c))
	}
}

func (s *Server) createIssueComment(w http.ResponseWriter, r *http.Request) {
	var in struct{ Body string }
	if s.crowded(w) || !decode(w, r, &in) {
		return
	}
	if utf8.RuneCountInString(in.Body) > maxBody || in.Body == "" {
		problem(w, http.StatusUnprocessableEntity, "Validation Failed", object{"resource": "IssueComment", "code": "unprocessable", "field": "data", "message": "Body is too long (maximum is 65536 characters)"})
		return
	}
	s.state.changes++
	c := &IssueComment{ID: s.state.id(), Author: s.opt.Login, Body: in.Body, created: s.opt.Now()}
	s.state.issueComments = append(s.state.issueComments, c)
	write(w, 201, s.issueComment(c))
}

func (s *Server) editIssueComment(w http.ResponseWriter, r *http.Request) {
	var in struct{ Body string }
	if !decode(w, r, &in) {
		return
	}
	id, _ := strconv.ParseInt(r.PathValue("id"), 10, 64)
	for _, c := range s.state.issueComments {
		if c.ID != id {
			continue
		}
		if c.Author != s.opt.Login {
			problem(w, http.StatusForbidden, notAccessible)
			return
		}
		if utf8.RuneCountInString(in.Body) > maxBody || in.Body == "" {
			problem(w, http.StatusUnprocessableEntity, "Validation Failed", object{"resource": "IssueComment", "code": "unprocessable", "field": "data", "message": "Body is too long (maximum is 65536 characters)"})
			return
		}
		s.state.changes++
		c.Body = in.Body
		c.Edits++
		write(w, 200, s.issueComment(c))
		return
	}
	problem(w, http.StatusNotFound, "Not Found")
}

func (s *Server) compare(w http.ResponseWriter, r *http.Request) {
	baseRev, headRev, _ := strings.Cut(r.PathValue("basehead"), "...")
	base, err1 := s.git.commit(baseRev)
	head, err2 := s.git.commit(headRev)
	merge, err3 := s.git.mergeBase(base, head)
	if err1 != nil || err2 != nil || err3 != nil {
		problem(w, http.StatusNotFound, "Not Found")
		return
	}
	u := s.APIURL() + "/repos/" + s.opt.Repository + "/compare/" + base + "..." + head
	page := s.URL() + "/" + s.opt.Repository + "/compare/" + base + "..." + head
	ahead, behind := s.git.count(merge, head), s.git.count(merge, base)
	status := "diverged"
	switch {
	case ahead == 0 && behind == 0:
		status = "identical"
	case behind == 0:
		status = "ahead"
	case ahead == 0:
		status = "behind"
	}
	write(w, 200, object{
		"url": u, "html_url": page, "permalink_url": page, "diff_url": page + ".diff", "patch_url": page + ".patch",
		"base_commit": s.commitObject(base), "merge_base_commit": s.commitObject(merge), "status": status,
		"ahead_by": ahead, "behind_by": behind, "total_commits": ahead, "commits": []any{}, "files": []any{},
	})
}

func (s *Server) uploadSARIF(w http.ResponseWriter, r *http.Request) {
	var in struct {
		CommitSHA string `json:"commit_sha"`
		Ref       string
		SARIF     string
	}
	if !decode(w, r, &in) {
		return
	}
	if s.opt.NoCodeScanning {
		problem(w, http.StatusForbidden, "Advanced Security must be enabled for this repository to use code scanning.")
		return
	}
	packed, err := base64.StdEncoding.DecodeString(in.SARIF)
	if err != nil || len(packed) > 10<<20 {
		problem(w, http.StatusRequestEntityTooLarge, "Payload Too Large")
		return
	}
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		problem(w, http.StatusBadRequest, "Invalid SARIF: not gzip")
		return
	}
	data, err := io.ReadAll(z)
	if err != nil {
		problem(w, http.StatusBadRequest, "Invalid SARIF: not gzip")
		return
	}
	s.state.changes++
	up := Upload{ID: fmt.Sprintf("00000000-0000-4000-8000-%012d", len(s.state.uploads)+1), CommitSHA: in.CommitSHA, Ref: in.Ref, SARIF: data}
	s.state.uploads = append(s.state.uploads, up)
	write(w, 202, object{"id": up.ID, "url": s.APIURL() + "/repos/" + s.opt.Repository + "/code-scanning/sarifs/" + up.ID})
}

func (s *Server) sarifStatus(w http.ResponseWriter, r *http.Request) {
	for _, up := range s.state.uploads {
		if up.ID != r.PathValue("id") {
			continue
		}
		var file struct{ Version string }
		if json.Unmarshal(up.SARIF, &file) != nil || file.Version != "2.1.0" {
			write(w, 200, object{"processing_status": "failed", "analyses_url": nil, "errors": []string{"Invalid SARIF: version 2.1.0 expected"}})
			return
		}
		write(w, 200, object{"processing_status": "complete", "analyses_url": s.APIURL() + "/repos/" + s.opt.Repository + "/code-scanning/analyses?sarif_id=" + up.ID})
		return
	}
	problem(w, http.StatusNotFound, "Not Found")
}

func (s *Server) getRun(w http.ResponseWriter, r *http.Request) {
	for _, one := range s.state.runs {
		if strconv.FormatInt(one.ID, 10) == r.PathValue("id") {
			write(w, 200, s.run(one))
			return
		}
	}
	problem(w, http.StatusNotFound, "Not Found")
}

func (s *Server) listArtifacts(w http.ResponseWriter, r *http.Request) {
	all := []object{}
	for _, a := range s.state.artifacts {
		if strconv.FormatInt(a.run, 10) == r.PathValue("id") {
			all = append(all, s.artifact(a))
		}
	}
	write(w, 200, object{"total_count": len(all), "artifacts": paginate(s, w, r, all)})
}

// artifactAddress redirects to a signed address, as GitHub does.
func (s *Server) artifactAddress(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Location", s.URL()+"/_blob/"+r.PathValue("id")+"?sig=secret-signature")
	if s.opt.Enterprise {
		w.Header().Set("Location", s.URL()+"/_blob/"+r.PathValue("id")+"?sig=secret-signature")
	}
	w.WriteHeader(http.StatusFound)
}

func (s *Server) serveBlob(rec *httptest.ResponseRecorder, r *http.Request) {
	for _, a := range s.state.artifacts {
		if r.URL.Path == fmt.Sprintf("/_blob/%d", a.id) && r.URL.Query().Get("sig") == "secret-signature" {
			rec.Header().Set("Content-Type", "application/zip")
			_, _ = rec.Write(a.zip)
			return
		}
	}
	rec.WriteHeader(http.StatusForbidden)
}

func decode(w http.ResponseWriter, r *http.Request, into any) bool {
	if err := json.NewDecoder(r.Body).Decode(into); err != nil {
		problem(w, http.StatusBadRequest, "Problems parsing JSON")
		return false
	}
	return true
}
