package githubtest

import (
	"net/http"
	"net/http/cgi"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// serveGit answers clones and fetches of the repository, as GitHub does below
// https://github.com/<owner>/<repo>.git, with git's own http-backend. It
// reports whether the request is one.
func (s *Server) serveGit(w http.ResponseWriter, req *http.Request) bool {
	prefix := "/" + s.opt.Repository + ".git"
	if !strings.HasPrefix(req.URL.Path, prefix+"/") {
		return false
	}
	if _, password, ok := req.BasicAuth(); s.opt.Token != "" && (!ok || password != s.opt.Token) {
		w.Header().Set("WWW-Authenticate", `Basic realm="GitHub"`)
		http.Error(w, "Bad credentials", http.StatusUnauthorized)
		return true
	}
	git, err := exec.LookPath("git")
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return true
	}
	dir, err := filepath.Abs(s.opt.GitDir)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return true
	}
	if inner := filepath.Join(dir, ".git"); isDir(inner) {
		dir = inner
	}
	handler := cgi.Handler{
		Path: git,
		Args: []string{"http-backend"},
		Root: prefix,
		Env: []string{
			"GIT_PROJECT_ROOT=" + dir, "GIT_HTTP_EXPORT_ALL=1", "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null",
			// GitHub serves every commit that a pull request's refs reach, by its ID.
			"GIT_CONFIG_COUNT=2",
			"GIT_CONFIG_KEY_0=uploadpack.allowAnySHA1InWant", "GIT_CONFIG_VALUE_0=true",
			"GIT_CONFIG_KEY_1=safe.directory", "GIT_CONFIG_VALUE_1=*",
		},
	}
	handler.ServeHTTP(w, req)
	return true
}

func isDir(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.IsDir()
}
