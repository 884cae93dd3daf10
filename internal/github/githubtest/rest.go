package githubtest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

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

// newMux routes requests below the API's prefix.
func (s *Server) newMux() *http.ServeMux {
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
	handle("DELETE "+repo+"/issues/comments/{id}", issues, Write, s.deleteIssueComment)
	handle("GET "+repo+"/compare/{basehead}", p.Contents, Read, s.compare)
	handle("POST "+repo+"/check-runs", p.Checks, Write, s.createCheckRun)
	handle("GET "+repo+"/check-runs/{id}", p.Checks, Read, s.getCheckRun)
	handle("PATCH "+repo+"/check-runs/{id}", p.Checks, Write, s.updateCheckRun)
	handle("GET "+repo+"/commits/{ref}/check-runs", p.Checks, Read, s.listCheckRuns)
	handle("POST "+repo+"/code-scanning/sarifs", p.SecurityEvents, Write, s.uploadSARIF)
	handle("GET "+repo+"/code-scanning/sarifs/{id}", p.SecurityEvents, Read, s.sarifStatus)
	handle("GET "+repo+"/actions/runs/{id}", p.Actions, Read, s.getRun)
	handle("GET "+repo+"/actions/runs/{id}/artifacts", p.Actions, Read, s.listArtifacts)
	handle("GET "+repo+"/actions/artifacts/{id}/zip", p.Actions, Read, s.artifactAddress)
	handle("GET /user", None, None, func(w http.ResponseWriter, r *http.Request) { problem(w, http.StatusForbidden, notAccessible) })
	handle("/", None, None, func(w http.ResponseWriter, r *http.Request) { problem(w, http.StatusNotFound, "Not Found") })
	return m
}

// paginate cuts a list as the query asks and links the next page.
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

func (s *Server) compare(w http.ResponseWriter, r *http.Request) {
	baseRev, headRev, _ := strings.Cut(r.PathValue("basehead"), "...")
	base, err1 := s.git.commit(baseRev)
	head, err2 := s.git.commit(headRev)
	merge, err3 := s.git.mergeBase(base, head)
	if err1 != nil || err2 != nil || err3 != nil {
		problem(w, http.StatusNotFound, "Not Found")
		return
	}
	changed, err := s.git.diff(merge, head)
	if err != nil {
		problem(w, http.StatusInternalServerError, "Server Error")
		return
	}
	files := []object{}
	for _, f := range changed[:min(len(changed), 300)] {
		files = append(files, s.changedFile(f, head))
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
		"ahead_by": ahead, "behind_by": behind, "total_commits": ahead, "commits": []any{}, "files": files,
	})
}

func decode(w http.ResponseWriter, r *http.Request, into any) bool {
	if err := json.NewDecoder(r.Body).Decode(into); err != nil {
		problem(w, http.StatusBadRequest, "Problems parsing JSON")
		return false
	}
	return true
}
