package git_test

import (
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/org/probe-mtls-action/internal/git/gittest"
)

// TestFetchToken checks that the token reaches the server once, also where
// actions/checkout left its own header in the configuration, and no one else.
func TestFetchToken(t *testing.T) {
	const token = "ghs_secret"
	secret := base64.StdEncoding.EncodeToString([]byte("x-access-token:" + token))
	var mu sync.Mutex
	var headers [][]string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		headers = append(headers, r.Header.Values("Authorization"))
		mu.Unlock()
		// A server that repeats what it was sent must not get it into errors.
		http.Error(w, "refused: "+r.Header.Get("Authorization")+" "+token, http.StatusForbidden)
	}))
	defer server.Close()
	for _, proxy := range []string{"http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"} {
		t.Setenv(proxy, "")
	}
	src := gittest.New(t)
	src.Write("a", "1")
	src.Commit("one")
	src.Git("config", "http."+server.URL+"/.extraheader", "AUTHORIZATION: basic of-the-checkout")
	src.Git("config", "credential.helper", "!echo username=u; echo password=p")
	before := src.Git("config", "--list", "--local")

	err := open(t, src.Dir).Fetch(t.Context(), server.URL+"/org/repo.git", token, strings.Repeat("1", 40))
	if err == nil {
		t.Fatal("the refused fetch has no error")
	}
	if s := err.Error(); strings.Contains(s, token) || strings.Contains(s, secret) {
		t.Errorf("the error holds the token: %s", s)
	}
	if len(headers) == 0 {
		t.Fatal("the server was not asked")
	}
	for _, h := range headers {
		if len(h) != 1 || h[0] != "basic "+secret {
			t.Errorf("Authorization = %q; want the token's header alone", h)
		}
	}
	if after := src.Git("config", "--list", "--local"); after != before {
		t.Errorf("the configuration changed:\n%s", after)
	}
}
