package graph

import (
	"regexp"
	"strings"
)

var userAt = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9-]*@`)

// remote reports whether kustomize takes an entry for a repository or a file on
// the network (internal/git.NewRepoSpecFromURL and internal/loader.IsRemoteFile
// of kustomize api v0.21): a scheme, user@host, or github.com without a scheme.
func remote(ref string) bool {
	s := strings.ToLower(ref)
	s = strings.TrimPrefix(s, "git::")
	for _, p := range []string{"https://", "http://", "ssh://", "file://", "github.com/", "github.com:"} {
		if strings.HasPrefix(s, p) {
			return true
		}
	}
	return userAt.MatchString(s)
}

// isURL reports whether kustomize fetches the entry before it looks for a file.
func isURL(ref string) bool {
	s := strings.ToLower(ref)
	return strings.HasPrefix(s, "https://") || strings.HasPrefix(s, "http://")
}
