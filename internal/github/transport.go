package github

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// kind says why the transport gave up.
type kind int

const (
	broken   kind = iota // no whole answer came
	limited              // a rate limit lasts longer than may be waited
	tooLarge             // the answer is over the bound
)

// transportError is what the transport returns instead of an answer.
type transportError struct {
	kind   kind
	status int
	msg    string
	until  time.Time
	sent   bool // the request may have reached GitHub
}

func (e *transportError) Error() string { return e.msg }

// safeKey marks a request that changes nothing although it is a POST (a GraphQL query).
type safeKey struct{}

func withSafe(ctx context.Context) context.Context { return context.WithValue(ctx, safeKey{}, true) }

// transport sends a request until an answer is final. It
//   - adds the token, for the API's own host only;
//   - reads the whole answer, bounded, so that a connection that breaks in the
//     middle of an answer is noticed here;
//   - sends reads again after 5xx and broken connections, with exponential
//     backoff and jitter; writes only if no byte of them left this machine;
//   - waits for Retry-After and rate-limit resets (403, 429): GitHub answers
//     these before it does anything, so writes are sent again as well;
//   - keeps writes apart by the pace GitHub asks for;
//   - spends at most maxWait on all waiting together.
type transport struct {
	base     http.RoundTripper
	hosts    [2]string
	token    string
	timeout  time.Duration
	attempts int
	maxBody  int64
	pace     time.Duration
	now      func() time.Time
	sleep    func(context.Context, time.Duration) error
	jitter   func() float64
	log      func(string, ...any)

	mu        sync.Mutex
	waitLeft  time.Duration
	lastWrite time.Time
}

func newTransport(opt Options, api, graphql *url.URL) *transport {
	return &transport{
		base: opt.Transport, hosts: [2]string{origin(api), origin(graphql)}, token: opt.Token,
		timeout: opt.Timeout, attempts: opt.Attempts, maxBody: opt.MaxBody, pace: opt.Pace,
		now: opt.Now, sleep: opt.Sleep, jitter: opt.Jitter, log: opt.Log, waitLeft: opt.MaxWait,
	}
}

func origin(u *url.URL) string { return u.Scheme + "://" + u.Host }

// RoundTrip implements http.RoundTripper.
func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx := req.Context()
	safe := req.Method == http.MethodGet || req.Method == http.MethodHead || ctx.Value(safeKey{}) != nil
	if !safe {
		if err := t.keepPace(ctx); err != nil {
			return nil, err
		}
	}
	if req.Body != nil && req.GetBody != nil {
		defer req.Body.Close()
	}
	for attempt := 1; ; attempt++ {
		resp, sent, err := t.once(req)
		if ctx.Err() != nil {
			return nil, errors.Join(ctx.Err(), &transportError{msg: ctx.Err().Error(), sent: sent})
		}
		var delay time.Duration
		again := safe
		switch {
		case err != nil:
			delay, again = t.backoff(attempt), (safe || !sent) && !hopeless(err)
		case isLimit(resp):
			delay, again = t.limitDelay(resp, attempt), true
		case resp.StatusCode >= 500:
			delay = t.backoff(attempt)
			if d, ok := retryAfter(resp, t.now()); ok {
				delay = d
			}
		default:
			forgetLimits(resp)
			return resp, nil
		}
		if !again || attempt >= t.attempts || !t.mayWait(delay) {
			return nil, t.giveUp(resp, err, sent, delay)
		}
		t.log("%s %s: %s; trying again in %s", req.Method, req.URL.Path, reason(resp, err), delay.Round(time.Millisecond))
		if err := t.sleep(ctx, delay); err != nil {
			return nil, err
		}
	}
}

// giveUp turns the last attempt into an error.
func (t *transport) giveUp(resp *http.Response, err error, sent bool, delay time.Duration) error {
	var te *transportError
	switch {
	case errors.As(err, &te):
		return te
	case err != nil:
		return &transportError{msg: err.Error(), sent: sent}
	case isLimit(resp):
		return &transportError{kind: limited, status: resp.StatusCode, msg: message(resp), until: t.now().Add(delay)}
	}
	return &transportError{status: resp.StatusCode, msg: message(resp), sent: true}
}

// once sends the request one time and reads the answer whole. sent tells
// whether anything of the request may have left.
func (t *transport) once(req *http.Request) (*http.Response, bool, error) {
	var wrote atomic.Bool
	ctx, cancel := context.WithTimeout(req.Context(), t.timeout)
	defer cancel()
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		WroteHeaderField: func(string, []string) { wrote.Store(true) },
		WroteHeaders:     func() { wrote.Store(true) },
	})
	r := req.Clone(ctx)
	if req.GetBody != nil {
		body, err := req.GetBody()
		if err != nil {
			return nil, false, err
		}
		r.Body = body
	}
	if t.token != "" && (origin(r.URL) == t.hosts[0] || origin(r.URL) == t.hosts[1]) {
		r.Header.Set("Authorization", "Bearer "+t.token)
	}
	resp, err := t.base.RoundTrip(r)
	if err != nil {
		return nil, wrote.Load(), err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, t.maxBody+1))
	if err != nil {
		return nil, true, err
	}
	if int64(len(data)) > t.maxBody {
		return nil, true, &transportError{kind: tooLarge, status: resp.StatusCode, msg: "the answer is over " + strconv.FormatInt(t.maxBody, 10) + " bytes", sent: true}
	}
	resp.Body = io.NopCloser(bytes.NewReader(data))
	return resp, true, nil
}

// backoff is half a second, doubled each time, between half and all of it by chance.
func (t *transport) backoff(attempt int) time.Duration {
	d := 500 * time.Millisecond << min(attempt-1, 6)
	return d/2 + time.Duration(t.jitter()*float64(d/2))
}

// mayWait takes d off the waiting that is left, if there is enough.
func (t *transport) mayWait(d time.Duration) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if d > t.waitLeft {
		return false
	}
	t.waitLeft -= d
	return true
}

// keepPace waits until a write may follow the last one.
func (t *transport) keepPace(ctx context.Context) error {
	if t.pace <= 0 {
		return nil
	}
	t.mu.Lock()
	now := t.now()
	next := now
	if !t.lastWrite.IsZero() && t.lastWrite.Add(t.pace).After(now) {
		next = t.lastWrite.Add(t.pace)
	}
	t.lastWrite = next
	t.mu.Unlock()
	if next.Equal(now) {
		return nil
	}
	return t.sleep(ctx, next.Sub(now))
}

// hopeless errors stay the same however often one tries.
func hopeless(err error) bool {
	var te *transportError
	var unknown x509.UnknownAuthorityError
	var host x509.HostnameError
	var invalid x509.CertificateInvalidError
	var verify *tls.CertificateVerificationError
	return errors.As(err, &te) || errors.As(err, &unknown) || errors.As(err, &host) || errors.As(err, &invalid) || errors.As(err, &verify)
}

func reason(resp *http.Response, err error) string {
	if err != nil {
		return "no answer"
	}
	return resp.Status
}
