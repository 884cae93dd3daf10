package gitops

import (
	"net/url"
	"path"
	"regexp"
	"strings"
)

// Repository recognises the sources that are the checked repository.
type Repository struct {
	known map[string]bool // owner/name in lower case
}

// NewRepository returns the repository with the given remotes and names: URLs in
// the forms of https, ssh and scp, or owner/name.
func NewRepository(remotes ...string) *Repository {
	r := &Repository{known: make(map[string]bool)}
	for _, m := range remotes {
		r.Add(m)
	}
	return r
}

// Add takes another URL or owner/name to be the repository's.
func (r *Repository) Add(remote string) {
	if n := ownerName(remote); n != "" {
		r.known[n] = true
	}
}

// Known reports whether anything is known of the repository's names.
func (r *Repository) Known() bool { return len(r.known) > 0 }

// Is reports whether the URL is one of the repository's. Hosts do not count:
// a repository is reached by many, such as a mirror and ssh on a port of its own.
func (r *Repository) Is(repoURL string) bool { return r.known[ownerName(repoURL)] }

// SameName reports whether the URL has the name of the repository, under
// whatever owner: the owner was renamed, or the repository is a fork.
func (r *Repository) SameName(repoURL string) bool {
	name := path.Base(ownerName(repoURL))
	for k := range r.known {
		if path.Base(k) == name {
			return true
		}
	}
	return false
}

// Names returns whether an artifact's name, such as ghcr.io/owner/name/app,
// holds the repository's owner/name.
func (r *Repository) Names(artifact string) bool {
	artifact = "/" + strings.ToLower(strings.TrimPrefix(artifact, "oci://")) + "/"
	for k := range r.known {
		if strings.Contains(artifact, "/"+k+"/") || strings.Contains(artifact, "/"+k+":") {
			return true
		}
	}
	return false
}

// scp is user@host:path, and host:path.
var scp = regexp.MustCompile(`^(?:[^/@]+@)?[^/:@]+:([^/].*|/[^/].*)$`)

// ownerName returns the last two segments of a repository's URL in lower case,
// without .git; "" where there are no two.
func ownerName(remote string) string {
	p := strings.TrimSpace(remote)
	switch {
	case strings.Contains(p, "://"):
		u, err := url.Parse(p)
		if err != nil {
			return ""
		}
		p = u.Path
	case scp.MatchString(p):
		p = scp.FindStringSubmatch(p)[1]
	}
	p = strings.TrimSuffix(strings.Trim(p, "/"), ".git")
	p = strings.Replace(p, "/_git/", "/", 1) // Azure DevOps
	parts := strings.Split(strings.ToLower(strings.Trim(p, "/")), "/")
	if len(parts) < 2 || parts[len(parts)-1] == "" {
		return ""
	}
	return strings.Join(parts[len(parts)-2:], "/")
}
