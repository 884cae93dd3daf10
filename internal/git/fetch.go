package git

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"
)

// fetchTime bounds one fetch.
const fetchTime = 5 * time.Minute

// Remote is a repository to fetch from, with its token.
type Remote struct {
	repo       *Repo
	url, token string
}

// Remote returns the remote at the URL, see [Repo.Fetch].
func (r *Repo) Remote(url, token string) *Remote { return &Remote{r, url, token} }

// Fetch brings commits into the clone, see [Repo.Fetch].
func (r *Remote) Fetch(ctx context.Context, ids ...string) error {
	return r.repo.Fetch(ctx, r.url, r.token, ids...)
}

// Fetch brings commits with their trees into reach from the repository at remote,
// an https, http or file URL; the clone itself stays as it is. A shallow clone
// gets the commits without their history. token authenticates against GitHub; ""
// for none. It reaches git through the environment only, and of servers that of
// the URL alone: redirects are refused.
func (r *Repo) Fetch(ctx context.Context, remote, token string, ids ...string) error {
	u, err := url.Parse(remote)
	if err != nil || u.User != nil || u.Scheme != "https" && u.Scheme != "http" && u.Scheme != "file" {
		return errors.New("the remote to fetch from must be an https, http or file URL without a user name")
	}
	args := []string{"fetch", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules", "--quiet"}
	shallow, err := r.Shallow()
	if err != nil {
		return err
	}
	if shallow {
		// In a whole clone this would cut the history that is there.
		args = append(args, "--depth=1")
	}
	args = append(args, "--", remote)
	for _, id := range ids {
		if !IsID(id) {
			return fmt.Errorf("%q is not a commit ID", id)
		}
		args = append(args, id)
	}
	config := [][2]string{{"protocol.version", "2"}}
	secret := ""
	if token != "" && u.Scheme != "file" {
		secret = base64.StdEncoding.EncodeToString([]byte("x-access-token:" + token))
		config = append(config, [2]string{"http." + u.Scheme + "://" + u.Host + "/.extraheader", "AUTHORIZATION: basic " + secret})
	}
	ctx, cancel := context.WithTimeout(ctx, fetchTime)
	defer cancel()
	cmd := r.command(ctx, config, args...)
	cmd.Env = append(cmd.Env, "GIT_ALLOW_PROTOCOL="+u.Scheme)
	_, err = r.output(ctx, cmd)
	if e := (*Error)(nil); errors.As(err, &e) {
		for _, s := range []string{token, secret} {
			if s != "" {
				e.Stderr = strings.ReplaceAll(e.Stderr, s, "***")
			}
		}
	}
	if ctx.Err() == context.DeadlineExceeded {
		return fmt.Errorf("fetching from %s took longer than %s", remote, fetchTime)
	}
	return err
}
