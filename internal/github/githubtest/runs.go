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
	"strconv"
)

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
