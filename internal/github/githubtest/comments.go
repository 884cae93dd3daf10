package githubtest

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// maxBody is GitHub's limit for a comment, in characters.
const maxBody = 65536

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

func (s *Server) deleteIssueComment(w http.ResponseWriter, r *http.Request) {
	id, _ := strconv.ParseInt(r.PathValue("id"), 10, 64)
	for i, c := range s.state.issueComments {
		switch {
		case c.ID != id:
		case c.Author != s.opt.Login:
			problem(w, http.StatusForbidden, notAccessible)
			return
		default:
			s.state.changes++
			s.state.issueComments = slices.Delete(s.state.issueComments, i, i+1)
			w.WriteHeader(http.StatusNoContent)
			return
		}
	}
	problem(w, http.StatusNotFound, "Not Found")
}
