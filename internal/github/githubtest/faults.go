package githubtest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"
)

// FaultKind is what goes wrong.
type FaultKind int

// The kinds. Those that end in After carry the request out first.
const (
	ServerError      FaultKind = iota + 1 // 502 with a page of HTML
	ServerErrorAfter                      // the same, although the request was carried out
	Drop                                  // the connection breaks, nothing is done
	DropAfter                             // the answer is lost after the write
	Slow                                  // answers after Delay
	PrimaryLimit                          // 403, nothing remains, reset in Delay
	SecondaryLimit                        // 403 with Retry-After: Delay
	TooMany                               // 429 with Retry-After: Delay
	TooManyBare                           // 429 that says nothing else
	Forbidden                             // 403: not accessible by integration
	NotFound                              // 404
	Refused                               // 422
	Garbage                               // 200 with a page of HTML, nothing done
)

// Kinds are all kinds of fault.
var Kinds = []FaultKind{ServerError, ServerErrorAfter, Drop, DropAfter, Slow, PrimaryLimit, SecondaryLimit, TooMany, TooManyBare, Forbidden, NotFound, Refused, Garbage}

// String names the kind.
func (k FaultKind) String() string {
	names := map[FaultKind]string{
		ServerError: "server error", ServerErrorAfter: "server error after the write", Drop: "dropped connection",
		DropAfter: "answer lost after the write", Slow: "slow", PrimaryLimit: "primary rate limit",
		SecondaryLimit: "secondary rate limit", TooMany: "429", TooManyBare: "bare 429", Forbidden: "403",
		NotFound: "404", Refused: "422", Garbage: "garbage",
	}
	return names[k]
}

func (k FaultKind) after() bool { return k == ServerErrorAfter || k == DropAfter || k == Slow }

// Fault goes off at the Write-th write, or the Request-th request, that comes
// in after it was injected (1-based), and at the Times-1 matching ones after it.
type Fault struct {
	Write, Request int
	Times          int // 1; negative: for ever
	Kind           FaultKind
	Delay          time.Duration
}

// Inject puts faults in the place of those before and counts requests anew.
func (s *Server) Inject(faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.received, s.writes, s.faults = 0, 0, nil
	for _, f := range faults {
		if f.Times == 0 {
			f.Times = 1
		}
		s.faults = append(s.faults, &f)
	}
}

// fault returns the fault that strikes the request just counted.
func (s *Server) fault(write bool) *Fault {
	for _, f := range s.faults {
		due := f.Request > 0 && s.received >= f.Request || f.Write > 0 && write && s.writes >= f.Write
		if due && f.Times != 0 {
			f.Times--
			return f
		}
	}
	return nil
}

// apply puts the fault's answer into rec; false closes the connection.
func (f *Fault) apply(rec *httptest.ResponseRecorder, now time.Time) bool {
	seconds := fmt.Sprint(int(f.Delay / time.Second))
	switch f.Kind {
	case Drop, DropAfter:
		return false
	case ServerError, ServerErrorAfter:
		page(rec, http.StatusBadGateway)
	case Garbage:
		page(rec, http.StatusOK)
	case PrimaryLimit:
		rec.Header().Set("X-Ratelimit-Limit", "1000")
		rec.Header().Set("X-Ratelimit-Remaining", "0")
		rec.Header().Set("X-Ratelimit-Reset", fmt.Sprint(now.Add(f.Delay).Unix()))
		problem(rec, http.StatusForbidden, "API rate limit exceeded for installation ID 1.")
	case SecondaryLimit:
		rec.Header().Set("Retry-After", seconds)
		problem(rec, http.StatusForbidden, "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.")
	case TooMany:
		rec.Header().Set("Retry-After", seconds)
		problem(rec, http.StatusTooManyRequests, "Too many requests.")
	case TooManyBare:
		problem(rec, http.StatusTooManyRequests, "Too many requests.")
	case Forbidden:
		problem(rec, http.StatusForbidden, "Resource not accessible by integration")
	case NotFound:
		problem(rec, http.StatusNotFound, "Not Found")
	case Refused:
		problem(rec, http.StatusUnprocessableEntity, "Unprocessable Entity")
	}
	return true
}

// page answers as a proxy in front of GitHub does.
func page(rec *httptest.ResponseRecorder, status int) {
	rec.Body.Reset()
	rec.Code = status
	rec.Header().Set("Content-Type", "text/html")
	_, _ = rec.Body.WriteString("<html><body><h1>This page is taking too long to load.</h1></body></html>")
}
