package githubtest

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
)

// CheckRun is a check run as the server keeps it.
type CheckRun struct {
	ID                      int64
	Name, HeadSHA, Key      string
	Status, Conclusion      string
	Title, Summary, Details string
	Annotations             []CheckAnnotation
}

// CheckAnnotation is an annotation of a check run.
type CheckAnnotation struct {
	Path        string
	StartLine   int    `json:"start_line"`
	EndLine     int    `json:"end_line"`
	StartColumn int    `json:"start_column"`
	EndColumn   int    `json:"end_column"`
	Level       string `json:"annotation_level"`
	Message     string
	Title       string
}

// CheckRuns returns the check runs, the oldest first.
func (s *Server) CheckRuns() []CheckRun {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]CheckRun, len(s.state.checks))
	for i, c := range s.state.checks {
		out[i] = *c
		out[i].Annotations = slices.Clone(c.Annotations)
	}
	return out
}

// checkInput is the body of the requests that make or change a check run.
type checkInput struct {
	Name       string
	HeadSHA    string `json:"head_sha"`
	ExternalID string `json:"external_id"`
	DetailsURL string `json:"details_url"`
	Status     string
	Conclusion string
	Output     *struct {
		Title, Summary string
		Annotations    []CheckAnnotation
	}
}

// take changes a check run as a request says; it refuses what GitHub does.
func (c *CheckRun) take(in checkInput) string {
	if in.Output != nil {
		if len(in.Output.Annotations) > 50 {
			return "No more than 50 annotations are permitted per request"
		}
		for _, a := range in.Output.Annotations {
			switch {
			case a.Path == "" || a.Message == "" || a.StartLine < 1 || a.EndLine < a.StartLine:
				return "an annotation lacks what is required"
			case a.StartColumn > 0 && a.StartLine != a.EndLine:
				return "start_column is for one line"
			case !slices.Contains([]string{"notice", "warning", "failure"}, a.Level):
				return "annotation_level is not known"
			}
		}
		if len([]rune(in.Output.Summary)) > 65535 || len([]rune(in.Output.Title)) > 255 {
			return "the output is too long"
		}
		c.Title, c.Summary = in.Output.Title, in.Output.Summary
		c.Annotations = append(c.Annotations, in.Output.Annotations...)
	}
	if in.Status == "completed" && in.Conclusion == "" {
		return "a completed check run needs a conclusion"
	}
	if in.Status != "" {
		c.Status = in.Status
	}
	if in.Conclusion != "" {
		c.Status, c.Conclusion = "completed", in.Conclusion
	}
	return ""
}

func (s *Server) createCheckRun(w http.ResponseWriter, r *http.Request) {
	var in checkInput
	if !decode(w, r, &in) {
		return
	}
	if _, err := s.git.commit(in.HeadSHA); err != nil || in.Name == "" {
		problem(w, http.StatusUnprocessableEntity, "Validation Failed", object{"resource": "CheckRun", "field": "head_sha", "code": "invalid"})
		return
	}
	c := &CheckRun{ID: s.state.id(), Name: in.Name, HeadSHA: in.HeadSHA, Key: in.ExternalID, Details: in.DetailsURL, Status: "queued"}
	if why := c.take(in); why != "" {
		problem(w, http.StatusUnprocessableEntity, "Validation Failed", why)
		return
	}
	s.state.changes++
	s.state.checks = append(s.state.checks, c)
	write(w, 201, s.checkRun(c))
}

func (s *Server) findCheckRun(w http.ResponseWriter, r *http.Request) *CheckRun {
	for _, c := range s.state.checks {
		if strconv.FormatInt(c.ID, 10) == r.PathValue("id") {
			return c
		}
	}
	problem(w, http.StatusNotFound, "Not Found")
	return nil
}

func (s *Server) getCheckRun(w http.ResponseWriter, r *http.Request) {
	if c := s.findCheckRun(w, r); c != nil {
		write(w, 200, s.checkRun(c))
	}
}

func (s *Server) updateCheckRun(w http.ResponseWriter, r *http.Request) {
	c := s.findCheckRun(w, r)
	var in checkInput
	if c == nil || !decode(w, r, &in) {
		return
	}
	if why := c.take(in); why != "" {
		problem(w, http.StatusUnprocessableEntity, "Validation Failed", why)
		return
	}
	s.state.changes++
	write(w, 200, s.checkRun(c))
}

func (s *Server) listCheckRuns(w http.ResponseWriter, r *http.Request) {
	all := []object{}
	for _, c := range s.state.checks {
		if name := r.URL.Query().Get("check_name"); c.HeadSHA == r.PathValue("ref") && (name == "" || name == c.Name) {
			all = append(all, s.checkRun(c))
		}
	}
	write(w, 200, object{"total_count": len(all), "check_runs": paginate(s, w, r, all)})
}

func (s *Server) checkRun(c *CheckRun) object {
	u := fmt.Sprintf("%s/repos/%s/check-runs/%d", s.APIURL(), s.opt.Repository, c.ID)
	page := fmt.Sprintf("%s/%s/runs/%d", s.URL(), s.opt.Repository, c.ID)
	o := object{
		"id": c.ID, "node_id": fmt.Sprintf("CR_%d", c.ID), "head_sha": c.HeadSHA, "external_id": c.Key, "url": u, "html_url": page,
		"details_url": c.Details, "status": c.Status, "conclusion": nil, "started_at": "2024-01-01T00:00:00Z", "completed_at": nil,
		"name": c.Name, "check_suite": object{"id": 5}, "app": nil, "pull_requests": []any{},
		"output": object{"title": c.Title, "summary": c.Summary, "text": nil, "annotations_count": len(c.Annotations), "annotations_url": u + "/annotations"},
	}
	if c.Conclusion != "" {
		o["conclusion"], o["completed_at"] = c.Conclusion, "2024-01-01T00:00:01Z"
	}
	return o
}
