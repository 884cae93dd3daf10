package github

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	gh "github.com/google/go-github/v60/github"
)

// Detail is what every error of this package carries. No field holds the token.
type Detail struct {
	Op      string // what was tried: "create review"
	Status  int    // HTTP status, 0 where no answer came
	Message string // GitHub's words, or the network's
}

func (d Detail) text(kind string) string {
	s := d.Op + ": " + kind
	if d.Status != 0 {
		s += fmt.Sprintf(" (HTTP %d)", d.Status)
	}
	if d.Message != "" {
		s += ": " + d.Message
	}
	return s
}

// NotPermitted says that the token may not do this, or that GitHub hides from
// it that the thing exists (401, 403, 404, 410).
type NotPermitted struct{ Detail }

func (e *NotPermitted) Error() string { return e.text("not permitted") }

// Unprocessable says that GitHub understood the request and refuses it: 422,
// and whatever other 4xx has no type of its own.
type Unprocessable struct {
	Detail
	Texts []string // the single complaints
}

func (e *Unprocessable) Error() string {
	s := e.text("refused")
	if len(e.Texts) > 0 {
		s += ": " + strings.Join(e.Texts, "; ")
	}
	return s
}

// RateLimited says that a rate limit stands in the way for longer than the
// client may wait. Nothing was done.
type RateLimited struct {
	Detail
	Until time.Time // when it may be tried again, zero if GitHub did not say
}

func (e *RateLimited) Error() string {
	s := e.text("rate limit reached")
	if !e.Until.IsZero() {
		s += ", free again at " + e.Until.UTC().Format(time.RFC3339)
	}
	return s
}

// TooLarge says that the answer or the request is over a limit (406 with
// too_large, 413, or the client's own bound).
type TooLarge struct{ Detail }

func (e *TooLarge) Error() string { return e.text("too large") }

// Unavailable says that no useful answer came (5xx, broken connections, time-outs).
type Unavailable struct {
	Detail
	// MaybeDone says that a write may have been carried out all the same: the
	// caller has to look before it tries again.
	MaybeDone bool
}

func (e *Unavailable) Error() string {
	if e.MaybeDone {
		return e.text("no answer, though it may have been carried out")
	}
	return e.text("not available")
}

// MaybeDone reports whether err leaves open if a write was carried out.
func MaybeDone(err error) bool {
	var u *Unavailable
	return errors.As(err, &u) && u.MaybeDone
}

// Refused reports whether err is GitHub's definite no to this very request, so
// that another request may fare better.
func Refused(err error) bool {
	var n *NotPermitted
	var u *Unprocessable
	var t *TooLarge
	return errors.As(err, &n) || errors.As(err, &u) || errors.As(err, &t)
}

// wrap turns any error of go-github, net/http or the transport into one of the
// types above. write says whether the request may have changed something.
func (c *Client) wrap(op string, write bool, err error) error {
	if err == nil {
		return nil
	}
	d := Detail{Op: op}
	if errors.Is(err, context.Canceled) {
		return fmt.Errorf("%s: %w", op, context.Canceled)
	}
	var te *transportError
	if errors.As(err, &te) {
		d.Status, d.Message = te.status, c.redact(te.msg)
		switch te.kind {
		case limited:
			return &RateLimited{Detail: d, Until: te.until}
		case tooLarge:
			if write {
				return &Unavailable{Detail: d, MaybeDone: true}
			}
			return &TooLarge{d}
		}
		return &Unavailable{Detail: d, MaybeDone: write && te.sent}
	}
	var ge *gh.ErrorResponse
	if errors.As(err, &ge) {
		return c.fromResponse(d, ge)
	}
	var rl *gh.RateLimitError
	if errors.As(err, &rl) {
		d.Status, d.Message = statusOf(rl.Response), c.redact(rl.Message)
		return &RateLimited{Detail: d, Until: rl.Rate.Reset.Time}
	}
	var ab *gh.AbuseRateLimitError
	if errors.As(err, &ab) {
		d.Status, d.Message = statusOf(ab.Response), c.redact(ab.Message)
		return &RateLimited{Detail: d}
	}
	var se *json.SyntaxError
	var ute *json.UnmarshalTypeError
	if errors.As(err, &se) || errors.As(err, &ute) {
		d.Message = "the answer is not the JSON that GitHub documents: " + c.redact(err.Error())
		return &Unavailable{Detail: d, MaybeDone: write}
	}
	d.Message = c.redact(err.Error())
	return &Unavailable{Detail: d, MaybeDone: write}
}

func (c *Client) fromResponse(d Detail, e *gh.ErrorResponse) error {
	d.Status, d.Message = statusOf(e.Response), c.redact(e.Message)
	var texts []string
	for _, one := range e.Errors {
		t := one.Message
		if t == "" {
			t = strings.TrimSpace(one.Resource + " " + one.Field + " " + one.Code)
		}
		if t = c.redact(t); t != "" {
			texts = append(texts, t)
		}
		if one.Code == "too_large" {
			return &TooLarge{d}
		}
	}
	switch {
	case d.Status == http.StatusRequestEntityTooLarge:
		return &TooLarge{d}
	case d.Status == 401 || d.Status == 403 || d.Status == 404 || d.Status == 410:
		return &NotPermitted{d}
	case d.Status >= 500:
		return &Unavailable{Detail: d}
	}
	return &Unprocessable{Detail: d, Texts: texts}
}

func statusOf(r *http.Response) int {
	if r == nil {
		return 0
	}
	return r.StatusCode
}

// secretQuery finds queries of URLs: those of signed download addresses are as
// good as a token.
var secretQuery = regexp.MustCompile(`(https?://[^\s"?#]+)\?[^\s"]*`)

// redact removes the token and the queries of URLs from text, and bounds it.
func (c *Client) redact(s string) string { return redact(c.token, s) }

func redact(token, s string) string {
	if token != "" {
		s = strings.ReplaceAll(s, token, "***")
		s = strings.ReplaceAll(s, url.QueryEscape(token), "***")
	}
	s = secretQuery.ReplaceAllString(s, "$1?…")
	if r := []rune(s); len(r) > 1000 {
		s = string(r[:1000]) + "…"
	}
	return s
}
