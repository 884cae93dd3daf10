package github

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// limitDelay follows GitHub's order: Retry-After, then the reset of a used-up
// primary limit, else a minute, doubled each time.
// https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api
func (t *transport) limitDelay(resp *http.Response, attempt int) time.Duration {
	if d, ok := retryAfter(resp, t.now()); ok {
		return d + time.Duration(t.jitter()*float64(time.Second))
	}
	if resp.Header.Get("X-Ratelimit-Remaining") == "0" {
		if s, err := strconv.ParseInt(resp.Header.Get("X-Ratelimit-Reset"), 10, 64); err == nil {
			// A second more: both clocks count whole seconds.
			return max(0, time.Unix(s, 0).Sub(t.now())) + time.Second + time.Duration(t.jitter()*float64(time.Second))
		}
	}
	return time.Minute << min(attempt-1, 5)
}

// isLimit tells a rate limit from a plain refusal: 429 always is one, 403 if
// GitHub says when to come back, that nothing remains, or so in its text.
func isLimit(resp *http.Response) bool {
	if resp == nil {
		return false
	}
	switch resp.StatusCode {
	case http.StatusTooManyRequests:
		return true
	case http.StatusForbidden:
		return resp.Header.Get("Retry-After") != "" || resp.Header.Get("X-Ratelimit-Remaining") == "0" ||
			strings.Contains(strings.ToLower(message(resp)), "rate limit")
	}
	// GraphQL reports a used-up limit inside a 200.
	return resp.StatusCode == http.StatusOK && resp.Header.Get("X-Ratelimit-Remaining") == "0" &&
		bytes.Contains(peek(resp), []byte(`"RATE_LIMITED"`))
}

func retryAfter(resp *http.Response, now time.Time) (time.Duration, bool) {
	v := resp.Header.Get("Retry-After")
	if v == "" {
		return 0, false
	}
	if s, err := strconv.Atoi(v); err == nil && s >= 0 {
		return time.Duration(s) * time.Second, true
	}
	if at, err := http.ParseTime(v); err == nil {
		return max(0, at.Sub(now)), true
	}
	return 0, false
}

// forgetLimits keeps go-github from refusing further requests by a clock of its own.
func forgetLimits(resp *http.Response) {
	resp.Header.Del("X-Ratelimit-Remaining")
	resp.Header.Del("X-Ratelimit-Reset")
}

// peek returns the answer's body, which is in memory by now, and leaves it to
// be read again.
func peek(resp *http.Response) []byte {
	data, _ := io.ReadAll(resp.Body)
	resp.Body = io.NopCloser(bytes.NewReader(data))
	return data
}

// message returns what an error's answer says: GitHub's message, or the start
// of whatever a proxy on the way put in its place.
func message(resp *http.Response) string {
	data := peek(resp)
	var body struct{ Message string }
	if json.Unmarshal(data, &body) == nil && body.Message != "" {
		return body.Message
	}
	return strings.ToValidUTF8(string(data[:min(len(data), 200)]), "")
}
