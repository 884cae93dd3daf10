// Package github speaks to the few parts of GitHub's REST and GraphQL interfaces that the product needs.
//
// It is the only package that knows google/go-github. Every answer is bounded,
// every wait is capped, and no error or URL that leaves it carries the token.
//
// Proxies are taken from HTTPS_PROXY, HTTP_PROXY and NO_PROXY; additional
// certificate authorities from SSL_CERT_FILE and SSL_CERT_DIR, as every Go
// program on Linux does.
package github

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	gh "github.com/google/go-github/v60/github"
)

// Where github.com answers; a GitHub Enterprise Server has its own, which
// Actions hands to every job as GITHUB_API_URL and GITHUB_GRAPHQL_URL.
const (
	DefaultAPIURL     = "https://api.github.com"
	DefaultGraphQLURL = "https://api.github.com/graphql"
)

// Options configures a Client. Only Repository is required; a zero field has
// the default that its comment names.
type Options struct {
	APIURL     string // DefaultAPIURL; with the prefix /api/v3 on an Enterprise Server
	GraphQLURL string // DefaultGraphQLURL, or next to a non-default APIURL
	Repository string // owner/name
	Token      string // "" sends no Authorization header
	UserAgent  string // probe-mtls-action

	// Timeout bounds one attempt, reading the answer included; 30 seconds.
	Timeout time.Duration
	// MaxWait bounds the time spent waiting (for rate limits, between
	// retries) over the client's whole life; 3 minutes, negative: no waiting.
	MaxWait time.Duration
	// Attempts bounds how often one request is sent; 4.
	Attempts int
	// Pace is the least time between two writes, one second as GitHub asks of
	// integrations; negative: none. It does not count against MaxWait.
	// https://docs.github.com/rest/using-the-rest-api/best-practices-for-using-the-rest-api
	Pace time.Duration
	// MaxBody bounds one answer in bytes; 32 MiB.
	MaxBody int64

	// Transport carries the requests; one like http.DefaultTransport.
	Transport http.RoundTripper
	// Now, Sleep and Jitter stand in for the clock and for chance in tests.
	// Jitter returns a number in [0,1).
	Now    func() time.Time
	Sleep  func(context.Context, time.Duration) error
	Jitter func() float64
	// Log is told of retries and waits; nil: nobody is.
	Log func(format string, args ...any)
}

// Client speaks to one repository. It is safe for concurrent use.
type Client struct {
	owner, repo string
	graphqlURL  string
	rest        *gh.Client
	http        *http.Client
	token       string
	maxBody     int64
	sleep       func(context.Context, time.Duration) error
}

// New returns a client for opt.Repository.
func New(opt Options) (*Client, error) {
	owner, repo, ok := strings.Cut(opt.Repository, "/")
	if !ok || owner == "" || repo == "" || strings.ContainsAny(opt.Repository, " ?#%\\") || strings.Contains(repo, "/") {
		return nil, fmt.Errorf("repository %q: expected owner/name, as in GITHUB_REPOSITORY", opt.Repository)
	}
	setDefaults(&opt)
	api, err := baseURL("API URL", opt.APIURL)
	if err != nil {
		return nil, err
	}
	api.Path = strings.TrimSuffix(api.Path, "/") + "/"
	graphql, err := baseURL("GraphQL URL", opt.GraphQLURL)
	if err != nil {
		return nil, err
	}
	hc := &http.Client{Transport: newTransport(opt, api, graphql), CheckRedirect: checkRedirect}
	rest := gh.NewClient(hc)
	rest.BaseURL, rest.UploadURL, rest.UserAgent = api, api, opt.UserAgent
	return &Client{
		owner: owner, repo: repo,
		graphqlURL: graphql.String(),
		rest:       rest, http: hc, token: opt.Token, maxBody: opt.MaxBody, sleep: opt.Sleep,
	}, nil
}

func setDefaults(opt *Options) {
	if opt.GraphQLURL == "" {
		opt.GraphQLURL = graphQLBeside(opt.APIURL)
	}
	def := func(s *string, v string) {
		if *s == "" {
			*s = v
		}
	}
	def(&opt.APIURL, DefaultAPIURL)
	def(&opt.UserAgent, "probe-mtls-action")
	if opt.Timeout <= 0 {
		opt.Timeout = 30 * time.Second
	}
	if opt.MaxWait == 0 {
		opt.MaxWait = 3 * time.Minute
	}
	if opt.Attempts <= 0 {
		opt.Attempts = 4
	}
	if opt.Pace == 0 {
		opt.Pace = time.Second
	}
	if opt.MaxBody <= 0 {
		opt.MaxBody = 32 << 20
	}
	if opt.Transport == nil {
		opt.Transport = newHTTP()
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.Sleep == nil {
		opt.Sleep = sleep
	}
	if opt.Jitter == nil {
		opt.Jitter = rand.Float64
	}
	if opt.Log == nil {
		opt.Log = func(string, ...any) {}
	}
}

// newHTTP returns a transport of the client's own, with the settings of
// http.DefaultTransport (Go 1.26), which renderers keep shut.
func newHTTP() *http.Transport {
	dialer := &net.Dialer{Timeout: 30 * time.Second, KeepAlive: 30 * time.Second}
	return &http.Transport{
		Proxy: http.ProxyFromEnvironment, DialContext: dialer.DialContext, ForceAttemptHTTP2: true,
		MaxIdleConns: 100, IdleConnTimeout: 90 * time.Second, TLSHandshakeTimeout: 10 * time.Second, ExpectContinueTimeout: time.Second,
	}
}

// graphQLBeside returns where GraphQL answers for an API URL: an Enterprise
// Server has /api/v3 and /api/graphql, everybody else <API>/graphql.
func graphQLBeside(api string) string {
	if api == "" {
		return DefaultGraphQLURL
	}
	api = strings.TrimSuffix(api, "/")
	return strings.TrimSuffix(api, "/v3") + "/graphql"
}

func baseURL(what, raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, fmt.Errorf("%s %q: expected an absolute URL such as %s", what, raw, DefaultAPIURL)
	}
	if u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, fmt.Errorf("%s: expected no user, query or fragment in it", what)
	}
	return u, nil
}

// checkRedirect follows redirects of reads (a renamed repository) and refuses
// those that would turn a write into a read.
func checkRedirect(req *http.Request, via []*http.Request) error {
	if len(via) > 5 {
		return errors.New("too many redirects")
	}
	if req.Method != via[0].Method || req.URL.Host != via[0].URL.Host {
		return http.ErrUseLastResponse
	}
	return nil
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// Pause waits for d with the client's clock.
func (c *Client) Pause(ctx context.Context, d time.Duration) error { return c.sleep(ctx, d) }
